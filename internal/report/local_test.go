package report

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/publish"
)

// localEdition is the shipped catalogue with one item of the place's own, in the chapter behind the tenth.
func localEdition(t *testing.T) *catalog.Edition {
	t.Helper()
	shipped := catalog.Default()
	files := fstest.MapFS{}
	for _, name := range shipped.FileNames() {
		raw, _ := shipped.File(name)
		text := string(raw)
		switch name {
		case "edition.toml":
			text = strings.Replace(text, `id = "`+shipped.ID+`"`, `id = "local.1"`, 1)
		case "items/HTLY.toml":
			text = strings.Replace(text, "chapter = 9", "chapter = 11", 1)
		}
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	e, err := catalog.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// What a place's own regulations add stands behind chapter 十, as the layout of 2022 has it: with its name, without a number, and in the summary.
func TestLocalSupplement(t *testing.T) {
	t.Parallel()
	areas, err := DefaultAreas()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edition *catalog.Edition
		want    int
	}{"an item of the place's own": {localEdition(t), 1}, "none": {catalog.Default(), 0}} {
		item, _ := c.edition.Item("HTLY")
		record := publish.RecordView{ID: "1-7", Item: item.Code, ItemName: item.Name, Edition: c.edition.ID, Version: 1, Title: item.Name, Status: active, DecidedOn: 20260302}
		for _, f := range item.Fields {
			record.Fields = append(record.Fields, publish.FieldView{Code: f.Code, Name: f.Name, Value: item.Example[f.Code], Shown: item.Example[f.Code]})
		}
		d, err := compose(&material{
			order: Order{Kind: Standard}, number: "20261118100000ABCDEFGH", code: "ABCDE12345", at: time.Date(2026, 11, 18, 2, 0, 0, 0, time.UTC), edition: c.edition,
			byID: func(string) (*catalog.Edition, bool) { return c.edition, true }, areas: areas,
			subject: publish.SubjectRef{Code: "91370303MA3C000118", Name: "某公司", Kind: catalog.LegalEntity, Status: "active"}, records: []publish.RecordView{record},
		})
		if err != nil {
			t.Fatal(err)
		}
		n := len(d.Chapters)
		if n != 11 || d.Chapters[9].Numeral != "十" {
			t.Fatalf("%s: %d chapters", name, n)
		}
		last, line := d.Chapters[10], d.Summary[len(d.Summary)-1]
		if last.Name != "公共信用信息地方补充内容" || last.Numeral != "" || last.Number != 11 || line.Name != last.Name || line.Count != c.want {
			t.Errorf("%s: %+v, %+v", name, last, line)
		}
		if (len(last.Items) == 1) != (c.want == 1) || (last.Empty == noneFound) != (c.want == 0) {
			t.Errorf("%s: %+v", name, last)
		}
	}
}
