-- +goose Up
-- consent_revocation: the signed text of a revocation, kept so that grantor and grantee can read it again. Revocations before this table have none.
CREATE TABLE consent_revocation (
  subject_id BIGINT NOT NULL,
  consent_id BIGINT NOT NULL,
  document   BYTEA  NOT NULL,
  key_id     TEXT   NOT NULL,
  signature  BYTEA  NOT NULL,
  PRIMARY KEY (subject_id, consent_id)
);

-- A look-up is found by the number on its receipt.
CREATE INDEX access_log_receipt ON access_log (access_id);
-- Claims whose evidence is still kept.
CREATE INDEX claim_evidence ON claim (claim_id) WHERE evidence <> '';

-- +goose Down
DROP INDEX claim_evidence;
DROP INDEX access_log_receipt;
DROP TABLE consent_revocation;
