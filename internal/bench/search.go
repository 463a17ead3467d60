package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"time"

	"gongxin/internal/api"
	"gongxin/internal/cntext"
	"gongxin/internal/obs"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// searchKind is a kind of query, made from a name, and the statement with which SQLite's trigram index answers it.
type searchKind struct {
	name    string
	text    func(*rand.Rand, firm) string
	trigram func(text string) (query string, args []any)
}

// hitsWanted is how many hits a query asks for.
const hitsWanted = 10

// searchKinds makes queries. other gives another name, from which wrong characters come.
func searchKinds(other func(*rand.Rand) firm) []searchKind {
	return []searchKind{
		{"两个字", func(x *rand.Rand, f firm) string { return pair(x, f.name) }, like},
		{"全称", func(_ *rand.Rand, f firm) string { return f.name }, phrase},
		{"几个词", func(x *rand.Rand, f firm) string { return pair(x, f.name) + " " + pair(x, f.name) }, like},
		{"拼音首字母", initialsOf, nil},
		{"错一字", func(x *rand.Rand, f firm) string { return slip(x, f.name, other(x).name) }, anyTrigram},
		{"代码", func(_ *rand.Rand, f firm) string { return f.code }, nil},
	}
}

// pair takes two neighbouring characters anywhere in a name.
func pair(x *rand.Rand, name string) string {
	n := []rune(name)
	if len(n) < 3 {
		return name
	}
	i := x.IntN(len(n) - 1)
	return string(n[i : i+2])
}

// initialsOf takes three to six initials from the middle of the name, where what tells it from others stands.
func initialsOf(x *rand.Rand, f firm) string {
	n := []rune(f.name)
	if len(n) > 10 {
		n = n[3 : len(n)-4]
	}
	s := cntext.Initials(string(n))
	return s[:min(len(s), 3+x.IntN(4))]
}

// slip makes one character wrong, or leaves it out.
func slip(x *rand.Rand, name, other string) string {
	n, o := []rune(name), []rune(other)
	i := x.IntN(len(n))
	if wrong := o[x.IntN(len(o))]; x.IntN(2) == 0 && wrong != n[i] {
		n[i] = wrong
		return string(n)
	}
	return string(slices.Delete(n, i, i+1))
}

// measureSearch builds the name index as a starting server does and asks it.
func (r *runner) measureSearch(ctx context.Context, s *Stage) error {
	q := &SearchFigures{}
	s.Search = q
	firms, err := r.firms(ctx, mostFirms)
	if err != nil {
		return err
	}
	if err := r.buildNames(ctx, q); err != nil {
		return err
	}
	side, err := r.buildTrigrams(ctx, q)
	if err != nil {
		return err
	}
	defer func() { _ = side.close() }()
	h, err := r.unlimited()
	if err != nil {
		return err
	}
	kinds := searchKinds(func(x *rand.Rand) firm { return pick(x, firms) })
	draw := func(x *rand.Rand, k searchKind) string { return k.text(x, pick(x, firms)) }
	for i, k := range kinds {
		r.Progress("名称搜索", float64(i)/float64(len(kinds)))
		out := SearchKind{Name: k.name, Example: draw(r.rng, k)}
		out.Direct, err = direct(ctx, r.span(0.5), func(x *rand.Rand) error {
			_, err := r.app.Publish.Search(ctx, draw(x, k), "", hitsWanted)
			return err
		})
		if err != nil {
			return err
		}
		if out.HTTP, err = r.alone(ctx, h, r.span(0.5), func(x *rand.Rand) string { return searchPath(draw(x, k)) }); err != nil {
			return err
		}
		if k.trigram != nil {
			l, err := direct(ctx, r.span(0.5), func(x *rand.Rand) error {
				_, err := side.find(ctx, k, draw(x, k))
				return err
			})
			if err != nil {
				return err
			}
			out.Trigram = &l
		}
		q.Kinds = append(q.Kinds, out)
	}
	mixed := func(x *rand.Rand) string { return searchPath(draw(x, pick(x, kinds))) }
	floor, floorNext, err := r.sameBytes(ctx, h, mixed)
	if err != nil {
		return err
	}
	if q.Mixed, err = r.compare(ctx, h, floor, mixed, floorNext); err != nil {
		return err
	}
	return r.recall(ctx, &q.Recall, firms, side, kinds)
}

func searchPath(text string) string {
	return "/api/v1/subjects?limit=10&q=" + url.QueryEscape(text)
}

// buildNames fills the name index and weighs the heap that it adds, when merging has come to rest.
func (r *runner) buildNames(ctx context.Context, q *SearchFigures) error {
	r.Progress("建立名称索引", 0)
	before := heap()
	began := time.Now()
	if _, err := r.app.Names.Refresh(ctx); err != nil {
		return err
	}
	q.BuildSecs, q.Names = time.Since(began).Seconds(), r.app.Names.Len()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	last := heap()
	for same := 0; same < 3; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		now := heap()
		if diff := now - last; diff*diff < last/1000*last/1000 { // within a tenth of a percent
			same++
		} else {
			same = 0
		}
		last = now
	}
	q.MemoryBytes = last - before
	return nil
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what pools hold goes with the second
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// unlimited is the product's API without the bound on what one client may ask, behind the same stack of handlers.
func (r *runner) unlimited() (http.Handler, error) {
	a := r.app
	assets, err := ui.LoadAssets()
	if err != nil {
		return nil, err
	}
	log := obs.Logger(io.Discard, "info", "json")
	calls, err := api.New(api.Deps{Version: r.Version, Reader: a.Publish, Filer: a.Ingest, Agencies: a.Agencies, Catalogue: a.Editions, Clock: a.Clock, Log: log,
		Limits: api.Limits{SearchesPerSecond: -1}})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", calls)
	return (&web.Site{City: a.Config.City.Name, Assets: assets, Log: log, Now: a.Clock.Now}).Wrap(mux), nil
}

// recall asks with one character wrong or missing and looks for the name among the first hits. Of firms with one name any will do.
func (r *runner) recall(ctx context.Context, out *Recall, firms []firm, side *trigrams, kinds []searchKind) error {
	r.Progress("recall@10", 0)
	const most, least = 5000, 20
	k := kinds[slices.IndexFunc(kinds, func(k searchKind) bool { return k.name == "错一字" })]
	share := func(found, asked int) float64 { return float64(found) / float64(max(asked, 1)) }
	found := 0
	for began := time.Now(); out.Asked < most && (out.Asked < least || time.Since(began) < r.span(1)); out.Asked++ {
		f := pick(r.rng, firms)
		page, err := r.app.Publish.Search(ctx, k.text(r.rng, f), "", hitsWanted)
		if err != nil {
			return err
		}
		for _, h := range page.Hits {
			if h.Name == f.name {
				found++
				break
			}
		}
	}
	out.Share = share(found, out.Asked)
	found = 0
	for began := time.Now(); out.TrigramAsked < most && (out.TrigramAsked < least || time.Since(began) < r.span(1)); out.TrigramAsked++ {
		f := pick(r.rng, firms)
		names, err := side.find(ctx, k, k.text(r.rng, f))
		if err != nil {
			return err
		}
		if slices.Contains(names, f.name) {
			found++
		}
	}
	out.TrigramShare = share(found, out.TrigramAsked)
	return nil
}

// like looks for each word with LIKE: the trigram index has nothing for fewer than three characters.
func like(text string) (string, []any) {
	words := strings.Fields(text)
	args := make([]any, len(words))
	for i, w := range words {
		args[i] = "%" + w + "%"
	}
	where := make([]string, len(words))
	for i := range where {
		where[i] = fmt.Sprintf("name LIKE $%d", i+1)
	}
	return `SELECT name FROM names WHERE ` + strings.Join(where, " AND ") + ` LIMIT 10`, args
}

const match = `SELECT name FROM names WHERE names MATCH $1 ORDER BY rank LIMIT 10`

func phrase(text string) (string, []any) { return match, []any{quoted(text)} }

// anyTrigram asks for names that share trigrams, the most telling ones first: what can be done about a wrong character with that index.
func anyTrigram(text string) (string, []any) {
	n := []rune(text)
	var parts []string
	for i := 0; i+3 <= len(n); i++ {
		parts = append(parts, quoted(string(n[i:i+3])))
	}
	if len(parts) == 0 {
		return like(text)
	}
	return match, []any{strings.Join(parts, " OR ")}
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
