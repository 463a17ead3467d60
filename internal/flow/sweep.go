package flow

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

//go:embed data/attachments.toml
var shippedAttachments []byte

// Unnamed is how long attachments are kept, uploaded from a day on, that nothing names.
type Unnamed struct {
	From  clock.Date `toml:"from"`
	Days  int        `toml:"days"`
	Basis string     `toml:"basis"`
}

// ErrUnnamed refuses a file of periods.
var ErrUnnamed = fault.New(fault.Invalid, "flow.unnamed", "附件的保存期限文件有误", "请对照随程序附带的文件：每个 [[unnamed]] 写明 from（日期，从早到晚）、days（31 至 3650 天）、basis（依据）")

// DefaultUnnamed gives the periods that ship with the program.
func DefaultUnnamed() ([]Unnamed, error) { return LoadUnnamed(bytes.NewReader(shippedAttachments)) }

// LoadUnnamed reads periods and refuses unknown keys, days out of bounds and dates that do not follow each other.
func LoadUnnamed(r io.Reader) ([]Unnamed, error) {
	var f struct {
		Unnamed []Unnamed `toml:"unnamed"`
	}
	meta, err := toml.NewDecoder(r).Decode(&f)
	if err != nil {
		return nil, ErrUnnamed.With(err)
	}
	if len(meta.Undecoded()) > 0 || len(f.Unnamed) == 0 {
		return nil, ErrUnnamed
	}
	for i, p := range f.Unnamed {
		if !p.From.Valid() || i > 0 && p.From <= f.Unnamed[i-1].From || p.Days < 31 || p.Days > 3650 || p.Basis == "" {
			return nil, ErrUnnamed
		}
	}
	return f.Unnamed, nil
}

// over reports whether a file of a day that nothing names is kept no longer.
func over(periods []Unnamed, added, today clock.Date) bool {
	p := periods[0]
	for _, next := range periods[1:] {
		if next.From > added {
			break
		}
		p = next
	}
	return added.AddDays(p.Days) < today
}

// Swept is what a sweep of attachments did.
type Swept struct {
	Uploads int   // what somebody attached and nothing names
	Files   int   // contents that nobody else had attached or filed
	Bytes   int64 // of those contents
}

// upload is an attachment that may go.
type upload struct {
	hash, by     string
	bytes, added int64
}

// sweepAtOnce is how many uploads one sweep takes at most; the next one goes on.
const sweepAtOnce = 2000

// SweepFiles deletes attachments whose time is over and that no step names. named tells of what drafts and applications still name; forget takes the content away
// when nobody else has it, and says whether it did.
func (e *Engine) SweepFiles(ctx context.Context, periods []Unnamed, named func(ctx context.Context, q db.Querier, yield func(hash string)) error, forget func(ctx context.Context, hash string) (bool, error)) (s Swept, err error) {
	defer fault.Wrap(&err, "flow.SweepFiles")
	today := clock.DateOf(e.now())
	candidates, err := e.uploads(ctx, periods, today)
	if err != nil || len(candidates) == 0 {
		return s, err
	}
	gone := map[string]int64{}
	err = e.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		s, gone = Swept{}, map[string]int64{}
		held := map[string]bool{}
		yield := func(hash string) { held[hash] = true }
		if err := namedBySteps(ctx, tx, yield); err != nil {
			return err
		}
		if err := named(ctx, tx, yield); err != nil {
			return err
		}
		for _, u := range candidates {
			if held[u.hash] {
				continue
			}
			r, err := tx.ExecContext(ctx, `DELETE FROM flow_file WHERE hash = $1 AND added_by = $2 AND added_at = $3`, u.hash, u.by, u.added)
			if err != nil {
				return err
			}
			if n, err := r.RowsAffected(); err != nil || n == 0 { // attached anew since the list was read
				if err != nil {
					return err
				}
				continue
			}
			s.Uploads++
			var left int
			if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM flow_file WHERE hash = $1`, u.hash).Scan(&left); err != nil {
				return err
			}
			if left == 0 {
				gone[u.hash] = u.bytes
			}
		}
		return nil
	})
	if err != nil {
		return Swept{}, err
	}
	for hash, bytes := range gone { // behind the commit: a content without a row is found again by nobody, a row without its content would be a lost paper
		done, failed := forget(ctx, hash)
		if err = errors.Join(err, failed); done { // one that fails does not keep the others: nobody comes back for them
			s.Files, s.Bytes = s.Files+1, s.Bytes+bytes
		}
	}
	return s, err
}

// uploads gives attachments whose period is over, named or not, oldest first.
func (e *Engine) uploads(ctx context.Context, periods []Unnamed, today clock.Date) ([]upload, error) {
	rows, err := e.DB.Read().QueryContext(ctx, `SELECT hash, added_by, bytes, added_at FROM flow_file WHERE added_at < $1 ORDER BY added_at`, db.Micros(e.now().AddDate(0, 0, -31)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var steps map[string]bool
	var out []upload
	for rows.Next() {
		var u upload
		if err := rows.Scan(&u.hash, &u.by, &u.bytes, &u.added); err != nil {
			return nil, err
		}
		if !over(periods, clock.DateOf(db.Instant(u.added)), today) {
			continue
		}
		if steps == nil {
			steps = map[string]bool{}
			if err := namedBySteps(ctx, e.DB.Read(), func(hash string) { steps[hash] = true }); err != nil {
				return nil, err
			}
		}
		if steps[u.hash] {
			continue
		}
		if out = append(out, u); len(out) == sweepAtOnce {
			break
		}
	}
	return out, rows.Err()
}

// namedBySteps yields the attachments of every step.
func namedBySteps(ctx context.Context, q db.Querier, yield func(hash string)) error {
	rows, err := q.QueryContext(ctx, `SELECT files FROM flow_step WHERE files <> ''`)
	if err != nil {
		return fmt.Errorf("flow: files of steps: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var files string
		if err := rows.Scan(&files); err != nil {
			return err
		}
		for name := range strings.FieldsSeq(files) {
			hash, _ := fileNamed(name)
			yield(hash)
		}
	}
	return rows.Err()
}

// NamedInJSON yields the hashes of lists of attachments as drafts keep them: a column of JSON, each with its hash.
func NamedInJSON(ctx context.Context, q db.Querier, query string, yield func(hash string)) error {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("flow: files of drafts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		var list []map[string]any
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return fmt.Errorf("flow: files of drafts: %w", err)
		}
		for _, f := range list {
			for key, v := range f {
				if hash, ok := v.(string); ok && strings.EqualFold(key, "hash") {
					yield(hash)
				}
			}
		}
	}
	return rows.Err()
}

// FilesRest is how long a content must have rested before a sweep takes it away: somebody may just be bringing it again.
const FilesRest = 24 * time.Hour
