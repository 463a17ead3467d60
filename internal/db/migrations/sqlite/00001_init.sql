-- +goose Up
-- meta holds what the database says about itself: who made it, when, under which catalogue.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE meta;
