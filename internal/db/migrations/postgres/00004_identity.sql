-- +goose Up
-- Accounts and how they are proven. Names and logins are sealed, secrets stand here only as hashes or sealed, addresses only masked.
-- Everything is local to the coordinator; nothing refers to a subject by a foreign key.

-- account: one row a person or program that may sign in. login is a token, sealed holds login and name.
CREATE TABLE account (
  account_id  BIGINT NOT NULL PRIMARY KEY,
  kind        TEXT    NOT NULL, -- staff, institution, business, resident
  login       TEXT    NOT NULL UNIQUE,
  sealed      TEXT    NOT NULL,
  handle      TEXT    NOT NULL UNIQUE, -- what passkeys know the account by
  agency_id   BIGINT NOT NULL,
  region      TEXT    NOT NULL, -- division it belongs to; empty = the city
  state       TEXT    NOT NULL, -- active, disabled
  password    TEXT    NOT NULL, -- sealed hash; '' = none
  password_at BIGINT NOT NULL,
  must_change SMALLINT NOT NULL,
  created_at  BIGINT NOT NULL,
  changed_at  BIGINT NOT NULL,
  login_at    BIGINT NOT NULL
);
CREATE INDEX account_by_agency ON account (agency_id, account_id);

CREATE TABLE account_grant (
  account_id BIGINT NOT NULL,
  grant_id   BIGINT NOT NULL,
  role       TEXT    NOT NULL,
  agency_id  BIGINT NOT NULL,
  region     TEXT    NOT NULL,
  subject_id BIGINT NOT NULL,
  claim_id   BIGINT NOT NULL, -- the claim it rests on; 0 = given by an administrator
  granted_by TEXT    NOT NULL,
  granted_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, grant_id),
  UNIQUE (account_id, role, agency_id, region, subject_id)
);

-- account_device: browsers in which an account signed in before; guessing elsewhere does not slow these down.
CREATE TABLE account_device (
  hash       BYTEA   NOT NULL,
  account_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at    BIGINT NOT NULL,
  PRIMARY KEY (hash, account_id)
);
CREATE INDEX account_device_of ON account_device (account_id);

-- account_throttle: counted attempts by gate; a gate is a token of login, address or device.
CREATE TABLE account_throttle (
  gate     TEXT    NOT NULL PRIMARY KEY,
  fails    INTEGER NOT NULL,
  until_at BIGINT NOT NULL,
  last_at  BIGINT NOT NULL
);
CREATE INDEX account_throttle_old ON account_throttle (last_at);

-- session: hash is SHA-256 of the token. stage: 0 = a second factor is due, 1 = open.
CREATE TABLE session (
  session_id BIGINT NOT NULL PRIMARY KEY,
  hash       BYTEA   NOT NULL UNIQUE,
  account_id BIGINT NOT NULL,
  stage      SMALLINT NOT NULL,
  strong     SMALLINT NOT NULL,
  method     TEXT    NOT NULL,
  device     TEXT    NOT NULL,
  address    TEXT    NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  ended_at   BIGINT NOT NULL, -- 0 = not ended
  ended_why  TEXT    NOT NULL
);
CREATE INDEX session_of ON session (account_id, ended_at);
CREATE INDEX session_old ON session (seen_at);

CREATE TABLE credential_totp (
  account_id   BIGINT NOT NULL PRIMARY KEY,
  sealed       TEXT    NOT NULL,
  confirmed_at BIGINT NOT NULL, -- 0 = not yet
  last_step    BIGINT NOT NULL,
  created_at   BIGINT NOT NULL
);

CREATE TABLE credential_recovery (
  account_id BIGINT NOT NULL,
  token      TEXT    NOT NULL,
  used_at    BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, token)
);

CREATE TABLE credential_passkey (
  passkey_id BIGINT NOT NULL PRIMARY KEY,
  account_id BIGINT NOT NULL,
  raw_id     TEXT    NOT NULL UNIQUE, -- base64url of the authenticator's own id
  sealed     TEXT    NOT NULL,
  label      TEXT    NOT NULL,
  created_at BIGINT NOT NULL,
  used_at    BIGINT NOT NULL
);
CREATE INDEX credential_passkey_of ON credential_passkey (account_id);

-- credential_ceremony: a challenge that was given out, used once.
CREATE TABLE credential_ceremony (
  hash       BYTEA   NOT NULL PRIMARY KEY,
  purpose    TEXT    NOT NULL,
  account_id BIGINT NOT NULL,
  sealed     TEXT    NOT NULL,
  expires_at BIGINT NOT NULL
);

-- oidc_identity: who a city's unified identity says somebody is, pinned to one account.
CREATE TABLE oidc_identity (
  issuer     TEXT    NOT NULL,
  subject    TEXT    NOT NULL, -- token
  account_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX oidc_identity_of ON oidc_identity (account_id);

CREATE TABLE oidc_flow (
  hash       BYTEA   NOT NULL PRIMARY KEY, -- of the state
  browser    BYTEA   NOT NULL, -- hash of the cookie of the browser that began
  provider   TEXT    NOT NULL,
  account_id BIGINT NOT NULL, -- of the account that links itself; 0 = a sign-in
  session_id BIGINT NOT NULL,
  sealed     TEXT    NOT NULL, -- nonce and verifier
  expires_at BIGINT NOT NULL
);

-- apikey: hash is SHA-256 of the secret part.
CREATE TABLE apikey (
  key_id       BIGINT NOT NULL PRIMARY KEY,
  account_id   BIGINT NOT NULL,
  label        TEXT    NOT NULL,
  hash         BYTEA   NOT NULL,
  scopes       TEXT    NOT NULL,
  networks     TEXT    NOT NULL,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL,
  revoked_at   BIGINT NOT NULL,
  successor    BIGINT NOT NULL, -- key that replaces it; 0 = none
  used_at      BIGINT NOT NULL,
  used_address TEXT    NOT NULL
);
CREATE INDEX apikey_of ON apikey (account_id);

-- claim: an account says that it acts for a subject or is a person. person is a keyed hash of the document, evidence names a kept file.
-- sealed holds the document only as long as nothing is on file of the person.
CREATE TABLE claim (
  claim_id   BIGINT NOT NULL PRIMARY KEY,
  account_id BIGINT NOT NULL,
  kind       TEXT    NOT NULL, -- business, resident
  method     TEXT    NOT NULL,
  subject_id BIGINT NOT NULL, -- 0 = a person of whom nothing is on file yet
  person     TEXT    NOT NULL,
  sealed     TEXT    NOT NULL,
  evidence   TEXT    NOT NULL,
  region     TEXT    NOT NULL, -- of the subject, for whom may review
  state      TEXT    NOT NULL, -- pending, approved, rejected, ended
  decided_by TEXT    NOT NULL,
  decided_at BIGINT NOT NULL,
  why        TEXT    NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX claim_of ON claim (account_id, claim_id);
CREATE INDEX claim_waiting ON claim (claim_id) WHERE state = 'pending';
CREATE UNIQUE INDEX claim_one_person ON claim (account_id) WHERE kind = 'resident' AND state IN ('pending', 'approved');
CREATE UNIQUE INDEX claim_one_resident ON claim (person) WHERE kind = 'resident' AND state = 'approved';
CREATE UNIQUE INDEX claim_once ON claim (account_id, subject_id) WHERE kind = 'business' AND state IN ('pending', 'approved');
