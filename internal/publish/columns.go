package publish

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/record"
)

// ErrNoCategory refuses a filter by a kind that the item does not know.
var ErrNoCategory = fault.New(fault.Invalid, "publish.no_category", "该事项没有这个类别", "请从类别列表中选择")

// publicItem finds an item that everyone may see today.
func (s *Service) publicItem(m moment, code catalog.ItemCode) (*catalog.Item, error) {
	item, ok := m.edition.Item(code)
	if !ok || item.Class != catalog.Public || !item.InForce(m.day) {
		return nil, ErrNoItem
	}
	return item, nil
}

// List gives a page of a public column as lines, newest decision first.
func (s *Service) List(ctx context.Context, code catalog.ItemCode, f ListFilter, cursor string, limit int) (*ListPage, error) {
	page := &ListPage{Rows: make([]ListRow, 0, clampLimit(limit))}
	var err error
	page.Next, page.About, err = s.column(ctx, columnQuery{code, f, cursor, limit}, func(v *RecordView) error {
		page.Rows = append(page.Rows, ListRow{
			ID: v.ID, Item: v.Item, Subject: v.Subject, Title: v.Title, DocNo: v.DocNo, Categories: v.Categories,
			DecidedOn: v.DecidedOn, Authority: v.Authority, Region: v.Subject.Region, Disputed: v.Disputed,
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// ListRecords gives the same page as List with each record's visible fields, and their order and cursors alike. However long the page, it asks for
// the places, the versions and the subjects once each.
func (s *Service) ListRecords(ctx context.Context, code catalog.ItemCode, f ListFilter, cursor string, limit int) (*RecordPage, error) {
	page := &RecordPage{Records: make([]RecordView, 0, clampLimit(limit))}
	var err error
	page.Next, page.About, err = s.column(ctx, columnQuery{code, f, cursor, limit}, func(v *RecordView) error {
		page.Records = append(page.Records, *v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// columnQuery asks for a page of a public column.
type columnQuery struct {
	item   catalog.ItemCode
	filter ListFilter
	cursor string
	limit  int
}

// column hands on what a page of a public column shows, and gives the next page's cursor and roughly how many records the filter holds.
func (s *Service) column(ctx context.Context, q columnQuery, yield func(*RecordView) error) (string, int, error) {
	m, _ := s.at(zeroTime)
	item, err := s.publicItem(m, q.item)
	if err != nil {
		return "", 0, err
	}
	filter, err := s.filter(ctx, item, q.filter, m.day)
	if err != nil {
		return "", 0, err
	}
	after, err := parsePlace(q.cursor)
	if err != nil {
		return "", 0, err
	}
	limit := clampLimit(q.limit)
	versions, err := s.records.Listed(ctx, filter, after, limit+1)
	if err != nil {
		return "", 0, err
	}
	next := ""
	if len(versions) > limit {
		versions = versions[:limit]
		next = placeText(versions[limit-1])
	}
	if err := s.views(ctx, versions, m, yield); err != nil {
		return "", 0, err
	}
	about := -1
	if q.filter.From.IsZero() && q.filter.To.IsZero() {
		if about, err = s.about(ctx, filter); err != nil {
			return "", 0, err
		}
	}
	return next, about, nil
}

// about counts listed rows of a filter whatever their window, which is close to what is visible.
func (s *Service) about(ctx context.Context, f record.Filter) (int, error) {
	combos, err := s.records.Combinations(ctx, f.Item)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, c := range combos {
		if f.Matches(c) {
			n += c.N
		}
	}
	return n, nil
}

// placeText writes a row's place as a cursor: the decision day and the record's id.
func placeText(v record.Version) string { return strconv.Itoa(int(v.DecidedOn)) + "." + v.ID.String() }

func parsePlace(cursor string) (record.Place, error) {
	if cursor == "" {
		return record.Place{}, nil
	}
	day, idText, ok := strings.Cut(cursor, ".")
	n, err := strconv.Atoi(day)
	at, idErr := record.ParseID(idText)
	if !ok || err != nil || idErr != nil || !clock.Date(n).Valid() {
		return record.Place{}, ErrCursor
	}
	return record.Place{DecidedOn: clock.Date(n), ID: at}, nil
}

// Latest gives the newest licences and penalties for the home page.
func (s *Service) Latest(ctx context.Context, n int) (licences, penalties []ListRow, err error) {
	for _, column := range []struct {
		item catalog.ItemCode
		rows *[]ListRow
	}{{"XZXK", &licences}, {"XZCF", &penalties}} {
		page, err := s.List(ctx, column.item, ListFilter{}, "", n)
		if fault.KindOf(err) == fault.NotFound {
			continue // this city's catalogue does not publish the item
		}
		if err != nil {
			return nil, nil, err
		}
		*column.rows = page.Rows
	}
	return licences, penalties, nil
}

// Facets gives the filter values that occur in a column, most frequent first; districts in code order.
func (s *Service) Facets(ctx context.Context, code catalog.ItemCode) (*Facets, error) {
	m, _ := s.at(zeroTime)
	item, err := s.publicItem(m, code)
	if err != nil {
		return nil, err
	}
	combos, err := s.records.Combinations(ctx, code)
	if err != nil {
		return nil, err
	}
	agencies, regions, kinds := map[int64]int{}, map[string]int{}, map[string]int{}
	for _, c := range combos {
		agencies[c.Agency] += c.N
		regions[c.Region] += c.N
		for _, k := range item.KindNames(c.Kinds) {
			kinds[k] += c.N
		}
	}
	out := &Facets{Regions: []Facet{}, Categories: byCount(kinds), Agencies: []Facet{}}
	for id, n := range agencies {
		a, err := s.agencies.ByID(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("publish: facets: %w", err)
		}
		out.Agencies = append(out.Agencies, Facet{Code: a.Code, Name: a.Name, Count: n})
	}
	sortFacets(out.Agencies)
	for region, n := range regions {
		out.Regions = append(out.Regions, Facet{Code: region, Name: regionName(s.divisions, region), Count: n})
	}
	sort.Slice(out.Regions, func(i, j int) bool { return out.Regions[i].Code < out.Regions[j].Code })
	return out, nil
}

func byCount(m map[string]int) []Facet {
	out := make([]Facet, 0, len(m))
	for name, n := range m {
		out = append(out, Facet{Code: name, Name: name, Count: n})
	}
	sortFacets(out)
	return out
}

func sortFacets(list []Facet) {
	sort.Slice(list, func(i, j int) bool {
		if list[i].Count != list[j].Count {
			return list[i].Count > list[j].Count
		}
		return list[i].Code < list[j].Code
	})
}

// exportPage is how many rows an export reads at a time.
const exportPage = 500

// Export gives every visible record of a column, newest decision first, page by page, so that its memory does not grow with the column.
// Rows that come or go meanwhile may be in it or not; each row is as the gate saw it when it was read.
func (s *Service) Export(ctx context.Context, code catalog.ItemCode, f ListFilter, yield func(*RecordView) error) error {
	m, _ := s.at(zeroTime)
	item, err := s.publicItem(m, code)
	if err != nil {
		return err
	}
	filter, err := s.filter(ctx, item, f, m.day)
	if err != nil {
		return err
	}
	after := record.Place{}
	for {
		versions, err := s.records.Listed(ctx, filter, after, exportPage)
		if err != nil || len(versions) == 0 {
			return err
		}
		if err := s.views(ctx, versions, m, yield); err != nil {
			return err
		}
		last := versions[len(versions)-1]
		after = record.Place{DecidedOn: last.DecidedOn, ID: last.ID}
	}
}
