-- +goose Up
-- What the desks' first page reads at each call is read off an index, however much is on file.
CREATE INDEX submission_unit       ON submission (agency_id, received_at, submission_id);
CREATE INDEX measure_task_recalled ON measure_task (agency_id, recalled_at) WHERE state = 'recalled';

-- +goose Down
DROP INDEX measure_task_recalled;
DROP INDEX submission_unit;
