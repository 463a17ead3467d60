package identity

import (
	"context"
	"database/sql"
	"errors"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
)

// ErrOrdered ends work that an account ordered and that it could not order any more.
var ErrOrdered = fault.New(fault.Denied, "identity.ordered", "下达这项任务的账号已经停用或者注销", "请由仍在岗的人员重新办理")

// Ordered gives an account as an actor with the roles that it has now, without a second factor: a job does in its name what the account ordered, as long as it
// still might.
func (s *Service) Ordered(ctx context.Context, account int64) (authz.Actor, error) {
	q := s.DB.Read()
	var state string
	err := q.QueryRowContext(ctx, `SELECT state FROM account WHERE account_id = $1`, account).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) || err == nil && state != string(Active) {
		return authz.Actor{}, ErrOrdered
	}
	if err != nil {
		return authz.Actor{}, wrap(err, "ordered")
	}
	held, err := s.grants(ctx, q, account)
	if err != nil {
		return authz.Actor{}, wrap(err, "ordered")
	}
	return authz.Actor{ID: account, Kind: authz.Account, Grants: plain(held)}, nil
}
