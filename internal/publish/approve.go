package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/ruleset"
	"gongxin/internal/translog"
)

// RuleSets applies drafts of publicity rules: a whole rule file, as LoadRules reads it. It is an approval.Applier.
type RuleSets struct {
	DB    *db.DB
	Rules *Rules // that this process goes by
	Clock clock.Clock
	// Used names the publicity rules that the catalogue asks for; a file without one of them is refused. Nil = none.
	Used func() []string
}

var (
	errMissing = fault.New(fault.Invalid, "publish.rules_missing", "公示规则文件缺少目录正在使用的规则", "请在文件中补上这条规则，或者先修改目录")
	errDamaged = fault.New(fault.Internal, "publish.rules_damaged", "数据库里的公示规则与登记的校验值不符", "请从备份恢复 publish_ruleset 表")
)

// InForce gives the rules of the latest approved set whose day has come, or nil when there is none: the program's or the configured file then hold.
func InForce(ctx context.Context, q db.Querier, today clock.Date) (*Rules, error) {
	var content, hash string
	err := q.QueryRowContext(ctx, `SELECT content, hash FROM publish_ruleset WHERE effective_on <= $1 ORDER BY effective_on DESC, version DESC LIMIT 1`, int64(today)).Scan(&content, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("publish: rule set: %w", err)
	}
	if hashOf([]byte(content)) != hash {
		return nil, errDamaged
	}
	return LoadRules(strings.NewReader(content))
}

// Refresh takes in an approved rule set, also one that another process applied. Run it at start and every minute.
func (r *Rules) Refresh(ctx context.Context, q db.Querier, today clock.Date) error {
	other, err := InForce(ctx, q, today)
	if err != nil || other == nil || bytes.Equal(other.book.Load().text, r.book.Load().text) {
		return err
	}
	r.Adopt(other)
	return nil
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Check loads the file under the rules of this program and holds it against the catalogue.
func (a *RuleSets) Check(_ context.Context, content []byte, _ clock.Date) error {
	rules, err := LoadRules(bytes.NewReader(content))
	if err != nil || a.Used == nil {
		return err
	}
	for _, name := range a.Used() {
		if !rules.Has(name) {
			return errMissing.Messagef("公示规则文件缺少目录正在使用的规则 %s", name)
		}
	}
	return nil
}

// Base is the rules in force.
func (a *RuleSets) Base(ctx context.Context, _ []byte) (string, error) {
	if err := a.Rules.Refresh(ctx, a.DB.Read(), clock.Today(a.Clock)); err != nil {
		return "", err
	}
	return hashOf(a.Rules.book.Load().text), nil
}

// Diff lists the lines that differ, those that go with "-" and those that come with "+".
func (a *RuleSets) Diff(_ context.Context, content []byte) (string, error) {
	return ruleset.Lines(a.Rules.book.Load().text, content), nil
}

// Apply puts the rules on file from a day on.
func (a *RuleSets) Apply(ctx context.Context, tx *db.Tx, content []byte, effective clock.Date, by string) error {
	var version int64
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) + 1 FROM publish_ruleset WHERE effective_on = $1`, int64(effective)).Scan(&version); err != nil {
		return fmt.Errorf("publish: rule set version: %w", err)
	}
	now := a.Clock.Now() // one moment for the row and its leaf: the auditor compares them
	_, err := tx.ExecContext(ctx, `INSERT INTO publish_ruleset (effective_on, version, content, hash, loaded_at, loaded_by) VALUES ($1, $2, $3, $4, $5, $6)`,
		int64(effective), version, string(content), hashOf(content), now.UnixMicro(), by)
	if err != nil {
		return fmt.Errorf("publish: save rule set: %w", err)
	}
	return translog.QueueChange(ctx, tx, id.NewMaker(a.Clock.Now), translog.Change{
		Kind: "rules/1", Name: "publicity/" + effective.String() + "/" + strconv.FormatInt(version, 10), Parts: []string{hashOf(content), strconv.FormatInt(now.UnixMicro(), 10), by}, At: now.UnixMicro(),
	})
}

// Applied takes the rules into this process.
func (a *RuleSets) Applied(ctx context.Context) error {
	return a.Rules.Refresh(ctx, a.DB.Read(), clock.Today(a.Clock))
}
