-- +goose Up
-- Checks in a page of another system. Instants are microseconds since 1970 in UTC, ids are made in Go.

-- check_embed_origin: a site that may frame a unit's checks. ended_at 0 = it may.
CREATE TABLE check_embed_origin (
  agency_id BIGINT NOT NULL,
  origin    TEXT   NOT NULL,
  added_at  BIGINT NOT NULL,
  ended_at  BIGINT NOT NULL,
  PRIMARY KEY (agency_id, origin)
);

-- check_embed: a ticket for one page, asked for with a key of the interface. ticket and form are SHA-256 of what the page was opened with and of the token in its
-- form now; '' once used. officer: how the other system names its case-worker. opened_at 0 = not opened; until: then the page ends.
CREATE TABLE check_embed (
  embed_id   BIGINT NOT NULL PRIMARY KEY,
  ticket     TEXT   NOT NULL,
  form       TEXT   NOT NULL,
  key_id     BIGINT NOT NULL,
  agency_id  BIGINT NOT NULL,
  matter     TEXT   NOT NULL,
  basis      TEXT   NOT NULL,
  officer    TEXT   NOT NULL,
  origin     TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  opened_at  BIGINT NOT NULL,
  until      BIGINT NOT NULL
);
CREATE UNIQUE INDEX check_embed_ticket ON check_embed (ticket) WHERE ticket <> '';
CREATE UNIQUE INDEX check_embed_form   ON check_embed (form) WHERE form <> '';
CREATE INDEX check_embed_age           ON check_embed (expires_at) WHERE opened_at = 0;

-- check_embed_use: which answer was given in which page.
CREATE TABLE check_embed_use (
  receipt_id BIGINT NOT NULL PRIMARY KEY,
  embed_id   BIGINT NOT NULL
);
CREATE INDEX check_embed_use_of ON check_embed_use (embed_id, receipt_id);

-- +goose Down
DROP TABLE check_embed_use;
DROP TABLE check_embed;
DROP TABLE check_embed_origin;
