package translog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/id"
	"gongxin/internal/verify"
)

var update = flag.Bool("update", false, "write the vectors that all verifiers are held against")

const vectorFile = "../verify/testdata/vectors.json"

// vector is one file that every verifier must accept, or refuse for the same reason.
type vector struct {
	Name     string `json:"name"`
	Text     string `json:"text"`
	Keys     string `json:"keys"`
	Old      string `json:"old,omitempty"`
	Code     string `json:"code,omitempty"`     // of the first failure; "" = it holds
	Versions int    `json:"versions,omitempty"` // that the verifier lists

	Proven []string `json:"proven,omitempty"` // what every verifier says, word for word
	Limits []string `json:"limits,omitempty"`
	Notes  []string `json:"notes,omitempty"`
}

// filed is a log of records whose leaves can be opened.
type filed struct {
	*bench
	openings map[Location]*Opening
}

func newFiled(t testing.TB, d *db.DB) *filed {
	return &filed{bench: newBench(t, d), openings: map[Location]*Opening{}}
}

// file commits one version of some records of a subject's item, and gives the row's number.
func (f *filed) file(subject int64, item string, version int, keys ...int64) int64 {
	f.t.Helper()
	outbox, at := f.ids.Next(), time.Now().UnixMicro()
	var leaves []Leaf
	var subjects []int64
	var items []string
	for i, key := range keys {
		salt := fmt.Appendf(nil, "sixteen bytes %02d", i)
		parts := []string{
			"record/1", id.Pair(subject, key), strconv.Itoa(version), item, "2026.1", fmt.Sprint("文书", key), "A", "1", "1", "20260510", "20260510", "20270510", "7", "990102", "4", "1",
			"1", "r", fmt.Sprintf(`{"CF_NR":"警告 <%d>"}`, version), "filed", "account:1", "b", "", "s", strconv.FormatInt(at, 10),
		}
		leaves, subjects, items = append(leaves, Hash(salt, parts...)), append(subjects, subject), append(items, item)
		f.openings[Location{Event: outbox, Position: i}] = &Opening{salt, parts}
	}
	err := f.db.Tx(f.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return QueueRecords(ctx, tx, outbox, leaves, subjects, items, at)
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return outbox
}

// open opens what was filed.
func (f *filed) open(_ context.Context, _ int64, at []Location) error {
	for i := range at {
		at[i].Opening = f.openings[Location{Event: at[i].Event, Position: at[i].Position}]
	}
	return nil
}

// bundle gives the bytes of a bundle.
func (f *filed) bundle(l *Log, ask BundleAsk) string {
	f.t.Helper()
	b, err := l.Bundle(f.t.Context(), ask)
	if err != nil {
		f.t.Fatal(err)
	}
	var out bytes.Buffer
	if err := b.Write(f.t.Context(), &out); err != nil {
		f.t.Fatal(err)
	}
	return out.String()
}

// Every verifier is held against the same files: what the writer makes holds, and each kind of tampering is refused for its reason. Those of a browser are
// asked in the end-to-end tests, with the vectors that `go test -update` wrote here.
func TestVectors(t *testing.T) {
	t.Parallel()
	list := makeVectors(t)
	for i := range list {
		judge(t, &list[i])
	}
	if *update {
		raw, err := json.MarshalIndent(list, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(vectorFile), 0o755), os.WriteFile(vectorFile, append(raw, '\n'), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func judge(t *testing.T, v *vector) {
	t.Helper()
	k, err := verify.ParseKeys(strings.Split(v.Keys, "\n")...)
	if err != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	r := verify.File([]byte(v.Text), k, v.Old)
	code := ""
	if !r.OK() {
		code = r.Failures[0].Code
	}
	if code != v.Code {
		t.Errorf("%s: %q %+v, want %q", v.Name, code, r.Failures, v.Code)
	}
	if v.Code == "" {
		v.Versions, v.Proven, v.Limits, v.Notes = len(r.Versions), r.Proven, r.Limits, r.Notes
		if len(r.Proven) < 1 || strings.Contains(strings.Join(append(r.Proven, r.Limits...), ""), "%!") {
			t.Errorf("%s: says %q %q", v.Name, r.Proven, r.Limits)
		}
	}
}

// makeVectors makes a log with some subjects, takes every kind of file from it, and tampers with them.
func makeVectors(t *testing.T) []vector {
	t.Helper()
	f := newFiled(t, dbtest.SQLite(t))
	l := f.bench.open()
	var at Location
	var first checkpoint
	var earlier time.Time
	f.term(l, func(s *session) {
		for subject := int64(20); subject < 60; subject++ {
			f.file(subject, "XZXK", 1, 1)
		}
		f.file(7, "XZXK", 1, 1, 2)
		f.drain(s)
		first = f.published(l, s.size)
		earlier = time.Now()
		f.queue(5, nil)
		f.file(20, "XZXK", 2, 1)
		f.drain(s)
		at.Event = f.file(7, "XZCF", 1, 3, 4, 5)
		f.drain(s)
		f.file(7, "XZCF", 2, 3)
		f.drain(s)
		f.published(l, s.size)
	})
	at.Position, at.Opening = 1, f.openings[Location{Event: at.Event, Position: 1}]
	m := &maker{filed: f, l: l, keys: strings.Join(l.Verifiers(), "\n"), first: string(first.text)}
	m.records(at)
	m.sets()
	m.bundles(earlier)
	m.checkpoints()
	m.consistency(first.size)
	slices.SortFunc(m.list, func(a, b vector) int { return strings.Compare(a.Name, b.Name) })
	return m.list
}

// maker collects vectors.
type maker struct {
	*filed
	l     *Log
	keys  string
	first string // an earlier checkpoint
	list  []vector
}

func (m *maker) add(name, code, text string) *vector {
	m.list = append(m.list, vector{Name: name, Text: text, Keys: m.keys, Code: code})
	return &m.list[len(m.list)-1]
}

// change gives a file with a change.
func (m *maker) change(text string, fn func(o map[string]any)) string {
	m.t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var o map[string]any
	if err := d.Decode(&o); err != nil {
		m.t.Fatal(err)
	}
	fn(o)
	return string(marshal(m.t, o))
}

// at walks into a document by names and positions.
func in(o any, path ...any) map[string]any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			o = o.(map[string]any)[p]
		case int:
			o = o.([]any)[p]
		}
	}
	return o.(map[string]any)
}

// other gives other bytes of the same length, in base64.
func other(v any) string {
	s := v.(string)
	if s[0] == 'A' {
		return "B" + s[1:]
	}
	return "A" + s[1:]
}

func (m *maker) proof(p *Proof, err error) string {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
	return string(marshal(m.t, p))
}

func (m *maker) records(at Location) {
	opened := m.proof(m.l.ProveRecord(m.t.Context(), at))
	at.Opening = nil
	closed := m.proof(m.l.ProveRecord(m.t.Context(), at))
	m.add("record with content", "", opened)
	m.add("record without content", "", closed)
	for name, c := range map[string]struct {
		code string
		fn   func(r map[string]any)
	}{
		"another entry":         {"proof.inclusion", func(r map[string]any) { r["index"] = json.Number("3") }},
		"beyond the log":        {"proof.inclusion", func(r map[string]any) { r["index"] = json.Number("100000") }},
		"negative":              {"proof.inclusion", func(r map[string]any) { r["index"] = json.Number("-1") }},
		"a changed leaf":        {"proof.entry", func(r map[string]any) { r["entry"] = other(r["entry"]) }},
		"a changed event":       {"proof.inclusion", func(r map[string]any) { r["entry"] = r["entry"].(string)[:8] + other(r["entry"].(string)[8:]) }},
		"a changed path":        {"proof.inclusion", func(r map[string]any) { r["hashes"].([]any)[0] = other(r["hashes"].([]any)[0]) }},
		"a short path":          {"proof.inclusion", func(r map[string]any) { r["hashes"] = r["hashes"].([]any)[1:] }},
		"a long path":           {"proof.inclusion", func(r map[string]any) { r["hashes"] = append(r["hashes"].([]any), r["hashes"].([]any)[0]) }},
		"a short hash":          {"proof.path", func(r map[string]any) { r["hashes"].([]any)[0] = "AAAA" }},
		"changed content":       {"proof.opening", func(r map[string]any) { in(r, "opening")["parts"].([]any)[18] = `{"CF_NR":"不予处罚"}` }},
		"a part less":           {"proof.opening", func(r map[string]any) { o := in(r, "opening"); o["parts"] = o["parts"].([]any)[:24] }},
		"another salt":          {"proof.opening", func(r map[string]any) { o := in(r, "opening"); o["salt"] = other(o["salt"]) }},
		"an unknown field":      {"proof.format", func(r map[string]any) { r["valid"] = true }},
		"a number that is text": {"proof.format", func(r map[string]any) { r["index"] = "3" }},
	} {
		m.add("record: "+name, c.code, m.change(opened, func(o map[string]any) { c.fn(in(o, "record")) }))
	}
	m.add("record and set", "proof.format", m.change(opened, func(o map[string]any) { o["consistency"] = map[string]any{"size": 1, "hashes": []any{}} }))
	m.add("nothing", "proof.format", m.change(opened, func(o map[string]any) { delete(o, "record") }))
}

func (m *maker) sets() {
	ctx := m.t.Context()
	some := m.proof(m.l.ProveSet(ctx, 7, "XZCF"))
	m.add("set", "", some)
	m.add("set: no version of the item", "", m.proof(m.l.ProveSet(ctx, 20, "XZCF")))
	m.add("set: absent subject", "", m.proof(m.l.ProveSet(ctx, 999, "XZCF")))
	m.add("set: unknown item", "", m.proof(m.l.ProveSet(ctx, 7, "HTLY")))
	for name, c := range map[string]struct {
		code string
		fn   func(s map[string]any)
	}{
		"a version hidden":   {"set.path", func(s map[string]any) { s["versions"] = s["versions"].([]any)[1:] }},
		"versions swapped":   {"set.path", func(s map[string]any) { v := s["versions"].([]any); v[0], v[1] = v[1], v[0] }},
		"another subject":    {"set.path", func(s map[string]any) { s["subject"] = "20" }},
		"another item":       {"set.path", func(s map[string]any) { s["item"] = "XZXK" }},
		"an invented item":   {"set.slots", func(s map[string]any) { s["item"] = "HTLY" }},
		"items swapped":      {"set.slots", func(s map[string]any) { v := s["slots"].([]any); v[0], v[1] = v[1], v[0] }},
		"claimed to be none": {"set.path", func(s map[string]any) { s["absent"], s["versions"] = true, []any{} }},
	} {
		m.add("set: "+name, c.code, m.change(some, func(o map[string]any) { c.fn(in(o, "set")) }))
	}
}

func (m *maker) bundles(earlier time.Time) {
	all := m.bundle(m.l, BundleAsk{Subject: 7, Open: m.open})
	item := m.bundle(m.l, BundleAsk{Subject: 7, Item: "XZCF", Open: m.open})
	moment := m.bundle(m.l, BundleAsk{Subject: 7, Item: "XZCF", AsOf: earlier, Open: m.open})
	absent := m.bundle(m.l, BundleAsk{Subject: 999})
	m.add("bundle of all items", "", all)
	m.add("bundle of one item", "", item)
	m.add("bundle without contents", "", m.bundle(m.l, BundleAsk{Subject: 7}))
	m.add("bundle: none of the item", "", m.bundle(m.l, BundleAsk{Subject: 20, Item: "XZCF", AsOf: earlier}))
	m.add("bundle: absent subject", "", absent)
	m.add("bundle: absent subject, one item", "", m.bundle(m.l, BundleAsk{Subject: 999, Item: "XZCF"}))
	m.add("bundle: unknown item", "", m.bundle(m.l, BundleAsk{Subject: 7, Item: "HTLY"}))
	m.add("bundle: nothing at the moment", "", moment)
	versions := func(o map[string]any, place int) []any { return in(o, "places", place)["versions"].([]any) }
	for name, c := range map[string]struct {
		base, code string
		fn         func(o map[string]any)
	}{
		"last version hidden":  {item, "set.path", func(o map[string]any) { p := in(o, "places", 0); p["versions"] = versions(o, 0)[:3] }},
		"first version hidden": {item, "set.path", func(o map[string]any) { p := in(o, "places", 0); p["versions"] = versions(o, 0)[1:] }},
		"hidden among all":     {all, "set.path", func(o map[string]any) { p := in(o, "places", 0); p["versions"] = versions(o, 0)[:1] }},
		"all hidden":           {item, "set.path", func(o map[string]any) { in(o, "places", 0)["versions"] = []any{} }},
		"a place hidden":       {all, "set.format", func(o map[string]any) { o["places"] = o["places"].([]any)[:63] }},
		"swapped":              {item, "bundle.order", func(o map[string]any) { v := versions(o, 0); v[0], v[1] = v[1], v[0] }},
		"twice": {item, "bundle.order", func(o map[string]any) {
			p := in(o, "places", 0)
			p["versions"] = append(versions(o, 0), versions(o, 0)[3])
		}},
		"changed content":           {all, "set.opening", func(o map[string]any) { in(versions(o, 1)[0], "opening")["parts"].([]any)[18] = "{}" }},
		"swapped contents":          {item, "set.opening", func(o map[string]any) { v := versions(o, 0); in(v[0])["opening"] = in(v[1])["opening"] }},
		"contents of another item":  {all, "set.opening", func(o map[string]any) { v := in(o, "places", 1); v["versions"] = versions(o, 0) }},
		"a leaf of somebody else":   {item, "proof.inclusion", func(o map[string]any) { in(versions(o, 0)[0])["index"] = json.Number("2") }},
		"an act as a version":       {item, "proof.kind", func(o map[string]any) { maps.Copy(in(versions(o, 0)[0]), in(o, "root")) }},
		"another subject":           {item, "set.opening", func(o map[string]any) { o["subject"] = "20" }},
		"another subject's nothing": {absent, "set.path", func(o map[string]any) { o["subject"] = "7" }},
		"another item":              {item, "set.opening", func(o map[string]any) { o["item"] = "XZXK" }},
		"an invented item":          {item, "set.slots", func(o map[string]any) { o["item"] = "HTLY" }},
		"one item as all":           {item, "set.format", func(o map[string]any) { o["item"] = "" }},
		"items swapped":             {item, "set.slots", func(o map[string]any) { v := o["slots"].([]any); v[0], v[1] = v[1], v[0] }},
		"another salt":              {item, "set.path", func(o map[string]any) { o["salt"] = other(o["salt"]) }},
		"another place's salt":      {item, "set.path", func(o map[string]any) { p := in(o, "places", 0); p["place_salt"] = other(p["place_salt"]) }},
		"a changed way":             {item, "set.path", func(o map[string]any) { p := in(o, "places", 0)["path"].([]any); p[0] = other(p[0]) }},
		"a short way":               {item, "set.format", func(o map[string]any) { p := in(o, "places", 0); p["path"] = p["path"].([]any)[:5] }},
		"a changed map":             {item, "set.path", func(o map[string]any) { o["map_path"].([]any)[0] = strings.Repeat("B", 42) + "A=" }},
		"a short map":               {item, "set.format", func(o map[string]any) { o["map_path"] = o["map_path"].([]any)[:15] }},
		"claimed to be absent":      {item, "set.path", func(o map[string]any) { o["absent"], o["places"] = true, []any{} }},
		"absent with versions":      {item, "set.format", func(o map[string]any) { o["absent"] = true }},
		"a leaf as root":            {item, "set.root", func(o map[string]any) { o["root"] = entryOf(versions(o, 0)[0]) }},
		"a leaf as moment":          {item, "bundle.moment", func(o map[string]any) { o["moment"] = entryOf(versions(o, 0)[0]) }},
		"a moment of another place": {moment, "proof.inclusion", func(o map[string]any) { in(o, "moment")["index"] = json.Number("0") }},
		"no subject":                {item, "set.format", func(o map[string]any) { o["subject"] = "" }},
		"a subject with zeros":      {item, "set.format", func(o map[string]any) { o["subject"] = "007" }},
		"an unknown field":          {item, "bundle.format", func(o map[string]any) { o["valid"] = true }},
		"broken base64":             {item, "bundle.format", func(o map[string]any) { o["salt"] = "AAA" }},
	} {
		m.add("bundle: "+name, c.code, m.change(c.base, c.fn))
	}
	m.add("bundle: another key", "checkpoint.signature", item).Keys = stranger(m.t)
	m.add("bundle: a changed checkpoint", "checkpoint.signature", m.change(item, func(o map[string]any) {
		lines := strings.Split(o["checkpoint"].(string), "\n")
		lines[2] = other(lines[2])
		o["checkpoint"] = strings.Join(lines, "\n")
	}))
	m.add("bundle: an older checkpoint", "proof.inclusion", m.change(item, func(o map[string]any) { o["checkpoint"] = m.first }))
}

// entryOf is a version as a bare entry.
func entryOf(v any) map[string]any {
	e := maps.Clone(in(v))
	delete(e, "opening")
	return e
}

// stranger gives the keys of another log of the same name.
func stranger(t testing.TB) string {
	t.Helper()
	k, err := OpenKeys(t.TempDir(), Origin("990100"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(k.Verifiers(), "\n")
}

func (m *maker) checkpoints() {
	c, err := m.l.dir.checkpoint()
	if err != nil {
		m.t.Fatal(err)
	}
	text := string(c.text)
	lines := strings.SplitAfter(text, "\n")
	m.add("checkpoint", "", text)
	m.add("checkpoint as it was kept", "", text).Old = text
	m.add("checkpoint older than the one kept", "", m.first).Old = text
	m.add("checkpoint without way from the one kept", "", text).Old = m.first
	m.add("checkpoint: kept one of another log", "state.signature", text).Old = strings.Replace(m.first, "gongxin/", "other/", 1)
	m.add("checkpoint without SM2", "checkpoint.sm2", strings.Join(without(lines, func(i int, _ string) bool { return i == sm2Line(m.t, lines, m.l) }), ""))
	m.add("checkpoint without Ed25519", "checkpoint.signature", strings.Join(without(lines, func(i int, l string) bool {
		return strings.HasPrefix(l, "\u2014") && i != sm2Line(m.t, lines, m.l)
	}), ""))
	sm2 := slices.Clone(lines)
	i := sm2Line(m.t, lines, m.l)
	at := len(sm2[i]) - 12 // within the second number
	sm2[i] = sm2[i][:at] + other(sm2[i][at:])
	m.add("checkpoint with a changed SM2 signature", "checkpoint.signature", strings.Join(sm2, ""))
	m.add("checkpoint of another size", "checkpoint.signature", strings.Replace(text, lines[1], "5\n", 1))
	m.add("checkpoint: more lines", "checkpoint.signature", strings.Replace(text, "\n\n", "\nmore\n\n", 1))
	m.add("checkpoint: no line behind", "checkpoint.format", strings.TrimRight(text, "\n"))
	m.add("no proof", "file.format", "这不是证明")
	m.add("other JSON", "file.format", `{"format":"other"}`)
	m.add("nothing at all", "file.format", "")
	m.add("a receipt", "file.receipt", `{"format":"gongxin-consent-receipt/1"}`)
	m.add("a report", "file.report", "%PDF-1.7\n")
	m.add("a report's data", "file.report", `{"format":"gongxin/report-file/1"}`)
	line, key := m.cosign(text)
	m.add("cosigned checkpoint", "", text+line).Keys += "\n" + key
	m.add("checkpoint with a changed cosignature", "checkpoint.signature", text+line[:len(line)-9]+other(line[len(line)-9:])).Keys += "\n" + key
}

func without(lines []string, drop func(int, string) bool) []string {
	var out []string
	for i, l := range lines {
		if !drop(i, l) {
			out = append(out, l)
		}
	}
	return out
}

// sm2Line finds the line of the SM2 signature: the longer one.
func sm2Line(t testing.TB, lines []string, _ *Log) int {
	t.Helper()
	best := -1
	for i, l := range lines {
		if strings.HasPrefix(l, "\u2014") && (best < 0 || len(l) > len(lines[best])) {
			best = i
		}
	}
	return best
}

// cosign asks a witness for its line.
func (m *maker) cosign(text string) (line, key string) {
	m.t.Helper()
	secret, err := verify.NewWitnessKey("witness.example")
	if err != nil {
		m.t.Fatal(err)
	}
	w, err := verify.NewWitness(secret, filepath.Join(m.t.TempDir(), "state"), m.bench.keys(m.l), time.Now)
	if err != nil {
		m.t.Fatal(err)
	}
	out := httptest.NewRecorder()
	w.ServeHTTP(out, httptest.NewRequest(http.MethodPost, "/add-checkpoint", strings.NewReader("old 0\n\n"+text)))
	if out.Code != http.StatusOK {
		m.t.Fatalf("the witness answers %d %s", out.Code, out.Body)
	}
	return out.Body.String(), w.Verifier()
}

func (m *maker) consistency(size int64) {
	way := m.proof(m.l.ProveConsistency(m.t.Context(), size))
	m.add("consistency", "", way).Old = m.first
	m.add("consistency without the kept checkpoint", "consistency.old", way)
	for name, fn := range map[string]func(c map[string]any){
		"a changed hash": func(c map[string]any) { c["hashes"].([]any)[1] = other(c["hashes"].([]any)[1]) },
		"a hash less":    func(c map[string]any) { c["hashes"] = c["hashes"].([]any)[1:] },
		"a hash more":    func(c map[string]any) { c["hashes"] = append(c["hashes"].([]any), c["hashes"].([]any)[0]) },
		"none":           func(c map[string]any) { c["hashes"] = []any{} },
	} {
		m.add("consistency: "+name, "consistency.changed", m.change(way, func(o map[string]any) { fn(in(o, "consistency")) })).Old = m.first
	}
	m.add("consistency: another size", "consistency.size", m.change(way, func(o map[string]any) { in(o, "consistency")["size"] = json.Number("5") })).Old = m.first
	// The same keys over another history.
	fork := newFiled(m.t, dbtest.SQLite(m.t))
	fork.conf.Keys = m.conf.Keys
	fl := fork.bench.open()
	var forked checkpoint
	fork.term(fl, func(s *session) {
		for s.size < size {
			fork.queue(1, one(5, "XZCF"))
			fork.drain(s)
		}
		forked = fork.published(fl, s.size)
	})
	if forked.size != size {
		way = m.proof(m.l.ProveConsistency(m.t.Context(), forked.size))
	}
	m.add("consistency: of a forked log", "consistency.changed", way).Old = string(forked.text)
}

// A bundle is bounded, waits for what the log cannot say yet, and passes on what its writer and opener say.
func TestBundleBounds(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFiled(t, d)
		l := f.bench.open()
		f.term(l, func(s *session) {
			f.file(7, "XZCF", 1, 1, 2, 3)
			f.queue(MaxBundle+1, one(8, "XZCF"))
			f.drain(s)
			f.published(l, s.size)
		})
		if _, err := l.Bundle(t.Context(), BundleAsk{Subject: 8}); !errors.Is(err, ErrBundleSize) {
			t.Errorf("too many versions: %v", err)
		}
		if _, err := l.Bundle(t.Context(), BundleAsk{Subject: 7, AsOf: time.Now().Add(time.Hour)}); !errors.Is(err, ErrBundleTime) {
			t.Errorf("a moment to come: %v", err)
		}
		b, err := l.Bundle(t.Context(), BundleAsk{Subject: 7, Item: "XZCF", Open: f.open})
		if err != nil || b.Versions != 3 || b.Covered < 3 || b.At.IsZero() {
			t.Fatalf("%+v %v", b, err)
		}
		if err := b.Write(t.Context(), brokenWriter{}); !errors.Is(err, errBroken) {
			t.Errorf("a broken connection: %v", err)
		}
		b, err = l.Bundle(t.Context(), BundleAsk{Subject: 7, Item: "XZCF", Open: func(context.Context, int64, []Location) error { return errBroken }})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := b.Write(t.Context(), &out); !errors.Is(err, errBroken) || json.Valid(out.Bytes()) {
			t.Errorf("an opener that fails: %v", err)
		}
		if _, err := l.ProveConsistency(t.Context(), 1<<40); !errors.Is(err, errSize) {
			t.Errorf("a size to come: %v", err)
		}
	})
}

var errBroken = errors.New("broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }
