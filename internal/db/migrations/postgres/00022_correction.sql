-- +goose Up
-- Corrections that travel: whoever was handed a copy of a record hears of its change, and says when it is applied. Days are integers (yyyymmdd, 0 = none),
-- instants are microseconds since 1970 in UTC (0 = none), ids are made in Go. No content of a record stands here.

-- correction_change: a change that was passed on, once. change_id: that of the record's change. why and basis as they stood with it. Local to the coordinator.
CREATE TABLE correction_change (
  change_id  BIGINT  NOT NULL PRIMARY KEY,
  changed_at BIGINT  NOT NULL,
  basis      TEXT    NOT NULL,
  why        TEXT    NOT NULL,
  told_at    BIGINT  NOT NULL
);

-- correction: one record of a change. status: of its new version. does: stop, replace, resume, none (it was not in use before, nor is it now).
-- public = 1: everyone could see it, or can again; then it stands in the public feed of changes, in the order of told_at and feed_id.
CREATE TABLE correction (
  subject_id BIGINT  NOT NULL,
  change_id  BIGINT  NOT NULL,
  record_key BIGINT  NOT NULL,
  version    INTEGER NOT NULL,
  status     INTEGER NOT NULL,
  item       TEXT    NOT NULL,
  does       TEXT    NOT NULL,
  public     INTEGER NOT NULL,
  changed_at BIGINT  NOT NULL,
  told_at    BIGINT  NOT NULL,
  feed_id    BIGINT  NOT NULL,
  PRIMARY KEY (subject_id, change_id, record_key)
);
CREATE INDEX correction_feed ON correction (told_at, feed_id) WHERE public = 1;
CREATE INDEX correction_time ON correction (subject_id, changed_at, change_id, record_key);

-- correction_told: what one recipient is told of one act: one notice, one case, one confirmation, however many records. act: digest of what makes it one act.
-- closed_at: when all of it was applied, or at once where nothing is asked. applied: rows applied; n: rows. Local to the coordinator.
CREATE TABLE correction_told (
  told_id     BIGINT  NOT NULL PRIMARY KEY,
  to_kind     TEXT    NOT NULL, -- agency, account
  to_id       BIGINT  NOT NULL,
  act         TEXT    NOT NULL,
  does        TEXT    NOT NULL,
  change_id   BIGINT  NOT NULL, -- the first one of the act
  told_on     INTEGER NOT NULL,
  told_at     BIGINT  NOT NULL,
  notified_at BIGINT  NOT NULL,
  due_on      INTEGER NOT NULL, -- last day on which to apply it; 0 = nothing is asked
  case_id     BIGINT  NOT NULL, -- 0 = none
  n           INTEGER NOT NULL,
  applied     INTEGER NOT NULL,
  closed_at   BIGINT  NOT NULL
);
CREATE INDEX correction_told_open ON correction_told (to_kind, to_id, act, told_on) WHERE closed_at = 0;
CREATE INDEX correction_told_list ON correction_told (closed_at, due_on, told_id);
CREATE INDEX correction_told_unit ON correction_told (to_kind, to_id, told_id);

-- correction_notice: one recipient of one record's change. what: how it was handed out, kinds joined by commas; matter: of the latest. copies: how often.
-- hidden_until: lawful secrecy, as the entry has it: until then the subject does not see the line. What it says is of entries of that very secrecy alone.
CREATE TABLE correction_notice (
  subject_id   BIGINT  NOT NULL,
  change_id    BIGINT  NOT NULL,
  record_key   BIGINT  NOT NULL,
  to_kind      TEXT    NOT NULL,
  to_id        BIGINT  NOT NULL,
  notice_id    BIGINT  NOT NULL,
  told_id      BIGINT  NOT NULL,
  version      INTEGER NOT NULL,
  status       INTEGER NOT NULL,
  does         TEXT    NOT NULL,
  item         TEXT    NOT NULL,
  what         TEXT    NOT NULL,
  matter       TEXT    NOT NULL,
  copies       INTEGER NOT NULL,
  handed_at    BIGINT  NOT NULL,
  hidden_until BIGINT  NOT NULL,
  told_at      BIGINT  NOT NULL,
  due_on       INTEGER NOT NULL,
  applied_at   BIGINT  NOT NULL,
  applied_by   TEXT    NOT NULL, -- account:42
  note         TEXT    NOT NULL,
  PRIMARY KEY (subject_id, change_id, record_key, to_kind, to_id)
);
CREATE INDEX correction_notice_number ON correction_notice (notice_id);
CREATE INDEX correction_notice_unit   ON correction_notice (to_kind, to_id, told_at, notice_id);
CREATE INDEX correction_notice_told   ON correction_notice (told_id, notice_id);
CREATE INDEX correction_notice_open   ON correction_notice (to_kind, to_id, due_on) WHERE applied_at = 0 AND due_on > 0;

-- +goose Down
DROP TABLE correction_notice;
DROP TABLE correction_told;
DROP TABLE correction;
DROP TABLE correction_change;
