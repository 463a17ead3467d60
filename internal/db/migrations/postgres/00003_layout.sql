-- +goose Up
-- A file's rows belong to subjects all over the register, so what is written by subject must be narrow, and everything wide must be
-- appended: versions are kept in the order in which they were committed and chained to the version before, the current row says where the
-- newest one is, and what is the same for a whole batch stands in one row.

-- record_change: who changed records, when, on what basis and why; one row for a batch of versions and its leaves in the log.
CREATE TABLE record_change (
  change_id   BIGINT NOT NULL PRIMARY KEY, -- the outbox row of its leaves
  recorded_at BIGINT NOT NULL,
  actor       TEXT    NOT NULL,
  basis       TEXT    NOT NULL,
  why         TEXT    NOT NULL,
  submission  TEXT    NOT NULL
);
INSERT INTO record_change SELECT outbox_id, max(recorded_at), max(actor), max(basis), max(why), max(submission) FROM record_version GROUP BY outbox_id;

-- record_version: every version, never changed and never deleted but by the lifecycle that law prescribes. prev_id = 0: the first.
CREATE TABLE record_version_new (
  version_id   BIGINT NOT NULL,
  prev_id      BIGINT NOT NULL,
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
  digest       BYTEA    NOT NULL, -- of the last content in clear
  recorded_at  BIGINT NOT NULL,
  salt         BYTEA    NOT NULL,
  outbox_id    BIGINT NOT NULL,
  outbox_pos   INTEGER NOT NULL,
  PRIMARY KEY (version_id, subject_id)
) PARTITION BY HASH (subject_id);
CREATE TABLE record_version_n0 PARTITION OF record_version_new FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE record_version_n1 PARTITION OF record_version_new FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE record_version_n2 PARTITION OF record_version_new FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE record_version_n3 PARTITION OF record_version_new FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE record_version_n4 PARTITION OF record_version_new FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE record_version_n5 PARTITION OF record_version_new FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE record_version_n6 PARTITION OF record_version_new FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE record_version_n7 PARTITION OF record_version_new FOR VALUES WITH (MODULUS 8, REMAINDER 7);

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
  subject_id   BIGINT NOT NULL,
  record_key   BIGINT NOT NULL,
  item         TEXT    NOT NULL,
  version_id   BIGINT NOT NULL, -- of the newest version
  status       SMALLINT NOT NULL,
  listed       SMALLINT NOT NULL,
  decided_on   INTEGER NOT NULL,
  public_from  INTEGER NOT NULL,
  public_until INTEGER NOT NULL,
  agency_id    BIGINT NOT NULL,
  region       TEXT    NOT NULL,
  kinds        BIGINT NOT NULL,
  PRIMARY KEY (subject_id, record_key)
) PARTITION BY HASH (subject_id);
CREATE TABLE record_n0 PARTITION OF record_new FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE record_n1 PARTITION OF record_new FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE record_n2 PARTITION OF record_new FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE record_n3 PARTITION OF record_new FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE record_n4 PARTITION OF record_new FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE record_n5 PARTITION OF record_new FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE record_n6 PARTITION OF record_new FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE record_n7 PARTITION OF record_new FOR VALUES WITH (MODULUS 8, REMAINDER 7);

INSERT INTO record_new
  SELECT r.subject_id, r.record_key, r.item, v.version_id, r.status, r.listed, r.decided_on, r.public_from, r.public_until, r.agency_id, r.region, r.kinds
  FROM record r JOIN record_version_new v ON v.subject_id = r.subject_id AND v.record_key = r.record_key AND v.version = r.version;

DROP TABLE record;
DROP TABLE record_version;
ALTER TABLE record_new RENAME TO record;
ALTER TABLE record_version_new RENAME TO record_version;
ALTER TABLE record_n0 RENAME TO record_p0;
ALTER TABLE record_version_n0 RENAME TO record_version_p0;
ALTER TABLE record_n1 RENAME TO record_p1;
ALTER TABLE record_version_n1 RENAME TO record_version_p1;
ALTER TABLE record_n2 RENAME TO record_p2;
ALTER TABLE record_version_n2 RENAME TO record_version_p2;
ALTER TABLE record_n3 RENAME TO record_p3;
ALTER TABLE record_version_n3 RENAME TO record_version_p3;
ALTER TABLE record_n4 RENAME TO record_p4;
ALTER TABLE record_version_n4 RENAME TO record_version_p4;
ALTER TABLE record_n5 RENAME TO record_p5;
ALTER TABLE record_version_n5 RENAME TO record_version_p5;
ALTER TABLE record_n6 RENAME TO record_p6;
ALTER TABLE record_version_n6 RENAME TO record_version_p6;
ALTER TABLE record_n7 RENAME TO record_p7;
ALTER TABLE record_version_n7 RENAME TO record_version_p7;
ALTER INDEX record_new_pkey RENAME TO record_pkey;
ALTER INDEX record_version_new_pkey RENAME TO record_version_pkey;
CREATE INDEX record_by_date   ON record (item, decided_on, subject_id, record_key) INCLUDE (public_from, public_until, region, agency_id, kinds) WHERE listed = 1;
CREATE INDEX record_by_agency ON record (item, agency_id, decided_on, subject_id, record_key) INCLUDE (public_from, public_until, region, kinds) WHERE listed = 1;
CREATE INDEX record_by_kinds  ON record (item, kinds, decided_on, subject_id, record_key) INCLUDE (public_from, public_until, region, agency_id) WHERE listed = 1;
