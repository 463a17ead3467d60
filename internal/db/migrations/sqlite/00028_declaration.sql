-- +goose Up
-- Declarations by subjects. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC, ids are made in Go. What was said at a step stands
-- in the steps of the case; the rules stand in ruleset_version.

-- declaration: what a subject declared about itself, beside its case: how far it is, and which record came of it.
CREATE TABLE declaration (
  subject_id     INTEGER NOT NULL,
  declaration_id INTEGER NOT NULL,
  no             TEXT NOT NULL,
  item           TEXT NOT NULL,
  title          TEXT NOT NULL, -- name of the item
  agency_id      INTEGER NOT NULL, -- that receives it and stands as its source
  region         TEXT NOT NULL,
  replaces       INTEGER NOT NULL, -- declaration on file that it takes the place of; 0 = none
  content        TEXT NOT NULL, -- sealed: values by field code
  case_id        INTEGER NOT NULL,
  end_case_id    INTEGER NOT NULL, -- case by which it was taken back from the register; 0 = none
  state          TEXT NOT NULL, -- as the case has it, and replaced, ending, ended after that
  filed_by       TEXT NOT NULL,
  filed_at       INTEGER NOT NULL,
  received_on    INTEGER NOT NULL,
  decided_by     TEXT NOT NULL, -- who accepted it
  decided_at     INTEGER NOT NULL,
  refusal        TEXT NOT NULL, -- code of the reason
  record         TEXT NOT NULL, -- id of the record; '' = it was never on file
  on_file_at     INTEGER NOT NULL,
  ended_by       TEXT NOT NULL,
  ended_at       INTEGER NOT NULL,
  closed_at      INTEGER NOT NULL,
  PRIMARY KEY (subject_id, declaration_id)
) STRICT;
CREATE INDEX declaration_by_id     ON declaration (declaration_id);
CREATE INDEX declaration_by_no     ON declaration (no);
CREATE INDEX declaration_by_agency ON declaration (agency_id, declaration_id);
CREATE INDEX declaration_by_state  ON declaration (state, declaration_id);

-- declaration_draft: what an account wrote and has not handed in. It is deleted when it is handed in, and some days after it was last touched.
CREATE TABLE declaration_draft (
  subject_id   INTEGER NOT NULL,
  draft_id     INTEGER NOT NULL,
  account      TEXT NOT NULL,
  item         TEXT NOT NULL,
  replaces     INTEGER NOT NULL,
  content      TEXT NOT NULL, -- sealed
  changed_at   INTEGER NOT NULL,
  PRIMARY KEY (subject_id, draft_id)
) STRICT;
CREATE INDEX declaration_draft_by_day ON declaration_draft (changed_at);

-- +goose Down
DROP TABLE declaration_draft;
DROP TABLE declaration;
