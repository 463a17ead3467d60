-- +goose Up
-- The public log. What the tree of the log directory holds can be built again from these tables and log_outbox alone; the directory is what
-- the public reads. Sequencer tables stay local to the coordinator.

-- subjects: for each leaf of the row the subject and item whose set it belongs to (format set/1 in docs/standards/log-formats.md); NULL = none.
ALTER TABLE log_outbox ADD COLUMN subjects BLOB;

-- log_pending: outbox rows that are not in the log yet. Ids are made before the commit, so a later row may have a smaller id: the
-- sequencer takes what is here and keeps no mark.
CREATE TABLE log_pending (
  outbox_id  INTEGER NOT NULL PRIMARY KEY,
  n          INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
INSERT INTO log_pending SELECT outbox_id, n, created_at FROM log_outbox;

-- log_sequence: where an outbox row's leaves stand in the log: n entries from log_index on.
CREATE TABLE log_sequence (
  outbox_id INTEGER NOT NULL PRIMARY KEY,
  log_index INTEGER NOT NULL UNIQUE,
  n         INTEGER NOT NULL
) STRICT;

-- log_special: entries that no outbox row holds: genesis, slots, roots of the sets.
CREATE TABLE log_special (
  log_index INTEGER NOT NULL PRIMARY KEY,
  entry     BLOB    NOT NULL
) STRICT;

-- log_slot: the permanent place of a catalogue item within every subject's set.
CREATE TABLE log_slot (
  slot      INTEGER NOT NULL PRIMARY KEY,
  item      TEXT    NOT NULL UNIQUE,
  log_index INTEGER NOT NULL
) STRICT;

-- log_change: changes of rules and data that rules come from, with the salt and parts of their leaf (catalog/1, rules/1, …).
CREATE TABLE log_change (
  outbox_id INTEGER NOT NULL PRIMARY KEY,
  kind      TEXT    NOT NULL,
  name      TEXT    NOT NULL,
  parts     TEXT    NOT NULL,
  salt      BLOB    NOT NULL,
  at        INTEGER NOT NULL
) STRICT;

-- log_state: one row. set_salt is public, set_secret never leaves but as salts of single slots.
CREATE TABLE log_state (
  id           INTEGER NOT NULL PRIMARY KEY,
  origin       TEXT    NOT NULL,
  size         INTEGER NOT NULL,
  advanced_at  INTEGER NOT NULL,
  checkpoint   BLOB    NOT NULL,
  published_at INTEGER NOT NULL,
  root_index   INTEGER NOT NULL,
  root_covered INTEGER NOT NULL,
  set_salt     BLOB    NOT NULL,
  set_secret   BLOB    NOT NULL
) STRICT;

-- log_lease: who may sequence. epoch grows with each change of hands and fences the one before.
CREATE TABLE log_lease (
  name    TEXT    NOT NULL PRIMARY KEY,
  owner   TEXT    NOT NULL,
  epoch   INTEGER NOT NULL,
  until   INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE log_lease;
DROP TABLE log_state;
DROP TABLE log_change;
DROP TABLE log_slot;
DROP TABLE log_special;
DROP TABLE log_sequence;
DROP TABLE log_pending;
ALTER TABLE log_outbox DROP COLUMN subjects;
