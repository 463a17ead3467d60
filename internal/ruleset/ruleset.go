// Package ruleset keeps the rule that what is unsure or will change is dated data, never a constant: a file of rules holds from a day on until a later one
// replaces it, none is ever changed or deleted, and each is bound into the public log when it is put in force. So the rules of any past day can be read again.
//
// A Book is one file's series. It knows nothing of what the rules say; its Load does. It is an approval.Applier, so that files come into force by two people.
package ruleset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/translog"
)

// Config says what a Book holds.
type Config[T any] struct {
	Name    string // of the series: lower-case letters and hyphens
	Load    func(io.Reader) (T, error)
	Shipped []byte                                   // the file that holds until one is put in force; Load must take it
	Also    func(ctx context.Context, rules T) error // refuses rules that do not fit what else is in force; nil = nothing more
	Compare func(old, new T) string                  // the difference in lines for people; nil = the lines of the files
	DB      *db.DB
	Clock   clock.Clock
}

// version is one file of the series.
type version[T any] struct {
	effective clock.Date
	number    int64
	at        time.Time
	text      []byte
	rules     T
}

// Book is a series of files of one kind, in memory.
type Book[T any] struct {
	Config[T]
	versions atomic.Pointer[[]version[T]] // by effective day, then number; the first is the shipped one
}

// errDamaged refuses rows that do not match their hash.
var errDamaged = fault.New(fault.Internal, "ruleset.damaged", "数据库里的规则文件与登记的校验值不符", "请从备份恢复 ruleset_version 表")

// New makes a Book that holds the shipped file. Refresh reads what is on file.
func New[T any](c Config[T]) (*Book[T], error) {
	rules, err := c.Load(bytes.NewReader(c.Shipped))
	if err != nil {
		return nil, fmt.Errorf("ruleset: %s: shipped file: %w", c.Name, err)
	}
	b := &Book[T]{Config: c}
	b.versions.Store(&[]version[T]{{text: c.Shipped, rules: rules}})
	return b, nil
}

// Refresh reads files that were put in force since, also by other processes. Run it at start and every minute.
func (b *Book[T]) Refresh(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "ruleset.Refresh(%s)", b.Name)
	have := *b.versions.Load()
	var n int
	if err := b.DB.Read().QueryRowContext(ctx, `SELECT count(*) FROM ruleset_version WHERE series = $1`, b.Name).Scan(&n); err != nil || n == len(have)-1 {
		return err
	}
	rows, err := b.DB.Read().QueryContext(ctx, `SELECT effective_on, version, content, hash, loaded_at FROM ruleset_version WHERE series = $1 ORDER BY effective_on, version`, b.Name)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	all := []version[T]{have[0]}
	for rows.Next() {
		var v version[T]
		var content, hash string
		var at int64
		if err := rows.Scan(&v.effective, &v.number, &content, &hash, &at); err != nil {
			return err
		}
		v.text, v.at = []byte(content), time.UnixMicro(at).UTC()
		if hashOf(v.text) != hash {
			return errDamaged
		}
		if v.rules, err = b.Load(bytes.NewReader(v.text)); err != nil {
			return err
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	b.versions.Store(&all)
	return nil
}

// On gives the rules in force on a day.
func (b *Book[T]) On(day clock.Date) T { return b.on(day, time.Time{}).rules }

// KnownOn gives the rules in force on a day as this register knew them at an instant.
func (b *Book[T]) KnownOn(day clock.Date, at time.Time) T { return b.on(day, at).rules }

// Today gives the rules in force today.
func (b *Book[T]) Today() T { return b.On(clock.Today(b.Clock)) }

// Text gives today's file.
func (b *Book[T]) Text() []byte { return b.on(clock.Today(b.Clock), time.Time{}).text }

func (b *Book[T]) on(day clock.Date, known time.Time) *version[T] {
	all := *b.versions.Load()
	for i, v := range slices.Backward(all) {
		if i == 0 || v.effective <= day && (known.IsZero() || !v.at.After(known)) {
			return &all[i]
		}
	}
	return &all[0]
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Check loads a file and holds it against what else is in force.
func (b *Book[T]) Check(ctx context.Context, content []byte, _ clock.Date) error {
	rules, err := b.Load(bytes.NewReader(content))
	if err != nil || b.Also == nil {
		return err
	}
	return b.Also(ctx, rules)
}

// Base names the file in force: two drafts against the same one exclude each other.
func (b *Book[T]) Base(ctx context.Context, _ []byte) (string, error) {
	if err := b.Refresh(ctx); err != nil {
		return "", err
	}
	return hashOf(b.Text()), nil
}

// Diff says in lines for people what a file changes.
func (b *Book[T]) Diff(_ context.Context, content []byte) (string, error) {
	if b.Compare == nil {
		return Lines(b.Text(), content), nil
	}
	rules, err := b.Load(bytes.NewReader(content))
	if err != nil {
		return "", err
	}
	return b.Compare(b.Today(), rules), nil
}

// Apply puts a file in force from a day on, with its leaf for the public log.
func (b *Book[T]) Apply(ctx context.Context, tx *db.Tx, content []byte, effective clock.Date, by string) error {
	var number int64
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) + 1 FROM ruleset_version WHERE series = $1 AND effective_on = $2`, b.Name, int64(effective)).Scan(&number); err != nil {
		return fmt.Errorf("ruleset: version: %w", err)
	}
	now := b.Clock.Now()
	_, err := tx.ExecContext(ctx, `INSERT INTO ruleset_version (series, effective_on, version, content, hash, loaded_at, loaded_by) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		b.Name, int64(effective), number, string(content), hashOf(content), now.UnixMicro(), by)
	if err != nil {
		return fmt.Errorf("ruleset: save: %w", err)
	}
	return translog.QueueChange(ctx, tx, id.NewMaker(b.Clock.Now), translog.Change{
		Kind: "rules/1", Name: b.Name + "/" + effective.String() + "/" + strconv.FormatInt(number, 10),
		Parts: []string{hashOf(content), strconv.FormatInt(now.UnixMicro(), 10), by}, At: now.UnixMicro(),
	})
}

// Applied takes the file into this process.
func (b *Book[T]) Applied(ctx context.Context) error { return b.Refresh(ctx) }
