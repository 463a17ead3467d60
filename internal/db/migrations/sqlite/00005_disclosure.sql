-- +goose Up
-- Disclosure beyond the public. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC, ids are made in Go.

-- access_log: every look-up of something not public, answered or refused, written before the answer leaves; never changed, never deleted.
-- subject_id 0: the look-up found nobody. records: "record@version" joined by spaces. hidden_until: lawful secrecy, 0 = none.
-- The leaf "access/1" is queued under outbox_id at outbox_pos.
CREATE TABLE access_log (
  subject_id    INTEGER NOT NULL,
  access_id     INTEGER NOT NULL,
  at            INTEGER NOT NULL,
  who_kind      TEXT    NOT NULL,
  who_id        INTEGER NOT NULL,
  agency_id     INTEGER NOT NULL,
  address       TEXT    NOT NULL,
  session_id    INTEGER NOT NULL,
  matter        TEXT    NOT NULL,
  basis         TEXT    NOT NULL,
  consent_id    INTEGER NOT NULL,
  what          TEXT    NOT NULL,
  records       TEXT    NOT NULL,
  outcome       TEXT    NOT NULL,
  missing       TEXT    NOT NULL,
  hidden_until  INTEGER NOT NULL,
  secrecy_basis TEXT    NOT NULL,
  salt          BLOB    NOT NULL,
  outbox_id     INTEGER NOT NULL,
  outbox_pos    INTEGER NOT NULL,
  PRIMARY KEY (subject_id, access_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_log_time   ON access_log (at, access_id);
CREATE INDEX access_log_who    ON access_log (who_kind, who_id, at, access_id);
CREATE INDEX access_log_agency ON access_log (agency_id, at, access_id);

-- access_count: look-ups of one actor in one hour (hours since 1970). what: all, person.
CREATE TABLE access_count (
  who_kind TEXT    NOT NULL,
  who_id   INTEGER NOT NULL,
  what     TEXT    NOT NULL,
  hour     INTEGER NOT NULL,
  n        INTEGER NOT NULL,
  PRIMARY KEY (who_kind, who_id, what, hour)
) STRICT, WITHOUT ROWID;

-- access_reader: who looked a subject up on a day, and how often.
CREATE TABLE access_reader (
  subject_id INTEGER NOT NULL,
  day        INTEGER NOT NULL,
  who_kind   TEXT    NOT NULL,
  who_id     INTEGER NOT NULL,
  n          INTEGER NOT NULL,
  PRIMARY KEY (subject_id, day, who_kind, who_id)
) STRICT, WITHOUT ROWID;

-- access_alert: unusual look-ups for the auditor. One row for a rule, an actor or subject, and a day; n counts on.
CREATE TABLE access_alert (
  alert_id     INTEGER NOT NULL PRIMARY KEY,
  rule         TEXT    NOT NULL,
  who_kind     TEXT    NOT NULL,
  who_id       INTEGER NOT NULL,
  agency_id    INTEGER NOT NULL,
  subject_id   INTEGER NOT NULL,
  day          INTEGER NOT NULL,
  n            INTEGER NOT NULL,
  detail       TEXT    NOT NULL,
  access_id    INTEGER NOT NULL,
  first_at     INTEGER NOT NULL,
  last_at      INTEGER NOT NULL,
  state        TEXT    NOT NULL,
  handled_kind TEXT    NOT NULL,
  handled_by   INTEGER NOT NULL,
  handled_at   INTEGER NOT NULL,
  reason       TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX access_alert_once  ON access_alert (rule, who_kind, who_id, subject_id, day);
CREATE INDEX        access_alert_state ON access_alert (state, alert_id);

-- access_secrecy: orders by which an agency's look-ups of a subject are shown to the subject later. ended_at 0: in force until the day it names.
CREATE TABLE access_secrecy (
  order_id   INTEGER NOT NULL PRIMARY KEY,
  agency_id  INTEGER NOT NULL,
  subject_id INTEGER NOT NULL,
  basis      TEXT    NOT NULL,
  from_at    INTEGER NOT NULL,
  until_at   INTEGER NOT NULL,
  by_kind    TEXT    NOT NULL,
  by_id      INTEGER NOT NULL,
  ended_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX access_secrecy_subject ON access_secrecy (subject_id, agency_id, until_at);

-- audit_act: who changed accounts, grants, consents, matters, drafts …; never changed, never deleted. The leaf is "act/1".
CREATE TABLE audit_act (
  act_id     INTEGER NOT NULL PRIMARY KEY,
  at         INTEGER NOT NULL,
  who_kind   TEXT    NOT NULL,
  who_id     INTEGER NOT NULL,
  agency_id  INTEGER NOT NULL,
  address    TEXT    NOT NULL,
  session_id INTEGER NOT NULL,
  action     TEXT    NOT NULL,
  entity     TEXT    NOT NULL,
  detail     TEXT    NOT NULL,
  salt       BLOB    NOT NULL,
  outbox_id  INTEGER NOT NULL,
  outbox_pos INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_act_time   ON audit_act (at, act_id);
CREATE INDEX audit_act_who    ON audit_act (who_kind, who_id, at, act_id);
CREATE INDEX audit_act_entity ON audit_act (entity, at, act_id);

-- matter: 应用事项, what an agency may look up and on which law. Every change is another row; the greatest seq is the one in use.
-- items and kinds: codes joined by spaces.
CREATE TABLE matter (
  code          TEXT    NOT NULL,
  seq           INTEGER NOT NULL,
  name          TEXT    NOT NULL,
  agency_id     INTEGER NOT NULL,
  law           TEXT    NOT NULL,
  article       TEXT    NOT NULL,
  basis_from    INTEGER NOT NULL,
  basis_until   INTEGER NOT NULL,
  items         TEXT    NOT NULL,
  kinds         TEXT    NOT NULL,
  valid_from    INTEGER NOT NULL,
  valid_until   INTEGER NOT NULL,
  recorded_at   INTEGER NOT NULL,
  recorded_by   TEXT    NOT NULL,
  PRIMARY KEY (code, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX matter_agency ON matter (agency_id, code);

-- consent: one artefact of consent. document holds the signed bytes; everything but uses_left and revoked_* is fixed by them.
CREATE TABLE consent (
  subject_id     INTEGER NOT NULL,
  consent_id     INTEGER NOT NULL,
  grantor_kind   TEXT    NOT NULL,
  grantor_id     INTEGER NOT NULL,
  grantee_id     INTEGER NOT NULL,
  items          TEXT    NOT NULL,
  classes        TEXT    NOT NULL,
  purpose        TEXT    NOT NULL,
  from_at        INTEGER NOT NULL,
  until_at       INTEGER NOT NULL,
  uses           INTEGER NOT NULL,
  uses_left      INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  document       BLOB    NOT NULL,
  key_id         TEXT    NOT NULL,
  signature      BLOB    NOT NULL,
  revoked_at     INTEGER NOT NULL,
  revoked_kind   TEXT    NOT NULL,
  revoked_by     INTEGER NOT NULL,
  revoke_why     TEXT    NOT NULL,
  PRIMARY KEY (subject_id, consent_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX consent_grantee ON consent (grantee_id, consent_id);
