package account

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/identity"
	"gongxin/internal/web"
)

// flowFor is how long the answer of a unified identity may take; the flow itself ends as early.
const flowFor = 10 * time.Minute

func (p *Pages) providerLabel(name string) string {
	for _, x := range p.Providers {
		if x.Name == name {
			return x.Label
		}
	}
	return "统一身份认证"
}

// beginOIDC sends a reader to a unified identity. It is a link and not a form: the content security policy lets forms lead nowhere else.
func (p *Pages) beginOIDC(w http.ResponseWriter, r *http.Request) error {
	back := backOf(r)
	if who := authz.From(r.Context()); who.Kind == authz.Account {
		return redirect(w, r, p.start(who, back))
	}
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" { // nobody is signed in by a picture or a link on another site: the reader presses the button
		return redirect(w, r, withBack(signInPath, back))
	}
	start, err := p.Accounts.BeginOIDC(r.Context(), r.PathValue("provider"), authz.Actor{}, authz.From(r.Context()).Address)
	if err != nil {
		return p.refused(w, r, err, &signInView{back: back})
	}
	p.setFlow(w, start.Browser, back)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, start.URL, http.StatusSeeOther) //nolint:gosec // G710: the configured provider's own address
	return nil
}

func (p *Pages) setFlow(w http.ResponseWriter, browser, back string) {
	p.setCookie(w, flowCookie, browser+"."+base64.RawURLEncoding.EncodeToString([]byte(back)), flowFor)
}

// finishOIDC takes the answer of a unified identity: a sign-in, or an identity that is now tied to the account.
func (p *Pages) finishOIDC(w http.ResponseWriter, r *http.Request) error {
	browser, text, _ := strings.Cut(p.cookie(r, flowCookie), ".")
	p.drop(w, r, flowCookie)
	back := ""
	if b, err := base64.RawURLEncoding.DecodeString(text); err == nil && len(b) > 0 {
		back = web.Local(string(b))
	}
	q := r.URL.Query()
	s, err := p.Accounts.FinishOIDC(r.Context(), identity.OIDCAnswer{
		Provider: r.PathValue("provider"), State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Error: q.Get("error"), Browser: browser,
	}, p.attempt(r))
	if err == nil {
		return p.begun(w, r, s, back)
	}
	n, status, hidden := p.explain(w, "统一身份认证没有完成", err)
	if hidden != nil {
		return hidden
	}
	if who := authz.From(r.Context()); who.Kind == authz.Account {
		return p.showOverview(w, r, status, n)
	}
	return p.showSignIn(w, r, status, &signInView{back: back, notice: n})
}

// tieOIDC starts tying a unified identity to the account. The page that answers has the link to follow, for the reason of beginOIDC.
func (p *Pages) tieOIDC(w http.ResponseWriter, r *http.Request) error {
	name, who := r.PathValue("provider"), authz.From(r.Context())
	start, err := p.Accounts.BeginOIDC(r.Context(), name, who, who.Address)
	if err != nil {
		n, status, err := p.explain(w, "没有开始关联", err)
		if err != nil {
			return err
		}
		return p.showOverview(w, r, status, n)
	}
	p.setFlow(w, start.Browser, overviewPath+"?done=tied")
	return p.show(w, r, http.StatusOK, p.ownPage(r, "关联统一身份"), tiePage(p.providerLabel(name), start.URL))
}

// untie gives up the unified identity of an issuer.
func (p *Pages) untie(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	err := p.Accounts.Untie(r.Context(), authz.From(r.Context()), r.PostForm.Get("issuer"))
	if err == nil {
		return redirect(w, r, overviewPath+"?done=untied")
	}
	n, status, err := p.explain(w, "没有解除关联", err)
	if err != nil {
		return err
	}
	return p.showOverview(w, r, status, n)
}
