package api

import (
	"bytes"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"pgregory.net/rapid"

	"gongxin/internal/catalog"
	"gongxin/internal/publish"
)

// TestEncodeAsTheLibrary holds the hand-written encoding of records against encoding/json, byte for byte.
func TestEncodeAsTheLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string {
			return rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
				rapid.SampledFrom([]string{"", "临溪市市场监督管理局", "<b>&\"\\", "\u2028\u2029\u007f", "a\x00\b\f\n\r\t\x1f"})).Draw(t, label)
		}
		when := func() time.Time {
			return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 999_999).Draw(t, "µs")*1000).UTC()
		}
		list := List[Record]{Next: text("next"), Items: []Record{}}
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			r := Record{
				ID: text("id"), Item: catalog.ItemCode(text("item")), ItemName: text("itemName"), Class: catalog.Class(text("class")), Status: text("status"), Disputed: rapid.Bool().Draw(t, "disputed"),
				Subject: SubjectRef{text("code"), text("name"), catalog.SubjectKind(text("kind")), text("region"), text("status")}, Title: text("title"), DocNo: text("docNo"),
				Categories: rapid.SliceOf(rapid.String()).Draw(t, "categories"), Body: rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "body"),
				DecidedOn: Day(rapid.SampledFrom([]int{0, 20260302, 20991231}).Draw(t, "day")), PublicFrom: 20260302, Authority: text("authority"),
				Source: publish.Source{Code: text("code"), Name: text("name")}, Severity: text("severity"), RuleSet: text("ruleSet"), WindowWhy: text("windowWhy"), Edition: text("edition"),
				Version: rapid.Int().Draw(t, "version"), RecordedAt: when(),
			}
			for range rapid.IntRange(0, 3).Draw(t, "fields") {
				r.Fields = append(r.Fields, RecordField{text("code"), text("name"), text("value"), text("shown"), rapid.Bool().Draw(t, "masked")})
			}
			for range rapid.IntRange(0, 2).Draw(t, "versions") {
				r.Versions = append(r.Versions, publish.VersionMark{Version: 2, RecordedAt: when(), Action: text("action"), Why: text("why")})
			}
			list.Items = append(list.Items, r)
		}
		var want, have bytes.Buffer
		page := subjectRecords{List: list}
		if rapid.Bool().Draw(t, "disclosed") {
			page.Disclosure = &Disclosure{Reach: reachDepartment, Receipt: text("receipt"), Basis: text("basis"), AsOf: when()}
		}
		if err := huma.DefaultJSONFormat.Marshal(&want, page); err != nil {
			t.Fatal(err)
		}
		if err := marshal(&have, page); err != nil || !bytes.Equal(want.Bytes(), have.Bytes()) {
			t.Fatalf("%v\nwant %s\nhave %s", err, want.Bytes(), have.Bytes())
		}
	})
}
