package correction_test

import (
	"context"
	"fmt"
	"sort"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/audit"
	"gongxin/internal/correction"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

// entry is a look as the model has it.
type entry struct {
	at      time.Time
	to      string // "" = nobody who holds a copy
	hidden  time.Time
	version int
}

// modelled is a record as the model has it.
type modelled struct {
	id      record.ID
	body    int
	status  record.Status
	version int
	entries []entry
	// of versions that nobody has passed on yet: whether it asks for anything
	waiting []change
}

type change struct {
	version int
	does    correction.Does
}

// Whatever is filed, turned, looked at and confirmed in whatever order: everyone who was answered a version before a change, and nobody else, has exactly one row of
// it; and no receipt shows, on any day, what lawful secrecy keeps from it on that day.
func TestEveryHolderOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		subject := int64(1000)
		rapid.Check(t, func(r *rapid.T) {
			subject++
			m := &model{world: w, r: r, subject: subject, want: map[string]bool{}, first: map[string]time.Time{}}
			r.Repeat(map[string]func(*rapid.T){"file": m.file, "turn": m.turned, "look": m.looked, "pass": m.passed, "confirm": m.confirm, "day": m.day, "": m.receipts})
			m.passed(r)
			m.check(r)
		})
	})
}

type model struct {
	*world
	r       *rapid.T
	subject int64
	records []*modelled
	want    map[string]bool      // record@version recipient
	first   map[string]time.Time // of these, from when the subject sees it
}

func (m *model) pick(r *rapid.T) *modelled {
	if len(m.records) == 0 {
		r.Skip("nothing on file")
	}
	return m.records[rapid.IntRange(0, len(m.records)-1).Draw(r, "record")]
}

func (m *model) step(x *modelled, before, now record.Status) {
	m.clock.Advance(time.Second)
	x.version++
	does := correction.Nothing
	switch {
	case before == record.Active && now == record.Active:
		does = correction.Replace
	case before == record.Active:
		does = correction.Stop
	case now == record.Active:
		does = correction.Resume
	}
	x.status = now
	x.waiting = append(x.waiting, change{x.version, does})
}

func (m *model) file(r *rapid.T) {
	if len(m.records) < 2 && rapid.Bool().Draw(r, "new") {
		ids := m.world.file("报送", draft(m.subject, fmt.Sprint("k", len(m.records)), "0"))
		m.records = append(m.records, &modelled{id: ids[0], status: record.Active, version: 1})
		return
	}
	x := m.pick(r)
	i := 0
	for m.records[i] != x {
		i++
	}
	x.body++
	m.world.file("更正", draft(m.subject, fmt.Sprint("k", i), fmt.Sprint(x.body)))
	m.step(x, x.status, x.status)
}

func (m *model) turned(r *rapid.T) {
	x := m.pick(r)
	to := rapid.SampledFrom([]record.Status{record.Active, record.Repaired, record.Annulled, record.Shielded}).Draw(r, "to")
	if to == x.status || m.turn("办理", to, x.id) != nil {
		r.Skip("not a step of the law")
	}
	m.step(x, x.status, to)
}

func (m *model) looked(r *rapid.T) {
	m.clock.Advance(time.Second)
	x := m.pick(r)
	e := entry{at: m.clock.Now(), version: rapid.IntRange(1, x.version).Draw(r, "version")}
	a := audit.Access{Who: m.unit(rapid.IntRange(0, 2).Draw(r, "unit"))}
	switch rapid.SampledFrom([]string{"unit", "unit", "unit", "own", "account", "operator", "handler"}).Draw(r, "who") {
	case "own":
		a.What = audit.Own
	case "account":
		a.Who = audit.Who{Kind: "key", ID: 77}
		e.to = "account:77"
	case "operator":
		a.Who = audit.Who{Kind: "local"}
	case "handler":
		a.What = "objection"
	default:
		e.to = fmt.Sprint("agency:", a.Who.Agency)
		if rapid.IntRange(0, 2).Draw(r, "secret") == 0 {
			e.hidden = m.clock.Now().Add(time.Duration(rapid.IntRange(1, 5).Draw(r, "days")) * 24 * time.Hour)
			a.HiddenUntil = e.hidden
		}
	}
	m.look(a, e.version, x.id)
	x.entries = append(x.entries, e)
}

func (m *model) passed(*rapid.T) {
	m.pass()
	for _, x := range m.records {
		for _, c := range x.waiting {
			for _, e := range x.entries {
				if e.to == "" || c.does == correction.Nothing || e.version >= c.version {
					continue
				}
				key := fmt.Sprintf("%s@%d %s", x.id, c.version, e.to)
				if at, known := m.first[key]; !known || e.hidden.Before(at) {
					m.first[key] = e.hidden
				}
				m.want[key] = true
			}
		}
		x.waiting = nil
	}
}

func (m *model) confirm(r *rapid.T) {
	unit := rapid.IntRange(0, 2).Draw(r, "unit")
	rows, _, err := m.OfUnits(context.Background(), correction.Since{Agencies: []int64{m.units[unit].ID}, Open: true, Limit: 200})
	must(m.t, err)
	var mine []correction.Notice
	for _, n := range rows {
		if n.Record.Subject == m.subject {
			mine = append(mine, n)
		}
	}
	if len(mine) == 0 {
		r.Skip("nothing to confirm")
	}
	n := mine[rapid.IntRange(0, len(mine)-1).Draw(r, "row")]
	if _, err := m.ApplyRow(m.clerk(unit), n.ID, "已落实"); err != nil {
		r.Fatal(err)
	}
}

func (m *model) day(*rapid.T) { m.clock.Advance(24 * time.Hour) }

// receipts holds what the subject is shown against what it may know now.
func (m *model) receipts(r *rapid.T) {
	shown := map[string]bool{}
	for _, receipt := range m.world.receipts(m.subject) {
		for _, n := range receipt.To {
			key := fmt.Sprintf("%s@%d %s", n.Record, n.Version, n.To)
			if shown[key] {
				r.Fatalf("%s twice", key)
			}
			shown[key] = true
			if n.HandedAt.IsZero() || !m.seen(&n) {
				r.Fatalf("%s tells of a look that is hidden", key)
			}
		}
	}
	may := map[string]bool{}
	for key := range m.want {
		if !m.first[key].After(m.clock.Now()) {
			may[key] = true
		}
	}
	if diff := cmp.Diff(keys(may), keys(shown)); diff != "" {
		r.Fatal(diff)
	}
}

// seen reports whether the moment that a line names is that of a look which the subject may know of.
func (m *model) seen(n *correction.Notice) bool {
	for _, x := range m.records {
		for _, e := range x.entries {
			if x.id == n.Record && e.at.Equal(n.HandedAt) && e.to == n.To.String() && !e.hidden.After(m.clock.Now()) {
				return true
			}
		}
	}
	return false
}

// check holds the rows on file against the model.
func (m *model) check(r *rapid.T) {
	rows, err := m.db.Read().QueryContext(context.Background(), `SELECT record_key, version, to_kind, to_id, count(*), count(DISTINCT notice_id) FROM correction_notice WHERE subject_id = $1 GROUP BY 1, 2, 3, 4`, m.subject)
	must(m.t, err)
	defer func() { _ = rows.Close() }()
	got := map[string]bool{}
	for rows.Next() {
		at := record.ID{Subject: m.subject}
		var to notice.Recipient
		var version, n, distinct int
		must(m.t, rows.Scan(&at.Key, &version, &to.Kind, &to.ID, &n, &distinct))
		if n != 1 || distinct != 1 {
			r.Errorf("%d rows", n)
		}
		got[fmt.Sprintf("%s@%d %s", at, version, to)] = true
	}
	must(m.t, rows.Err())
	if diff := cmp.Diff(keys(m.want), keys(got)); diff != "" {
		r.Error(diff)
	}
	if n := m.count(`SELECT count(*) FROM record_event`); n != 0 {
		r.Errorf("%d changes are still on the list", n)
	}
	// The lists count what their rows say.
	if n := m.count(`SELECT count(*) FROM correction_told t WHERE t.due_on > 0 AND (t.n <> (SELECT count(*) FROM correction_notice n WHERE n.told_id = t.told_id)
		OR t.applied <> (SELECT count(*) FROM correction_notice n WHERE n.told_id = t.told_id AND n.applied_at > 0))`); n != 0 {
		r.Errorf("%d lists count otherwise than their rows", n)
	}
	// What is closed has no open row, and what is open has one.
	if n := m.count(`SELECT count(*) FROM correction_told t WHERE (t.closed_at = 0) <> EXISTS (SELECT 1 FROM correction_notice n WHERE n.told_id = t.told_id AND n.applied_at = 0 AND n.due_on > 0)`); n != 0 {
		r.Errorf("%d lists say otherwise than their rows", n)
	}
}

func keys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
