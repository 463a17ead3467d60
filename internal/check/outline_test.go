package check

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// An outline says what the whole answer says, whatever stands in its texts.
func TestOutlineIsOfTheAnswer(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{`"fields":[`, `\"fields\":[`, `]`, `[`, `\`, `"`, `\\"`, `{"fields":[]}`, "\u2028<&>", ""}))
	finding := rapid.Custom(func(r *rapid.T) Finding {
		f := Finding{Record: text.Draw(r, "record"), Title: text.Draw(r, "title"), Version: rapid.IntRange(0, 9).Draw(r, "version"), Polarity: Polarity(text.Draw(r, "polarity"))}
		for range rapid.IntRange(0, 3).Draw(r, "fields") {
			f.Fields = append(f.Fields, Field{Code: text.Draw(r, "code"), Name: text.Draw(r, "name"), Value: text.Draw(r, "value")})
		}
		return f
	})
	rapid.Check(t, func(r *rapid.T) {
		a := Answer{
			Result: text.Draw(r, "result"), Subject: Party{Name: text.Draw(r, "name")}, Basis: text.Draw(r, "basis"),
			Hits: rapid.SliceOfN(finding, 0, 3).Draw(r, "hits"), Others: rapid.SliceOfN(finding, 0, 3).Draw(r, "others"),
			Measures: []Measure{{Content: text.Draw(r, "content")}}, Lists: []Listed{{Name: text.Draw(r, "list")}},
		}
		raw, err := json.Marshal(a)
		if err != nil {
			r.Fatal(err)
		}
		short := withoutFields(raw)
		var whole, part outline
		if err := json.Unmarshal(raw, &whole); err != nil {
			r.Fatal(err)
		}
		if err := json.Unmarshal(short, &part); err != nil {
			r.Fatalf("%v: %s", err, short)
		}
		if diff := cmp.Diff(whole, part); diff != "" {
			r.Fatal(diff)
		}
		for _, list := range [][]Finding{a.Hits, a.Others} {
			for i := range list {
				list[i].Fields = []Field{}
			}
		}
		if want, err := json.Marshal(a); err != nil || string(want) != string(short) && !hasNoFields(raw) {
			r.Fatalf("%s is left of %s: %v", short, raw, err)
		}
	})
}

// hasNoFields reports whether some finding has no list of fields at all, which is then left as it is.
func hasNoFields(raw []byte) bool {
	var a struct {
		Hits, Others []struct{ Fields *[]Field }
	}
	if json.Unmarshal(raw, &a) != nil {
		return false
	}
	for _, f := range append(a.Hits, a.Others...) {
		if f.Fields == nil {
			return true
		}
	}
	return false
}
