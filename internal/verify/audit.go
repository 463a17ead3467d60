package verify

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Querier reads the register's database.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Formats of leaves.
const (
	formatRecord = "record/1"
	formatAccess = "access/1"
	formatAct    = "act/1"
)

// event is an outbox row as the tree has it.
type event struct {
	id    int64
	index int64
	n     int
	kind  string // from the database
	wait  bool   // not in the tree yet
}

// audit compares the rows of the database with the tree.
type audit struct {
	*Result
	q Querier

	leaves  [][32]byte // by index; the tree's, zero where the entry is no leaf
	seen    []bool     // by index: a row accounts for the leaf
	special map[int64]Entry
	events  map[int64]*event
	order   []int64 // events in the order of the tree
	roots   []Entry
	slots   []string
	strays  int64
	payload map[int64][]byte // of rows that wait
	owners  map[int64][]byte // of rows of records: subject and item of each leaf, format set/1

	sets []setRow
}

// setRow is one version for the check of the sets.
type setRow struct {
	subject int64
	index   int64
	item    string
}

// Database checks the log as Log does, recomputes every leaf of every kind from the rows of the database and their salts, and compares both
// ways: a row that was changed, deleted, inserted or moved is named, and so is a salt that was swapped. q should be one snapshot,
// taken after the checkpoint was published: what is committed later waits for the next check. It needs about 100 bytes of memory an entry.
func Database(ctx context.Context, s Source, k *Keys, old string, q Querier) (*Result, *State, error) {
	a := &audit{q: q, special: map[int64]Entry{}, events: map[int64]*event{}, payload: map[int64][]byte{}, owners: map[int64][]byte{}}
	r, state := Log(ctx, s, k, old, a.entry)
	a.Result = r
	if int64(len(a.leaves)) != r.Size || r.Size == 0 {
		r.note("日志不能读全，数据库没有核对")
		return r, nil, nil
	}
	a.seen = make([]bool, len(a.leaves))
	for _, step := range []func(context.Context) error{
		a.outbox, a.specials, a.records, a.heads, a.chain, a.ends, a.access, a.acts, a.changes, a.catalogue, a.leftovers, a.compareSets,
	} {
		if err := step(ctx); err != nil {
			return r, nil, fmt.Errorf("verify: database: %w", err)
		}
	}
	if !r.OK() {
		state = nil
	}
	return r, state, nil
}

// entry takes in an entry of the tree.
func (a *audit) entry(i int64, e Entry) {
	for int64(len(a.leaves)) <= i { // an entry that does not parse was not handed over
		a.leaves = append(a.leaves, [32]byte{})
	}
	if e.Kind != kindLeaf {
		a.special[i] = e
	}
	switch e.Kind {
	case kindRoot:
		a.roots = append(a.roots, e)
	case kindSlot:
		a.slots = append(a.slots, e.Item)
	case kindLeaf:
		ev := a.events[e.Event]
		if ev == nil || e.Position == 0 && ev.n == 0 {
			ev = &event{id: e.Event, index: i}
			a.events[e.Event] = ev
			a.order = append(a.order, e.Event)
		}
		if e.Position == ev.n && ev.index+int64(e.Position) == i {
			ev.n++
			a.leaves[i] = e.Leaf
			return
		}
		// A repeat: the leaf may stand twice, but not as another one.
		if e.Position == 0 {
			ev.index, ev.n = i, 1
			a.leaves[i] = e.Leaf
			return
		}
		a.strays++
	}
}

func (a *audit) each(ctx context.Context, fn func(scan func(...any) error) error, query string) (err error) {
	rows, err := a.q.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// outbox compares the outbox and the marks of the sequencer with the tree.
func (a *audit) outbox(ctx context.Context) error {
	rows, sequenced := 0, map[int64]bool{}
	err := a.each(ctx, func(scan func(...any) error) error {
		var id, n, created int64
		var kind string
		var payload, owners []byte
		var index, marked, pending sql.NullInt64
		if err := scan(&id, &kind, &n, &payload, &owners, &created, &index, &marked, &pending); err != nil {
			return err
		}
		rows++
		if len(owners) > 0 {
			a.owners[id] = owners
		}
		ev := a.events[id]
		switch {
		case ev == nil && pending.Valid && !index.Valid, index.Valid && index.Int64+n > a.Size:
			a.events[id] = &event{id: id, n: int(n), kind: kind, wait: true} // committed, and not under this checkpoint yet
			a.payload[id] = payload
			sequenced[id] = true
			return nil
		case ev == nil:
			a.fail("outbox.inserted", "log_outbox 第 %d 行（%s，%s）不在日志中，也不在等待之列：该行是插入的", id, kind, instant(created))
			return nil
		}
		ev.kind = kind
		sequenced[id] = true
		if !index.Valid && !pending.Valid {
			a.fail("outbox.unmarked", "log_sequence 中第 %d 行的登记已被删除：日志中在第 %d 个条目", id, ev.index)
		}
		a.outboxRow(ev, n, payload, index, marked)
		return nil
	}, `SELECT o.outbox_id, o.kind, o.n, o.payload, o.subjects, o.created_at, s.log_index, s.n, p.outbox_id FROM log_outbox o
		LEFT JOIN log_sequence s ON s.outbox_id = o.outbox_id LEFT JOIN log_pending p ON p.outbox_id = o.outbox_id ORDER BY o.outbox_id`)
	if err != nil {
		return err
	}
	for _, id := range a.order {
		if !sequenced[id] {
			a.fail("outbox.deleted", "log_outbox 第 %d 行已被删除：日志第 %d 个条目起的 %d 个叶子没有来处", id, a.events[id].index, a.events[id].n)
		}
	}
	if a.strays > 0 {
		a.note("日志中有 %d 个重复的条目（写入中断后重写），不影响内容", a.strays)
	}
	a.prove("已核对 log_outbox 的 %d 行", rows)
	return nil
}

// specials compares the entries that the database keeps whole.
func (a *audit) specials(ctx context.Context) error {
	found := map[int64]bool{}
	err := a.each(ctx, func(scan func(...any) error) error {
		var index int64
		var raw []byte
		if err := scan(&index, &raw); err != nil {
			return err
		}
		found[index] = true
		e, err := ParseEntry(raw)
		if want, ok := a.special[index]; index < a.Size && e.Kind != kindLeaf && (err != nil || !ok || want != e) {
			a.fail("special.changed", "log_special 第 %d 行与日志不符：被改动或插入", index)
		}
		return nil
	}, `SELECT log_index, entry FROM log_special ORDER BY log_index`)
	if err != nil {
		return err
	}
	newest := int64(0)
	for index := range found {
		newest = max(newest, index)
	}
	for index := range a.special {
		if !found[index] && index < newest {
			a.fail("special.deleted", "log_special 第 %d 行已被删除", index)
		}
	}
	return nil
}

func (a *audit) outboxRow(ev *event, n int64, payload []byte, index, marked sql.NullInt64) {
	if !index.Valid {
		a.note("log_outbox 第 %d 行已在日志中而尚未登记：定序进程重启时补登", ev.id)
	} else if index.Int64 != ev.index || marked.Int64 != int64(ev.n) {
		a.fail("outbox.moved", "log_sequence 第 %d 行的位置被改动：日志中在第 %d 个条目，登记为第 %d 个", ev.id, ev.index, index.Int64)
	}
	if n != int64(ev.n) || len(payload) != 32*ev.n {
		a.fail("outbox.changed", "log_outbox 第 %d 行被改动：日志中有 %d 个叶子，该行有 %d 个", ev.id, ev.n, n)
		return
	}
	for i := range ev.n {
		if [32]byte(payload[32*i:]) != a.leaves[ev.index+int64(i)] {
			a.fail("outbox.changed", "log_outbox 第 %d 行的第 %d 个叶子被改动", ev.id, i)
		}
	}
}

// leaf compares a recomputed leaf with the tree's. what names the row.
func (a *audit) leaf(what string, outbox, position int64, salt []byte, parts []string) (index int64, ok bool) {
	ev := a.events[outbox]
	if ev == nil || position < 0 || position >= int64(ev.n) {
		a.fail("row.inserted", "%s 不在日志中：该行是插入的，或其日志位置（%d 第 %d 位）被改动", what, outbox, position)
		return 0, false
	}
	if kind := kindOf(parts[0]); kind != ev.kind && ev.kind != "" {
		a.fail("outbox.kind", "log_outbox 第 %d 行的种类被改动：应为 %s，现为 %s", outbox, kind, ev.kind)
	}
	h := LeafHash(salt, parts)
	if ev.wait {
		if p := a.payload[outbox]; len(p) < 32*int(position+1) || [32]byte(p[32*position:]) != h {
			a.fail("row.changed", "%s 与等待入日志的叶子不符：内容或盐被改动", what)
		}
		return 0, false
	}
	index = ev.index + position
	if a.seen[index] {
		a.fail("row.copied", "%s 与另一行占用日志的同一条目 %d：该行是复制插入的，或日志位置被对调", what, index)
		return 0, false
	}
	a.seen[index] = true
	if a.leaves[index] != h {
		a.fail("row.changed", "%s 与日志第 %d 个条目不符：内容或盐被改动，或与别的行对调了位置", what, index)
		return 0, false
	}
	return index, true
}

// statusDestroyed is the status of versions whose content was destroyed.
const statusDestroyed = 7

// destroyed takes a version without content and salt for its place in the tree: its leaf cannot be recomputed any more. That the record's newest version says so on
// record, and is held against its own leaf, is heads' to check.
func (a *audit) destroyed(what string, outbox, position int64) (index int64, ok bool) {
	ev := a.events[outbox]
	if ev == nil || position < 0 || position >= int64(ev.n) {
		a.fail("row.inserted", "%s 不在日志中：该行是插入的，或其日志位置（%d 第 %d 位）被改动", what, outbox, position)
		return 0, false
	}
	if ev.wait {
		return 0, false
	}
	index = ev.index + position
	if a.seen[index] {
		a.fail("row.copied", "%s 与另一行占用日志的同一条目 %d：该行是复制插入的，或日志位置被对调", what, index)
		return 0, false
	}
	a.seen[index] = true
	return index, true
}

// leftovers names what is in the tree and in no row.
func (a *audit) leftovers(context.Context) error {
	checked := 0
	for _, id := range a.order {
		ev := a.events[id]
		if ev.wait {
			continue
		}
		table, known := tableOf[ev.kind]
		if !known {
			if ev.kind != "" {
				a.fail("row.kind", "日志第 %d 个条目起的 %d 个叶子种类不明（%s），无法核对", ev.index, ev.n, ev.kind)
			}
			continue
		}
		for i := range ev.n {
			if !a.seen[ev.index+int64(i)] {
				a.fail("row.deleted", "%s 中有一行已被删除：日志第 %d 个条目（%d 第 %d 位，%s）没有对应的行", table, ev.index+int64(i), id, i, idTime(id))
			}
			checked++
		}
	}
	if a.OK() {
		a.prove("数据库各表由日志留痕的 %d 行逐行重算，与日志一一对应", checked)
	}
	return nil
}

var tableOf = map[string]string{"record": "record_version", "access": "access_log", "act": "audit_act", "change": "log_change"}

// kindOf gives the outbox's name for what a leaf's format says.
func kindOf(format string) string {
	switch format {
	case formatRecord:
		return "record"
	case formatAccess:
		return "access"
	case formatAct:
		return "act"
	default:
		return "change"
	}
}

func instant(micros int64) string { return time.UnixMicro(micros).UTC().Format("2006-01-02 15:04:05Z") }

// idTime reads the moment out of an id: milliseconds since 2020 above 22 bits.
func idTime(id int64) string { return instant((id>>22 + 1577836800000) * 1000) }

// changes recomputes the leaves of changes of rules and data.
func (a *audit) changes(ctx context.Context) error {
	return a.each(ctx, func(scan func(...any) error) error {
		var outbox int64
		var kind, name, text string
		var salt []byte
		if err := scan(&outbox, &kind, &name, &text, &salt); err != nil {
			return err
		}
		what := fmt.Sprintf("log_change 第 %d 行（%s）", outbox, name)
		var parts []string
		if err := json.Unmarshal([]byte(text), &parts); err != nil {
			a.fail("row.changed", "%s 的内容无法读取：被改动", what)
			return nil
		}
		a.leaf(what, outbox, 0, salt, append([]string{kind, name}, parts...))
		return nil
	}, `SELECT outbox_id, kind, name, parts, salt FROM log_change ORDER BY outbox_id`)
}

// catalogue compares what is in force with the newest change of its name in the log.
func (a *audit) catalogue(ctx context.Context) error {
	newest := map[string][]string{}
	err := a.each(ctx, func(scan func(...any) error) error {
		var name, text string
		if err := scan(&name, &text); err != nil {
			return err
		}
		var parts []string
		_ = json.Unmarshal([]byte(text), &parts) // what does not read is reported by changes
		newest[name] = parts
		return nil
	}, `SELECT c.name, c.parts FROM log_change c LEFT JOIN log_sequence s ON s.outbox_id = c.outbox_id WHERE c.kind IN ('catalog/1', 'rules/1')
		ORDER BY coalesce(s.log_index, 9223372036854775807), c.outbox_id`)
	if err != nil {
		return err
	}
	found := map[string]bool{}
	compare := func(table, name string, parts ...string) {
		found[name] = true
		switch logged, ok := newest[name]; {
		case !ok:
			a.fail("catalog.unlogged", "%s 的 %s 没有进入日志：该行是插入的", table, name)
		case !slices.Equal(logged, parts):
			a.fail("catalog.changed", "%s 的 %s 与日志中的内容不符：被改动", table, name)
		}
	}
	err = a.each(ctx, func(scan func(...any) error) error {
		var edition, hash, by string
		var from, at int64
		var content []byte
		if err := scan(&edition, &from, &content, &hash, &at, &by); err != nil {
			return err
		}
		compare("catalog_edition", "edition/"+edition, dec(from), hash, digest(content), dec(at), by)
		return nil
	}, `SELECT edition, effective_from, content, hash, loaded_at, loaded_by FROM catalog_edition ORDER BY edition`)
	if err != nil {
		return err
	}
	err = a.each(ctx, func(scan func(...any) error) error {
		var year, at int64
		var content, by string
		if err := scan(&year, &content, &at, &by); err != nil {
			return err
		}
		compare("calendar_year", "calendar/"+dec(year), digest([]byte(content)), dec(at), by)
		return nil
	}, `SELECT year, content, loaded_at, loaded_by FROM calendar_year ORDER BY year`)
	if err != nil {
		return err
	}
	err = a.each(ctx, func(scan func(...any) error) error {
		var code, note, by string
		var at int64
		if err := scan(&code, &note, &at, &by); err != nil {
			return err
		}
		compare("legacy_code", "legacy/"+code, note, dec(at), by)
		return nil
	}, `SELECT code, note, added_at, added_by FROM legacy_code ORDER BY code`)
	if err != nil {
		return err
	}
	if err := a.rules(ctx, compare); err != nil {
		return err
	}
	for name := range newest {
		if !found[name] {
			a.fail("catalog.deleted", "日志中的 %s 在数据库中已不存在：被删除", name)
		}
	}
	return nil
}

// rules compares the files of rules: publicity, kinds of lists, measures.
func (a *audit) rules(ctx context.Context, compare func(table, name string, parts ...string)) error {
	return a.each(ctx, func(scan func(...any) error) error {
		var table, series, content, hash, by string
		var from, version, at int64
		if err := scan(&table, &series, &from, &version, &content, &hash, &at, &by); err != nil {
			return err
		}
		name := fmt.Sprintf("%s/%04d-%02d-%02d/%d", series, from/10000, from/100%100, from%100, version)
		if sum := digest([]byte(content)); sum != hash {
			a.fail("catalog.changed", "%s 的 %s 与同一行的校验值不符：被改动", table, name)
		}
		compare(table, name, hash, dec(at), by)
		return nil
	}, `SELECT 'publish_ruleset', 'publicity', effective_on, version, content, hash, loaded_at, loaded_by FROM publish_ruleset
		UNION ALL SELECT 'ruleset_version', series, effective_on, version, content, hash, loaded_at, loaded_by FROM ruleset_version ORDER BY 1, 2, 3, 4`)
}

func digest(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
