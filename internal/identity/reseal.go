package identity

import (
	"context"
	"strconv"

	"gongxin/internal/db"
	"gongxin/internal/gm"
)

// sealedColumn is a column of sealed values: what it holds, its row's id, the id that its label is made of.
type sealedColumn struct {
	s                              *Service
	name, table, id, owner, column string
	label                          func(owner int64) string
}

// Resealers gives the stores of this package whose values move to a new sealing key. Challenges are none: they live for minutes.
func (s *Service) Resealers() []gm.Resealer {
	by := func(prefix string) func(int64) string {
		return func(owner int64) string { return prefix + accountEntity(owner) }
	}
	return []gm.Resealer{
		sealedColumn{s, "账号的登录名和姓名", "account", "account_id", "account_id", "sealed", by("")},
		sealedColumn{s, "账号的口令散列", "account", "account_id", "account_id", "password", by("password/")},
		sealedColumn{s, "动态口令的密钥", "credential_totp", "account_id", "account_id", "sealed", by("totp/")},
		sealedColumn{s, "通行密钥", "credential_passkey", "passkey_id", "account_id", "sealed", by("passkey/")},
		sealedColumn{s, "待入档居民的证件", "claim", "claim_id", "claim_id", "sealed", claimLabel},
	}
}

// Name says what is resealed.
func (c sealedColumn) Name() string { return c.name }

// Stale counts the values under older keys.
func (c sealedColumn) Stale(ctx context.Context) (n int64, err error) {
	prefix := c.s.Ring.Prefix()
	err = c.s.DB.Read().QueryRowContext(ctx, `SELECT count(*) FROM `+c.table+` WHERE `+c.column+` <> '' AND substr(`+c.column+`, 1, $1) <> $2`, len(prefix), prefix).Scan(&n)
	return n, wrap(err, "count stale values")
}

// Reseal puts values behind a row under the current key. A value that its owner changes meanwhile is left: it is under the current key then.
func (c sealedColumn) Reseal(ctx context.Context, after string, limit int) (next string, done int, err error) {
	place, _ := strconv.ParseInt(after, 10, 64) // "" is the beginning
	err = c.s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		done, next = 0, ""
		rows, err := c.batch(ctx, tx, place, limit)
		if err != nil {
			return err
		}
		for _, r := range rows {
			sealed, err := c.s.Ring.Reseal(c.label(r.owner), r.sealed)
			if err != nil {
				return err
			}
			if sealed == r.sealed {
				continue
			}
			ok, err := changed(ctx, tx, `UPDATE `+c.table+` SET `+c.column+` = $3 WHERE `+c.id+` = $1 AND `+c.column+` = $2`, r.id, r.sealed, sealed)
			if err != nil {
				return err
			}
			done += bit(ok)
		}
		if len(rows) == limit {
			next = strconv.FormatInt(rows[len(rows)-1].id, 10)
		}
		return nil
	})
	return next, done, wrap(err, "reseal")
}

type sealedRow struct {
	id, owner int64
	sealed    string
}

func (c sealedColumn) batch(ctx context.Context, tx *db.Tx, after int64, limit int) ([]sealedRow, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+c.id+`, `+c.owner+`, `+c.column+` FROM `+c.table+` WHERE `+c.id+` > $1 AND `+c.column+` <> '' ORDER BY `+c.id+` LIMIT $2`, after, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []sealedRow
	for rows.Next() {
		var r sealedRow
		if err := rows.Scan(&r.id, &r.owner, &r.sealed); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
