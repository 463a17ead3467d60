package app

import (
	"context"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gongxin/internal/approval"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
)

// missing makes of a holding one whose numbers name nothing; its unit and its firm's code, which are public, stay.
func (h *holding) missing() *holding {
	m := *h
	for _, n := range []*int64{
		&m.entry, &m.account, &m.alert.ID, &m.firm.ID, &m.consent, &m.revoked, &m.gone, &m.receipt, &m.batch, &m.job, &m.claim, &m.objected, &m.objectedCase, &m.declared, &m.told, &m.correction,
		&m.proposal, &m.listed, &m.order, &m.task, &m.repair.form, &m.repair.draft, &m.repair.one, &m.repair.breach, &m.repair.shield, &m.repair.gone,
	} {
		*n = *n/2 + 7
	}
	m.matter += "9"
	m.filed, m.checked, m.objectedNo = other(m.filed), other(m.checked), other(m.objectedNo)
	at, _, _ := strings.Cut(m.access, "-")
	m.access = at + "-7"
	subject, _, _ := strings.Cut(m.repair.record, "-")
	m.repair.record = subject + "-7"
	m.draft, m.foreign = lost(m.draft), lost(m.foreign)
	return &m
}

// other is a number of the same form that was never given.
func other(text string) string {
	last := text[len(text)-1]
	return text[:len(text)-1] + string('0'+(last-'0'+1)%10)
}

func lost(m map[approval.Kind]int64) map[approval.Kind]int64 {
	out := map[approval.Kind]int64{}
	for k, n := range m {
		out[k] = n/2 + 7
	}
	return out
}

// Nobody learns from an answer whether a number exists that is not theirs: it is the answer to a number that names nothing, to the letter.
func TestStrangersLearnNoNumbers(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	table := map[authz.Action]authz.Described{}
	for _, g := range authz.Table() {
		for _, a := range g.Actions {
			table[a.Action] = a
		}
	}
	none, compared, told := d.alt.missing(), 0, map[string]bool{}
	for _, route := range d.routes {
		ask := samples[route.Pattern]
		if ask == nil || !numbered(ask, d) || strings.HasPrefix(route.Pattern, "POST /desk/drafts/") { // whoever drafts may read every draft, and who decides is not its author
			continue
		}
		unguarded := list(route)
		for _, who := range d.everyCaller() {
			theirs := expected(table[route.Action], who, false)
			if unguarded { // what a list is cut to does not stand in the table: whoever is kept to the first unit or its district
				theirs = len(who.Grants) == 0 || who.Grants[0].Region == ""
			}
			if theirs {
				continue
			}
			compared++
			exists, missing := d.answer(ask(&d.alt), who), d.answer(ask(none), who)
			could := expected(table[route.Action], who, true)
			if (exists != missing || could && !strings.HasPrefix(exists, http.StatusText(http.StatusNotFound))) && !told[route.Pattern] {
				told[route.Pattern] = true
				t.Errorf("%s by %s %+v: of what exists %s, of nothing %s", route.Pattern, who.Kind, who.Grants, short(exists), short(missing))
			}
		}
	}
	if compared < 2000 {
		t.Errorf("only %d calls were compared", compared)
	}
}

// numbered reports whether a call names something by a number.
func numbered(ask sample, d *desks) bool {
	return ask(&d.alt).URL.String() != ask(d.alt.missing()).URL.String()
}

// answer makes a call and gives all that its caller learns, without what the caller said itself and the number of the request.
func (d *desks) answer(r *http.Request, who authz.Actor) string {
	said := r.URL.RequestURI()
	w := d.call(r, who)
	text := w.Body.String()
	says := []string{w.Header().Get("X-Request-Id"), html.EscapeString(said), said, url.QueryEscape(said)}
	for _, values := range r.URL.Query() {
		says = append(says, values...)
	}
	for _, own := range says {
		text = strings.ReplaceAll(text, own, "*")
	}
	head := w.Header().Clone()
	head.Del("X-Request-Id")
	head.Del("Content-Length")
	var b strings.Builder
	_ = (&http.Response{StatusCode: w.Code, ProtoMajor: 1, Header: head}).Header.Write(&b)
	return http.StatusText(w.Code) + "\n" + b.String() + text
}

func short(text string) string {
	if i := strings.Index(text, "<main"); i >= 0 {
		text = text[:40] + text[i:]
	}
	return text[:min(len(text), 700)]
}

// A refused look at what exists is in the log, with who looked and whom it was about; of what does not exist nothing is. No caller fills the log.
func TestRefusedLooksAreOnFile(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	who := d.in(authz.WindowOfficer, "")
	ctx := context.Background()
	refused := func() []audit.Access {
		d.app.refusals.wait()
		list, _, err := d.app.Trust.Audit.Search(ctx, audit.Who{Kind: "local"}, audit.Filter{WhoID: who.ID, Outcome: audit.Refused}, "", audit.MaxPage)
		must(t, err)
		return list
	}
	before := len(refused())
	none := d.alt.missing()
	for _, h := range []*holding{none, &d.alt} {
		d.call(samples["GET /desk/check/{receipt}"](h), who)
		d.call(samples["GET /desk/tasks/{id}"](h), who)
	}
	list := refused()[before:]
	if len(list) != 2 {
		t.Fatalf("%d refused looks are on file, want 2", len(list))
	}
	subjects := map[string]int64{}
	for _, a := range refused() {
		if a.Missing != "reach" || a.Who.Agency != d.own.unit.ID {
			t.Errorf("on file: %+v", a)
		}
		subjects[a.What] = a.Subject
	}
	if subjects[string(authz.CheckRead)] != d.alt.firm.ID {
		t.Errorf("the look at an answer is about %d, want %d", subjects[string(authz.CheckRead)], d.alt.firm.ID)
	}
	mine, _, err := d.app.Trust.Audit.OfSubject(ctx, d.alt.firm.ID, "", 50)
	must(t, err)
	if !slices.ContainsFunc(mine, func(a audit.Access) bool { return a.What == string(authz.CheckRead) && a.Outcome == audit.Refused }) {
		t.Error("the firm does not see who tried")
	}
	for range 3 * refusalsEach {
		d.call(samples["GET /desk/tasks/{id}"](&d.alt), who)
	}
	if n := len(refused()) - before; n != refusalsEach {
		t.Errorf("%d entries of one caller in one hour, want %d", n, refusalsEach)
	}
	d.app.refusals.close()
	acts, _, err := d.app.Trust.Audit.Acts(ctx, audit.Who{Kind: "local"}, audit.Filter{Action: "access.refused"}, "", 10)
	must(t, err)
	if len(acts) != 2 || !strings.Contains(acts[0].Detail+acts[1].Detail, "refused=62 ") { // once when the bound was met, once at the end
		t.Errorf("how often it was is not on file: %+v", acts)
	}
}

// The page that shows nothing leaves in even steps, whatever it took to find that out.
func TestNothingLeavesEvenly(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	site, rt, err := d.app.site(d.actors)
	must(t, err)
	h := site.Wrap(rt)
	who := d.in(authz.WindowOfficer, "")
	for _, of := range []*holding{&d.alt, d.alt.missing()} {
		r := samples["GET /desk/tasks/{id}"](of)
		r.AddCookie(&http.Cookie{Name: "gx", Value: d.actors.token(who)})
		w := httptest.NewRecorder()
		began := clock.System{}.Now()
		h.ServeHTTP(w, r)
		if took := (clock.System{}).Now().Sub(began); w.Code != http.StatusNotFound || took < evenStep {
			t.Errorf("%d after %s", w.Code, took)
		}
	}
}
