-- +goose Up
-- What one person may not do alone, or two may not do at once.
-- withdraw_case: the procedure by which somebody asks that the order be withdrawn and somebody else decides; 0 = nobody asks.
ALTER TABLE measure_order ADD COLUMN withdraw_case INTEGER NOT NULL DEFAULT 0;
-- A unit has a subject on a list once, and a measure follows an entry once, also when two people act at the same moment.
CREATE UNIQUE INDEX listing_entry_once ON listing_entry (subject_id, kind, agency_id) WHERE state IN ('open', 'listed');
CREATE UNIQUE INDEX measure_order_once ON measure_order (subject_id, entry_id, measure) WHERE state = 'open';

-- +goose Down
DROP INDEX measure_order_once;
DROP INDEX listing_entry_once;
ALTER TABLE measure_order DROP COLUMN withdraw_case;
