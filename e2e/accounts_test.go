package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// filer is the account under which a test files through the interface: with a key, for every unit that it was asked to file for.
type filer struct {
	mu    sync.Mutex
	key   string
	units []string
}

// fileFor lets the installation's filer file for a unit, and gives its key. A unit that nobody registered gets nobody's permission.
func (in *install) fileFor(t testing.TB, unit string) string {
	t.Helper()
	in.filer.mu.Lock()
	defer in.filer.mu.Unlock()
	known := slices.Contains(in.filer.units, unit)
	if !known && len(in.look(t, `SELECT 1 FROM agency WHERE code = '`+strings.ReplaceAll(unit, "'", "''")+`'`)) == 0 {
		unit, known = "", in.filer.key != ""
	}
	switch {
	case known:
	case in.filer.key == "":
		args := []string{"user", "add", "e2e-filer", "--name", "测试报送员"}
		if unit != "" {
			args = append(args, "--role", "filing_clerk", "--agency", unit)
		} else {
			args = append(args, "--role", "office_operator", "--agency", ownUnit)
		}
		in.must(t, args...)
		var made struct {
			Key string `json:"key"`
		}
		out := in.must(t, "--json", "user", "key", "add", "e2e-filer", "--label", "e2e", "--scope", "submission.create,submission.read,submission.errors",
			"--until", time.Now().AddDate(0, 0, 30).Format("2006-01-02"))
		if err := json.Unmarshal([]byte(out), &made); err != nil || made.Key == "" {
			t.Fatalf("the key: %v\n%s", err, out)
		}
		in.filer.key = made.Key
	default:
		in.must(t, "user", "grant", "e2e-filer", "filing_clerk", "--agency", unit)
	}
	if unit != "" && !slices.Contains(in.filer.units, unit) {
		in.filer.units = append(in.filer.units, unit)
	}
	return in.filer.key
}

// signed puts the filer's key on calls about filings; all others are made by nobody in particular.
func (s *server) signed(req *http.Request) {
	if !strings.HasPrefix(req.URL.Path, "/api/v1/submissions") || req.Header.Get("Authorization") != "" {
		return
	}
	s.in.filer.mu.Lock()
	defer s.in.filer.mu.Unlock()
	if s.in.filer.key != "" {
		req.Header.Set("Authorization", "Bearer "+s.in.filer.key)
	}
}

// signIn signs in with an account of the demo, by one click.
func (b *tab) signIn(login string) {
	b.t.Helper()
	b.open("/")
	if b.has(`form[action="/sign-out"] button`) {
		b.follow(chromedp.Click(chromedp.CSS(`form[action="/sign-out"] button`)))
	}
	b.open("/sign-in")
	b.follow(chromedp.Click(chromedp.CSS(`form[action="/sign-in/demo"] button[value="` + login + `"]`)))
	if where := b.address(); strings.HasPrefix(where, "/sign-in") {
		b.t.Fatalf("%s does not get in: %s", login, b.text(".alert"))
	}
}
