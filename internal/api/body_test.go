package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Of two members of one name none counts, wherever they stand; the same name in another object is another member.
func TestNamesStandOnce(t *testing.T) {
	t.Parallel()
	for raw, twice := range map[string]bool{
		`{"subject":"A","subject":"B"}`:                               true,
		`{"subject":"A","\u0073ubject":"B"}`:                          true,
		`{"person":{"number":"1","docKind":"身份证","number":"2"}}`:      true,
		`{"subjects":[{"subject":"A"},{"consent":"1","consent":""}]}`: true,
		`[{"a":{}},{"a":{},"b":[],"a":[]}]`:                           true,
		`{"a":1,"a":null}`:                                            true,
		`{"subjects":["subject","subject"],"subject":"subject"}`:      false,
		`{"a":{"a":{"a":"a"}},"b":[{"a":1},{"a":2}],"c":["a","a"]}`:   false,
		`{"a":"b","b":"a"}`:                                           false, `{}`: false, `[]`: false, `"a"`: false, ``: false, `{"a":`: false, `}`: false, `{"a" "a"}`: false,
	} {
		if err := onceNamed([]byte(raw)); errors.Is(err, errTwice) != twice {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// A call whose body names something twice, or names what there is not, is told so and told what there is; what it wrote is not repeated.
func TestBodyIsWordedForItsReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for body, want := range map[string][2]string{
		`{"subject":"` + codeA + `","purpose":"credit","subject":"` + codeA + `"}`: {"同一个名称写了两次", "只写一次"},
		`{"张三":"1","purpose":"credit"}`:                                            {"没有的字段", "subject、person（"},
		`{"subject":"` + codeA + `","matter":"X","asOf":"昨天"}`:                     {"正文的 asOf 应为", "修改"},
		"{\"subject\":\"\xd5\xc5\"}":                                               {"不是 UTF-8", "UTF-8"},
	} {
		res := w.as(t, "banker", "POST", "/disclosures", body)
		p := res.problem(t)
		if res.status != http.StatusBadRequest || p.Code != "api.body" || !strings.Contains(p.Detail, want[0]) || !strings.Contains(p.Fix, want[1]) {
			t.Errorf("%s: %d %+v", body, res.status, p)
		}
		if strings.Contains(string(res.body), codeA) || strings.Contains(string(res.body), "张三") {
			t.Errorf("what was sent is repeated: %s", res.body)
		}
	}
}

func TestBodyFields(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		of   reflect.Type
		want string
	}{
		{reflect.TypeFor[checkInput](), "subject、person（docKind、number）、subjects、matter、basis、asOf"},
		{reflect.TypeFor[batchInput](), "unit、subjects（subject、consent、purpose）、use"},
		{reflect.TypeFor[coverageInput](), ""},
		{reflect.TypeFor[string](), ""},
	} {
		if diff := cmp.Diff(x.want, bodyFields(x.of)); diff != "" {
			t.Error(diff)
		}
	}
}

// What passes has no name twice, as the reader that keeps every member sees it: written again it is as long.
func FuzzOnceNamed(f *testing.F) {
	f.Add(`{"a":{"b":1,"b":2}}`)
	f.Add(`[{"a":1},{"a":1}]`)
	f.Fuzz(func(t *testing.T, raw string) {
		if onceNamed([]byte(raw)) != nil && !strings.Contains(raw, "{") {
			t.Error("nothing names anything")
		}
		var v map[string]json.RawMessage
		if json.Unmarshal([]byte(raw), &v) != nil || len(v) == 0 {
			return
		}
		again := []byte("{")
		for name := range v {
			quoted, err := json.Marshal(name)
			if err != nil {
				t.Fatal(err)
			}
			again = append(append(append(append(again, quoted...), ":1,"...), quoted...), ":2,"...)
		}
		again[len(again)-1] = '}'
		if onceNamed(again) == nil {
			t.Errorf("%q passes", again)
		}
	})
}
