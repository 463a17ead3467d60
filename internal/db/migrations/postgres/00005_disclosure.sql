-- +goose Up
-- Disclosure beyond the public. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC, ids are made in Go.

-- access_log: every look-up of something not public, answered or refused, written before the answer leaves; never changed, never deleted.
-- subject_id 0: the look-up found nobody. records: "record@version" joined by spaces. hidden_until: lawful secrecy, 0 = none.
-- The leaf "access/1" is queued under outbox_id at outbox_pos.
CREATE TABLE access_log (
  subject_id    BIGINT NOT NULL,
  access_id     BIGINT NOT NULL,
  at            BIGINT NOT NULL,
  who_kind      TEXT    NOT NULL,
  who_id        BIGINT NOT NULL,
  agency_id     BIGINT NOT NULL,
  address       TEXT    NOT NULL,
  session_id    BIGINT NOT NULL,
  matter        TEXT    NOT NULL,
  basis         TEXT    NOT NULL,
  consent_id    BIGINT NOT NULL,
  what          TEXT    NOT NULL,
  records       TEXT    NOT NULL,
  outcome       TEXT    NOT NULL,
  missing       TEXT    NOT NULL,
  hidden_until  BIGINT NOT NULL,
  secrecy_basis TEXT    NOT NULL,
  salt          BYTEA    NOT NULL,
  outbox_id     BIGINT NOT NULL,
  outbox_pos    INTEGER NOT NULL,
  PRIMARY KEY (subject_id, access_id)
);
CREATE INDEX access_log_time   ON access_log (at, access_id);
CREATE INDEX access_log_who    ON access_log (who_kind, who_id, at, access_id);
CREATE INDEX access_log_agency ON access_log (agency_id, at, access_id);

-- access_count: look-ups of one actor in one hour (hours since 1970). what: all, person.
CREATE TABLE access_count (
  who_kind TEXT    NOT NULL,
  who_id   BIGINT NOT NULL,
  what     TEXT    NOT NULL,
  hour     INTEGER NOT NULL,
  n        BIGINT NOT NULL,
  PRIMARY KEY (who_kind, who_id, what, hour)
);

-- access_reader: who looked a subject up on a day, and how often.
CREATE TABLE access_reader (
  subject_id BIGINT NOT NULL,
  day        INTEGER NOT NULL,
  who_kind   TEXT    NOT NULL,
  who_id     BIGINT NOT NULL,
  n          BIGINT NOT NULL,
  PRIMARY KEY (subject_id, day, who_kind, who_id)
);

-- access_alert: unusual look-ups for the auditor. One row for a rule, an actor or subject, and a day; n counts on.
CREATE TABLE access_alert (
  alert_id     BIGINT NOT NULL PRIMARY KEY,
  rule         TEXT    NOT NULL,
  who_kind     TEXT    NOT NULL,
  who_id       BIGINT NOT NULL,
  agency_id    BIGINT NOT NULL,
  subject_id   BIGINT NOT NULL,
  day          INTEGER NOT NULL,
  n            BIGINT NOT NULL,
  detail       TEXT    NOT NULL,
  access_id    BIGINT NOT NULL,
  first_at     BIGINT NOT NULL,
  last_at      BIGINT NOT NULL,
  state        TEXT    NOT NULL,
  handled_kind TEXT    NOT NULL,
  handled_by   BIGINT NOT NULL,
  handled_at   BIGINT NOT NULL,
  reason       TEXT    NOT NULL
);
CREATE UNIQUE INDEX access_alert_once  ON access_alert (rule, who_kind, who_id, subject_id, day);
CREATE INDEX        access_alert_state ON access_alert (state, alert_id);

-- access_secrecy: orders by which an agency's look-ups of a subject are shown to the subject later. ended_at 0: in force until the day it names.
CREATE TABLE access_secrecy (
  order_id   BIGINT NOT NULL PRIMARY KEY,
  agency_id  BIGINT NOT NULL,
  subject_id BIGINT NOT NULL,
  basis      TEXT    NOT NULL,
  from_at    BIGINT NOT NULL,
  until_at   BIGINT NOT NULL,
  by_kind    TEXT    NOT NULL,
  by_id      BIGINT NOT NULL,
  ended_at   BIGINT NOT NULL
);
CREATE INDEX access_secrecy_subject ON access_secrecy (subject_id, agency_id, until_at);

-- audit_act: who changed accounts, grants, consents, matters, drafts …; never changed, never deleted. The leaf is "act/1".
CREATE TABLE audit_act (
  act_id     BIGINT NOT NULL PRIMARY KEY,
  at         BIGINT NOT NULL,
  who_kind   TEXT    NOT NULL,
  who_id     BIGINT NOT NULL,
  agency_id  BIGINT NOT NULL,
  address    TEXT    NOT NULL,
  session_id BIGINT NOT NULL,
  action     TEXT    NOT NULL,
  entity     TEXT    NOT NULL,
  detail     TEXT    NOT NULL,
  salt       BYTEA    NOT NULL,
  outbox_id  BIGINT NOT NULL,
  outbox_pos INTEGER NOT NULL
);
CREATE INDEX audit_act_time   ON audit_act (at, act_id);
CREATE INDEX audit_act_who    ON audit_act (who_kind, who_id, at, act_id);
CREATE INDEX audit_act_entity ON audit_act (entity, at, act_id);

-- matter: 应用事项, what an agency may look up and on which law. Every change is another row; the greatest seq is the one in use.
-- items and kinds: codes joined by spaces.
CREATE TABLE matter (
  code          TEXT    NOT NULL,
  seq           INTEGER NOT NULL,
  name          TEXT    NOT NULL,
  agency_id     BIGINT NOT NULL,
  law           TEXT    NOT NULL,
  article       TEXT    NOT NULL,
  basis_from    INTEGER NOT NULL,
  basis_until   INTEGER NOT NULL,
  items         TEXT    NOT NULL,
  kinds         TEXT    NOT NULL,
  valid_from    INTEGER NOT NULL,
  valid_until   INTEGER NOT NULL,
  recorded_at   BIGINT NOT NULL,
  recorded_by   TEXT    NOT NULL,
  PRIMARY KEY (code, seq)
);
CREATE INDEX matter_agency ON matter (agency_id, code);

-- consent: one artefact of consent. document holds the signed bytes; everything but uses_left and revoked_* is fixed by them.
CREATE TABLE consent (
  subject_id     BIGINT NOT NULL,
  consent_id     BIGINT NOT NULL,
  grantor_kind   TEXT    NOT NULL,
  grantor_id     BIGINT NOT NULL,
  grantee_id     BIGINT NOT NULL,
  items          TEXT    NOT NULL,
  classes        TEXT    NOT NULL,
  purpose        TEXT    NOT NULL,
  from_at        BIGINT NOT NULL,
  until_at       BIGINT NOT NULL,
  uses           BIGINT NOT NULL,
  uses_left      BIGINT NOT NULL,
  created_at     BIGINT NOT NULL,
  document       BYTEA    NOT NULL,
  key_id         TEXT    NOT NULL,
  signature      BYTEA    NOT NULL,
  revoked_at     BIGINT NOT NULL,
  revoked_kind   TEXT    NOT NULL,
  revoked_by     BIGINT NOT NULL,
  revoke_why     TEXT    NOT NULL,
  PRIMARY KEY (subject_id, consent_id)
);
CREATE INDEX consent_grantee ON consent (grantee_id, consent_id);
