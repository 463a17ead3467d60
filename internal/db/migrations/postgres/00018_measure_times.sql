-- +goose Up
-- When a task was pushed, taken on and recalled, and whether it was taken on after its last day: the statistics of joint action count by it.
ALTER TABLE measure_task ADD COLUMN pushed_at    BIGINT NOT NULL DEFAULT 0;
ALTER TABLE measure_task ADD COLUMN responded_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE measure_task ADD COLUMN late         BIGINT NOT NULL DEFAULT 0;
ALTER TABLE measure_task ADD COLUMN recalled_at  BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE measure_task DROP COLUMN recalled_at;
ALTER TABLE measure_task DROP COLUMN late;
ALTER TABLE measure_task DROP COLUMN responded_at;
ALTER TABLE measure_task DROP COLUMN pushed_at;
