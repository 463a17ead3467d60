package report

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/publish"
)

// The same material gives the same bytes, of the data and of the paper, whatever kind of report it is and whatever is on file; and no record that is annulled,
// shielded or withdrawn is ever in it.
func TestSameMaterialSameBytes(t *testing.T) {
	t.Parallel()
	areas, err := DefaultAreas()
	if err != nil {
		t.Fatal(err)
	}
	fonts, err := LoadFonts(nil)
	if err != nil && !errors.Is(err, ErrFont) {
		t.Fatal(err)
	}
	edition := catalog.Default()
	at := time.Date(2026, 11, 18, 2, 0, 0, 0, time.UTC)
	rapid.Check(t, func(r *rapid.T) {
		kind := rapid.SampledFrom([]Kind{Standard, Person, Special}).Draw(r, "kind")
		fresh := func() *material {
			m := &material{
				order: Order{Kind: kind, From: 20211119, To: 20261118}, number: "20261118100000ABCDEFGH", code: "ABCDE12345", at: at, city: "临溪市", issuer: "中心", base: "https://x",
				edition: edition, byID: func(string) (*catalog.Edition, bool) { return edition, true }, areas: areas,
				subject: publish.SubjectRef{Code: "91370303MA3C000118", Name: "某公司", Kind: catalog.LegalEntity, Status: "active"}, region: "临溪市",
			}
			if kind == Person {
				m.subject.Kind = catalog.Person
			}
			return m
		}
		list := rapid.SliceOfNDistinct(rapid.Custom(func(r *rapid.T) publish.RecordView { return drawRecord(r, edition) }), 0, 12,
			func(v publish.RecordView) string { return v.ID }).Draw(r, "records") // a record stands once among a subject's
		var first, paper []byte
		for range 2 {
			m := fresh()
			m.take(list)
			d, err := compose(m)
			if err != nil {
				r.Fatal(err)
			}
			d.records(func(_ *Item, rec *Record) {
				for i := range list {
					s := list[i].Status
					if list[i].ID == rec.ID && kind != Standard && (s != active && s != repaired && s != ended) {
						r.Fatalf("%s is in a %s report", s, kind)
					}
				}
			})
			raw, err := d.Encode()
			if err != nil {
				r.Fatal(err)
			}
			if first != nil && !bytes.Equal(first, raw) {
				r.Fatal("other data")
			}
			first = raw
			if fonts == nil {
				continue
			}
			page, err := render(&Report{Number: m.number, Code: m.code, Kind: kind, Document: raw, KeyID: "00"}, fonts, func([]byte) ([]byte, error) { return []byte{0x30, 0}, nil })
			if err != nil {
				r.Fatal(err)
			}
			if paper != nil && !bytes.Equal(paper, page) {
				r.Fatal("another paper")
			}
			paper = page
		}
	})
}

func drawRecord(r *rapid.T, edition *catalog.Edition) publish.RecordView {
	item := rapid.SampledFrom(edition.Items).Draw(r, "item")
	v := publish.RecordView{
		ID: fmt.Sprintf("1-%d", rapid.IntRange(1, 1<<30).Draw(r, "id")), Item: item.Code, ItemName: item.Name, Class: item.Class, Edition: edition.ID, Version: 1, Title: item.Name,
		Status:   rapid.SampledFrom([]string{"active", "repaired", "annulled", "ended", "shielded", "withdrawn"}).Draw(r, "status"),
		Disputed: rapid.Bool().Draw(r, "disputed"), DecidedOn: rapid.SampledFrom([]clock.Date{20200101, 20220305, 20260302}).Draw(r, "day"),
		PublicUntil: rapid.SampledFrom([]clock.Date{0, 20261118, 20270101}).Draw(r, "until"), Categories: []string{"刑事"},
		Authority: rapid.SampledFrom([]string{"", "临溪市税务局", "临溪市市场监督管理局"}).Draw(r, "authority"), Source: publish.Source{Code: "11990100001000010R", Name: "临溪市市场监督管理局"},
	}
	for _, f := range item.Fields {
		v.Fields = append(v.Fields, publish.FieldView{Code: f.Code, Name: f.Name, Value: item.Example[f.Code], Shown: item.Example[f.Code]})
	}
	return v
}
