package bench

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/publish"
	"gongxin/internal/record"
)

// pageKind is a kind of page and how to draw an address of it.
type pageKind struct {
	name string
	next paths
}

// measurePages asks for subjects' pages.
func (r *runner) measurePages(ctx context.Context, s *Stage) error {
	firms, err := r.firms(ctx, mostFirms)
	if err != nil {
		return err
	}
	heavy, err := r.heaviest(ctx)
	if err != nil {
		return err
	}
	s.Page, err = r.measureKinds(ctx, "主体页", []pageKind{
		{"主体页", func(x *rand.Rand) string { return "/s/" + pick(x, firms).code }},
		{"主体页：记录最多的主体", func(x *rand.Rand) string { return "/s/" + pick(x, heavy) }},
	})
	return err
}

// listItem is the column that is measured.
const listItem catalog.ItemCode = "XZCF"

// measureLists asks for pages of a public column: with and without filters, first pages and pages anywhere in the column.
func (r *runner) measureLists(ctx context.Context, s *Stage) error {
	facets, err := r.app.Publish.Facets(ctx, listItem)
	if err != nil {
		return err
	}
	places, err := r.placesOf(ctx, listItem)
	if err != nil {
		return err
	}
	if len(places) == 0 || len(facets.Agencies) == 0 || len(facets.Regions) == 0 || len(facets.Categories) == 0 {
		return fmt.Errorf("the column %s is empty", listItem)
	}
	s.List, err = r.measureKinds(ctx, "公示栏目", listKinds(facets, places))
	return err
}

// listKinds draws addresses of a column. Rare filter values are the hard ones: a naive list reads the whole column for them.
func listKinds(facets *publish.Facets, places []record.Place) []pageKind {
	often := func(list []publish.Facet) string {
		return slices.MaxFunc(list, func(a, b publish.Facet) int { return a.Count - b.Count }).Code
	}
	rare := func(list []publish.Facet) string {
		return slices.MinFunc(list, func(a, b publish.Facet) int { return a.Count - b.Count }).Code
	}
	at := func(deep bool, days int, filters ...string) paths {
		return func(x *rand.Rand) string {
			v := url.Values{}
			for i := 0; i < len(filters); i += 2 {
				v.Set(filters[i], filters[i+1])
			}
			p := pick(x, places)
			if deep {
				v.Set("cursor", strconv.Itoa(int(p.DecidedOn))+"."+p.ID.String())
			}
			if days > 0 {
				v.Set("from", p.DecidedOn.AddDays(-days).String())
				v.Set("to", p.DecidedOn.String())
			}
			path := "/c/" + string(listItem)
			if len(v) > 0 {
				path += "?" + v.Encode()
			}
			return path
		}
	}
	return []pageKind{
		{"栏目：首页", at(false, 0)},
		{"栏目：任意深处", at(true, 0)},
		{"栏目：单位（最多），深处", at(true, 0, "agency", often(facets.Agencies))},
		{"栏目：单位（最少）", at(false, 0, "agency", rare(facets.Agencies))},
		{"栏目：区划（最多），深处", at(true, 0, "region", often(facets.Regions))},
		{"栏目：区划（最少），深处", at(true, 0, "region", rare(facets.Regions))},
		{"栏目：类别（最多），深处", at(true, 0, "kind", often(facets.Categories))},
		{"栏目：类别（最少），深处", at(true, 0, "kind", rare(facets.Categories))},
		{"栏目：任意三十天", at(false, 30)},
		{"栏目：单位、类别、三十天", at(false, 30, "agency", often(facets.Agencies), "kind", often(facets.Categories))},
		{"栏目：区划、类别（都最少）", at(false, 0, "region", rare(facets.Regions), "kind", rare(facets.Categories))},
	}
}

// placesOf draws places of rows that are public today, evenly from the whole column.
func (r *runner) placesOf(ctx context.Context, item catalog.ItemCode) ([]record.Place, error) {
	const most = 5000
	rows, err := r.app.DB.Read().QueryContext(ctx, `SELECT decided_on, subject_id, record_key FROM record WHERE listed = 1 AND item = $1 AND public_from <= $2 AND public_until > $2`,
		string(item), int64(clock.Today(r.clock)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []record.Place
	n := 0
	for rows.Next() {
		var p record.Place
		if err := rows.Scan(&p.DecidedOn, &p.Subject, &p.Key); err != nil {
			return nil, err
		}
		n++
		if len(all) < most {
			all = append(all, p)
		} else if k := r.rng.IntN(n); k < most {
			all[k] = p
		}
	}
	return all, rows.Err()
}

// measureKinds measures each kind of page within the server, then all kinds in turn over HTTP against a handler that writes the same bytes.
func (r *runner) measureKinds(ctx context.Context, what string, kinds []pageKind) (*PageFigures, error) {
	product, err := r.app.Handler()
	if err != nil {
		return nil, err
	}
	out := &PageFigures{}
	for i, k := range kinds {
		r.Progress(what, float64(i)/float64(len(kinds)))
		bytes, calls := 0, 0
		l, err := direct(ctx, r.span(0.5), func(x *rand.Rand) error {
			w := &sink{header: http.Header{}}
			err := ask(ctx, product, k.next(x), w)
			bytes, calls = bytes+w.bytes, calls+1
			return err
		})
		if err != nil {
			return nil, err
		}
		out.Kinds = append(out.Kinds, PageKind{k.name, bytes / calls, l})
	}
	mixed := func(x *rand.Rand) string { return pick(x, kinds).next(x) }
	whole := side{handler: product, next: mixed}
	floor, err := r.sameBytes(ctx, whole)
	if err != nil {
		return nil, err
	}
	out.HTTPFigures, err = r.compare(ctx, whole, floor)
	return out, err
}

// sink takes an answer and counts it.
type sink struct {
	header http.Header
	status int
	bytes  int
	keep   bool
	body   []byte
}

func (s *sink) Header() http.Header { return s.header }

func (s *sink) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
}

func (s *sink) Write(b []byte) (int, error) {
	s.WriteHeader(http.StatusOK)
	s.bytes += len(b)
	if s.keep {
		s.body = append(s.body, b...)
	}
	return len(b), nil
}

// ask calls a handler without a network.
func ask(ctx context.Context, h http.Handler, path string, w *sink) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	h.ServeHTTP(w, req)
	if w.status != http.StatusOK {
		return fmt.Errorf("GET %s: %d", path, w.status)
	}
	return nil
}

// sameBytes makes a bare handler that writes answers which the product gave before, packed as it packed them.
func (r *runner) sameBytes(ctx context.Context, product side) (side, error) {
	const answers = 200
	type answer struct {
		header http.Header
		body   []byte
	}
	kept, list := map[string]answer{}, []string{}
	for i := range answers {
		w := &sink{header: http.Header{}, keep: true}
		if err := ask(ctx, product.handler, product.next(r.rng), w); err != nil {
			return side{}, err
		}
		at := "/" + strconv.Itoa(i)
		list = append(list, at)
		kept[at] = answer{w.header, w.body}
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		a := kept[req.URL.Path]
		maps.Copy(w.Header(), a.header)
		_, _ = w.Write(a.body)
	})
	return side{handler: h, next: func(x *rand.Rand) string { return pick(x, list) }}, nil
}
