package subject

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/translog"
)

// Faults of the allow-list.
var (
	ErrLegacyCode = fault.New(fault.Invalid, "subject.legacy_code", "该代码不能加入白名单", "白名单只收试点期发放、仅校验码不符的代码")
	ErrLegacyNote = fault.New(fault.Invalid, "subject.legacy_note", "请写明加入白名单的依据", "例如核对过的营业执照")
)

// LegacyCodes gives the allow-list of pilot-era codes: lawful although their last digit fails.
func LegacyCodes(ctx context.Context, q db.Querier) (map[string]bool, error) {
	rows, err := q.QueryContext(ctx, `SELECT code FROM legacy_code`)
	if err != nil {
		return nil, wrap(err, "subject: legacy codes")
	}
	defer func() { _ = rows.Close() }()
	out := map[string]bool{}
	for rows.Next() {
		var code string
		if err := rows.Scan(&code); err != nil {
			return nil, err
		}
		out[code] = true
	}
	return out, rows.Err()
}

// AddLegacyCode puts a code on the allow-list, with who, when and on what ground. Only a code of the pilot pattern that fails nothing
// but its check digits can be put there.
func AddLegacyCode(ctx context.Context, d *db.DB, code, note, actor string, at time.Time) (string, error) {
	if cntext.Clean(note) == "" {
		return "", ErrLegacyNote
	}
	_, problem := ident.ParseUSCC(code)
	if problem == nil {
		return "", ErrLegacyCode.Messagef("该代码校验无误，不需要加入白名单")
	}
	uscc, still := ident.ParseUSCCWith(code, func(string) bool { return true })
	if still != nil {
		return "", ErrLegacyCode.Messagef("该代码不能加入白名单：%s", still.Message)
	}
	err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO legacy_code (code, note, added_at, added_by) VALUES ($1, $2, $3, $4) ON CONFLICT (code) DO NOTHING`,
			string(uscc), cntext.Clean(note), at.UnixMicro(), actor)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err // it is on the list already
		}
		return logLegacyCode(ctx, tx, string(uscc), cntext.Clean(note), actor, at)
	})
	if err != nil {
		return "", fmt.Errorf("subject: add legacy code: %w", err)
	}
	return string(uscc), nil
}

func logLegacyCode(ctx context.Context, tx *db.Tx, code, note, actor string, at time.Time) error {
	return translog.QueueChange(ctx, tx, id.NewMaker(func() time.Time { return at }), translog.CatalogChange("legacy/"+code, at.UnixMicro(), actor, note))
}

// LogEarlierCodes queues the leaves of the codes that are on the list from before there was a log; see catalog.LogEarlier.
func LogEarlierCodes(ctx context.Context, tx *db.Tx) (err error) {
	defer fault.Wrap(&err, "subject.LogEarlierCodes")
	type row struct {
		code, note, by string
		at             int64
	}
	var earlier []row
	err = db.ForEach(ctx, tx, func(rows *sql.Rows) error {
		var r row
		err := rows.Scan(&r.code, &r.note, &r.by, &r.at)
		earlier = append(earlier, r)
		return err
	}, `SELECT code, note, added_by, added_at FROM legacy_code ORDER BY code`)
	if err != nil {
		return err
	}
	for _, r := range earlier {
		if err := logLegacyCode(ctx, tx, r.code, r.note, r.by, time.UnixMicro(r.at)); err != nil {
			return err
		}
	}
	return nil
}
