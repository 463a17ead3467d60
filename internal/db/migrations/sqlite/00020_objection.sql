-- +goose Up
-- Objections. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC, ids are made in Go. What was said stands in the steps of the
-- case; the rules stand in ruleset_version.

-- objection: one objection of a subject, beside its case: what it is about, how far it is, what came of it.
CREATE TABLE objection (
  subject_id   INTEGER NOT NULL,
  objection_id INTEGER NOT NULL,
  no           TEXT NOT NULL,
  kind         TEXT NOT NULL, -- record, window, entry, repair
  target       TEXT NOT NULL, -- id of the record, number of the entry on a list
  item         TEXT NOT NULL, -- of the catalogue; '' for an entry
  title        TEXT NOT NULL, -- name of item or list
  ask          TEXT NOT NULL,
  version      INTEGER NOT NULL, -- of the record when it was disputed
  agency_id    INTEGER NOT NULL, -- the source
  region       TEXT NOT NULL,
  case_id      INTEGER NOT NULL,
  state        TEXT NOT NULL, -- as the case has it
  filed_by     TEXT NOT NULL,
  filed_at     INTEGER NOT NULL,
  received_on  INTEGER NOT NULL,
  accepted_at  INTEGER NOT NULL,
  referred_at  INTEGER NOT NULL,
  answer_by    INTEGER NOT NULL,
  refusal      TEXT NOT NULL, -- code of the reason
  reply        TEXT NOT NULL, -- of the source: corrected, delete, keep, cannot
  replied_at   INTEGER NOT NULL,
  marked       INTEGER NOT NULL, -- 1 = the record shows 异议中 because of it
  taken_down   INTEGER NOT NULL, -- 1 = the record is shown no longer because nobody verified it
  result       TEXT NOT NULL,
  until        INTEGER NOT NULL, -- shortened: first day on which it is no longer shown
  answered_at  INTEGER NOT NULL,
  late         INTEGER NOT NULL, -- 1 = answered after answer_by
  review       TEXT NOT NULL, -- result of the review
  reviewed_at  INTEGER NOT NULL,
  closed_at    INTEGER NOT NULL,
  PRIMARY KEY (subject_id, objection_id)
) STRICT;
CREATE INDEX objection_by_id     ON objection (objection_id);
CREATE INDEX objection_by_no     ON objection (no);
CREATE INDEX objection_by_agency ON objection (agency_id, objection_id);
CREATE INDEX objection_by_target ON objection (subject_id, target);
CREATE INDEX objection_by_day    ON objection (received_on);

-- objection_draft: what an account wrote and has not handed in. It is deleted when it is handed in, and some days after it was last touched.
CREATE TABLE objection_draft (
  subject_id   INTEGER NOT NULL,
  draft_id     INTEGER NOT NULL,
  account      TEXT NOT NULL,
  kind         TEXT NOT NULL,
  target       TEXT NOT NULL,
  ask          TEXT NOT NULL,
  statement    TEXT NOT NULL,
  changed_at   INTEGER NOT NULL,
  PRIMARY KEY (subject_id, draft_id)
) STRICT;
CREATE INDEX objection_draft_by_day ON objection_draft (changed_at);

-- +goose Down
DROP TABLE objection_draft;
DROP TABLE objection;
