-- +goose Up
-- Checks. Instants are microseconds since 1970 in UTC, months are yyyymm in China, ids are made in Go.

-- check_answer: one answer to one check; receipt_id is the number of its entry in the access log. set_id: receipt of the first answer that was written with it; one
-- act binds the digests of a set. document: the answer's JSON, sealed, '' once its time is over; digest: SHA-256 of it in clear. fed: there is feedback.
-- batch_id: of which batch, 0 = single.
CREATE TABLE check_answer (
  receipt_id INTEGER NOT NULL PRIMARY KEY,
  set_id     INTEGER NOT NULL,
  subject_id INTEGER NOT NULL,
  agency_id  INTEGER NOT NULL,
  matter     TEXT   NOT NULL,
  month      INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  as_of      INTEGER NOT NULL,
  outcome    TEXT   NOT NULL, -- none, hit
  hits       INTEGER NOT NULL,
  lists      INTEGER NOT NULL,
  measures   INTEGER NOT NULL,
  who_kind   TEXT   NOT NULL,
  who_id     INTEGER NOT NULL,
  batch_id   INTEGER NOT NULL,
  fed        INTEGER NOT NULL,
  digest     TEXT   NOT NULL,
  document   TEXT   NOT NULL
) STRICT;
CREATE INDEX check_answer_use   ON check_answer (month, agency_id, matter, outcome, fed);
CREATE INDEX check_answer_own   ON check_answer (agency_id, who_id, at) WHERE batch_id = 0;
CREATE INDEX check_answer_batch ON check_answer (batch_id, receipt_id) WHERE batch_id > 0;
CREATE INDEX check_answer_age   ON check_answer (at) WHERE document <> '';

-- check_feedback: what an officer did with an answer. result: noted, applied, not_applied. measure, content, law: of a measure that was applied, as the answer had it;
-- because: which list entry or record it rests on, in words.
CREATE TABLE check_feedback (
  subject_id  INTEGER NOT NULL,
  feedback_id INTEGER NOT NULL,
  receipt_id  INTEGER NOT NULL,
  agency_id   INTEGER NOT NULL,
  matter      TEXT   NOT NULL,
  month       INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  who_kind    TEXT   NOT NULL,
  who_id      INTEGER NOT NULL,
  result      TEXT   NOT NULL,
  reason      TEXT   NOT NULL,
  measure     TEXT   NOT NULL,
  polarity    TEXT   NOT NULL,
  content     TEXT   NOT NULL,
  law         TEXT   NOT NULL,
  because     TEXT   NOT NULL,
  case_no     TEXT   NOT NULL,
  PRIMARY KEY (subject_id, feedback_id)
) STRICT;
CREATE INDEX check_feedback_receipt ON check_feedback (receipt_id, feedback_id);
CREATE INDEX check_feedback_use     ON check_feedback (month, agency_id, matter, result);

-- check_batch: a list of codes that is checked as a job for an account. state: waiting, running, done, stopped. A worker has it until lease_until.
CREATE TABLE check_batch (
  batch_id    INTEGER NOT NULL PRIMARY KEY,
  agency_id   INTEGER NOT NULL,
  matter      TEXT   NOT NULL,
  basis       TEXT   NOT NULL,
  name        TEXT   NOT NULL,
  who_id      INTEGER NOT NULL,
  address     TEXT   NOT NULL,
  created_at  INTEGER NOT NULL,
  state       TEXT   NOT NULL,
  why         TEXT   NOT NULL, -- of a stopped one
  total       INTEGER NOT NULL,
  done        INTEGER NOT NULL,
  hits        INTEGER NOT NULL,
  refused     INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  lease_owner TEXT   NOT NULL,
  lease_until INTEGER NOT NULL
) STRICT;
CREATE INDEX check_batch_open ON check_batch (state, created_at) WHERE state IN ('waiting', 'running');
CREATE INDEX check_batch_unit ON check_batch (agency_id, created_at);

-- check_batch_row: one code of a batch, in the order of the file. receipt_id 0 and why '': not checked yet; why: why there is no answer.
CREATE TABLE check_batch_row (
  batch_id   INTEGER NOT NULL,
  place      INTEGER NOT NULL,
  code       TEXT   NOT NULL,
  receipt_id INTEGER NOT NULL,
  why        TEXT   NOT NULL,
  PRIMARY KEY (batch_id, place)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE check_batch_row;
DROP TABLE check_batch;
DROP TABLE check_feedback;
DROP TABLE check_answer;
