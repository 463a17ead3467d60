-- +goose Up
-- record_mark: what stands beside a record without being a version of it, such as 异议中. ref: what set it. until_at: the instant it was lifted; the greatest number = it stands.
CREATE TABLE record_mark (
  subject_id BIGINT NOT NULL,
  record_key BIGINT NOT NULL,
  mark       TEXT   NOT NULL,
  ref        TEXT   NOT NULL,
  since_at   BIGINT NOT NULL,
  until_at   BIGINT NOT NULL,
  PRIMARY KEY (subject_id, record_key, mark, ref)
);

-- record_event: changes of records that were on file before, until whoever was given a copy has been told. payload: n times subject (8), key (8), version (4), status (1).
CREATE TABLE record_event (
  event_id    BIGINT NOT NULL PRIMARY KEY,
  n           BIGINT NOT NULL,
  payload     BYTEA NOT NULL,
  recorded_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE record_event;
DROP TABLE record_mark;
