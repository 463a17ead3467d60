-- +goose Up
-- Procedures: cases, their steps, attachments and deputies. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC,
-- ids are made in Go. Everything is local to the coordinator.

-- flow_case: one row a case, derived from its steps. due_on is computed from due_from, due_n, extended and paused_days. wake_on is the day at whose
-- beginning the clock has something to do, sort_on the place in an inbox, place is kind/state, steps the number of the newest step.
CREATE TABLE flow_case (
  case_id      INTEGER NOT NULL PRIMARY KEY,
  kind         TEXT    NOT NULL,
  state        TEXT    NOT NULL,
  place        TEXT    NOT NULL,
  subject_id   INTEGER NOT NULL,
  ref          TEXT    NOT NULL,
  agency_id    INTEGER NOT NULL,
  region       TEXT    NOT NULL,
  author       TEXT    NOT NULL,
  title        TEXT    NOT NULL,
  assignee     TEXT    NOT NULL,
  opened_at    INTEGER NOT NULL,
  arrived_at   INTEGER NOT NULL,
  closed_at    INTEGER NOT NULL,
  due_on       INTEGER NOT NULL,
  due_unit     TEXT    NOT NULL,
  due_from     INTEGER NOT NULL,
  due_n        INTEGER NOT NULL,
  due_roll     INTEGER NOT NULL,
  on_due       TEXT    NOT NULL,
  extended     INTEGER NOT NULL,
  extend_up_to INTEGER NOT NULL,
  paused_on    INTEGER NOT NULL,
  pause_until  INTEGER NOT NULL,
  paused_days  INTEGER NOT NULL,
  overdue      INTEGER NOT NULL,
  wake_on      INTEGER NOT NULL,
  sort_on      INTEGER NOT NULL,
  last_at      INTEGER NOT NULL,
  steps        INTEGER NOT NULL,
  CHECK (extended <= extend_up_to)
) STRICT;
CREATE INDEX flow_case_wake     ON flow_case (wake_on, case_id) WHERE wake_on > 0;
CREATE INDEX flow_case_inbox    ON flow_case (sort_on, case_id) WHERE closed_at = 0;
CREATE INDEX flow_case_place    ON flow_case (place, sort_on, case_id) WHERE closed_at = 0;
CREATE INDEX flow_case_subject  ON flow_case (subject_id, case_id);
CREATE INDEX flow_case_ref      ON flow_case (kind, ref);
CREATE INDEX flow_case_assignee ON flow_case (assignee, case_id) WHERE closed_at = 0 AND assignee <> '';

-- flow_step: what happened, never changed. at: when it took effect; recorded_at: when it was written. note is for the desks. files: hashes.
CREATE TABLE flow_step (
  case_id     INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  event       TEXT    NOT NULL,
  from_state  TEXT    NOT NULL,
  to_state    TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  on_day      INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  who_kind    TEXT    NOT NULL,
  who_id      INTEGER NOT NULL,
  agency_id   INTEGER NOT NULL,
  reason      TEXT    NOT NULL,
  note        TEXT    NOT NULL,
  files       TEXT    NOT NULL,
  due_on      INTEGER NOT NULL,
  late        INTEGER NOT NULL,
  days        INTEGER NOT NULL,
  unit        TEXT    NOT NULL,
  PRIMARY KEY (case_id, seq)
) STRICT, WITHOUT ROWID;

-- flow_file: attachments, kept by hash among the received files. scan: name of the scanner that found it clean, or "not scanned".
CREATE TABLE flow_file (
  hash       TEXT    NOT NULL,
  added_by   TEXT    NOT NULL,
  title      TEXT    NOT NULL,
  media_type TEXT    NOT NULL,
  bytes      INTEGER NOT NULL,
  scan       TEXT    NOT NULL,
  added_at   INTEGER NOT NULL,
  PRIMARY KEY (hash, added_by)
) STRICT, WITHOUT ROWID;

-- flow_deputy: who looks after whose cases on which days, both included.
CREATE TABLE flow_deputy (
  principal TEXT    NOT NULL,
  deputy    TEXT    NOT NULL,
  from_on   INTEGER NOT NULL,
  until_on  INTEGER NOT NULL,
  made_at   INTEGER NOT NULL,
  made_by   TEXT    NOT NULL,
  PRIMARY KEY (principal, deputy, from_on)
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_deputy_by ON flow_deputy (deputy, until_on);

-- +goose Down
DROP TABLE flow_deputy;
DROP TABLE flow_file;
DROP TABLE flow_step;
DROP TABLE flow_case;
