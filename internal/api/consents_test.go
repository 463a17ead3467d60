package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/consent"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// grantText is what the firm, or the person, sends to let the bank look.
const grantText = `{"grantee":"` + bankCode + `","items":["XZCF","XZJF"],"classes":["A","B"],"purpose":"credit","until":"2026-12-31","uses":3}`

// TestConsents: a firm consents, the bank looks, the firm revokes, the bank looks no more; every answer is a receipt that verifies offline.
func TestConsents(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorldOn(t, d)
		for _, who := range []string{"@agent", "@resident"} {
			r := w.as(t, who, "POST", "/consents", grantText)
			c := decode[ConsentReceipt](t, r)
			if r.status != http.StatusCreated || r.header.Get("Location") != prefix+"/consents/"+c.ID || c.State != consent.Live || c.Uses != 3 || c.UsesLeft != 3 || c.PurposeName != "授信审批" ||
				c.Grantee.Code != bankCode || !c.Until.Equal(time.Date(2026, 12, 31, 16, 0, 0, 0, time.UTC)) || (c.Subject == firmCode) != (who == "@agent") {
				t.Fatalf("%s: %s", who, r.body)
			}
			noPerson(t, r)
			if got := signed(t, w, r.body); got["uses"] != "3" || got["purpose"] != "credit" || got["grantee"] != bankCode {
				t.Errorf("signed: %v", got)
			}
			w.look(t, who, c.ID)
			w.revoke(t, who, c.ID)
		}
	})
}

// signed verifies an answer as a receipt and gives what was signed.
func signed(t *testing.T, w *world, raw []byte) map[string]string {
	t.Helper()
	list, err := consent.VerifyReceipt(bytes.NewReader(raw), w.publicKey)
	if err != nil {
		t.Fatalf("the answer is no receipt: %v", err)
	}
	out := map[string]string{}
	for _, pair := range list {
		out[pair[0]] = pair[1]
	}
	var changed map[string]any
	_ = json.Unmarshal(raw, &changed)
	changed["document"] = strings.Replace(changed["document"].(string), "\n", "\nx: y\n", 1)
	forged, _ := json.Marshal(changed)
	if _, err := consent.VerifyReceipt(bytes.NewReader(forged), w.publicKey); err == nil {
		t.Error("a forged receipt verifies")
	}
	return out
}

// look is what the bank can do with a consent, and who else cannot.
func (w *world) look(t *testing.T, grantor, id string) {
	t.Helper()
	for who, status := range map[string]int{
		grantor: 200, "banker": 200, "officer": 404, "@stranger": 404, "@auditor": 200, "clerk": 403, "": 401, "scoped": 404,
	} {
		if r := w.as(t, who, "GET", "/consents/"+id, ""); r.status != status {
			t.Errorf("%q reads it: %d %s", who, r.status, r.body)
		} else if status == 200 {
			signed(t, w, r.body)
		}
	}
	list := decode[List[Consent]](t, w.as(t, "banker", "GET", "/consents", ""))
	if len(list.Items) == 0 || list.Items[0].ID != id {
		t.Errorf("the bank's list: %+v", list)
	}
	list = decode[List[Consent]](t, w.as(t, grantor, "GET", "/consents?limit=1", ""))
	if len(list.Items) != 1 || list.Items[0].ID != id {
		t.Errorf("the grantor's list: %+v", list)
	}
	whom := `"subject":"` + firmCode + `"`
	if grantor == "@resident" {
		whom = `"person":{"docKind":"身份证","number":"` + personNumber + `"}`
	}
	ask := "{" + whom + `,"purpose":"credit","consent":"` + id + `"}`
	a := decode[disclosed](t, w.as(t, "banker", "POST", "/disclosures", ask))
	if itemsOf(a.Items) != "XZCF XZJF" || a.Consent != id || a.Reach != reachConsent {
		t.Errorf("%+v", a)
	}
	if c := decode[Consent](t, w.as(t, "banker", "GET", "/consents/"+id, "")); c.UsesLeft != 2 {
		t.Errorf("%d uses left", c.UsesLeft)
	}
}

// revoke ends a consent and looks what is left of it.
func (w *world) revoke(t *testing.T, grantor, id string) {
	t.Helper()
	for who, status := range map[string]int{"banker": 403, "@banker": 403, "@stranger": 404, "@auditor": 403, "": 401} {
		if r := w.as(t, who, "POST", "/consents/"+id+"/revoke", `{"why":"x"}`); r.status != status {
			t.Errorf("%q revokes: %d %s", who, r.status, r.body)
		}
	}
	body := `{"why":"贷款已还清"}`
	if grantor == "@resident" {
		body = "" // nobody has to say why
	}
	r := w.as(t, grantor, "POST", "/consents/"+id+"/revoke", body)
	if c := decode[ConsentReceipt](t, r); c.State != consent.Revoked || c.RevokedAt == nil || c.RevokedWhy != map[bool]string{true: "", false: "贷款已还清"}[body == ""] {
		t.Errorf("%s", r.body)
	}
	if got := signed(t, w, r.body); got["revoked"] == "" {
		t.Errorf("signed: %v", got)
	}
	for _, who := range []string{grantor, "banker"} {
		c := decode[ConsentReceipt](t, w.as(t, who, "GET", "/consents/"+id, ""))
		if c.State != consent.Revoked || (c.RevokedWhy != "") != (who == grantor && body != "") || c.Revocation == nil {
			t.Fatalf("%s sees %+v", who, c)
		}
		text, err := json.Marshal(c.Revocation)
		if err != nil {
			t.Fatal(err)
		}
		if got := signed(t, w, text); got["revoked"] == "" {
			t.Errorf("the revocation that %s reads again: %v", who, got)
		}
	}
	if r := w.as(t, grantor, "POST", "/consents/"+id+"/revoke", ""); r.status != 409 || r.problem(t).Code != "consent.revoked" {
		t.Errorf("twice: %d", r.status)
	}
	whom := `"subject":"` + firmCode + `"`
	if grantor == "@resident" {
		whom = `"person":{"docKind":"身份证","number":"` + personNumber + `"}`
	}
	if p := w.as(t, "banker", "POST", "/disclosures", "{"+whom+`,"purpose":"credit","consent":"`+id+`"}`).problem(t); p.Missing != "consent_revoked" {
		t.Errorf("after the revocation: %+v", p)
	}
}

// TestConsentRefusals: who may not consent, and what cannot be consented to.
func TestConsentRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	with := func(change string) string { return strings.Replace(grantText, `"uses":3`, change, 1) }
	for _, c := range []struct {
		name, who, body string
		status          int
		code            string
	}{
		{"a key", "agent", grantText, 403, "authz.denied"},
		{"nobody", "", grantText, 401, "authz.sign_in"},
		{"an officer", "@officer", grantText, 403, "authz.denied"},
		{"another's subject", "@stranger", with(`"subject":"` + firmCode + `"`), 403, "authz.denied"},
		{"which of two", "@two", grantText, 400, "api.which_subject"},
		{"one of two", "@two", with(`"subject":"` + strings.ToLower(firmCode) + `"`), 201, ""},
		{"unknown purpose", "@agent", strings.Replace(grantText, "credit", "gossip", 1), 400, "consent.invalid"},
		{"class C", "@agent", strings.Replace(grantText, `"XZJF"`, `"XZBC"`, 1), 400, "consent.invalid"},
		{"unknown unit", "@agent", strings.Replace(grantText, bankCode, "11990100MB0000019L", 1), 404, "agency.unknown"},
		{"too long", "@agent", strings.Replace(grantText, "2026-12-31", "2028-12-31", 1), 400, "consent.invalid"},
		{"no day", "@agent", strings.Replace(grantText, "2026-12-31", "soon", 1), 400, "api.body"},
		{"no items", "@agent", strings.Replace(grantText, `["XZCF","XZJF"]`, `[]`, 1), 400, "api.body"},
		{"an item twice", "@agent", strings.Replace(grantText, `"XZJF"`, `"XZCF"`, 1), 400, "api.body"},
		{"no grantee", "@agent", strings.Replace(grantText, `"grantee"`, `"grantees"`, 1), 400, "api.body"},
		{"no uses", "@agent", with(`"uses":0`), 400, "api.body"},
	} {
		r := w.as(t, c.who, "POST", "/consents", c.body)
		if r.status != c.status || r.code(t) != c.code {
			t.Errorf("%s: %d %s", c.name, r.status, r.body)
		}
	}
	for _, c := range []struct {
		who, target string
		status      int
		code        string
	}{
		{"@two", "/consents", 400, "api.which_subject"},
		{"@two", "/consents?subject=" + firmCode, 200, ""},
		{"@stranger", "/consents?subject=" + firmCode, 403, "authz.denied"},
		{"officer", "/consents?grantee=" + bankCode, 403, "authz.denied"},
		{"officer", "/consents", 200, ""},
		{"officer", "/consents?subject=" + firmCode, 403, "authz.denied"},
		{"@auditor", "/consents", 400, "api.which_unit"},
		{"@auditor", "/consents?grantee=" + bankCode, 200, ""},
		{"@auditor", "/consents?subject=" + firmCode, 200, ""},
		{"@auditor", "/consents?subject=" + unitCode, 404, "api.no_subject"},
		{"@weak", "/consents?grantee=" + bankCode, 403, "authz.factor"},
		{"@agent", "/consents?cursor=x", 400, "consent.cursor"},
		{"@agent", "/consents/none", 404, "consent.none"},
		{"@agent", "/consents/0", 404, "consent.none"},
	} {
		if r := w.as(t, c.who, "GET", c.target, ""); r.status != c.status || r.code(t) != c.code {
			t.Errorf("%s %s: %d %s", c.who, c.target, r.status, r.body)
		}
	}
}

// TestSessionsCountOnOwnPagesOnly: a session acts only when the browser says that a page of this site asks, and never beside a key.
func TestSessionsCountOnOwnPagesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for site, status := range map[string]int{"same-origin": 201, "same-site": 401, "cross-site": 401, "none": 401, "": 401} {
		h := http.Header{"Cookie": {"gx=agent"}, "Content-Type": {"application/json"}}
		if site != "" {
			h.Set("Sec-Fetch-Site", site)
		}
		if r := w.do(t, "POST", prefix+"/consents", strings.NewReader(grantText), h); r.status != status {
			t.Errorf("from %q: %d %s", site, r.status, r.body)
		}
	}
	h := http.Header{"Cookie": {"gx=agent"}, "Sec-Fetch-Site": {"same-origin"}, "Content-Type": {"application/json"}, "Authorization": {"Bearer banker"}}
	if r := w.do(t, "POST", prefix+"/consents", strings.NewReader(grantText), h); r.status != 403 {
		t.Errorf("a key beside a session: %d", r.status)
	}
	if r := w.as(t, "@ended", "POST", "/consents", grantText); r.status != 401 || r.code(t) != "authz.sign_in" {
		t.Errorf("a session that ended: %d %s", r.status, r.body)
	}
	if r := w.as(t, "@ended", "GET", "/stats", ""); r.status != 200 {
		t.Errorf("the public with a session that ended: %d", r.status)
	}
}

// TestAccessLog: the subject sees which agency looked and what it read, and neither the officer nor where from; others see nothing.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorldOn(t, d)
		all := w.matter(t, "M-ALL", nil)
		w.as(t, "officer", "POST", "/disclosures", `{"subject":"`+firmCode+`","matter":"`+all+`","items":["XZBC"]}`)
		w.clock.Advance(time.Second)
		w.as(t, "officer", "POST", "/disclosures", `{"subject":"`+firmCode+`"}`)
		w.clock.Advance(time.Second)
		w.as(t, "officer", "POST", "/disclosures", `{"person":{"docKind":"身份证","number":"`+personNumber+`"},"matter":"`+all+`"}`)

		r := w.as(t, "@agent", "GET", "/access-log", "")
		list := decode[List[Access]](t, r)
		if len(list.Items) != 2 || list.Items[0].Missing != "purpose" || list.Items[1].Matter != all || list.Items[1].Unit.Code != unitCode || len(list.Items[1].Records) != 1 || list.Items[1].Outcome != audit.Answered {
			t.Fatalf("%s", r.body)
		}
		for _, hidden := range []string{"192.0.2.1", "account", "session", personNumber} {
			if strings.Contains(string(r.body), hidden) {
				t.Errorf("the subject sees %q", hidden)
			}
		}
		page := decode[List[Access]](t, w.as(t, "@agent", "GET", "/access-log?limit=1", ""))
		rest := decode[List[Access]](t, w.as(t, "@agent", "GET", "/access-log?limit=1&cursor="+page.Next, ""))
		if len(rest.Items) != 1 || rest.Items[0].ID != list.Items[1].ID || rest.Next != "" {
			t.Errorf("the second page: %+v", rest)
		}
		if list := decode[List[Access]](t, w.as(t, "@resident", "GET", "/access-log", "")); len(list.Items) != 1 {
			t.Errorf("the person sees %d", len(list.Items))
		}
		if list := decode[List[Access]](t, w.as(t, "@stranger", "GET", "/access-log", "")); len(list.Items) != 0 {
			t.Errorf("a stranger sees %d", len(list.Items))
		}
		for who, status := range map[string]int{"": 401, "agent": 403, "@officer": 403, "@auditor": 403} {
			if r := w.as(t, who, "GET", "/access-log", ""); r.status != status {
				t.Errorf("%q: %d", who, r.status)
			}
		}
		for who, code := range map[string]string{"@stranger": firmCode, "@agent": bankCode, "@two": bankCode, "@resident": firmCode} {
			if r := w.as(t, who, "GET", "/access-log?subject="+code, ""); r.status != 403 {
				t.Errorf("%s: another's log: %d %s", who, r.status, r.body)
			}
		}
	})
}

// TestAuditAccess: the auditor sees all of the reach and no more, by whom and from where, names masked; searching is an act.
func TestAuditAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := w.matter(t, "M-ALL", nil)
	theirs := w.matter(t, "M-THEIRS", func(m *agency.Matter) { m.Agency = w.other.ID })
	firm := `{"subject":"` + firmCode + `","matter":"`
	w.as(t, "officer", "POST", "/disclosures", firm+all+`"}`)
	w.clock.Advance(time.Second)
	w.as(t, "elsewhere", "POST", "/disclosures", firm+theirs+`"}`)
	w.clock.Advance(time.Second)
	w.as(t, "officer", "POST", "/disclosures", `{"person":{"docKind":"身份证","number":"`+personNumber+`"},"matter":"`+all+`"}`)
	for _, c := range []struct {
		who, query string
		status     int
		want       string // accounts of the look-ups, newest first
	}{
		{"@auditor", "", 200, "1 6 1"},
		{"@auditor", "?account=6", 200, "6"},
		{"@auditor", "?unit=" + unitCode, 200, "1 1"},
		{"@auditor", "?subject=" + firmCode, 200, "6 1"},
		{"@auditor", "?kind=key&outcome=answered&what=subject", 200, "1 6 1"},
		{"@auditor", "?outcome=refused", 200, ""},
		{"@auditor", "?from=2026-11-18&to=2026-11-18", 200, "1 6 1"},
		{"@auditor", "?from=2026-11-19", 200, ""},
		{"@auditor", "?to=2026-11-18T10:00:00%2B08:00", 200, ""},
		{"@auditor", "?to=2026-11-18T10:00:01+08:00", 200, "1"},
		{"@district", "", 200, "6"},
		{"@district", "?unit=" + unitCode, 200, ""},
		{"@district", "?account=1", 200, ""},
		{"@auditor", "?unit=1", 400, ""},
		{"@auditor", "?from=2026-11-19&to=2026-11-18", 400, ""},
		{"@auditor", "?from=x", 400, ""},
		{"@auditor", "?kind=robot", 400, ""},
		{"@auditor", "?cursor=x", 400, ""},
		{"@weak", "", 403, ""},
		{"auditor", "", 403, ""},
		{"@officer", "", 403, ""},
		{"", "", 401, ""},
	} {
		r := w.as(t, c.who, "GET", "/audit/access"+c.query, "")
		if r.status != c.status {
			t.Errorf("%s%s: %d %s", c.who, c.query, r.status, r.body)
			continue
		}
		noPerson(t, r)
		if c.status != 200 {
			continue
		}
		var got []string
		for _, a := range decode[List[AuditedAccess]](t, r).Items {
			got = append(got, a.Who.Account)
			if a.Who.Kind != "key" || a.Who.Address != "192.0.2.1" || a.Subject == nil || a.Subject.Label == "" {
				t.Errorf("%+v", a)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s%s sees %v", c.who, c.query, got)
		}
	}
	acts, _, err := w.log.Acts(t.Context(), audit.Who{Kind: "local"}, audit.Filter{Action: "access.search", WhoID: 26}, "", 0)
	if err != nil || len(acts) != 3 {
		t.Errorf("%d searches of the district's auditor on file, %v", len(acts), err)
	}
}

// seenAlert is what a script reads of an alert.
type seenAlert struct {
	ID, Rule, State, Reason, Day string
	Who, HandledBy               *Caller
	Unit                         *UnitRef
	HandledAt                    *time.Time
}

// TestAlerts: what is unusual is seen and closed within the reach, by somebody else than who caused it.
func TestAlerts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := w.matter(t, "M-THEIRS", func(m *agency.Matter) { m.Agency = w.other.ID })
	w.as(t, "officer", "POST", "/disclosures", `{"subject":"`+firmCode+`","matter":"`+theirs+`"}`) // another agency's matter
	list := decode[List[seenAlert]](t, w.as(t, "@auditor", "GET", "/audit/alerts", ""))
	if len(list.Items) != 1 || list.Items[0].Rule != "matter" || list.Items[0].State != audit.Open || list.Items[0].Who.Account != "1" || list.Items[0].Unit.Code != unitCode {
		t.Fatalf("%+v", list)
	}
	if list := decode[List[seenAlert]](t, w.as(t, "@district", "GET", "/audit/alerts?state=all", "")); len(list.Items) != 0 {
		t.Errorf("another district's alert: %+v", list)
	}
	target := "/audit/alerts/" + list.Items[0].ID + "/handle"
	self := w.people["auditor"]
	self.ID = 1
	w.people["self"] = self
	for _, c := range []struct {
		name, who, target, body string
		status                  int
		code                    string
	}{
		{"who caused it", "@self", target, `{"reason":"没有问题"}`, 403, "authz.denied"},
		{"another district", "@district", target, `{"reason":"没有问题"}`, 404, "audit.no_alert"},
		{"a key", "auditor", target, `{"reason":"没有问题"}`, 403, "authz.denied"},
		{"without factor", "@weak", target, `{"reason":"没有问题"}`, 403, "authz.factor"},
		{"an officer", "@officer", target, `{"reason":"没有问题"}`, 403, "authz.denied"},
		{"nobody", "", target, `{"reason":"没有问题"}`, 401, "authz.sign_in"},
		{"no such", "@auditor", "/audit/alerts/5/handle", `{"reason":"没有问题"}`, 404, "audit.no_alert"},
		{"no number", "@auditor", "/audit/alerts/x/handle", `{"reason":"没有问题"}`, 404, "audit.no_alert"},
		{"no reason", "@auditor", target, `{"reason":" 好 "}`, 400, "audit.reason"},
		{"short reason", "@auditor", target, `{"reason":"好"}`, 400, "api.body"},
		{"the auditor", "@auditor", target, `{"reason":"核对了窗口登记，选错了事项"}`, 200, ""},
		{"twice", "@auditor", target, `{"reason":"没有问题"}`, 409, "audit.handled"},
	} {
		r := w.as(t, c.who, "POST", c.target, c.body)
		if r.status != c.status || r.code(t) != c.code {
			t.Errorf("%s: %d %s", c.name, r.status, r.body)
		}
	}
	if list := decode[List[seenAlert]](t, w.as(t, "@auditor", "GET", "/audit/alerts", "")); len(list.Items) != 0 {
		t.Errorf("still open: %+v", list)
	}
	list = decode[List[seenAlert]](t, w.as(t, "@auditor", "GET", "/audit/alerts?state=handled", ""))
	if len(list.Items) != 1 || list.Items[0].Reason != "核对了窗口登记，选错了事项" || list.Items[0].HandledBy == nil || list.Items[0].HandledAt == nil {
		t.Errorf("%+v", list)
	}
}
