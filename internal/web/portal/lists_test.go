package portal

import (
	"context"
	"strconv"
	"testing"

	"gongxin/internal/catalog"
	"gongxin/internal/listing"
	"gongxin/internal/publish"
)

// honours is a column of honours of several kinds, twenty to a page.
type honours struct {
	Source
	rows []publish.ListRow
	f    publish.ListFilter
}

func (h *honours) List(_ context.Context, _ catalog.ItemCode, f publish.ListFilter, cursor string, limit int) (*publish.ListPage, error) {
	h.f = f
	from, _ := strconv.Atoi(cursor)
	to := min(len(h.rows), from+limit)
	p := &publish.ListPage{Rows: h.rows[from:to]}
	if to < len(h.rows) {
		p.Next = strconv.Itoa(to)
	}
	return p, nil
}

// Of a list that shares its item with other honours only the entries that name it are shown, wherever in the column they stand, each once; persons never.
func TestEntriesNameTheirList(t *testing.T) {
	t.Parallel()
	h := &honours{}
	for i := range 400 {
		row := publish.ListRow{ID: strconv.Itoa(i), Title: "2026年度诚信经营示范店", Subject: publish.SubjectRef{Kind: catalog.LegalEntity}}
		switch {
		case i%40 == 7:
			row.Title = "2026年度纳税信用A级纳税人"
		case i == 8:
			row.Title, row.Subject.Kind = "2026年度纳税信用A级纳税人", catalog.Person
		}
		h.rows = append(h.rows, row)
	}
	p := &Portal{source: h}
	for name, want := range map[string]int{"纳税信用A级纳税人": 10, "海关高级认证企业": 0} {
		got, cursor := 0, ""
		for {
			page, err := p.entriesOf(t.Context(), &listing.Kind{Name: name, Item: "RYXX"}, cursor)
			if err != nil {
				t.Fatal(err)
			}
			if got += len(page.Rows); page.Next == "" {
				break
			}
			cursor = page.Next
		}
		if got != want {
			t.Errorf("%s: %d entries, want %d", name, got, want)
		}
	}
	page, err := p.entriesOf(t.Context(), &listing.Kind{Name: "名单", Item: "YZSX", Match: []string{"类别"}}, "")
	if err != nil || h.f.Category != "类别" || len(page.Rows) != 19 || page.Next != "20" {
		t.Errorf("a category of an item: %+v, %d rows, next %q: %v", h.f, len(page.Rows), page.Next, err)
	}
}
