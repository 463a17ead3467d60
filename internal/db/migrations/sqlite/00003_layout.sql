-- +goose Up
-- A file's rows belong to subjects all over the register, so what is written by subject must be narrow, and everything wide must be
-- appended: versions are kept in the order in which they were committed and chained to the version before, the current row says where the
-- newest one is, and what is the same for a whole batch stands in one row.

-- record_change: who changed records, when, on what basis and why; one row for a batch of versions and its leaves in the log.
CREATE TABLE record_change (
  change_id   INTEGER NOT NULL PRIMARY KEY, -- the outbox row of its leaves
  recorded_at INTEGER NOT NULL,
  actor       TEXT    NOT NULL,
  basis       TEXT    NOT NULL,
  why         TEXT    NOT NULL,
  submission  TEXT    NOT NULL
) STRICT;
INSERT INTO record_change SELECT outbox_id, max(recorded_at), max(actor), max(basis), max(why), max(submission) FROM record_version GROUP BY outbox_id;

-- record_version: every version, never changed and never deleted but by the lifecycle that law prescribes. prev_id = 0: the first.
CREATE TABLE record_version_new (
  version_id   INTEGER NOT NULL PRIMARY KEY,
  prev_id      INTEGER NOT NULL,
  subject_id   INTEGER NOT NULL,
  record_key   INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  item         TEXT    NOT NULL,
  edition      TEXT    NOT NULL,
  nkey         TEXT    NOT NULL,
  class        TEXT    NOT NULL,
  status       INTEGER NOT NULL,
  listed       INTEGER NOT NULL,
  decided_on   INTEGER NOT NULL,
  public_from  INTEGER NOT NULL,
  public_until INTEGER NOT NULL,
  agency_id    INTEGER NOT NULL,
  region       TEXT    NOT NULL,
  kinds        INTEGER NOT NULL,
  procedure    INTEGER NOT NULL,
  severity     INTEGER NOT NULL,
  rule_set     TEXT    NOT NULL,
  body         TEXT    NOT NULL,
  action       TEXT    NOT NULL,
  digest       BLOB    NOT NULL, -- of the last content in clear
  recorded_at  INTEGER NOT NULL,
  salt         BLOB    NOT NULL,
  outbox_id    INTEGER NOT NULL,
  outbox_pos   INTEGER NOT NULL
) STRICT;
INSERT INTO record_version_new
  SELECT n.id, coalesce(p.id, 0), v.subject_id, v.record_key, v.version, v.item, v.edition, v.nkey, v.class, v.status, v.listed, v.decided_on, v.public_from, v.public_until,
    v.agency_id, v.region, v.kinds, v.procedure, v.severity, v.rule_set, v.body, v.action, r.digest, v.recorded_at, v.salt, v.outbox_id, v.outbox_pos
  FROM (SELECT subject_id, record_key, version, row_number() OVER (ORDER BY outbox_id, outbox_pos) AS id FROM record_version) n
  JOIN record_version v USING (subject_id, record_key, version)
  JOIN record r USING (subject_id, record_key)
  LEFT JOIN (SELECT subject_id, record_key, version, row_number() OVER (ORDER BY outbox_id, outbox_pos) AS id FROM record_version) p
    ON p.subject_id = v.subject_id AND p.record_key = v.record_key AND p.version = v.version - 1
  ORDER BY n.id;

CREATE TABLE record_new (
  subject_id   INTEGER NOT NULL,
  record_key   INTEGER NOT NULL,
  item         TEXT    NOT NULL,
  version_id   INTEGER NOT NULL, -- of the newest version
  status       INTEGER NOT NULL,
  listed       INTEGER NOT NULL,
  decided_on   INTEGER NOT NULL,
  public_from  INTEGER NOT NULL,
  public_until INTEGER NOT NULL,
  agency_id    INTEGER NOT NULL,
  region       TEXT    NOT NULL,
  kinds        INTEGER NOT NULL,
  PRIMARY KEY (subject_id, record_key)
) STRICT, WITHOUT ROWID;
INSERT INTO record_new
  SELECT r.subject_id, r.record_key, r.item, v.version_id, r.status, r.listed, r.decided_on, r.public_from, r.public_until, r.agency_id, r.region, r.kinds
  FROM record r JOIN record_version_new v ON v.subject_id = r.subject_id AND v.record_key = r.record_key AND v.version = r.version;

DROP TABLE record;
DROP TABLE record_version;
ALTER TABLE record_new RENAME TO record;
ALTER TABLE record_version_new RENAME TO record_version;
CREATE INDEX record_by_date   ON record (item, decided_on, subject_id, record_key, public_from, public_until, region, agency_id, kinds) WHERE listed = 1;
CREATE INDEX record_by_agency ON record (item, agency_id, decided_on, subject_id, record_key, public_from, public_until, region, kinds) WHERE listed = 1;
CREATE INDEX record_by_kinds  ON record (item, kinds, decided_on, subject_id, record_key, public_from, public_until, region, agency_id) WHERE listed = 1;
