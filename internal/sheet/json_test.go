package sheet

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"
)

func TestNDJSON(t *testing.T) {
	t.Parallel()
	in := `{"名称":"甲","金额":12.50,"在业":true,"备注":null}
{"代码":"1","名称":"乙\n\"\u4e2d\ud83d\ude00\/"}

  { "名称" : "" , "金额" : -1.0E+05 }
{}
{"名称":"丙","备注":{"a":[1,2,{"b":"]}"}]},"代码":"3"}
{"名称":"丙","名称":"丁"}
{"名称":"丙"," 名称":"丁"}
{"名称":"丙"} x
{"名称":"丙",}
{"名称" "丙"}
{"名称":"丙"
["名称"]
{"名称":"\ud83d"}
{"名称":"a\u0000"}
{"名称":01}
{"名称":1.}
{"名称":tru}
{"名称":"	"}
{"名称":"戊","代码":"9"}
`
	r := open(t, writeFile(t, []byte(in)), testOptions)
	if r.Format() != NDJSON {
		t.Errorf("format %s", r.Format())
	}
	rows := readRows(t, r)
	want := []plainRow{
		{N: 1, Line: 1, Keys: []string{"名称", "金额", "在业", "备注"}, Cells: []string{"甲", "12.50", "true", ""}},
		{N: 2, Line: 2, Keys: []string{"代码", "名称"}, Cells: []string{"1", "乙\n\"中😀/"}},
		{N: 3, Line: 4, Keys: []string{"名称", "金额"}, Cells: []string{"", "-1.0E+05"}},
		{N: 4, Line: 5},
	}
	if diff := cmp.Diff(want, rows[:4]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"丙", "", "3"}, rows[4].Cells); diff != "" {
		t.Errorf("cells beside a nested value: %s", diff)
	}
	bad := rows[4 : len(rows)-1]
	if len(bad) != 14 {
		t.Fatalf("%d bad rows", len(bad))
	}
	for _, row := range bad {
		code := reasonJSON
		if row.Line == 15 {
			code = reasonUnreadable // NUL
		}
		if row.Bad != code {
			t.Errorf("line %d: reason %d, want %d", row.Line, row.Bad, code)
		}
	}
	if last := rows[len(rows)-1]; last.Line != 20 || last.Bad != 0 || last.Cells[1] != "9" {
		t.Errorf("row behind the bad ones: %+v", last)
	}
	if diff := cmp.Diff([]string{"名称", "金额", "在业", "备注", "代码"}, r.Header()); diff != "" {
		t.Error(diff)
	}
}

func TestJSONForms(t *testing.T) {
	t.Parallel()
	want := "甲,1;乙,2"
	for _, tt := range []struct {
		name, in string
		format   Format
	}{
		{"lines", "{\"名称\":\"甲\",\"代码\":1}\n{\"名称\":\"乙\",\"代码\":2}", NDJSON},
		{"lines with mark", "\ufeff{\"名称\":\"甲\",\"代码\":1}\r\n{\"名称\":\"乙\",\"代码\":2}\r\n", NDJSON},
		{"array", `[{"名称":"甲","代码":1},{"名称":"乙","代码":2}]`, JSON},
		{"array over lines", "\n[\n  {\n    \"名称\": \"甲\",\n    \"代码\": 1\n  },\n  {\"名称\":\"乙\",\"代码\":2}\n]\n", JSON},
		{"rows", `{"rows":[{"名称":"甲","代码":1},{"名称":"乙","代码":2}]}`, JSON},
		{"rows between other keys", "{\"item\":\"XK\",\"meta\":{\"rows\":[1]},\n\"rows\" : [ {\"名称\":\"甲\",\"代码\":1} , {\"名称\":\"乙\",\"代码\":2} ] , \"n\":2, \"x\":[{}] }", JSON},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, gb := range []bool{false, true} {
				in := tt.in
				if gb {
					var err error
					if in, err = simplifiedchinese.GB18030.NewEncoder().String(strings.TrimPrefix(in, "\ufeff")); err != nil {
						t.Fatal(err)
					}
				}
				r, rows := readString(t, in, testOptions)
				if r.Format() != tt.format {
					t.Errorf("format %s, want %s", r.Format(), tt.format)
				}
				var got []string
				for _, row := range rows {
					got = append(got, strings.Join(row.Cells, ","))
				}
				if s := strings.Join(got, ";"); s != want {
					t.Errorf("got %q", s)
				}
			}
		})
	}
}

func TestJSONArrayBadRows(t *testing.T) {
	t.Parallel()
	in := "[{\"名称\":\"甲\"},\n{\"名称\" \"乙\"},\n 5 ,\n[{}],\n\"x,]\",\n{\"名称\":\"丙}\",\"b\":[\"]\"]},\n{\"名称\":\"丁\"}]"
	_, rows := readString(t, in, testOptions)
	if diff := cmp.Diff("1:甲\n2:BAD3019\n3:BAD3019\n4:BAD3019\n5:BAD3019\n6:BAD3019\n7:丁\n", cellsOf(rows)); diff != "" {
		t.Error(diff)
	}
}

// An outer structure that is broken midway is an error with its line, never a quiet end.
func TestJSONBrokenMidway(t *testing.T) {
	t.Parallel()
	const good = "[{\"名称\":\"甲\"},\n{\"名称\":\"乙\"}"
	for _, tail := range []string{"", ",", ",\n{\"名称\":\"丙\"", ",{\"名称\":\"丙", " {\"名称\":\"丙\"}]", "]]", "] x", "}", ",,]", ",]"} {
		r := open(t, writeFile(t, []byte(good+tail)), testOptions)
		var row Row
		n := 0
		var err error
		for err == nil {
			if err = r.Next(&row); err == nil {
				n++
			}
		}
		if Reason(err) != reasonJSON {
			t.Errorf("tail %q: %v", tail, err)
		}
		if again := r.Next(&row); again != err {
			t.Errorf("tail %q: then %v", tail, again)
		}
		if n < 2 {
			t.Errorf("tail %q: %d rows before the error", tail, n)
		}
	}
	for _, in := range []string{`{"rows":[{"名称":"甲"},{"名称":"乙"}]`, `{"rows":[{"名称":"甲"},{"名称":"乙"}],"n":}`, `{"rows":[{"名称":"甲"},{"名称":"乙"}]} {}`} {
		r := open(t, writeFile(t, []byte(in)), testOptions)
		if err := r.Skip(3); Reason(err) != reasonJSON {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestJSONLimits(t *testing.T) {
	t.Parallel()
	o := testOptions
	o.MaxCell, o.MaxColumns = 10, 3
	in := `{"名称":"甲","代码":1}
{"名称":"12345678901"}
{"名称":"甲","金额":1}
{"名称":"甲","日期":1}
{"名称":"` + strings.Repeat("x", o.withDefaults().maxRecord()) + `"}
{"名称":"乙","代码":2}
`
	_, rows := readString(t, in, o)
	if diff := cmp.Diff("1:甲|1\n2:BAD3017\n3:甲|1\n4:BAD3019\n5:BAD3017\n6:乙|2\n", cellsOf(rows)); diff != "" {
		t.Error(diff)
	}
}

// The reader agrees with encoding/json about flat objects.
func TestJSONAgreesWithStandard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	word := rapid.StringOf(rapid.SampledFrom([]rune("ab\"\\/\n\t\u0001é甲𠀀\u2028<")))
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.MapOfN(rapid.StringMatching(`[a-d]{1,2}`), word, 1, 5), 1, 5).Draw(t, "rows")
		array := rapid.Bool().Draw(t, "array")
		var b []byte
		if array {
			b, _ = json.MarshalIndent(list, "", " ")
		} else {
			for _, o := range list {
				line, _ := json.Marshal(o)
				b = append(append(b, line...), '\n')
			}
		}
		path := dir + "/x.json"
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var got []map[string]string
		var row Row
		for r.Next(&row) == nil {
			if row.Bad != nil {
				t.Fatalf("bad: %+v", row.Bad)
			}
			m := map[string]string{}
			for i, k := range row.Keys {
				m[k] = row.Cells[i]
			}
			got = append(got, m)
		}
		if diff := cmp.Diff(list, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
