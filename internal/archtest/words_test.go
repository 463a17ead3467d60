package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// oneWord names a thing by the one word that pages, messages and documents have for it.
type oneWord struct {
	word  string         // what it is called
	never *regexp.Regexp // what it is not called
	apart *regexp.Regexp // what looks alike and is another thing
}

// 账号 is what one signs in with (国家网信办《互联网用户账号信息管理规定》); 账户 holds money, and is spoken of where the law does. 口令 is what GB/T 39786 calls a password; a
// file and a database have a 密码.
var oneWords = []oneWord{
	{"账号", regexp.MustCompile(`账户|帐号|帐户`), regexp.MustCompile(`(银行|证券|资金|支付|工资专用)账户|账户余额`)},
	{"口令", regexp.MustCompile(`(账号|登录)(的)?、?密码|登录密码`), nil},
}

// breach gives the first wrong word of a text.
func (o *oneWord) breach(text string) string {
	if o.apart != nil {
		text = o.apart.ReplaceAllString(text, "")
	}
	return o.never.FindString(text)
}

// readByPeople reports whether people read a file: documents, templates, and the messages in code and data.
func readByPeople(path string) bool {
	switch filepath.Ext(path) {
	case ".md":
		return !strings.HasPrefix(path, "docs/develop/")
	case ".go":
		return !strings.HasSuffix(path, "_templ.go") && !strings.HasSuffix(path, "words_test.go")
	case ".templ", ".toml", ".json", ".yaml", ".sql", ".js":
		return true
	}
	return false
}

// One thing has one name: who reads 账户 on one page and 账号 on the next looks for two.
func TestOneWordForOneThing(t *testing.T) {
	t.Parallel()
	root, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, top := range []string{"README.md", "CHANGELOG.md", "docs", "internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, _ := filepath.Rel(root, path)
			if e.IsDir() && slices.Contains([]string{"vendor", "testdata", "node_modules"}, e.Name()) {
				return filepath.SkipDir
			}
			if e.IsDir() || !readByPeople(rel) {
				return nil
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			n++
			for i, line := range strings.Split(string(raw), "\n") {
				for _, o := range oneWords {
					if wrong := o.breach(line); wrong != "" {
						t.Errorf("%s:%d says %s where we say %s", rel, i+1, wrong, o.word)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 500 {
		t.Fatalf("read %d files: these are not all", n)
	}
}

// The test sees what it is for, and leaves money alone.
func TestOneWordSees(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"用账户登录": "账户", "看和改自己的账号、密码": "账号、密码", "银行账户、账户余额": "", "工资专用账户": "", "账号的口令": "", "文件有密码": "", "帐号": "帐号",
	} {
		got := ""
		for _, o := range oneWords {
			if wrong := o.breach(text); wrong != "" {
				got = wrong
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
