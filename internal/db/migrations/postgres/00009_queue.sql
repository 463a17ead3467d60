-- +goose Up
-- nkey: natural key of the queued row, as in record_version, so that the row is found when it is filed again with its code. '' in rows queued earlier.
ALTER TABLE ingest_queue ADD COLUMN nkey TEXT NOT NULL DEFAULT '';
CREATE INDEX ingest_queue_waiting ON ingest_queue (agency_id, item, nkey) WHERE state = 'waiting';
CREATE INDEX ingest_queue_batch ON ingest_queue (submission_id);
