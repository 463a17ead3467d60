package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/translog"
)

// Faults of drafts of catalogue editions and holiday tables.
var (
	errDraft    = fault.New(fault.Invalid, "catalog.draft", "目录草案读不出来", "草案是目录版本各文件（TOML）打成的 zip；可以先下载现行版本，改好后原样打包")
	errDraftDay = fault.New(fault.Invalid, "catalog.draft_day", "目录文件里的施行日期与草案的施行日期不同", "请把 edition.toml 的 effective_from 与草案的施行日期写成同一天")
	errOldID    = fault.New(fault.Conflict, "catalog.draft_id", "这个目录版本号已经用过", "请在 edition.toml 中换一个新的版本号")
)

// Editions applies drafts of catalogue editions: a zip of the edition's files, as Archive packs it. It is an approval.Applier.
type Editions struct {
	DB    *db.DB
	Store *Store
	Clock clock.Clock
	// Fits refuses an edition that other parts of this installation could not follow; nil = none.
	Fits func(*Edition) error
}

// latest is the edition that a new one follows: the last on file, in force or to come.
func (a *Editions) latest() *Edition {
	all := a.Store.All()
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

func readDraft(content []byte) (*Edition, error) {
	e, err := openArchive(content)
	if errors.Is(err, ErrDamaged) {
		return nil, errDraft.With(err)
	}
	return e, err
}

// Check loads the edition under the rules of this program.
func (a *Editions) Check(_ context.Context, content []byte, effective clock.Date) error {
	e, err := readDraft(content)
	if err != nil {
		return err
	}
	if e.EffectiveFrom != effective {
		return errDraftDay
	}
	if have, ok := a.Store.ByID(e.ID); ok && have.Hash != e.Hash {
		return errOldID
	}
	if a.Fits != nil {
		return a.Fits(e)
	}
	return nil
}

// Base is the edition that the draft follows.
func (a *Editions) Base(ctx context.Context, _ []byte) (string, error) {
	if err := a.Store.Refresh(ctx, a.DB.Read()); err != nil {
		return "", err
	}
	if e := a.latest(); e != nil {
		return e.ID + " " + e.Hash, nil
	}
	return "", nil
}

// Diff lists items, fields and code lists that differ.
func (a *Editions) Diff(_ context.Context, content []byte) (string, error) {
	e, err := readDraft(content)
	if err != nil {
		return "", err
	}
	was := a.latest()
	if was == nil {
		was = &Edition{}
	}
	var b strings.Builder
	for _, c := range was.Diff(e) {
		b.WriteString(c.line())
		b.WriteByte('\n')
	}
	return b.String(), nil
}

var changeWords = map[ChangeKind]string{Added: "新增", Removed: "删除", Changed: "修改"}

// line says one change to people.
func (c Change) line() string {
	parts := []string{changeWords[c.Kind]}
	if c.Item != "" {
		parts = append(parts, "事项 "+string(c.Item))
	}
	if c.List != "" {
		parts = append(parts, "代码表 "+c.List)
	}
	if c.Field != "" {
		parts = append(parts, "字段 "+c.Field)
	}
	if c.What != "" {
		parts = append(parts, c.What)
	}
	s := strings.Join(parts, " ")
	switch {
	case c.Kind == Changed:
		return s + "：“" + c.From + "” 改为 “" + c.To + "”"
	case c.From+c.To != "":
		return s + "：" + c.From + c.To
	}
	return s
}

// Apply puts the edition on file.
func (a *Editions) Apply(ctx context.Context, tx *db.Tx, content []byte, _ clock.Date, by string) error {
	e, err := readDraft(content)
	if err != nil {
		return err
	}
	return Save(ctx, tx, e, by, a.Clock.Now())
}

// Applied takes the edition into this process.
func (a *Editions) Applied(ctx context.Context) error { return a.Store.Refresh(ctx, a.DB.Read()) }

// Years applies drafts of holiday tables: the TOML file of one year. It is an approval.Applier.
type Years struct {
	DB    *db.DB
	Clock clock.Clock
	// Changed is told when a table was put in force; nil = nobody.
	Changed func(ctx context.Context) error
}

// Check reads the table.
func (a *Years) Check(_ context.Context, content []byte, _ clock.Date) error {
	_, err := clock.LoadCalendar(bytes.NewReader(content))
	return err
}

// inForce gives the table of the draft's year that it would replace, and its version.
func (a *Years) inForce(ctx context.Context, content []byte) (next clock.Year, was *clock.Year, version string, err error) {
	c, err := clock.LoadCalendar(bytes.NewReader(content))
	if err != nil {
		return next, nil, "", err
	}
	next = c.Years()[0]
	var text string
	err = a.DB.Read().QueryRowContext(ctx, `SELECT content FROM calendar_year WHERE year = $1`, next.Year).Scan(&text)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		version = "built-in"
	case err != nil:
		return next, nil, "", fmt.Errorf("catalog: calendar %d: %w", next.Year, err)
	default:
		sum := sha256.Sum256([]byte(text))
		version = hex.EncodeToString(sum[:])
	}
	all, err := Calendars(ctx, a.DB.Read())
	if err != nil {
		return next, nil, "", err
	}
	for _, y := range all.Years() {
		if y.Year == next.Year {
			was = &y
		}
	}
	return next, was, strconv.Itoa(next.Year) + " " + version, nil
}

// Base is the year with the table on file.
func (a *Years) Base(ctx context.Context, content []byte) (string, error) {
	_, _, base, err := a.inForce(ctx, content)
	return base, err
}

// Diff lists the days whose meaning changes, and the notice.
func (a *Years) Diff(ctx context.Context, content []byte) (string, error) {
	next, was, _, err := a.inForce(ctx, content)
	if err != nil {
		return "", err
	}
	if was == nil {
		was = &clock.Year{Year: next.Year}
	}
	var b strings.Builder
	if was.Document != next.Document {
		fmt.Fprintf(&b, "依据：“%s” 改为 “%s”\n", was.Document, next.Document)
	}
	before, after := dayWords(was), dayWords(&next)
	days := make(map[clock.Date]bool)
	for d := range before {
		days[d] = true
	}
	for d := range after {
		days[d] = true
	}
	for _, d := range slices.Sorted(func(yield func(clock.Date) bool) {
		for d := range days {
			if !yield(d) {
				return
			}
		}
	}) {
		if before[d] != after[d] {
			fmt.Fprintf(&b, "%s：%s 改为 %s\n", d, orPlain(before[d]), orPlain(after[d]))
		}
	}
	return b.String(), nil
}

func orPlain(s string) string {
	if s == "" {
		return "平常日"
	}
	return s
}

func dayWords(y *clock.Year) map[clock.Date]string {
	out := make(map[clock.Date]string)
	for _, off := range y.Off {
		for d := off.From; d <= off.To; d = d.AddDays(1) {
			out[d] = "放假（" + off.Name + "）"
		}
	}
	for _, d := range y.Work {
		out[d] = "调休上班"
	}
	return out
}

// Apply puts the table on file for its year.
func (a *Years) Apply(ctx context.Context, tx *db.Tx, content []byte, _ clock.Date, by string) error {
	c, err := clock.LoadCalendar(bytes.NewReader(content))
	if err != nil {
		return err
	}
	return saveYear(ctx, tx, c.Years()[0].Year, string(content), by, a.Clock.Now())
}

// Applied tells who keeps the calendar.
func (a *Years) Applied(ctx context.Context) error {
	if a.Changed == nil {
		return nil
	}
	return a.Changed(ctx)
}

func saveYear(ctx context.Context, tx *db.Tx, year int, content, by string, at time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO calendar_year (year, content, loaded_at, loaded_by) VALUES ($1, $2, $3, $4)
		ON CONFLICT (year) DO UPDATE SET content = excluded.content, loaded_at = excluded.loaded_at, loaded_by = excluded.loaded_by`,
		year, content, at.UnixMicro(), by)
	if err != nil {
		return err
	}
	return logChange(ctx, tx, "calendar/"+strconv.Itoa(year), at, by, translog.Digest([]byte(content)))
}
