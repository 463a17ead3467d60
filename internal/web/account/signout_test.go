package account

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Whoever signs out leaves nothing of what they saw in the browser, but the browser stays known and keeps its display.
func TestSignOutClearsTheBrowser(t *testing.T) {
	t.Parallel()
	w := newHouse(t).browser(t).post("/sign-out", http.StatusSeeOther)
	got := w.Header().Get("Clear-Site-Data")
	if got != `"cache"` {
		t.Errorf("Clear-Site-Data: %s", got)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control: %s", got)
	}
}

// A page of another site cannot start a sign-in by unified identity: its reader comes to our own page and presses the button there.
func TestUnifiedSignInBeginsHere(t *testing.T) {
	t.Parallel()
	x := newCity(t)
	b := x.house(t).browser(t)
	r := httptest.NewRequest(http.MethodGet, "/sign-in/oidc/city?back=/desk", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	b.at(b.do(r, http.StatusSeeOther), "/sign-in?back=%2Fdesk")
	if b.jar["__Host-gx_flow"] != "" {
		t.Error("a flow was begun")
	}
}
