-- +goose Up
-- record_mark: what stands beside a record without being a version of it, such as 异议中. ref: what set it. until_at: the instant it was lifted; the greatest number = it stands.
CREATE TABLE record_mark (
  subject_id INTEGER NOT NULL,
  record_key INTEGER NOT NULL,
  mark       TEXT   NOT NULL,
  ref        TEXT   NOT NULL,
  since_at   INTEGER NOT NULL,
  until_at   INTEGER NOT NULL,
  PRIMARY KEY (subject_id, record_key, mark, ref)
) STRICT, WITHOUT ROWID;

-- record_event: changes of records that were on file before, until whoever was given a copy has been told. payload: n times subject (8), key (8), version (4), status (1).
CREATE TABLE record_event (
  event_id    INTEGER NOT NULL PRIMARY KEY,
  n           INTEGER NOT NULL,
  payload     BLOB NOT NULL,
  recorded_at INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE record_event;
DROP TABLE record_mark;
