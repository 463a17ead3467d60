package measure

import (
	"errors"
	"strings"
	"testing"

	"gongxin/internal/catalog"
)

// Shipped gives the tests of the package's outside the file that ships.
func Shipped() string { return string(shipped) }

func TestShippedBase(t *testing.T) {
	t.Parallel()
	b, err := LoadBase(strings.NewReader(Shipped()))
	if err != nil {
		t.Fatal(err)
	}
	classes := map[int]int{}
	for _, k := range b.order {
		classes[k.Class]++
	}
	if classes[1]+classes[2]+classes[3] != 14 { // facts sheet 4.1: three classes, fourteen kinds
		t.Errorf("kinds by class: %v", classes)
	}
	for _, r := range b.Rows() {
		if r.Fits(r.Targets[0], catalog.Person, 20260302) && r.Level != "national" {
			t.Errorf("%s reaches persons", r.Code)
		}
	}
}

func TestLoadBaseRefuses(t *testing.T) {
	t.Parallel()
	whole := string(shipped)
	for name, c := range map[string]struct{ old, new, says string }{
		"no basis":            {`article = "第二十二条、第七十七条"`, `article = ""`, "依据"},
		"no body":             {`body = "人民法院"`, `body = ""`, "实施主体"},
		"no target":           {`targets = ["SXBZXR"]`, `targets = []`, "惩戒对象"},
		"no such kind":        {`kind = "12"`, `kind = "77"`, "没有措施种类 77"},
		"persons locally":     {`subject_kinds = ["person"]` + "\npersons = true", `subject_kinds = ["person"]`, "自然人"},
		"persons rewarded":    {`targets = ["SX-SXDX"]` + "\n" + `subject_kinds = ["legal_entity", "other_org", "individual_business"]`, `targets = ["SX-SXDX"]` + "\n" + `subject_kinds = ["person"]`, "自然人"},
		"code twice":          {`code = "CF-11-02"`, `code = "CF-11-01"`, "重复"},
		"no period":           {"feedback = 20", "feedback = 0", "feedback"},
		"unknown key":         {`level = "national"`, "level = \"national\"\nscore = 5", "score"},
		"an unknown level":    {"level = \"local\"\nfrom", "level = \"village\"\nfrom", "level"},
		"kind without a name": {`name = "限制出境"`, `name = ""`, "措施种类"},
	} {
		if !strings.Contains(whole, c.old) {
			t.Errorf("%s: the shipped file does not hold %q", name, c.old)
		}
		_, err := LoadBase(strings.NewReader(strings.Replace(whole, c.old, c.new, 1)))
		if !errors.Is(err, ErrBase) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzLoadBase(f *testing.F) {
	f.Add(string(shipped))
	f.Fuzz(func(t *testing.T, text string) {
		b, err := LoadBase(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, r := range b.Rows() {
			if r.Law == "" || r.Article == "" {
				t.Error("a measure without a basis was loaded")
			}
		}
	})
}
