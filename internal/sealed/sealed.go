// Package sealed keeps the rule that free text about subjects rests sealed: what was stated, why something was decided, what a draft says. A feature names its
// columns once; it seals before it writes and opens after it reads, so that pages, lists and digests have the plain text as before. A text from before it was
// sealed is read as it stands, and a step at the start seals it.
package sealed

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gongxin/internal/db"
	"gongxin/internal/gm"
)

// mark begins everything that a key ring sealed.
const mark = "sm4:"

// Texts are the columns of a table that rest sealed. Key names the two columns of integers by which a row is found. Without a Ring nothing is sealed.
type Texts struct {
	DB      *db.DB
	Ring    *gm.KeyRing
	Title   string // for people
	Table   string
	Key     [2]string
	Columns []string
}

// place is the label that binds a sealed text to its row and column, so that it opens nowhere else.
func (t *Texts) place(column string, a, b int64) string {
	return t.Table + "/" + column + "/" + strconv.FormatInt(a, 10) + "/" + strconv.FormatInt(b, 10)
}

// Seal gives what is written of a text. An empty one stays empty.
func (t *Texts) Seal(column string, a, b int64, plain string) string {
	if t == nil || t.Ring == nil || plain == "" {
		return plain
	}
	return t.Ring.Seal(t.place(column, a, b), plain)
}

// Open gives the text of what was read.
func (t *Texts) Open(column string, a, b int64, stored string) (string, error) {
	if t == nil || t.Ring == nil || !strings.HasPrefix(stored, mark) {
		return stored, nil
	}
	plain, err := t.Ring.Open(t.place(column, a, b), stored)
	if err != nil {
		return "", fmt.Errorf("sealed: %s: %w", t.Table, err)
	}
	return plain, nil
}

// Name says what is sealed.
func (t *Texts) Name() string { return t.Title }

// where finds rows with a text that does not begin with $1.
func (t *Texts) where() string {
	parts := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		parts[i] = "(" + c + " <> '' AND " + c + " NOT LIKE $1)"
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// Stale counts rows that are not under the current key.
func (t *Texts) Stale(ctx context.Context) (n int64, err error) {
	err = t.DB.Read().QueryRowContext(ctx, `SELECT count(*) FROM `+t.Table+` WHERE `+t.where(), t.Ring.Prefix()+"%").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("sealed: stale: %w", err)
	}
	return n, nil
}

// Reseal moves up to limit rows behind a place to the current key, in one transaction; what is not sealed yet is sealed.
func (t *Texts) Reseal(ctx context.Context, after string, limit int) (next string, done int, err error) {
	return t.batch(ctx, t.Ring.Prefix(), after, limit)
}

// SealOld seals what rests in the clear, in batches, and gives how many rows. Other processes go on writing meanwhile.
func (t *Texts) SealOld(ctx context.Context) (n int, err error) {
	for after := ""; ; {
		next, done, err := t.batch(ctx, mark, after, sealRows)
		if n += done; err != nil || next == "" {
			return n, err
		}
		after = next
	}
}

// sealRows is how many rows one transaction seals.
const sealRows = 500

// row is one row on its way to the current key.
type row struct {
	a, b  int64
	texts []string
}

func (t *Texts) batch(ctx context.Context, prefix, after string, limit int) (next string, done int, err error) {
	a, b := int64(-1), int64(-1)
	if after != "" {
		left, right, _ := strings.Cut(after, "/")
		if a, err = strconv.ParseInt(left, 10, 64); err == nil {
			b, err = strconv.ParseInt(right, 10, 64)
		}
		if err != nil {
			return "", 0, fmt.Errorf("sealed: reseal: %w", err)
		}
	}
	err = t.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		next, done = "", 0
		list, err := t.rows(ctx, tx, prefix, a, b, limit)
		if err != nil {
			return err
		}
		for i := range list {
			if err := t.one(ctx, tx, &list[i]); err != nil {
				return err
			}
			done++
		}
		if len(list) == limit {
			last := list[limit-1]
			next = strconv.FormatInt(last.a, 10) + "/" + strconv.FormatInt(last.b, 10)
		}
		return nil
	})
	if err != nil {
		return "", 0, fmt.Errorf("sealed: %s: %w", t.Table, err)
	}
	return next, done, nil
}

func (t *Texts) rows(ctx context.Context, tx *db.Tx, prefix string, a, b int64, limit int) ([]row, error) {
	found, err := tx.QueryContext(ctx, `SELECT `+t.Key[0]+`, `+t.Key[1]+`, `+strings.Join(t.Columns, ", ")+` FROM `+t.Table+` WHERE `+t.where()+
		` AND (`+t.Key[0]+` > $2 OR `+t.Key[0]+` = $2 AND `+t.Key[1]+` > $3) ORDER BY `+t.Key[0]+`, `+t.Key[1]+` LIMIT $4+0`, prefix+"%", a, b, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	var out []row
	for found.Next() {
		r := row{texts: make([]string, len(t.Columns))}
		into := []any{&r.a, &r.b}
		for i := range r.texts {
			into = append(into, &r.texts[i])
		}
		if err := found.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, found.Err()
}

func (t *Texts) one(ctx context.Context, tx *db.Tx, r *row) error {
	args := []any{r.a, r.b}
	var set []string
	for i, column := range t.Columns {
		stored := r.texts[i]
		if stored == "" || t.Ring.UnderCurrent(stored) {
			continue
		}
		plain, err := t.Open(column, r.a, r.b, stored)
		if err != nil {
			return err
		}
		args = append(args, t.Seal(column, r.a, r.b, plain))
		set = append(set, column+" = $"+strconv.Itoa(len(args)))
	}
	if len(set) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE `+t.Table+` SET `+strings.Join(set, ", ")+` WHERE `+t.Key[0]+` = $1 AND `+t.Key[1]+` = $2`, args...)
	return err
}
