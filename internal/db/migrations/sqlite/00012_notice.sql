-- +goose Up
-- Notices. Instants are microseconds since 1970 in UTC (0 = none), ids are made in Go. Everything is local to the coordinator.

-- notice: what somebody is told; to_kind: subject, agency, account, and channel for the message that proves an address.
CREATE TABLE notice (
  notice_id INTEGER NOT NULL PRIMARY KEY,
  to_kind   TEXT    NOT NULL,
  to_id     INTEGER NOT NULL,
  topic     TEXT    NOT NULL,
  title     TEXT    NOT NULL,
  body      TEXT    NOT NULL,
  link      TEXT    NOT NULL,
  ref       TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  read_at   INTEGER NOT NULL,
  read_by   TEXT    NOT NULL
) STRICT;
CREATE INDEX notice_of     ON notice (to_kind, to_id, at, notice_id);
CREATE INDEX notice_unread ON notice (to_kind, to_id) WHERE read_at = 0;

-- notice_channel: addresses; address, secret and code are sealed. Nothing but the code goes to one that is not confirmed.
CREATE TABLE notice_channel (
  channel_id   INTEGER NOT NULL PRIMARY KEY,
  to_kind      TEXT    NOT NULL,
  to_id        INTEGER NOT NULL,
  kind         TEXT    NOT NULL, -- email, sms, webhook
  address      TEXT    NOT NULL,
  secret       TEXT    NOT NULL,
  code         TEXT    NOT NULL,
  tries        INTEGER NOT NULL,
  confirmed_at INTEGER NOT NULL,
  made_at      INTEGER NOT NULL,
  made_by      TEXT    NOT NULL
) STRICT;
CREATE INDEX notice_channel_of ON notice_channel (to_kind, to_id);

-- notice_delivery: a notice on its way by a channel. A worker holds it until lease_until. failure: a short code without anything of the message.
CREATE TABLE notice_delivery (
  delivery_id INTEGER NOT NULL PRIMARY KEY,
  notice_id   INTEGER NOT NULL,
  channel_id  INTEGER NOT NULL,
  state       TEXT    NOT NULL, -- waiting, sent, dead
  attempts    INTEGER NOT NULL,
  next_at     INTEGER NOT NULL,
  lease_owner TEXT    NOT NULL,
  lease_until INTEGER NOT NULL,
  failure     TEXT    NOT NULL,
  made_at     INTEGER NOT NULL,
  sent_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX notice_delivery_due     ON notice_delivery (next_at, delivery_id) WHERE state = 'waiting';
CREATE INDEX notice_delivery_dead    ON notice_delivery (delivery_id) WHERE state = 'dead';
CREATE INDEX notice_delivery_channel ON notice_delivery (channel_id);

-- +goose Down
DROP TABLE notice_delivery;
DROP TABLE notice_channel;
DROP TABLE notice;
