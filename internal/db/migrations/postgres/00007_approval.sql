-- +goose Up
-- Drafts of what the register works by, and who approved them. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC,
-- ids are made in Go. Everything is local to the coordinator.

-- approval_draft: one row a draft. author: account, -1 = an operator's command; approver: account, 0 = nobody yet. Nobody approves their own draft, so
-- that the two always differ. base says what it was drafted against; diff is what was shown when it was submitted.
CREATE TABLE approval_draft (
  draft_id     BIGINT  NOT NULL PRIMARY KEY,
  kind         TEXT    NOT NULL,
  title        TEXT    NOT NULL,
  content      BYTEA   NOT NULL,
  hash         TEXT    NOT NULL,
  base         TEXT    NOT NULL,
  diff         TEXT    NOT NULL,
  author       BIGINT  NOT NULL,
  created_at   BIGINT  NOT NULL,
  submitted_at BIGINT  NOT NULL,
  approver     BIGINT  NOT NULL,
  decided_at   BIGINT  NOT NULL,
  effective_on BIGINT  NOT NULL,
  applied_at   BIGINT  NOT NULL,
  state        TEXT    NOT NULL, -- draft, submitted, approved, rejected, applied, withdrawn
  why          TEXT    NOT NULL,
  CHECK (author <> 0),
  CHECK (approver <> author),
  CHECK (state NOT IN ('approved', 'applied') OR approver > 0)
);
CREATE INDEX approval_draft_by_state ON approval_draft (state, effective_on, draft_id);
-- Of one base only one draft is approved at a time: the other would undo it unseen.
CREATE UNIQUE INDEX approval_draft_base ON approval_draft (kind, base) WHERE state = 'approved';

-- publish_ruleset: publicity rules that replace the ones of the program, from a day on. Reference table.
CREATE TABLE publish_ruleset (
  effective_on BIGINT  NOT NULL,
  version      BIGINT  NOT NULL,
  content      TEXT    NOT NULL,
  hash         TEXT    NOT NULL,
  loaded_at    BIGINT  NOT NULL,
  loaded_by    TEXT    NOT NULL,
  PRIMARY KEY (effective_on, version)
);

-- +goose Down
DROP TABLE publish_ruleset;
DROP TABLE approval_draft;
