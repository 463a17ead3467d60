package parse

import (
	"path/filepath"
	"strings"
	"testing"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/gm"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

func filing(t testing.TB, code catalog.ItemCode, received string) Filing {
	t.Helper()
	ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := publish.DefaultRules()
	if err != nil {
		t.Fatal(err)
	}
	day, err := clock.ParseDate(received)
	if err != nil {
		t.Fatal(err)
	}
	item, ok := catalog.Default().Item(code)
	if !ok {
		t.Fatalf("no item %s", code)
	}
	return Filing{
		Item: item, Unit: Unit{ID: 1, Code: "11990100001000010R", Name: "临溪市市场监督管理局", Region: "990100"}, Received: day, Rules: rules,
		Calendar: clock.DefaultCalendar(), Ring: ring, Legacy: func(string) bool { return false },
		Persons: func(kind, number string) subject.Ident {
			return subject.Ident{Kind: subject.PersonDoc, Value: ring.Token("person-doc", kind+number)}
		},
	}
}

func values(item *catalog.Item, changes map[string]string) catalog.Values {
	v := make(catalog.Values, len(item.Fields))
	for code, value := range item.Example {
		f, _ := item.Field(code)
		v[f.Index] = value
	}
	for code, value := range changes {
		f, _ := item.Field(code)
		v[f.Index] = value
	}
	return v
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		clock         catalog.FilingClock
		decided, want clock.Date
	}{
		{catalog.FilingClock{WorkingDays: 7}, 20260302, 20260311},
		{catalog.FilingClock{WorkingDays: 7}, 20260307, 20260317},
		{catalog.FilingClock{WorkingDays: 7}, 20260928, 20261013},
		{catalog.FilingClock{WorkingDays: 7}, 20260213, 20260302},
		{catalog.FilingClock{MonthDay: 10}, 20260131, 20260210},
		{catalog.FilingClock{MonthDay: 31}, 20260115, 20260228},
		{catalog.FilingClock{MonthDay: 15}, 20261231, 20270115},
	} {
		if got := Deadline(tt.clock, clock.DefaultCalendar(), tt.decided); got != tt.want {
			t.Errorf("%+v decided %v: due %v, want %v", tt.clock, tt.decided, got, tt.want)
		}
	}
}

func TestPersonsAreSealed(t *testing.T) {
	t.Parallel()
	f := filing(t, "XZCF", "2025-06-05")
	secrets := []string{"张某某", "370303199001010017"}
	row := NewParser(f).Row(Input{N: 1, Line: 2, Values: values(f.Item, map[string]string{
		"CF_XDR_MC": secrets[0], "CF_XDR_LB": "自然人", "CF_XDR_SHXYM": "", "CF_FRDB": "",
		"CF_XDR_ZJLX": "身份证", "CF_XDR_ZJHM": secrets[1],
	})})
	if row.Rejected {
		t.Fatalf("refused: %+v", row.Reasons)
	}
	if row.Draft.Listed || row.Claim.Kind != catalog.Person {
		t.Fatalf("a person's record must not be listed: %+v", row.Draft.Facts)
	}
	for _, text := range []string{row.Draft.Body, row.Draft.NaturalKey, row.Claim.Sealed, row.Claim.Idents[0].Value} {
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%q stands in clear in what is stored", s)
			}
		}
	}
	body, err := record.DecodeBody(row.Draft.Body)
	if err != nil {
		t.Fatal(err)
	}
	if name, err := f.Ring.Open("record/CF_XDR_MC", body["CF_XDR_MC"]); err != nil || name != secrets[0] {
		t.Fatalf("the sealed name does not open: %v", err)
	}
}

func TestSameContentSameDigest(t *testing.T) {
	t.Parallel()
	f := filing(t, "XZCF", "2025-06-05")
	p := NewParser(f)
	a, b := p.Row(Input{Values: values(f.Item, nil)}), NewParser(f).Row(Input{Values: values(f.Item, map[string]string{"CF_XDR_SHXYM": " 91990102ma0a00014h "})})
	c := p.Row(Input{Values: values(f.Item, map[string]string{"CF_SY": "另一事实"})})
	if a.Draft.Digest != b.Draft.Digest || a.Draft.Digest == c.Draft.Digest {
		t.Fatal("the digest follows the normalised content and nothing else")
	}
}

func TestWithdrawalNeedsOnlyTheRecord(t *testing.T) {
	t.Parallel()
	f := filing(t, "XZCF", "2025-06-05")
	bare := values(f.Item, map[string]string{"CF_SY": "", "CF_NR": "", "CF_NR_FK": "", "CF_CFLB": "", "CF_JDRQ": "", "CF_YXQ": ""})
	if row := NewParser(f).Row(Input{Values: append(catalog.Values(nil), bare...), Withdraw: true}); row.Rejected || row.Draft.Status != record.Withdrawn || row.Late || !row.Claim.FindOnly {
		t.Fatalf("a withdrawal was refused: %+v", row.Reasons)
	}
	nokey := append(catalog.Values(nil), bare...)
	field, _ := f.Item.Field("CF_WSH")
	nokey[field.Index] = ""
	if row := NewParser(f).Row(Input{Values: nokey, Withdraw: true}); !row.Rejected {
		t.Fatal("a withdrawal that does not say which record passed")
	}
}

func TestLongerPublicityIsWarned(t *testing.T) {
	t.Parallel()
	f := filing(t, "XZCF", "2025-06-05")
	row := NewParser(f).Row(Input{Values: values(f.Item, map[string]string{"CF_GSJZQ": "2035-01-01"})})
	if row.Rejected || len(row.Reasons) != 1 || row.Reasons[0].Code != 2204 || row.Draft.PublicUntil != 20280603 {
		t.Fatalf("want warning 2204 and the computed window, have %+v until %v", row.Reasons, row.Draft.PublicUntil)
	}
}

func FuzzRow(f *testing.F) {
	x := filing(f, "XZCF", "2025-06-05")
	p := NewParser(x)
	f.Add(0, "张", 3, "92", false)
	f.Add(7, "2025-02-30", 16, "999999999999999999999", true)
	f.Fuzz(func(t *testing.T, i int, a string, j int, b string, withdraw bool) {
		v := values(x.Item, nil)
		v[uint(i)%uint(len(v))], v[uint(j)%uint(len(v))] = a, b
		row := p.Row(Input{Values: v, Withdraw: withdraw})
		if !row.Rejected {
			if _, err := record.DecodeBody(row.Draft.Body); err != nil {
				t.Fatalf("an accepted row has a body that does not read: %v", err)
			}
			if row.Draft.Item == "" || row.Draft.Edition == "" {
				t.Fatal("an accepted row has no item or edition")
			}
		}
	})
}
