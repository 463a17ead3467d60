-- +goose Up
-- listing_dispute: that somebody disputes an entry of a list (异议中), from when to when. An entry may be disputed by several objections at once, each under its
-- own ref; a dispute that was settled stays on file, so that an answer of any day can be given again as it was.
CREATE TABLE listing_dispute (
  subject_id BIGINT NOT NULL,
  entry_id   BIGINT NOT NULL,
  ref        TEXT    NOT NULL, -- the objection, in its own words: "objection:12"
  raised_at  BIGINT NOT NULL,
  cleared_at BIGINT NOT NULL, -- 0 = stands
  PRIMARY KEY (subject_id, entry_id, ref, raised_at)
);

-- +goose Down
DROP TABLE listing_dispute;
