package app

import (
	"context"

	"gongxin/internal/db"
	"gongxin/internal/notice"
)

// forgetAccount takes away, with a closed account, what other parts keep of its owner.
func (a *App) forgetAccount(ctx context.Context, tx *db.Tx, account int64) error {
	if a.Procedures.Notices == nil {
		return nil
	}
	return a.Procedures.Notices.Forget(ctx, tx, notice.Recipient{Kind: notice.Account, ID: account})
}
