-- +goose Up
-- letter_text: the signed bytes of a letter of commitment, sealed with the key ring; letter is empty then (docs/decisions/0020-texts-rest-sealed.md).
ALTER TABLE repair_application ADD COLUMN letter_text TEXT NOT NULL DEFAULT '';

-- +goose Down
-- The letters go back, sealed: a program that has this version again reads them from there.
UPDATE repair_application SET letter = CAST(letter_text AS BLOB) WHERE letter_text <> '';
ALTER TABLE repair_application DROP COLUMN letter_text;
