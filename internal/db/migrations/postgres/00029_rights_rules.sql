-- +goose Up
-- decided_until: first day on which the record is no longer shown, as a procedure decided (an objection, the taking back of a repair); 0 = only the rules say. Carried from
-- version to version: no filing moves it (docs/decisions/0019-ends-that-were-decided.md). ruled_until: what the rules gave on the day of that decision.
ALTER TABLE record_version ADD COLUMN decided_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE record_version ADD COLUMN ruled_until   BIGINT NOT NULL DEFAULT 0;

-- What was decided before, and that no filing has undone yet: the newest version was brought back or shortened by a procedure, with another end than the one before it.
UPDATE record_version SET decided_until = public_until,
  ruled_until = (SELECT p.public_until FROM record_version p WHERE p.subject_id = record_version.subject_id AND p.version_id = record_version.prev_id)
WHERE action = 'restored'
  AND EXISTS (SELECT 1 FROM record r WHERE r.subject_id = record_version.subject_id AND r.record_key = record_version.record_key AND r.version_id = record_version.version_id)
  AND public_until <> (SELECT p.public_until FROM record_version p WHERE p.subject_id = record_version.subject_id AND p.version_id = record_version.prev_id);

-- repair_id: the application for repair whose answer is disputed; 0 = none. stage: of an answer that was found wrong, where it goes on: sent, accepted, granted, heard, kept.
-- extended: working days by which the answer was put off.
ALTER TABLE objection ADD COLUMN repair_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE objection ADD COLUMN stage     TEXT NOT NULL DEFAULT '';
ALTER TABLE objection ADD COLUMN extended  BIGINT NOT NULL DEFAULT 0;

-- files: attachments as JSON, each with its hash.
ALTER TABLE objection_draft ADD COLUMN files TEXT NOT NULL DEFAULT '[]';

-- reopened_for: number of the objection by which an answered case was opened again; '' = never.
ALTER TABLE repair_case ADD COLUMN reopened_for TEXT NOT NULL DEFAULT '';

-- repair_walk: how far the search for failures to remind of has come through the versions of the register. at: id of the last version that was looked at.
CREATE TABLE repair_walk (
  name TEXT NOT NULL PRIMARY KEY,
  at   BIGINT NOT NULL
);

-- repair_quiet: subjects that want no reminders of repair.
CREATE TABLE repair_quiet (
  subject_id BIGINT NOT NULL PRIMARY KEY,
  off_by     TEXT NOT NULL,
  off_at     BIGINT NOT NULL
);

-- Who acts for a subject, or works for a unit: asked for with each notice.
CREATE INDEX account_grant_subject ON account_grant (subject_id, account_id);
CREATE INDEX account_grant_agency  ON account_grant (agency_id, account_id);

-- +goose Down
DROP INDEX account_grant_agency;
DROP INDEX account_grant_subject;
DROP TABLE repair_quiet;
DROP TABLE repair_walk;
ALTER TABLE repair_case DROP COLUMN reopened_for;
ALTER TABLE objection_draft DROP COLUMN files;
ALTER TABLE objection DROP COLUMN extended;
ALTER TABLE objection DROP COLUMN stage;
ALTER TABLE objection DROP COLUMN repair_id;
ALTER TABLE record_version DROP COLUMN ruled_until;
ALTER TABLE record_version DROP COLUMN decided_until;
