-- +goose Up
-- Drafts of what the register works by, and who approved them. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC,
-- ids are made in Go. Everything is local to the coordinator.

-- approval_draft: one row a draft. author: account, -1 = an operator's command; approver: account, 0 = nobody yet. Nobody approves their own draft, so
-- that the two always differ. base says what it was drafted against; diff is what was shown when it was submitted.
CREATE TABLE approval_draft (
  draft_id     INTEGER NOT NULL PRIMARY KEY,
  kind         TEXT    NOT NULL,
  title        TEXT    NOT NULL,
  content      BLOB    NOT NULL,
  hash         TEXT    NOT NULL,
  base         TEXT    NOT NULL,
  diff         TEXT    NOT NULL,
  author       INTEGER NOT NULL,
  created_at   INTEGER NOT NULL,
  submitted_at INTEGER NOT NULL,
  approver     INTEGER NOT NULL,
  decided_at   INTEGER NOT NULL,
  effective_on INTEGER NOT NULL,
  applied_at   INTEGER NOT NULL,
  state        TEXT    NOT NULL, -- draft, submitted, approved, rejected, applied, withdrawn
  why          TEXT    NOT NULL,
  CHECK (author <> 0),
  CHECK (approver <> author),
  CHECK (state NOT IN ('approved', 'applied') OR approver > 0)
) STRICT;
CREATE INDEX approval_draft_by_state ON approval_draft (state, effective_on, draft_id);
-- Of one base only one draft is approved at a time: the other would undo it unseen.
CREATE UNIQUE INDEX approval_draft_base ON approval_draft (kind, base) WHERE state = 'approved';

-- publish_ruleset: publicity rules that replace the ones of the program, from a day on. Reference table.
CREATE TABLE publish_ruleset (
  effective_on INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  content      TEXT    NOT NULL,
  hash         TEXT    NOT NULL,
  loaded_at    INTEGER NOT NULL,
  loaded_by    TEXT    NOT NULL,
  PRIMARY KEY (effective_on, version)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE publish_ruleset;
DROP TABLE approval_draft;
