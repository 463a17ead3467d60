-- +goose Up
-- Reports by the list, and reports whose document is kept no longer. Instants are microseconds since 1970 in UTC, ids are made in Go.

-- pruned_at: when the document gave way to what a check from paper needs (0 = it is all there). Number, digest, signature and rows stay.
ALTER TABLE report ADD COLUMN pruned_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX report_age ON report (kind, created_at) WHERE pruned_at = 0;

-- report_batch: a list of businesses that an account has reports made of, as a job. state: draft (looked over, not ordered), waiting, running, done, stopped,
-- cancelled, expired (its list is gone). repeated, without: lines of the list that came before, and that hold no code. refused: lines that made no report.
-- A worker has it until lease_until. expires_at: when the list is deleted; 0 = not while it runs.
CREATE TABLE report_batch (
  batch_id    BIGINT NOT NULL PRIMARY KEY,
  agency_id   BIGINT NOT NULL,
  who_id      BIGINT NOT NULL,
  address     TEXT   NOT NULL,
  name        TEXT   NOT NULL,
  purpose     TEXT   NOT NULL,
  created_at  BIGINT NOT NULL,
  state       TEXT   NOT NULL,
  why         TEXT   NOT NULL, -- of a stopped one
  total       INTEGER NOT NULL,
  made        INTEGER NOT NULL,
  refused     INTEGER NOT NULL,
  repeated    INTEGER NOT NULL,
  without     INTEGER NOT NULL,
  finished_at BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL,
  lease_owner TEXT   NOT NULL,
  lease_until BIGINT NOT NULL
);
CREATE INDEX report_batch_open ON report_batch (state, created_at) WHERE state IN ('waiting', 'running');
CREATE INDEX report_batch_own  ON report_batch (who_id, created_at);
CREATE INDEX report_batch_age  ON report_batch (expires_at) WHERE expires_at > 0;

-- report_batch_row: one business of a list, in its order. consent_id 0: a standard report. number '' and why '': not made yet; why: why there is none.
CREATE TABLE report_batch_row (
  batch_id   BIGINT NOT NULL,
  place      INTEGER NOT NULL,
  code       TEXT   NOT NULL,
  consent_id BIGINT NOT NULL,
  aim        TEXT   NOT NULL,
  number     TEXT   NOT NULL,
  why        TEXT   NOT NULL,
  PRIMARY KEY (batch_id, place)
);

-- +goose Down
DROP TABLE report_batch_row;
DROP TABLE report_batch;
DROP INDEX report_age;
ALTER TABLE report DROP COLUMN pruned_at;
