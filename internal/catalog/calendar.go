package catalog

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// Calendars gives the holiday tables in force: those that ship with the program, with the years that an operator loaded over them.
func Calendars(ctx context.Context, q db.Querier) (*clock.Calendar, error) {
	out := clock.DefaultCalendar()
	rows, err := q.QueryContext(ctx, `SELECT content FROM calendar_year ORDER BY year`)
	if err != nil {
		return nil, fmt.Errorf("catalog: calendars: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var content string
		if err := rows.Scan(&content); err != nil {
			return nil, err
		}
		year, err := clock.LoadCalendar(strings.NewReader(content))
		if err != nil {
			return nil, err
		}
		out = out.With(year)
	}
	return out, rows.Err()
}

// SaveCalendar keeps an operator's table of one year; it replaces the one on file for that year. It gives the year.
func SaveCalendar(ctx context.Context, d *db.DB, content, actor string, at time.Time) (int, error) {
	c, err := clock.LoadCalendar(strings.NewReader(content))
	if err != nil {
		return 0, err
	}
	year := c.Years()[0].Year
	err = d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return saveYear(ctx, tx, year, content, actor, at) })
	if err != nil {
		return 0, fmt.Errorf("catalog: save calendar: %w", err)
	}
	return year, nil
}

// OpenStore gives every edition on file. The edition that ships with the program is put on file first, so that records can point to it
// after a later program ships another.
func OpenStore(ctx context.Context, d *db.DB, at time.Time) (*Store, error) {
	err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return Save(ctx, tx, Default(), "gongxin", at) })
	if err != nil {
		return nil, fmt.Errorf("catalog: open store: %w", err)
	}
	s := &Store{}
	return s, s.Refresh(ctx, d.Read())
}

// Refresh takes in editions that another process put on file.
func (s *Store) Refresh(ctx context.Context, q db.Querier) error {
	editions, err := LoadAll(ctx, q)
	if err != nil {
		return err
	}
	for _, e := range editions {
		if err := s.Add(e); err != nil {
			return err
		}
	}
	return nil
}
