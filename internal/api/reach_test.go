package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/consent"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/publish"
)

// disclosed is what a script reads of an answer about a subject.
type disclosed struct {
	Reach, Receipt, Basis, Matter, Consent, Next string
	Subject                                      struct{ Code, Name, Kind string }
	Items                                        []publicRecord
	Receipts                                     []struct {
		Item, Receipt, Missing string
		Records                int
	}
	Disclosure *struct {
		Reach, Receipt, Basis, Matter, Consent string
		Items                                  []struct {
			Item  string
			Count int
		}
	}
}

// itemsOf gives the items of records, sorted.
func itemsOf(records []publicRecord) string {
	seen := map[string]bool{}
	for _, r := range records {
		seen[r.Item] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(seen)), " ")
}

// noPerson fails when an answer holds what tells who the person is, or sealed text.
func noPerson(t testing.TB, r answer) {
	t.Helper()
	for _, secret := range []string{personNumber, personName, "sm4:"} {
		if strings.Contains(string(r.body), secret) {
			t.Fatalf("the answer holds %q", secret)
		}
	}
}

// Every caller and every purpose, by address and by body: what is refused says which element is missing, what is answered stands in the log.
func TestDisclosures(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorldOn(t, d)
		all := w.matter(t, "M-ALL", nil)
		lapsed := w.matter(t, "M-LAPSED", func(m *agency.Matter) { m.ValidUntil = 20261118 })
		baseless := w.matter(t, "M-BASELESS", func(m *agency.Matter) { m.BasisUntil = 20261118 })
		others := w.matter(t, "M-OTHERS", func(m *agency.Matter) { m.Agency = w.other.ID })
		firms := w.matter(t, "M-FIRMS", func(m *agency.Matter) { m.Kinds, m.Items = []string{"legal_entity"}, []string{"XZBC"} })
		given := number(w.consent(t, func(c *consent.Terms) { c.Uses = 3 }))
		early := number(w.consent(t, func(c *consent.Terms) { c.From = workday.Add(time.Hour) }))
		humans := number(w.consent(t, func(c *consent.Terms) { c.Subject = w.human }))
		revoked := w.consent(t, nil)
		agent := w.people["agent"]
		agent.Kind = authz.Account
		if _, err := w.consents.Revoke(t.Context(), agent, revoked, ""); err != nil {
			t.Fatal(err)
		}
		firm, human := `"subject":"`+firmCode+`"`, `"person":{"docKind":"`+personKind+`","number":"`+personNumber+`"}`
		for _, c := range []struct {
			name, who, query string // of GET /subjects/{code}/records; "" when only the body can say it
			body             string // of POST /disclosures
			status           int
			missing, items   string
		}{
			{"class C", "officer", "matter=" + all, firm + `,"matter":"` + all + `"`, 200, "", "XZBC XZCF XZJF"},
			{"one item", "officer", "item=XZBC&matter=" + all, firm + `,"items":["XZBC"],"matter":"` + all + `"`, 200, "", "XZBC"},
			{"only what the matter names", "officer", "matter=" + firms, firm + `,"matter":"` + firms + `"`, 200, "", "XZBC"},
			{"a session on a page of the site", "@officer", "matter=" + all, firm + `,"matter":"` + all + `"`, 200, "", "XZBC XZCF XZJF"},
			{"a person", "officer", "", human + `,"matter":"` + all + `"`, 200, "", "XZBC XZCF XZJF"},
			{"the basis as told", "officer", "", firm + `,"basis":"《山东省社会信用条例》第二十条","matter":"` + all + `"`, 200, "", "XZBC XZCF XZJF"},
			{"another basis", "officer", "", firm + `,"basis":"某法","matter":"` + all + `"`, 403, "matter_basis", ""},
			{"nobody", "", "matter=" + all, firm + `,"matter":"` + all + `"`, 401, "sign_in", ""},
			{"no purpose", "officer", "", firm, 403, "purpose", ""},
			{"unknown matter", "officer", "matter=NONE", firm + `,"matter":"NONE"`, 403, "matter", ""},
			{"matter over", "officer", "matter=" + lapsed, firm + `,"matter":"` + lapsed + `"`, 403, "matter_lapsed", ""},
			{"law over", "officer", "matter=" + baseless, firm + `,"matter":"` + baseless + `"`, 403, "matter_basis", ""},
			{"another agency's matter", "officer", "matter=" + others, firm + `,"matter":"` + others + `"`, 403, "matter_agency", ""},
			{"another agency's officer", "elsewhere", "matter=" + all, firm + `,"matter":"` + all + `"`, 403, "matter_agency", ""},
			{"item outside the matter", "officer", "item=XZJF&matter=" + firms, firm + `,"items":["XZJF"],"matter":"` + firms + `"`, 403, "matter_item", ""},
			{"kind outside the matter", "officer", "", human + `,"matter":"` + firms + `"`, 403, "matter_kind", ""},
			{"a clerk", "clerk", "matter=" + all, firm + `,"matter":"` + all + `"`, 403, "role", ""},
			{"a key for something else", "scoped", "matter=" + all, firm + `,"matter":"` + all + `"`, 403, "role", ""},
			{"a citizen", "@agent", "matter=" + all, firm + `,"matter":"` + all + `"`, 403, "role", ""},
			{"an auditor without factor", "@weak", "matter=" + all, firm + `,"matter":"` + all + `"`, 403, "role", ""},
			{"a name", "officer", "", `"subject":"` + personName + `","matter":"` + all + `"`, 404, "subject", ""},
			{"part of a number", "officer", "", `"person":{"docKind":"身份证","number":"` + personNumber[:17] + `"},"matter":"` + all + `"`, 404, "subject", ""},

			{"class B", "banker", "purpose=credit&consent=" + given, firm + `,"purpose":"credit","consent":"` + given + `"`, 200, "", "XZCF XZJF"},
			{"in the unit's name", "banker", "", firm + `,"purpose":"credit","consent":"` + given + `","unit":"` + bankCode + `"`, 200, "", "XZCF XZJF"},
			{"used up", "banker", "purpose=credit&consent=" + given, firm + `,"purpose":"credit","consent":"` + given + `"`, 403, "consent_used", ""},
			{"a person's consent", "banker", "", human + `,"purpose":"credit","consent":"` + humans + `"`, 200, "", "XZCF XZJF"},
			{"another subject's", "banker", "purpose=credit&consent=" + humans, firm + `,"purpose":"credit","consent":"` + humans + `"`, 403, "consent", ""},
			{"another purpose", "banker", "", human + `,"purpose":"loan","consent":"` + humans + `"`, 403, "consent_purpose", ""},
			{"without a purpose", "banker", "", human + `,"consent":"` + humans + `"`, 403, "consent_purpose", ""},
			{"item outside the consent", "banker", "", human + `,"items":["XZBC"],"purpose":"credit","consent":"` + humans + `"`, 403, "consent_item", ""},
			{"not yet", "banker", "purpose=credit&consent=" + early, firm + `,"purpose":"credit","consent":"` + early + `"`, 403, "consent_early", ""},
			{"revoked", "banker", "purpose=credit&consent=" + number(revoked), firm + `,"purpose":"credit","consent":"` + number(revoked) + `"`, 403, "consent_revoked", ""},
			{"invented", "banker", "purpose=credit&consent=9", firm + `,"purpose":"credit","consent":"9"`, 403, "consent", ""},
			{"longer than any number", "banker", "purpose=credit&consent=9999999999999999999", firm + `,"purpose":"credit","consent":"9999999999999999999"`, 403, "consent", ""},
			{"another grantee", "officer", "", human + `,"purpose":"credit","consent":"` + humans + `"`, 403, "consent_grantee", ""},
			{"in another's name", "officer", "", human + `,"purpose":"credit","consent":"` + humans + `","unit":"` + bankCode + `"`, 403, "role", ""},
		} {
			check := func(how string, r answer) {
				t.Helper()
				noPerson(t, r)
				if r.status != c.status {
					t.Errorf("%s %s: %d %s", c.name, how, r.status, r.body)
					return
				}
				if r.header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s %s may be kept", c.name, how)
				}
				if c.status != 200 {
					if p := r.problem(t); p.Missing != c.missing || p.Code != "disclosure."+c.missing || p.Fix == "" {
						t.Errorf("%s %s: %+v", c.name, how, p)
					}
					if newest := w.entries(t); c.status != 401 && (len(newest) == 0 || newest[0].Missing != c.missing || newest[0].Outcome != audit.Refused) {
						t.Errorf("%s %s: the refusal is not in the log", c.name, how)
					}
					return
				}
				a := decode[disclosed](t, r)
				if a.Disclosure != nil {
					a.Receipt, a.Reach, a.Basis = a.Disclosure.Receipt, a.Disclosure.Reach, a.Disclosure.Basis
				}
				if got := itemsOf(a.Items); got != c.items {
					t.Errorf("%s %s shows %s", c.name, how, got)
				}
				newest := w.entries(t)[0]
				want := map[bool]string{true: reachConsent, false: reachDepartment}[strings.Contains(c.body, "consent")]
				if a.Receipt != number(newest.ID) || newest.Outcome != audit.Answered || len(newest.Records) != len(a.Items) || a.Reach != want || a.Basis == "" || a.Basis != newest.Basis {
					t.Errorf("%s %s: answer %s %s %q, entry %+v", c.name, how, a.Receipt, a.Reach, a.Basis, newest)
				}
			}
			w.clock.Advance(time.Second) // entries have an order
			if c.query != "" {
				check("by address", w.as(t, c.who, "GET", "/subjects/"+firmCode+"/records?"+c.query, ""))
			}
			w.clock.Advance(time.Second)
			check("by body", w.as(t, c.who, "POST", "/disclosures", "{"+c.body+"}"))
		}
	})
}

// TestSubjectWithPurpose: a subject's page says how much a purpose opens, and what everyone sees stays as it is.
func TestSubjectWithPurpose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := w.matter(t, "M-ALL", nil)
	r := w.as(t, "officer", "GET", "/subjects/"+firmCode+"?matter="+all, "")
	a := decode[disclosed](t, r)
	if a.Disclosure == nil || len(a.Disclosure.Items) != 3 || a.Disclosure.Items[0].Count != 1 || a.Disclosure.Receipt != number(w.entries(t)[0].ID) || r.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%s", r.body)
	}
	var with, without map[string]any
	_ = json.Unmarshal(r.body, &with)
	public := w.as(t, "officer", "GET", "/subjects/"+firmCode, "")
	_ = json.Unmarshal(public.body, &without)
	delete(with, "disclosure")
	if diff := cmp.Diff(without, with); diff != "" {
		t.Errorf("the public part differs:\n%s", diff)
	}
	if len(w.entries(t)) != 1 || public.header.Get("Cache-Control") != "no-cache" {
		t.Error("reading the public leaves an entry, or may not be kept")
	}
	// A subject that is not there leaves an entry, with a purpose only; one that was not there yet has no public side.
	w.clock.Advance(time.Second)
	if p := w.as(t, "officer", "GET", "/subjects/91990102MA0000015T?matter="+all, "").problem(t); p.Missing != "subject" || w.entries(t)[0].Missing != "subject" {
		t.Errorf("%+v", p)
	}
	if p := w.as(t, "officer", "GET", "/subjects/91990102MA0000015T", "").problem(t); p.Code != "publish.no_subject" || len(w.entries(t)) != 2 {
		t.Errorf("%+v", p)
	}
	early := w.as(t, "officer", "GET", "/subjects/"+firmCode+"?asOf=2026-11-01&matter="+all, "")
	if a := decode[disclosed](t, early); a.Disclosure == nil || len(a.Disclosure.Items) != 0 {
		t.Errorf("%s", early.body)
	}
}

// TestSeveralItems: a question about several items is one look-up with one receipt; one item too many refuses all of it.
func TestSeveralItems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	some := w.matter(t, "M-SOME", func(m *agency.Matter) { m.Items = []string{"XZCF", "XZBC"} })
	ask := func(items string) answer {
		return w.as(t, "officer", "POST", "/disclosures", `{"subject":"`+firmCode+`","matter":"`+some+`","items":[`+items+`]}`)
	}
	a := decode[disclosed](t, ask(`"XZBC","XZCF"`))
	if itemsOf(a.Items) != "XZBC XZCF" || len(a.Receipts) != 1 || a.Receipts[0].Receipt != a.Receipt || a.Receipts[0].Records != 2 {
		t.Errorf("%+v", a)
	}
	if log := w.entries(t); len(log) != 1 || number(log[0].ID) != a.Receipt || len(log[0].Records) != 2 {
		t.Errorf("%v does not fit %v", log, a.Receipts)
	}
	if p := ask(`"XZBC","XZJF","XZCF"`).problem(t); p.Status != 403 || p.Missing != "matter_item" {
		t.Errorf("%+v", p)
	}
	if p := ask(`"XZJF","XYPJ"`).problem(t); p.Status != 403 || p.Missing != "matter_item" {
		t.Errorf("%+v", p)
	}
	// Pages are look-ups of one question at a time.
	page := func(cursor string) disclosed {
		return decode[disclosed](t, w.as(t, "officer", "POST", "/disclosures", `{"subject":"`+firmCode+`","matter":"`+some+`","limit":1,"cursor":"`+cursor+`"}`))
	}
	seen := map[string]int{}
	for next := ""; ; {
		p := page(next)
		for _, r := range p.Items {
			seen[r.ID]++
		}
		if next = p.Next; next == "" {
			break
		}
	}
	if len(seen) != 2 {
		t.Errorf("pages hold %v", seen)
	}
}

// TestPersonsAreCounted: who asks about too many persons in an hour waits for the next one.
func TestPersonsAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"person":{"docKind":"身份证","number":"` + personNumber + `"},"matter":"` + w.matter(t, "M-ALL", nil) + `"}`
	w.clock.Advance(20 * time.Minute)
	for range 4 {
		if r := w.as(t, "officer", "POST", "/disclosures", body); r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
	}
	r := w.as(t, "officer", "POST", "/disclosures", body)
	if p := r.problem(t); p.Status != 429 || p.Missing != "rate" || r.header.Get("Retry-After") != "2400" {
		t.Errorf("%+v, Retry-After %q", p, r.header.Get("Retry-After"))
	}
	w.clock.Advance(40 * time.Minute)
	if r := w.as(t, "officer", "POST", "/disclosures", body); r.status != 200 {
		t.Errorf("the next hour: %d %s", r.status, r.body)
	}
}

// failing is a register whose log cannot be written.
type failing struct{ err error }

func (f failing) Disclose(context.Context, publish.Ask) (*publish.Answer, error) { return nil, f.err }

// TestNoEntryNoAnswer: an answer whose entry fails does not leave, and without disclosure the public calls refuse a purpose.
func TestNoEntryNoAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		d      Discloser
		status int
		code   string
		post   int
	}{
		"broken log": {failing{errors.New("disk full")}, 500, "internal", 500},
		"none":       {nil, 503, "disclosure.disabled", 404},
	} {
		a := newTestAPI(t, func(d *Deps) { d.Actors, d.Disclosures = keys{}, c.d })
		h := http.Header{"Authorization": {"Bearer clerk"}}
		for _, target := range []string{"/api/v1/subjects/" + codeA + "?matter=M", "/api/v1/subjects/" + codeA + "/records?matter=M"} {
			if r := a.do(t, "GET", target, nil, h); r.status != c.status || r.problem(t).Code != c.code || strings.Contains(string(r.body), "disk") {
				t.Errorf("%s: %s: %d %s", name, target, r.status, r.body)
			}
		}
		h.Set("Content-Type", "application/json")
		if r := a.do(t, "POST", "/api/v1/disclosures", strings.NewReader(`{"subject":"`+codeA+`","matter":"M"}`), h); r.status != c.post {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
}

// TestEveryMissingElementIsNamed: each element has a status and stands in the problem.
func TestEveryMissingElementIsNamed(t *testing.T) {
	t.Parallel()
	status := map[publish.Missing]int{
		publish.MissingSignIn: 401, publish.MissingSubject: 404, publish.MissingRecord: 404, publish.MissingItem: 404, publish.MissingRate: 429, publish.MissingDisabled: 503,
	}
	for _, m := range []publish.Missing{
		publish.MissingSignIn, publish.MissingRole, publish.MissingFactor, publish.MissingPurpose, publish.MissingSubject, publish.MissingRecord, publish.MissingItem,
		publish.MissingRate, publish.MissingMatter, publish.MissingAgency, publish.MissingLapsed, publish.MissingBasis, publish.MissingCovered, publish.MissingKind,
		publish.MissingConsent, publish.MissingGrantee, publish.MissingAim, publish.MissingRevoked, publish.MissingEarly, publish.MissingExpired, publish.MissingUses,
		publish.MissingGiven, publish.MissingDisabled,
	} {
		want := status[m]
		if want == 0 {
			want = 403
		}
		p := problemOf(context.Background(), fmt.Errorf("publish: %w", m.Err()))
		if p.Missing != string(m) || p.Status != want || p.Title == "" {
			t.Errorf("%s: %+v", m, p)
		}
		if !strings.Contains(missingWords, string(m)+" ") {
			t.Errorf("%s is not explained in the document", m)
		}
	}
}

// TestNothingBeyondTheReach: whoever asks, by whichever way and whatever for, no answer holds a record that law does not show that caller for that
// purpose. What law shows is worked out here from the words of the rule. Refusals hold nothing and are in the log; answers have their entry.
func TestNothingBeyondTheReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	answered, refused, n := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		w.clock.Set(workday)
		q := drawQuestion(t, r, w, n)
		before := len(w.entriesOf(t, q.account))
		res := w.as(t, q.who, q.method, q.target, q.body)
		for _, secret := range []string{personNumber, personName, "sm4:"} {
			if strings.Contains(string(res.body), secret) {
				r.Fatalf("the answer holds %q", secret)
			}
		}
		log := w.entriesOf(t, q.account)
		if q.shows == nil {
			refused++
			if res.status < 400 || strings.Contains(string(res.body), `"items"`) || res.problem(t).Missing == "" {
				r.Fatalf("%s as %q: answered outside the law: %d %s", q.target, q.who, res.status, res.body)
			}
			if q.who != "" && (len(log) != before+1 || log[0].Missing != res.problem(t).Missing) {
				r.Fatalf("a refusal is not in the log: %v", log)
			}
			return
		}
		answered++
		a := decode[disclosed](t, res)
		got := map[string]bool{}
		for _, record := range a.Items {
			got[record.Item] = true
		}
		if a.Disclosure != nil && strings.HasPrefix(q.target, "/subjects/"+firmCode+"?") {
			for _, item := range a.Disclosure.Items {
				got[item.Item] = true
			}
		}
		if diff := cmp.Diff(q.shows, got); diff != "" {
			r.Fatalf("%s %s as %q (-law +answer):\n%s", q.target, q.body, q.who, diff)
		}
		if q.public != (len(log) == before) || !q.public && log[0].Outcome != audit.Answered {
			r.Fatalf("%s: entries %d, then %d", q.target, before, len(log))
		}
	})
	if answered == 0 || refused == 0 {
		t.Fatalf("%d answered, %d refused: the test shows nothing", answered, refused)
	}
}

// question is one call with what law shows for it; nil = no answer.
type question struct {
	who, method, target, body string
	account                   int64
	shows                     map[string]bool
	public                    bool
}

// entriesOf gives the entries of an account, the last written first; the clock may have gone back meanwhile.
func (w *world) entriesOf(t testing.TB, account int64) []audit.Access {
	t.Helper()
	if account == 0 {
		return nil
	}
	list, _, err := w.log.Search(context.Background(), audit.Who{Kind: "local"}, audit.Filter{WhoID: account}, "", audit.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(list, func(a, b audit.Access) int {
		if a.ID > b.ID {
			return -1
		}
		return 1
	})
	return list
}

func drawQuestion(t *testing.T, r *rapid.T, w *world, n int) question {
	rare := func(label string) bool { return rapid.IntRange(0, 4).Draw(r, label) == 0 }
	role := rapid.SampledFrom([]string{"officer", "officer", "officer", "banker", "banker", "elsewhere", "clerk", "agent", "scoped", ""}).Draw(r, "role")
	q := question{method: "GET"}
	if role != "" { // an account of its own, so that no rate stands in the way
		a := w.people[role]
		a.ID = int64(1000 + n)
		q.who, q.account = fmt.Sprint(role, n), a.ID
		w.people[q.who] = a
	}
	human := rapid.Bool().Draw(r, "about the person")
	kind, about := "legal_entity", w.firm
	if human {
		kind, about = "person", w.human
	}
	values, fields := url.Values{}, map[string]any{"subject": firmCode}
	if human {
		fields = map[string]any{"person": map[string]string{"docKind": personKind, "number": personNumber}}
	}
	set := func(name, value string) { values.Set(name, value); fields[name] = value }
	var law map[string]bool
	switch rapid.SampledFrom([]string{"matter", "consent", "public"}).Draw(r, "by") {
	case "matter":
		law = drawMatter(t, r, w, role, kind, set, n)
	case "consent":
		law = drawConsent(t, r, w, role, about, set)
	default:
		human, fields = false, nil
		q.public, law = true, map[string]bool{"XZCF": true}
	}
	if item := rapid.SampledFrom([]string{"XZCF", "XZJF", "XZBC"}).Draw(r, "asked item"); rare("one item") {
		values.Set("item", item)
		if fields != nil {
			fields["items"] = []string{item}
		}
		switch {
		case q.public && !law[item]:
			law = map[string]bool{}
		case law != nil && !q.public && !w.named[item]:
			law = nil
		case law != nil:
			law = map[string]bool{item: law[item]}
			maps.DeleteFunc(law, func(_ string, shown bool) bool { return !shown })
		}
	}
	q.shows = law
	if fields != nil && (human || rapid.Bool().Draw(r, "by body")) {
		text, _ := json.Marshal(fields)
		q.method, q.target, q.body = "POST", "/disclosures", string(text)
		return q
	}
	q.target = "/subjects/" + firmCode + "/records?" + values.Encode()
	return q
}

// drawMatter draws a matter; law is what the caller is shown for it.
func drawMatter(t *testing.T, r *rapid.T, w *world, role, kind string, set func(name, value string), n int) map[string]bool {
	rare := func(label string) bool { return rapid.IntRange(0, 4).Draw(r, label) == 0 }
	m := agency.Matter{
		Code: fmt.Sprintf("R-%d", n), Name: "随机事项", Agency: w.unit.ID, Law: "《某法》", Article: "第一条", BasisFrom: 20200101, ValidFrom: 20200101,
		Items: drawSome(r, "item", []string{"XZCF", "XZJF", "XZBC"}), Kinds: drawSome(r, "kind", []string{"legal_entity", "person"}),
	}
	ok := role == "officer" && slices.Contains(m.Kinds, kind)
	if rare("other agency") {
		m.Agency = w.other.ID
		ok = role == "elsewhere" && slices.Contains(m.Kinds, kind)
	}
	if rare("matter over") {
		m.ValidUntil, ok = 20261118, false
	}
	if rare("law not yet") {
		m.BasisFrom, ok = 20261119, false
	}
	if rare("law over") && m.BasisFrom < 20261118 {
		m.BasisUntil, ok = 20261118, false
	}
	if _, _, err := w.matters.Save(context.Background(), audit.Who{Kind: "local"}, m); err != nil {
		t.Fatal(err)
	}
	set("matter", m.Code)
	w.named = map[string]bool{}
	for _, item := range m.Items {
		w.named[item] = true
	}
	if !ok {
		return nil
	}
	return maps.Clone(w.named)
}

// drawConsent draws a consent of the one who is asked about; law is what the caller is shown for it.
func drawConsent(t *testing.T, r *rapid.T, w *world, role string, about int64, set func(name, value string)) map[string]bool {
	rare := func(label string) bool { return rapid.IntRange(0, 4).Draw(r, label) == 0 }
	terms := consent.Terms{
		Subject: about, Grantee: bankCode, Purpose: "credit", Uses: 1, Items: drawSome(r, "item", []catalog.ItemCode{"XZCF", "XZJF"}),
		Classes: rapid.SampledFrom([][]catalog.Class{nil, {"A"}, {"B"}, {"A", "B"}}).Draw(r, "classes"), Until: workday.Add(48 * time.Hour),
	}
	ok, aim := role == "banker", "credit"
	if rare("other subject's") {
		terms.Subject, ok = w.firm+w.human-about, false
	}
	if rare("other grantee") {
		terms.Grantee, ok = unitCode, false
	}
	if rare("other purpose") {
		aim, ok = "loan", false
	}
	given := w.consent(t, func(c *consent.Terms) { *c = terms })
	by := w.people["agent"]
	if terms.Subject == w.human {
		by = w.people["resident"]
	}
	by.Kind = authz.Account
	if rare("revoked") {
		ok = false
		if _, err := w.consents.Revoke(context.Background(), by, given, ""); err != nil {
			t.Fatal(err)
		}
	}
	if role == "officer" && terms.Grantee == unitCode && aim == "credit" && terms.Subject == about {
		ok = by.ID != 0 && stateOf(t, w, by, given) == consent.Live // the department itself holds the consent
	}
	if rare("later") {
		w.clock.Set(workday.Add(72 * time.Hour))
		ok = false
	}
	set("consent", number(given))
	set("purpose", aim)
	w.named = map[string]bool{}
	law := map[string]bool{}
	opensB := len(terms.Classes) == 0 || slices.Contains(terms.Classes, catalog.Authorised)
	for _, item := range terms.Items {
		w.named[string(item)] = true
		if item == "XZCF" || opensB {
			law[string(item)] = true
		}
	}
	if !ok {
		return nil
	}
	return law
}

func stateOf(t *testing.T, w *world, by authz.Actor, n int64) string {
	t.Helper()
	c, _, err := w.consents.Get(context.Background(), by, n)
	if err != nil {
		t.Fatal(err)
	}
	return c.State(w.clock.Now())
}

func drawSome[T any](r *rapid.T, label string, of []T) []T {
	var out []T
	for i, x := range of {
		if rapid.IntRange(0, 3).Draw(r, fmt.Sprint(label, i)) > 0 {
			out = append(out, x)
		}
	}
	if len(out) == 0 {
		return of[:1]
	}
	return out
}

// BenchmarkDisclose asks about one firm for a matter: check, read, entry and leaf, committed.
func BenchmarkDisclose(b *testing.B) {
	w := newWorld(b)
	body := `{"subject":"` + firmCode + `","matter":"` + w.matter(b, "M-ALL", nil) + `"}`
	for b.Loop() {
		if r := w.as(b, "officer", "POST", "/disclosures", body); r.status != http.StatusOK {
			b.Fatalf("%d %s", r.status, r.body)
		}
	}
}
