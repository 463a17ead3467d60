-- +goose Up
-- Measures. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC, ids are made in Go. The base list stands in ruleset_version.

-- measure_matter: what an agency's matter looks at and may apply: 奖惩对象清单 (lists) and 奖惩措施清单 (measures), as codes joined by spaces. Every change is
-- another row; the greatest seq is in use. must: the matter has to check before a decision. Reference table.
CREATE TABLE measure_matter (
  matter      TEXT    NOT NULL,
  seq         INTEGER NOT NULL,
  agency_id   INTEGER NOT NULL,
  lists       TEXT    NOT NULL,
  measures    TEXT    NOT NULL,
  must        INTEGER NOT NULL,
  valid_from  INTEGER NOT NULL,
  valid_until INTEGER NOT NULL, -- first day on which it no longer holds; 0 = open
  recorded_at INTEGER NOT NULL,
  recorded_by TEXT    NOT NULL,
  PRIMARY KEY (matter, seq)
) STRICT;

-- measure_order: 联合奖惩指令: one measure of the base list for one subject because of one entry on a list. base_on: the day whose edition of the base list it was
-- checked against. until: first day on which it no longer holds. recall_why: entry, basis, withdrawn.
CREATE TABLE measure_order (
  subject_id  INTEGER NOT NULL,
  order_id    INTEGER NOT NULL,
  entry_id    INTEGER NOT NULL,
  list        TEXT    NOT NULL,
  measure     TEXT    NOT NULL,
  law         TEXT    NOT NULL,
  base_on     INTEGER NOT NULL,
  agency_id   INTEGER NOT NULL,
  reason      TEXT    NOT NULL,
  issued_at   INTEGER NOT NULL,
  issued_by   TEXT    NOT NULL,
  valid_from  INTEGER NOT NULL,
  until       INTEGER NOT NULL,
  state       TEXT    NOT NULL, -- open, recalled, released
  recalled_at INTEGER NOT NULL,
  recall_why  TEXT    NOT NULL,
  recall_note TEXT    NOT NULL,
  released_at INTEGER NOT NULL,
  PRIMARY KEY (subject_id, order_id)
) STRICT;
CREATE INDEX measure_order_by_id    ON measure_order (order_id);
CREATE INDEX measure_order_by_entry ON measure_order (entry_id, state);
CREATE INDEX measure_order_open     ON measure_order (state, order_id) WHERE state <> 'released';

-- measure_task: an order's part for one agency. result: executed, not_applicable, not_executed.
CREATE TABLE measure_task (
  subject_id   INTEGER NOT NULL,
  task_id      INTEGER NOT NULL,
  order_id     INTEGER NOT NULL,
  agency_id    INTEGER NOT NULL,
  matter       TEXT    NOT NULL,
  case_id      INTEGER NOT NULL,
  state        TEXT    NOT NULL, -- pushed, accepted, done, recalled, released
  result       TEXT    NOT NULL,
  reason       TEXT    NOT NULL,
  case_no      TEXT    NOT NULL,
  executed_on  INTEGER NOT NULL,
  evidence     TEXT    NOT NULL,
  answered_at  INTEGER NOT NULL,
  released_at  INTEGER NOT NULL,
  PRIMARY KEY (subject_id, task_id)
) STRICT;
CREATE INDEX measure_task_by_id     ON measure_task (task_id);
CREATE INDEX measure_task_by_order  ON measure_task (order_id);
CREATE INDEX measure_task_by_agency ON measure_task (agency_id, state, task_id);

-- +goose Down
DROP TABLE measure_task;
DROP TABLE measure_order;
DROP TABLE measure_matter;
