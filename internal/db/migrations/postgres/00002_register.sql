-- +goose Up
-- The register. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC, ids are made in Go.
-- Every table has one owner package (internal/archtest holds the list).

-- agency: departments that file. Reference table.
CREATE TABLE agency (
  agency_id  BIGINT PRIMARY KEY,
  code       TEXT    NOT NULL UNIQUE,
  name       TEXT    NOT NULL,
  region     TEXT    NOT NULL,
  active     SMALLINT NOT NULL,
  created_at BIGINT NOT NULL
);

-- catalog: editions of the catalogue, calendars and the allow-list of pilot-era codes. Reference tables.
CREATE TABLE catalog_edition (
  edition        TEXT    NOT NULL PRIMARY KEY,
  effective_from INTEGER NOT NULL,
  content        BYTEA    NOT NULL,
  hash           TEXT    NOT NULL,
  loaded_at      BIGINT NOT NULL,
  loaded_by      TEXT    NOT NULL
);

CREATE TABLE calendar_year (
  year      INTEGER NOT NULL PRIMARY KEY,
  content   TEXT    NOT NULL,
  loaded_at BIGINT NOT NULL,
  loaded_by TEXT    NOT NULL
);
CREATE TABLE legacy_code (
  code      TEXT    NOT NULL PRIMARY KEY,
  note      TEXT    NOT NULL,
  added_at  BIGINT NOT NULL,
  added_by  TEXT    NOT NULL
);

-- subject: one row a subject. Persons have no name and no code here: both are sealed in subject_sealed.
CREATE TABLE subject (
  subject_id  BIGINT NOT NULL PRIMARY KEY,
  kind        TEXT    NOT NULL,
  code        TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  name_key    TEXT    NOT NULL,
  region      TEXT    NOT NULL,
  status      TEXT    NOT NULL,
  provisional SMALLINT NOT NULL,
  created_at  BIGINT NOT NULL,
  changed_at  BIGINT NOT NULL
);
CREATE INDEX subject_changed ON subject (changed_at, subject_id);

-- subject_identifier: token → subject. dup = 0 is unique and the only one for codes that identify by themselves (uscc, person);
-- old numbers that two subjects share have dup 1, 2, … and then link nobody.
CREATE TABLE subject_identifier (
  kind       TEXT    NOT NULL,
  token      TEXT    NOT NULL,
  dup        SMALLINT NOT NULL,
  subject_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (kind, token, dup)
);

CREATE TABLE subject_name (
  subject_id  BIGINT NOT NULL,
  seq         INTEGER NOT NULL,
  name        TEXT    NOT NULL,
  name_key    TEXT    NOT NULL,
  since       INTEGER NOT NULL,
  source      TEXT    NOT NULL,
  recorded_at BIGINT NOT NULL,
  PRIMARY KEY (subject_id, seq)
);

CREATE TABLE subject_sealed (
  subject_id BIGINT NOT NULL PRIMARY KEY,
  sealed     TEXT    NOT NULL
);

-- record: the current state of each record, derived from its newest version. listed = 1: of class A, in force, about no person and
-- not of a simple procedure, so that only the days of the publicity window are left to compare.
CREATE TABLE record (
  subject_id   BIGINT NOT NULL,
  record_key   BIGINT NOT NULL,
  item         TEXT    NOT NULL,
  nkey         TEXT    NOT NULL,
  version      INTEGER NOT NULL,
  status       SMALLINT NOT NULL,
  listed       SMALLINT NOT NULL,
  decided_on   INTEGER NOT NULL,
  public_from  INTEGER NOT NULL,
  public_until INTEGER NOT NULL,
  agency_id    BIGINT NOT NULL,
  region       TEXT    NOT NULL,
  kinds        BIGINT NOT NULL,
  digest       BYTEA    NOT NULL,
  recorded_at  BIGINT NOT NULL,
  PRIMARY KEY (subject_id, record_key)
) PARTITION BY HASH (subject_id);
CREATE TABLE record_p0 PARTITION OF record FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE record_p1 PARTITION OF record FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE record_p2 PARTITION OF record FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE record_p3 PARTITION OF record FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE record_p4 PARTITION OF record FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE record_p5 PARTITION OF record FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE record_p6 PARTITION OF record FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE record_p7 PARTITION OF record FOR VALUES WITH (MODULUS 8, REMAINDER 7);
CREATE INDEX record_by_date   ON record (item, decided_on, subject_id, record_key) INCLUDE (public_from, public_until, region, agency_id, kinds) WHERE listed = 1;
CREATE INDEX record_by_agency ON record (item, agency_id, decided_on, subject_id, record_key) INCLUDE (public_from, public_until, region, kinds) WHERE listed = 1;
CREATE INDEX record_by_kinds  ON record (item, kinds, decided_on, subject_id, record_key) INCLUDE (public_from, public_until, region, agency_id) WHERE listed = 1;

-- record_version: every version, never changed and never deleted but by the lifecycle that law prescribes.
CREATE TABLE record_version (
  subject_id   BIGINT NOT NULL,
  record_key   BIGINT NOT NULL,
  version      INTEGER NOT NULL,
  item         TEXT    NOT NULL,
  edition      TEXT    NOT NULL,
  nkey         TEXT    NOT NULL,
  class        TEXT    NOT NULL,
  status       SMALLINT NOT NULL,
  listed       SMALLINT NOT NULL,
  decided_on   INTEGER NOT NULL,
  public_from  INTEGER NOT NULL,
  public_until INTEGER NOT NULL,
  agency_id    BIGINT NOT NULL,
  region       TEXT    NOT NULL,
  kinds        BIGINT NOT NULL,
  procedure    SMALLINT NOT NULL,
  severity     SMALLINT NOT NULL,
  rule_set     TEXT    NOT NULL,
  body         TEXT    NOT NULL,
  action       TEXT    NOT NULL,
  actor        TEXT    NOT NULL,
  basis        TEXT    NOT NULL,
  why          TEXT    NOT NULL,
  submission   TEXT    NOT NULL,
  recorded_at  BIGINT NOT NULL,
  salt         BYTEA    NOT NULL,
  outbox_id    BIGINT NOT NULL,
  outbox_pos   INTEGER NOT NULL,
  PRIMARY KEY (subject_id, record_key, version)
) PARTITION BY HASH (subject_id);
CREATE TABLE record_version_p0 PARTITION OF record_version FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE record_version_p1 PARTITION OF record_version FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE record_version_p2 PARTITION OF record_version FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE record_version_p3 PARTITION OF record_version FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE record_version_p4 PARTITION OF record_version FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE record_version_p5 PARTITION OF record_version FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE record_version_p6 PARTITION OF record_version FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE record_version_p7 PARTITION OF record_version FOR VALUES WITH (MODULUS 8, REMAINDER 7);

-- record_facet: which filter values occur in a public column, with counts of listed rows whatever their window.
CREATE TABLE record_facet (
  item      TEXT    NOT NULL,
  agency_id BIGINT NOT NULL,
  region    TEXT    NOT NULL,
  kinds     BIGINT NOT NULL,
  n         BIGINT NOT NULL,
  PRIMARY KEY (item, agency_id, region, kinds)
);

-- log_outbox: leaves waiting for the log's sequencer, one row a committed batch. payload = n leaf hashes of 32 bytes each.
CREATE TABLE log_outbox (
  outbox_id  BIGINT NOT NULL PRIMARY KEY,
  kind       TEXT    NOT NULL,
  n          BIGINT NOT NULL,
  payload    BYTEA    NOT NULL,
  created_at BIGINT NOT NULL
);

-- submission: one filing (报送批次). dry = 1: checked only, nothing of it goes on file. rows_done is the last row whose outcome is committed: a restart goes on behind it.
CREATE TABLE submission (
  submission_id TEXT    NOT NULL PRIMARY KEY,
  idem_key      TEXT,
  item          TEXT    NOT NULL,
  edition       TEXT    NOT NULL,
  agency_id     BIGINT NOT NULL,
  actor         TEXT    NOT NULL,
  file_name     TEXT    NOT NULL,
  file_hash     TEXT    NOT NULL,
  file_bytes    BIGINT NOT NULL,
  same_as       TEXT    NOT NULL,
  dry           SMALLINT NOT NULL,
  state         TEXT    NOT NULL,
  received_at   BIGINT NOT NULL,
  finished_at   BIGINT NOT NULL,
  lease_owner   TEXT    NOT NULL,
  lease_until   BIGINT NOT NULL,
  rows_done     BIGINT NOT NULL,
  bytes_done    BIGINT NOT NULL,
  accepted      BIGINT NOT NULL,
  updated       BIGINT NOT NULL,
  duplicate     BIGINT NOT NULL,
  withdrawn     BIGINT NOT NULL,
  rejected      BIGINT NOT NULL,
  late          BIGINT NOT NULL,
  warnings      BIGINT NOT NULL,
  mapping       TEXT    NOT NULL,
  failure       TEXT    NOT NULL
);
CREATE UNIQUE INDEX submission_idem ON submission (agency_id, idem_key) WHERE idem_key IS NOT NULL;
CREATE INDEX submission_file ON submission (file_hash, item, agency_id);
CREATE INDEX submission_recent ON submission (received_at, submission_id);
CREATE INDEX submission_state ON submission (state, received_at);

-- submission_row: outcome of each row that is not plainly accepted.
CREATE TABLE submission_row (
  submission_id TEXT    NOT NULL,
  row_no        INTEGER NOT NULL,
  line_no       INTEGER NOT NULL,
  outcome       TEXT    NOT NULL,
  late          SMALLINT NOT NULL,
  reasons       TEXT    NOT NULL,
  PRIMARY KEY (submission_id, row_no)
);

-- ingest_queue: accepted rows that no identifier links; a person decides. values_sealed holds the checked row, sealed.
CREATE TABLE ingest_queue (
  queue_id      BIGINT NOT NULL PRIMARY KEY,
  submission_id TEXT    NOT NULL,
  row_no        INTEGER NOT NULL,
  item          TEXT    NOT NULL,
  edition       TEXT    NOT NULL,
  agency_id     BIGINT NOT NULL,
  reason        INTEGER NOT NULL,
  values_sealed TEXT    NOT NULL,
  fingerprint   TEXT    NOT NULL UNIQUE,
  state         TEXT    NOT NULL,
  subject_id    BIGINT NOT NULL,
  record_key    BIGINT NOT NULL,
  created_at    BIGINT NOT NULL,
  decided_at    BIGINT NOT NULL,
  decided_by    TEXT    NOT NULL,
  note          TEXT    NOT NULL
);
CREATE INDEX ingest_queue_state ON ingest_queue (state, created_at, queue_id);

-- publish_stats: the newest public figures, computed by a job.
CREATE TABLE publish_stats (
  scope       TEXT    NOT NULL PRIMARY KEY,
  computed_at BIGINT NOT NULL,
  content     TEXT    NOT NULL
);
