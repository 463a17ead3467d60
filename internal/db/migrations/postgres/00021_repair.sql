-- +goose Up
-- Repair. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC, ids are made in Go.

-- repair_application: what a subject asks for at once: one letter of commitment and one set of papers for all the records that it names. A draft can be changed
-- and dropped; what was sent never changes. picks: the chosen records as JSON. files: attachments as JSON. letter: the signed bytes.
CREATE TABLE repair_application (
  subject_id     BIGINT NOT NULL,
  application_id BIGINT NOT NULL,
  state          TEXT   NOT NULL, -- draft, sent, dropped
  statement      TEXT   NOT NULL,
  picks          TEXT   NOT NULL,
  files          TEXT   NOT NULL,
  letter         BYTEA NOT NULL,
  letter_key     TEXT   NOT NULL,
  signature      BYTEA NOT NULL,
  made_at        BIGINT NOT NULL,
  made_by        TEXT   NOT NULL,
  changed_at     BIGINT NOT NULL,
  sent_at        BIGINT NOT NULL,
  PRIMARY KEY (subject_id, application_id)
);
CREATE INDEX repair_application_by_id ON repair_application (application_id);

-- repair_case: one record of an application on its way through the unit that made the finding. target: r:RECORD or l:ENTRY. open: 1 as long as it is not
-- answered, so that the same record is not asked for twice. earliest, end_on, max_on: the days as the rules gave them when it was sent. next_on: after a
-- refusal, from when it can be asked for again.
CREATE TABLE repair_case (
  subject_id     BIGINT NOT NULL,
  repair_id      BIGINT NOT NULL,
  application_id BIGINT NOT NULL,
  case_id        BIGINT NOT NULL,
  target         TEXT   NOT NULL,
  record_key     BIGINT NOT NULL, -- of the record that is turned; 0 = an entry that is no record
  entry_id       BIGINT NOT NULL, -- 0 = no entry on a list
  open           BIGINT NOT NULL,
  state          TEXT   NOT NULL,
  item           TEXT   NOT NULL,
  title          TEXT   NOT NULL,
  doc_no         TEXT   NOT NULL,
  agency_id      BIGINT NOT NULL,
  region         TEXT   NOT NULL,
  decided_on     BIGINT NOT NULL,
  class          TEXT   NOT NULL, -- minor, ordinary, serious
  rule_set       TEXT   NOT NULL,
  earliest       BIGINT NOT NULL,
  end_on         BIGINT NOT NULL,
  max_on         BIGINT NOT NULL,
  held           TEXT   NOT NULL, -- records of the platform that show that the duty was performed, by their numbers
  sent_at        BIGINT NOT NULL,
  sent_by        TEXT   NOT NULL,
  accepted_by    TEXT   NOT NULL,
  answered_at    BIGINT NOT NULL,
  answered_by    TEXT   NOT NULL,
  answer_no      TEXT   NOT NULL,
  answer_on      BIGINT NOT NULL,
  reason         TEXT   NOT NULL,
  next_on        BIGINT NOT NULL,
  PRIMARY KEY (subject_id, repair_id)
);
CREATE INDEX repair_case_by_id  ON repair_case (repair_id);
CREATE INDEX repair_case_of     ON repair_case (application_id);
CREATE INDEX repair_case_unit   ON repair_case (agency_id, state, repair_id);
CREATE INDEX repair_case_open   ON repair_case (repair_id) WHERE open = 1;
CREATE UNIQUE INDEX repair_case_once ON repair_case (subject_id, target) WHERE open = 1;

-- repair_breach: taking a repair back, because its commitment was broken or its papers were false. barred_until: first day on which the subject may apply again.
CREATE TABLE repair_breach (
  subject_id   BIGINT NOT NULL,
  breach_id    BIGINT NOT NULL,
  repair_id    BIGINT NOT NULL,
  case_id      BIGINT NOT NULL,
  agency_id    BIGINT NOT NULL,
  region       TEXT   NOT NULL,
  open         BIGINT NOT NULL,
  state        TEXT   NOT NULL, -- notified, cancelled, kept
  cause        TEXT   NOT NULL,
  notice_no    TEXT   NOT NULL,
  notice_on    BIGINT NOT NULL,
  stated       BIGINT NOT NULL, -- the subject has stated its case
  made_by      TEXT   NOT NULL,
  made_at      BIGINT NOT NULL,
  decided_by   TEXT   NOT NULL,
  decided_at   BIGINT NOT NULL,
  doc_no       TEXT   NOT NULL,
  reason       TEXT   NOT NULL,
  barred_until BIGINT NOT NULL,
  PRIMARY KEY (subject_id, breach_id)
);
CREATE INDEX repair_breach_by_id ON repair_breach (breach_id);
CREATE INDEX repair_breach_of    ON repair_breach (repair_id);

-- repair_shield: failures of a business are not shown while a court's reorganisation or settlement is carried out.
CREATE TABLE repair_shield (
  subject_id BIGINT NOT NULL,
  shield_id  BIGINT NOT NULL,
  case_id    BIGINT NOT NULL,
  region     TEXT   NOT NULL,
  state      TEXT   NOT NULL, -- asked, shielded, denied, withdrawn, ended
  court      TEXT   NOT NULL,
  ruling_no  TEXT   NOT NULL,
  ruling_on  BIGINT NOT NULL,
  until      BIGINT NOT NULL, -- first day after the execution of the plan
  asked_by   TEXT   NOT NULL,
  asked_at   BIGINT NOT NULL,
  decided_by TEXT   NOT NULL,
  decided_at BIGINT NOT NULL,
  ended_at   BIGINT NOT NULL,
  PRIMARY KEY (subject_id, shield_id)
);
CREATE INDEX repair_shield_by_id ON repair_shield (shield_id);
CREATE INDEX repair_shield_due   ON repair_shield (until) WHERE state = 'shielded';

-- repair_shield_record: what was shielded, so that the same comes back.
CREATE TABLE repair_shield_record (
  subject_id BIGINT NOT NULL,
  shield_id  BIGINT NOT NULL,
  record_key BIGINT NOT NULL,
  PRIMARY KEY (subject_id, shield_id, record_key)
);

-- repair_reminder: when the earliest day of a record comes, its subject is told, once. sent_at: 0 = waits.
CREATE TABLE repair_reminder (
  subject_id BIGINT NOT NULL,
  target     TEXT   NOT NULL,
  due_on     BIGINT NOT NULL,
  label      TEXT   NOT NULL,
  sent_at    BIGINT NOT NULL,
  PRIMARY KEY (subject_id, target)
);
CREATE INDEX repair_reminder_due ON repair_reminder (due_on) WHERE sent_at = 0;

-- +goose Down
DROP TABLE repair_reminder;
DROP TABLE repair_shield_record;
DROP TABLE repair_shield;
DROP TABLE repair_breach;
DROP TABLE repair_case;
DROP TABLE repair_application;
