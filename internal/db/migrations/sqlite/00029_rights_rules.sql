-- +goose Up
-- decided_until: first day on which the record is no longer shown, as a procedure decided (an objection, the taking back of a repair); 0 = only the rules say. Carried from
-- version to version: no filing moves it (docs/decisions/0019-ends-that-were-decided.md). ruled_until: what the rules gave on the day of that decision.
ALTER TABLE record_version ADD COLUMN decided_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE record_version ADD COLUMN ruled_until   INTEGER NOT NULL DEFAULT 0;

-- What was decided before, and that no filing has undone yet: the newest version was brought back or shortened by a procedure, with another end than the one before it.
UPDATE record_version SET decided_until = public_until,
  ruled_until = (SELECT p.public_until FROM record_version p WHERE p.subject_id = record_version.subject_id AND p.version_id = record_version.prev_id)
WHERE action = 'restored'
  AND EXISTS (SELECT 1 FROM record r WHERE r.subject_id = record_version.subject_id AND r.record_key = record_version.record_key AND r.version_id = record_version.version_id)
  AND public_until <> (SELECT p.public_until FROM record_version p WHERE p.subject_id = record_version.subject_id AND p.version_id = record_version.prev_id);

-- +goose Down
ALTER TABLE record_version DROP COLUMN ruled_until;
ALTER TABLE record_version DROP COLUMN decided_until;
