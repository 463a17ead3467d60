-- +goose Up
-- Procedures: cases, their steps, attachments and deputies. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC,
-- ids are made in Go. Everything is local to the coordinator.

-- flow_case: one row a case, derived from its steps. due_on is computed from due_from, due_n, extended and paused_days. wake_on is the day at whose
-- beginning the clock has something to do, sort_on the place in an inbox, place is kind/state, steps the number of the newest step.
CREATE TABLE flow_case (
  case_id      BIGINT  NOT NULL PRIMARY KEY,
  kind         TEXT    NOT NULL,
  state        TEXT    NOT NULL,
  place        TEXT    NOT NULL,
  subject_id   BIGINT  NOT NULL,
  ref          TEXT    NOT NULL,
  agency_id    BIGINT  NOT NULL,
  region       TEXT    NOT NULL,
  author       TEXT    NOT NULL,
  title        TEXT    NOT NULL,
  assignee     TEXT    NOT NULL,
  opened_at    BIGINT  NOT NULL,
  arrived_at   BIGINT  NOT NULL,
  closed_at    BIGINT  NOT NULL,
  due_on       BIGINT  NOT NULL,
  due_unit     TEXT    NOT NULL,
  due_from     BIGINT  NOT NULL,
  due_n        BIGINT  NOT NULL,
  due_roll     BIGINT  NOT NULL,
  on_due       TEXT    NOT NULL,
  extended     BIGINT  NOT NULL,
  extend_up_to BIGINT  NOT NULL,
  paused_on    BIGINT  NOT NULL,
  pause_until  BIGINT  NOT NULL,
  paused_days  BIGINT  NOT NULL,
  overdue      BIGINT  NOT NULL,
  wake_on      BIGINT  NOT NULL,
  sort_on      BIGINT  NOT NULL,
  last_at      BIGINT  NOT NULL,
  steps        BIGINT  NOT NULL,
  CHECK (extended <= extend_up_to)
);
CREATE INDEX flow_case_wake     ON flow_case (wake_on, case_id) WHERE wake_on > 0;
CREATE INDEX flow_case_inbox    ON flow_case (sort_on, case_id) WHERE closed_at = 0;
CREATE INDEX flow_case_place    ON flow_case (place, sort_on, case_id) WHERE closed_at = 0;
CREATE INDEX flow_case_subject  ON flow_case (subject_id, case_id);
CREATE INDEX flow_case_ref      ON flow_case (kind, ref);
CREATE INDEX flow_case_assignee ON flow_case (assignee, case_id) WHERE closed_at = 0 AND assignee <> '';

-- flow_step: what happened, never changed. at: when it took effect; recorded_at: when it was written. note is for the desks. files: hashes.
CREATE TABLE flow_step (
  case_id     BIGINT  NOT NULL,
  seq         BIGINT  NOT NULL,
  event       TEXT    NOT NULL,
  from_state  TEXT    NOT NULL,
  to_state    TEXT    NOT NULL,
  at          BIGINT  NOT NULL,
  on_day      BIGINT  NOT NULL,
  recorded_at BIGINT  NOT NULL,
  who_kind    TEXT    NOT NULL,
  who_id      BIGINT  NOT NULL,
  agency_id   BIGINT  NOT NULL,
  reason      TEXT    NOT NULL,
  note        TEXT    NOT NULL,
  files       TEXT    NOT NULL,
  due_on      BIGINT  NOT NULL,
  late        BIGINT  NOT NULL,
  days        BIGINT  NOT NULL,
  unit        TEXT    NOT NULL,
  PRIMARY KEY (case_id, seq)
);

-- flow_file: attachments, kept by hash among the received files. scan: name of the scanner that found it clean, or "not scanned".
CREATE TABLE flow_file (
  hash       TEXT    NOT NULL,
  added_by   TEXT    NOT NULL,
  title      TEXT    NOT NULL,
  media_type TEXT    NOT NULL,
  bytes      BIGINT  NOT NULL,
  scan       TEXT    NOT NULL,
  added_at   BIGINT  NOT NULL,
  PRIMARY KEY (hash, added_by)
);

-- flow_deputy: who looks after whose cases on which days, both included.
CREATE TABLE flow_deputy (
  principal TEXT    NOT NULL,
  deputy    TEXT    NOT NULL,
  from_on   BIGINT  NOT NULL,
  until_on  BIGINT  NOT NULL,
  made_at   BIGINT  NOT NULL,
  made_by   TEXT    NOT NULL,
  PRIMARY KEY (principal, deputy, from_on)
);
CREATE INDEX flow_deputy_by ON flow_deputy (deputy, until_on);

-- +goose Down
DROP TABLE flow_deputy;
DROP TABLE flow_file;
DROP TABLE flow_step;
DROP TABLE flow_case;
