package listing

import (
	"errors"
	"strings"
	"testing"

	"gongxin/internal/catalog"
)

func TestShippedKinds(t *testing.T) {
	t.Parallel()
	k, err := LoadKinds(strings.NewReader(Shipped))
	if err != nil {
		t.Fatal(err)
	}
	edition := catalog.Default()
	for _, kind := range k.List() {
		item, ok := edition.Item(kind.Item)
		if !ok {
			t.Errorf("%s: no item %s", kind.Code, kind.Item)
			continue
		}
		f, files := fields[kind.Item]
		if !files {
			continue
		}
		for _, code := range []string{f.name, f.kind, f.code, f.list, f.law, f.cause, f.docNo, f.on, f.body, f.bodyCode, f.until, f.removal, f.source, f.sourceCode} {
			if _, ok := item.Field(code); code != "" && !ok {
				t.Errorf("%s has no field %s", kind.Item, code)
			}
		}
	}
	if kind, ok := k.Of("YZSX", []string{"重大税收违法失信主体"}); !ok || kind.Code != "YZSX-SWZD" {
		t.Errorf("a record of the tax list is an entry of %v", kind)
	}
	if kind, ok := k.Of("SXBZXR", nil); !ok || kind.Code != "SXBZXR" {
		t.Errorf("a defaulter's record is an entry of %v", kind)
	}
	if _, ok := k.Of("XZCF", []string{"罚款"}); ok {
		t.Error("a penalty is an entry of a list")
	}
}

// A file with anything missing that the law asks for is refused whole, and the message names the kind.
func TestLoadKindsRefuses(t *testing.T) {
	t.Parallel()
	whole := string(shipped)
	for name, c := range map[string]struct{ old, new, says string }{
		"no basis":               {`law = "市场监督管理严重违法失信名单管理办法（国家市场监督管理总局令第44号）"`, `law = ""`, "法律依据"},
		"no article":             {`article = "第七十七条"`, `article = ""`, "法律依据"},
		"no way out":             {`removal = "改正后向作出列入决定的机关申请移出"`, `removal = ""`, "移出条件"},
		"persons rewarded":       {`subject_kinds = ["legal_entity"]`, `subject_kinds = ["person"]`, "自愿"},
		"unknown key":            {`domain = "海关"`, `domain = "海关"` + "\n" + `points = 3`, "points"},
		"unknown kind":           {`subject_kinds = ["legal_entity"]`, `subject_kinds = ["village"]`, "village"},
		"one code twice":         {`code = "SX-HGRZ"`, `code = "SX-NSXY"`, "重复"},
		"one record two lists":   {`match = ["政府采购严重违法失信行为记录名单"]`, `match = ["安全生产严重失信主体名单"]`, "都包括"},
		"early after the end":    {"months = 36\nearly_after = 6", "months = 3\nearly_after = 6", "期满"},
		"representative, no law": {"law = \"山东省社会信用条例\"\n  article = \"第三十一条\"", "law = \"\"\n  article = \"第三十一条\"", "法定代表人"},
		"not TOML":               {`[[kind]]`, `[[kind`, "TOML"},
	} {
		if !strings.Contains(whole, c.old) {
			t.Errorf("%s: the shipped file does not hold %q", name, c.old)
		}
		_, err := LoadKinds(strings.NewReader(strings.Replace(whole, c.old, c.new, 1)))
		if !errors.Is(err, ErrKinds) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzLoadKinds(f *testing.F) {
	f.Add(string(shipped))
	f.Add("[[kind]]\ncode = 3")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := LoadKinds(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, kind := range k.List() {
			if kind.Basis.Law == "" || kind.Basis.From.IsZero() {
				t.Error("a list without a basis was loaded")
			}
		}
	})
}
