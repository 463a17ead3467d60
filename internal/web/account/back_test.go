package account

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzBack holds that no text leads a sign-in to another site, or in a circle, once a browser has read it as it reads addresses.
func FuzzBack(f *testing.F) {
	for _, s := range []string{
		"/desk", "//evil.example", `/\evil.example`, "/x/..//evil.example", "/%2f%2fevil.example", "/%73ign-in", "/desk/%2e%2e/sign-in", "/..//sign-in/factor", "https:evil.example",
		"/\u2028", "/?back=//evil.example", "/#//evil.example", "/.//evil.example", "/sign-up", "/sign-out/", "/;//evil.example", "/@evil.example", "/%00", "/ /evil",
	} {
		f.Add(s)
	}
	base, err := url.Parse("https://" + host + "/sign-in")
	must(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequest(http.MethodGet, "/sign-in?"+url.Values{"back": {text}}.Encode(), nil)
		back := backOf(r)
		if back == "" {
			return
		}
		w := httptest.NewRecorder()
		if err := redirect(w, r, back); err != nil {
			t.Fatal(err)
		}
		location := w.Header().Get("Location")
		// A browser takes backslashes for slashes and drops tabs and line ends before it reads.
		read := strings.NewReplacer("\\", "/", "\t", "", "\n", "", "\r", "").Replace(location)
		u, err := base.Parse(read)
		if err != nil {
			t.Fatalf("%q leads to %q: %v", text, location, err)
		}
		if u.Host != host || u.Scheme != "https" || strings.HasPrefix(read, "//") {
			t.Fatalf("%q leads to %s", text, u)
		}
		if u.Path == "/sign-in" || strings.HasPrefix(u.Path, "/sign-in/") || u.Path == "/sign-up" || u.Path == "/sign-out" {
			t.Fatalf("%q leads in a circle: %s", text, u)
		}
	})
}
