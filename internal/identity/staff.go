package identity

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"gongxin/internal/authz"
)

// Colleague is an account of a unit as those who work with it see it: the name under which it works, and nothing of how it signs in.
type Colleague struct {
	ID     int64
	Name   string
	Active bool
	Grants []authz.Grant
}

// maxStaff bounds a list of colleagues.
const maxStaff = 500

// Staff gives the active accounts that have a role at a unit; of unit 0 those of the credit office, which belong to none. Whether the caller may know is the
// caller's to ask.
func (s *Service) Staff(ctx context.Context, unit int64) ([]Colleague, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT DISTINCT a.account_id FROM account a JOIN account_grant g ON g.account_id = a.account_id
		WHERE a.state = 'active' AND a.kind = $1 AND g.agency_id = $2 AND g.subject_id = 0 ORDER BY a.account_id LIMIT $3+0`, string(StaffAccount), unit, maxStaff)
	if err != nil {
		return nil, wrap(err, "staff")
	}
	defer func() { _ = rows.Close() }()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, wrap(err, "staff")
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, wrap(err, "staff")
	}
	known, err := s.Colleagues(ctx, ids)
	var out []Colleague
	for _, id := range ids {
		c := known[id]
		if !slices.ContainsFunc(c.Grants, func(g authz.Grant) bool { return g.Agency == unit && !g.Role.Watches() && g.Subject == 0 }) {
			continue
		}
		out = append(out, c)
	}
	return out, err
}

// Colleagues gives accounts by their numbers, also those that are disabled or closed. Numbers of nobody are left out.
func (s *Service) Colleagues(ctx context.Context, ids []int64) (map[int64]Colleague, error) {
	out := map[int64]Colleague{}
	for _, id := range ids {
		var sealed, state string
		err := s.DB.Read().QueryRowContext(ctx, `SELECT sealed, state FROM account WHERE account_id = $1`, id).Scan(&sealed, &state)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, wrap(err, "colleagues")
		}
		names, err := s.openNames(id, sealed)
		if err != nil {
			return nil, wrap(err, "colleagues")
		}
		held, err := s.grants(ctx, s.DB.Read(), id)
		if err != nil {
			return nil, wrap(err, "colleagues")
		}
		out[id] = Colleague{ID: id, Name: names.Name, Active: state == string(Active), Grants: plain(held)}
	}
	return out, nil
}
