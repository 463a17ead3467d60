package bench

import (
	"context"
	"errors"
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
	"gongxin/internal/ingest"
	"gongxin/internal/obs"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// searchKind is a kind of query, made from a name, and the statement with which SQLite's trigram index answers it.
type searchKind struct {
	name    string
	text    func(*rand.Rand, firm) string
	trigram func(text string) (query string, args []any)
}

// oneSlip names the kind of query with which recall is measured.
const oneSlip = "错一字"

// hitsWanted is how many hits a query asks for.
const hitsWanted = 10

// searchKinds makes queries. other gives another name, from which wrong characters come.
func searchKinds(other func(*rand.Rand) firm) []searchKind {
	return []searchKind{
		{"两个字", func(x *rand.Rand, f firm) string { return pair(x, f.name) }, like},
		{"全称", func(_ *rand.Rand, f firm) string { return f.name }, phrase},
		{"几个词", func(x *rand.Rand, f firm) string { return pair(x, f.name) + " " + pair(x, f.name) }, like},
		{"拼音首字母", initialsOf, nil},
		{oneSlip, func(x *rand.Rand, f firm) string { return slip(x, f.name, other(x).name) }, anyTrigram},
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

// seeker is what the measurements of the search share.
type seeker struct {
	firms []firm
	kinds []searchKind
	http  http.Handler
	fts   *trigrams
}

// draw makes a query of a kind.
func (k *seeker) draw(x *rand.Rand, kind *searchKind) string { return kind.text(x, pick(x, k.firms)) }

// measureSearch builds the name index as a starting server does and asks it.
func (r *runner) measureSearch(ctx context.Context, s *Stage) (err error) {
	q, k := &SearchFigures{}, &seeker{}
	s.Search = q
	if k.firms, err = r.firms(ctx, mostFirms); err != nil {
		return err
	}
	k.kinds = searchKinds(func(x *rand.Rand) firm { return pick(x, k.firms) })
	if err := r.buildNames(ctx, q); err != nil {
		return err
	}
	if k.fts, err = r.buildTrigrams(ctx, q); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.fts.close()) }()
	if k.http, err = r.unlimited(); err != nil {
		return err
	}
	for i := range k.kinds {
		r.Progress("名称搜索", float64(i)/float64(len(k.kinds)))
		out, err := r.measureSearchKind(ctx, k, &k.kinds[i])
		if err != nil {
			return err
		}
		q.Kinds = append(q.Kinds, out)
	}
	mixed := side{handler: k.http, next: func(x *rand.Rand) string { return searchPath(k.draw(x, &k.kinds[x.IntN(len(k.kinds))])) }}
	floor, err := r.sameBytes(ctx, mixed)
	if err != nil {
		return err
	}
	if q.Mixed, err = r.compare(ctx, mixed, floor); err != nil {
		return err
	}
	return r.recall(ctx, &q.Recall, k)
}

func (r *runner) measureSearchKind(ctx context.Context, k *seeker, kind *searchKind) (out SearchKind, err error) {
	out.Name, out.Example = kind.name, k.draw(r.rng, kind)
	out.Direct, err = direct(ctx, r.span(0.5), func(x *rand.Rand) error {
		_, err := r.app.Publish.Search(ctx, k.draw(x, kind), "", hitsWanted)
		return err
	})
	if err != nil {
		return out, err
	}
	out.HTTP, err = r.alone(ctx, side{handler: k.http, next: func(x *rand.Rand) string { return searchPath(k.draw(x, kind)) }}, 0.5)
	if err != nil || kind.trigram == nil {
		return out, err
	}
	l, err := direct(ctx, r.span(0.5), func(x *rand.Rand) error {
		_, err := k.fts.find(ctx, kind, k.draw(x, kind))
		return err
	})
	out.Trigram = &l
	return out, err
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
	calls, err := api.New(api.Deps{
		Version: r.Version, Reader: a.Publish, Filer: ingest.NewDesk(a.Ingest), Agencies: a.Agencies, Catalogue: a.Editions, Clock: a.Clock, Log: log, Actors: a.Trust.Identity,
		Limits: api.Limits{SearchesPerSecond: -1},
	})
	if err != nil {
		return nil, err
	}
	site := &web.Site{City: a.Config.City.Name, Assets: assets, Log: log, Now: a.Clock.Now, Actors: a.Trust.Identity}
	rt := site.Router()
	rt.Mount("/api/", calls)
	return site.Wrap(rt), nil
}

// recall asks with one character wrong or missing and looks for the name among the first hits. Of firms with one name any will do.
func (r *runner) recall(ctx context.Context, out *Recall, k *seeker) (err error) {
	r.Progress("recall@10", 0)
	kind := &k.kinds[slices.IndexFunc(k.kinds, func(k searchKind) bool { return k.name == oneSlip })]
	out.Asked, out.Share, err = r.share(k.firms, func(f firm) (bool, error) {
		page, err := r.app.Publish.Search(ctx, kind.text(r.rng, f), "", hitsWanted)
		if err != nil {
			return false, err
		}
		return slices.ContainsFunc(page.Hits, func(h publish.Hit) bool { return h.Name == f.name }), nil
	})
	if err != nil {
		return err
	}
	out.TrigramAsked, out.TrigramShare, err = r.share(k.firms, func(f firm) (bool, error) {
		names, err := k.fts.find(ctx, kind, kind.text(r.rng, f))
		return slices.Contains(names, f.name), err
	})
	return err
}

// share asks about random firms for the span of one measurement and gives how many were asked about and the share that was found.
func (r *runner) share(firms []firm, found func(firm) (bool, error)) (asked int, share float64, err error) {
	const most, least = 5000, 20
	hits := 0
	for began := time.Now(); asked < most && (asked < least || time.Since(began) < r.span(1)); asked++ {
		ok, err := found(pick(r.rng, firms))
		if err != nil {
			return asked, 0, err
		}
		if ok {
			hits++
		}
	}
	return asked, float64(hits) / float64(asked), nil
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
