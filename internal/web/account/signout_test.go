package account

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"gongxin/internal/identity"
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

// Whoever signs in where somebody is signed in already ends that session: it is not left open behind the new one.
func TestSignInEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, identity.StaffAccount, "first", clerk)
	h.open(t, identity.StaffAccount, "second", clerk)
	b := h.browser(t).signIn("first")
	old := b.jar["__Host-gx"]
	if _, err := h.svc.Actor(ctx, old); err != nil {
		t.Fatal(err)
	}
	b.signIn("second")
	if b.jar["__Host-gx"] == old {
		t.Error("the token stayed")
	}
	if _, err := h.svc.Actor(ctx, old); err == nil {
		t.Error("the session before is open")
	}
}
