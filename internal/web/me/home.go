package me

import (
	"context"
	"net/http"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/consent"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
	"gongxin/internal/web/ui"
)

// homeNews is how many look-ups by others the overview shows.
const homeNews = 3

// homeConsents is how many consents are counted for the overview.
const homeConsents = consent.MaxPage

// homeView is the overview: whom the caller acts for, what is new, and the ways on.
type homeView struct {
	around
	kind     identity.AccountKind // "" when the account is not to be found
	pending  int                  // claims that wait for a review
	verified bool                 // a resident whose person has nothing on file yet
	looks    []lookRow
	live     string // number of consents that can be used
	done     string
	settings ui.Link
	counts   map[string]string // of the parts, beside the titles of their cards
	now      []ownCase         // what is under way
	unread   string            // notices
	notices  ui.Link
	reports  ui.Link
}

// home answers the overview. It is open to every account: one without a claim learns here what the centre is for.
func (c *Centre) home(w http.ResponseWriter, r *http.Request) error {
	a, err := c.around(r, "home", "/me")
	if err != nil {
		return err
	}
	v := &homeView{around: a, done: r.URL.Query().Get("done"), settings: c.Settings, notices: c.Notices, reports: c.Reports}
	if err := c.readClaims(r.Context(), v); err != nil {
		return err
	}
	if c.Unread != nil && v.kind != "" {
		if v.unread, err = c.Unread(r.Context(), a.who); err != nil {
			return err
		}
	}
	if a.subject != 0 {
		if err := c.readNews(r.Context(), v); err != nil {
			return err
		}
		if err := readCounts(r.Context(), v); err != nil {
			return err
		}
	}
	return c.show(w, r, http.StatusOK, c.page(r, "我的信用"), homePage(v))
}

// readClaims finds out what sort of account it is and which claims wait.
func (c *Centre) readClaims(ctx context.Context, v *homeView) error {
	account, _, err := c.Accounts.Show(ctx, v.who, v.who.ID)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	v.kind = account.Kind
	if !citizen(account.Kind) {
		return nil
	}
	list, err := c.Accounts.Claims(ctx, v.who)
	if err != nil {
		return err
	}
	for i := range list {
		switch {
		case list[i].State == identity.ClaimPending:
			v.pending++
		case list[i].State == identity.ClaimApproved && list[i].Subject == 0:
			v.verified = true
		}
	}
	return nil
}

// readNews reads what others looked up last, and counts the consents that can be used. The page is open to everyone, so it asks for both here.
func (c *Centre) readNews(ctx context.Context, v *homeView) error {
	scope := authz.Scope{Subject: v.subject}
	if c.site.May(ctx, authz.AccessOwn, scope) {
		list, _, err := c.others(ctx, v.subject, "", homeNews)
		if err != nil {
			return err
		}
		if v.looks, err = c.lookRows(ctx, &v.around, list[:min(len(list), homeNews)]); err != nil {
			return err
		}
	}
	if !c.site.May(ctx, authz.ConsentRead, scope) {
		return nil
	}
	list, more, err := c.Consents.OfSubject(ctx, v.who, v.subject, "", homeConsents)
	if err != nil {
		return err
	}
	n := 0
	for i := range list {
		if list[i].State(c.now()) == consent.Live {
			n++
		}
	}
	if v.live = strconv.Itoa(n) + " 份有效"; more != "" {
		v.live = strconv.Itoa(n) + " 份以上有效"
	}
	return nil
}

// readCounts asks the parts what stands beside their titles.
func readCounts(ctx context.Context, v *homeView) error {
	v.counts = map[string]string{}
	for _, p := range v.parts {
		if p.now != nil {
			list, err := p.now(ctx, v.place())
			if err != nil {
				return err
			}
			v.now = append(v.now, list...)
		}
		if p.Count == nil {
			continue
		}
		words, err := p.Count(ctx, v.place())
		if err != nil {
			return err
		}
		v.counts[p.Name] = words
	}
	return nil
}

// citizen says whether an account is one of those that the centre is for.
func citizen(k identity.AccountKind) bool {
	return k == identity.BusinessAccount || k == identity.ResidentAccount
}

// roleWord says in what capacity the caller sees the subject.
func (v *homeView) roleWord() string {
	if v.resident() {
		return "本人"
	}
	return "企业代理人"
}
