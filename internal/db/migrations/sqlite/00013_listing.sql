-- +goose Up
-- Rules that are dated files, and lists. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC, ids are made in Go.

-- ruleset_version: files of rules that replace the ones of the program, from a day on; never changed, never deleted. Reference table.
CREATE TABLE ruleset_version (
  series       TEXT    NOT NULL,
  effective_on INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  content      TEXT    NOT NULL,
  hash         TEXT    NOT NULL,
  loaded_at    INTEGER NOT NULL,
  loaded_by    TEXT    NOT NULL,
  PRIMARY KEY (series, effective_on, version)
) STRICT;

-- listing_decider: which unit may decide on which kind of list (认定清单). Every change is another row; the greatest seq is in use. Reference table.
CREATE TABLE listing_decider (
  kind        TEXT    NOT NULL,
  agency_id   INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  valid_from  INTEGER NOT NULL,
  valid_until INTEGER NOT NULL, -- first day on which it may no longer; 0 = open
  basis       TEXT    NOT NULL,
  recorded_at INTEGER NOT NULL,
  recorded_by TEXT    NOT NULL,
  PRIMARY KEY (kind, agency_id, seq)
) STRICT;

-- listing_entry: one entry on a list, from the proposal to its end. law: the basis as it stood at the decision. listed_at and removed_at say what was known
-- when; listed_on, until and removed_on from when to when it stood. case_id: its procedure. record_id: the record it was filed as.
CREATE TABLE listing_entry (
  subject_id   INTEGER NOT NULL,
  entry_id     INTEGER NOT NULL,
  kind         TEXT    NOT NULL,
  agency_id    INTEGER NOT NULL,
  region       TEXT    NOT NULL,
  case_id      INTEGER NOT NULL,
  state        TEXT    NOT NULL, -- open, listed, removed, dropped
  cause        TEXT    NOT NULL, -- what was done, as the decision states it
  law          TEXT    NOT NULL,
  proposed_at  INTEGER NOT NULL,
  proposed_by  TEXT    NOT NULL,
  notice_no    TEXT    NOT NULL,
  notice_on    INTEGER NOT NULL,
  doc_no       TEXT    NOT NULL,
  doc_blob     TEXT    NOT NULL, -- the decision's file, sealed; '' = none
  decided_by   TEXT    NOT NULL,
  listed_at    INTEGER NOT NULL,
  listed_on    INTEGER NOT NULL,
  until        INTEGER NOT NULL, -- first day on which it no longer stands; 0 = until it is removed
  removed_at   INTEGER NOT NULL,
  removed_on   INTEGER NOT NULL,
  removed_why  TEXT    NOT NULL, -- expired, early, repaired, objection, revoked, basis
  removed_note TEXT    NOT NULL,
  removed_doc  TEXT    NOT NULL,
  removed_by   TEXT    NOT NULL,
  filed        INTEGER NOT NULL, -- 0 = nothing to file, 1 = to be filed as a record, 2 = on file, 3 = to be withdrawn, 4 = withdrawn
  PRIMARY KEY (subject_id, entry_id)
) STRICT;
CREATE INDEX listing_entry_by_id    ON listing_entry (entry_id);
CREATE INDEX listing_entry_by_kind  ON listing_entry (kind, state, listed_on, entry_id);
CREATE INDEX listing_entry_due      ON listing_entry (until) WHERE state = 'listed' AND until > 0;
CREATE INDEX listing_entry_filing   ON listing_entry (filed) WHERE filed IN (1, 3);

-- +goose Down
DROP TABLE listing_entry;
DROP TABLE listing_decider;
DROP TABLE ruleset_version;
