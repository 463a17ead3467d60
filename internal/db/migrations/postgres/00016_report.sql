-- +goose Up
-- Reports handed out. Days are integers (yyyymmdd, 0 = none), instants are microseconds since 1970 in UTC, ids are made in Go.

-- report: one report, by its number of 22 characters. document: the canonical JSON, packed and sealed; digest: SHA-256 of it in clear. code_hash: keyed
-- digest of number and verification code. signature: SM2 over the canonical JSON; pdf_signature: SM2 over the PDF's bytes, empty until it could be set.
-- batch: of which order, '' = single. who_id 0: nobody signed in. consent_id, access_id 0: none.
CREATE TABLE report (
  number        TEXT    NOT NULL PRIMARY KEY,
  kind          TEXT    NOT NULL,
  subject_id    BIGINT NOT NULL,
  created_at    BIGINT NOT NULL,
  as_of         BIGINT NOT NULL,
  period_from   INTEGER NOT NULL,
  period_to     INTEGER NOT NULL,
  fields        TEXT    NOT NULL,
  who_kind      TEXT    NOT NULL,
  who_id        BIGINT NOT NULL,
  agency_id     BIGINT NOT NULL,
  consent_id    BIGINT NOT NULL,
  access_id     BIGINT NOT NULL,
  batch         TEXT    NOT NULL,
  code_hash     TEXT    NOT NULL,
  digest        TEXT    NOT NULL,
  document      TEXT    NOT NULL,
  key_id        TEXT    NOT NULL,
  signature     BYTEA    NOT NULL,
  pdf_signature BYTEA    NOT NULL
);
CREATE INDEX report_subject ON report (subject_id, created_at, number);

-- report_row: which version of which record went into which report, so that a correction knows whom to tell.
CREATE TABLE report_row (
  subject_id BIGINT NOT NULL,
  record_key BIGINT NOT NULL,
  number     TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  PRIMARY KEY (subject_id, record_key, number)
);
