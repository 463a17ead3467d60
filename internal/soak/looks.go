package soak

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/publish"
)

// looks are what was asked beyond the public, and what came of it.
type looks struct {
	answered []answered
	refused  map[lookKind]int // refusals that were answered, by who asked and what was missing
	unsure   map[int64]int    // look-ups without an answer, by who asked
	own      map[int64]int    // answered readings of the own file, by the agent
	queued   int              // pages and rows of the queue that were answered
	queuing  int              // and those without an answer
	consents []*grant
}

// answered is one look-up that was answered; the access log must hold it.
type answered struct {
	receipt int64
	who     int64
	firm    *firm
	matter  string
	consent int64
	records int
}

type lookKind struct {
	who     int64
	missing string
}

// grant is a consent of a firm to the bank.
type grant struct {
	id      int64
	firm    *firm
	uses    int
	asked   int  // look-ups that may have used it
	ending  bool // its revocation was sent
	revoked bool // its revocation was acknowledged
}

const (
	grantUses = 3
	grantAim  = "credit"
	noConsent = "999" // no consent has this number
)

// question is what a desk asks about a firm, and what must come of it.
type question struct {
	kind   string
	who    int64
	client Client
	firm   *firm
	body   map[string]any
	grant  *grant
	allow  []publish.Missing // refusals that are right; with none of them it must be answered
	must   bool              // it must be refused
}

// officer asks for a matter, and now and then for what no matter covers: that must be refused.
func (l *load) officer(ctx context.Context, n int) {
	random := rand.New(rand.NewPCG(l.seed, uint64(1000+n)))
	for ctx.Err() == nil {
		f := l.firms[random.IntN(len(l.firms))]
		q := question{kind: kindMatter, who: l.keys.WindowID, client: l.window, firm: f, body: map[string]any{"subject": f.code, "matter": soakMatter, "items": []string{string(sharedItem)}}}
		switch random.IntN(6) {
		case 0:
			q.body["matter"], q.kind, q.must, q.allow = "NICHTS", kindNoMatter, true, []publish.Missing{publish.MissingMatter}
		case 1:
			q.body["items"], q.kind, q.must, q.allow = []string{string(consentItem)}, kindNoMatter, true, []publish.Missing{publish.MissingCovered}
		}
		l.ask(ctx, &q)
		pause(ctx, time.Duration(100+random.IntN(300))*time.Millisecond)
	}
}

// banker asks with the firms' consents, used up and revoked ones among them, and with one that nobody gave.
func (l *load) banker(ctx context.Context) {
	random := rand.New(rand.NewPCG(l.seed, 2000))
	for ctx.Err() == nil {
		if g := l.lively(random); g != nil && random.IntN(5) > 0 {
			l.askWith(ctx, g)
		} else {
			f := l.firms[random.IntN(len(l.firms))]
			l.ask(ctx, &question{
				kind: kindNoGrant, who: l.keys.BankID, client: l.bank, firm: f, must: true, allow: []publish.Missing{publish.MissingConsent},
				body: map[string]any{"subject": f.code, "consent": noConsent, "purpose": grantAim},
			})
		}
		pause(ctx, time.Duration(100+random.IntN(300))*time.Millisecond)
	}
}

// lively gives one of the newest consents.
func (l *load) lively(random *rand.Rand) *grant {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.consents)
	if n == 0 {
		return nil
	}
	return l.consents[n-1-random.IntN(min(n, 2*agentsHeld))]
}

// askWith asks with a consent. A revocation that was acknowledged before must refuse it; one that is on its way may.
func (l *load) askWith(ctx context.Context, g *grant) {
	q := question{kind: kindConsent, who: l.keys.BankID, client: l.bank, firm: g.firm, grant: g, body: map[string]any{
		"subject": g.firm.code, "consent": strconv.FormatInt(g.id, 10), "purpose": grantAim, "items": []string{string(consentItem)},
	}}
	l.mu.Lock()
	used := g.asked >= g.uses
	if g.revoked {
		q.kind, q.must, q.allow = kindNoGrant, true, []publish.Missing{publish.MissingRevoked}
	} else {
		q.allow = append(q.allow, publish.MissingEarly) // it was given before the clock was set back
		g.asked++
		if used {
			q.kind = kindNoGrant
			q.allow = append(q.allow, publish.MissingUses)
		}
	}
	l.mu.Unlock()
	l.ask(ctx, &q)
}

// ask sends a question and keeps what came of it.
func (l *load) ask(ctx context.Context, q *question) {
	body, err := json.Marshal(q.body)
	if err != nil {
		l.problem("%v", err)
		return
	}
	status, raw, err := l.do(ctx, q.client, q.kind, http.MethodPost, "/api/v1/disclosures", http.Header{"Content-Type": {"application/json"}}, body)
	var answer struct {
		Receipt string            `json:"receipt"`
		Items   []json.RawMessage `json:"items"`
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	late := q.grant != nil && q.grant.ending // the revocation may have come first
	switch lacks := publish.Missing(missing(raw)); {
	case unsure(status, err):
		l.unsure[q.who]++
	case status == http.StatusOK && json.Unmarshal(raw, &answer) == nil:
		a := answered{who: q.who, firm: q.firm, records: len(answer.Items)}
		a.receipt, _ = strconv.ParseInt(answer.Receipt, 10, 64)
		a.matter, _ = q.body["matter"].(string)
		if q.grant != nil {
			a.consent = q.grant.id
		}
		l.answered = append(l.answered, a)
		if q.must {
			l.problems = append(l.problems, "应当被拒的查询得到了回答："+q.kind+"，日志编号 "+answer.Receipt)
		}
		if len(answer.Items) == 0 {
			l.problems = append(l.problems, "有权的查询没有得到在册的记录："+q.kind+"，日志编号 "+answer.Receipt)
		}
	case lacks != "":
		l.refused[lookKind{q.who, string(lacks)}]++
		if !contains(q.allow, lacks) && !(late && lacks == publish.MissingRevoked) {
			l.problems = append(l.problems, "查询被错误地拒绝："+q.kind+"，"+string(lacks))
		}
	case status != http.StatusTooManyRequests:
		l.problems = append(l.problems, "查询的回答不明："+q.kind+"，状态 "+strconv.Itoa(status))
	}
}

func contains(list []publish.Missing, m publish.Missing) bool {
	for _, x := range list {
		if x == m {
			return true
		}
	}
	return false
}

// agentOf is somebody who acts for a firm, signed in with a session.
type agentOf struct {
	*load
	firm   *firm
	cookie string
}

// sessionCookie is the site's on loopback.
const sessionCookie = "gx="

func (a *agentOf) header(media string) http.Header {
	h := http.Header{"Cookie": {a.cookie}, "Sec-Fetch-Site": {"same-origin"}}
	if media != "" {
		h.Set("Content-Type", media)
	}
	return h
}

// signIn opens a session as a browser does.
func (a *agentOf) signIn(ctx context.Context) bool {
	form := url.Values{"login": {agentLogin(a.firm.code)}, "password": {soakPassword}}.Encode()
	begun := time.Now()
	status, header, raw, err := a.visitor.send(context.WithoutCancel(ctx), http.MethodPost, "/sign-in", a.header("application/x-www-form-urlencoded"), []byte(form))
	a.tally.add(kindSignIn, status, raw, err, begun)
	if err != nil || status != http.StatusSeeOther {
		return false
	}
	for _, c := range header.Values("Set-Cookie") {
		if strings.HasPrefix(c, sessionCookie) {
			a.cookie, _, _ = strings.Cut(c, ";")
		}
	}
	return a.cookie != ""
}

// agent gives the bank consents and revokes them, and reads the firm's own file.
func (l *load) agent(ctx context.Context, f *firm, n int) {
	a := &agentOf{load: l, firm: f}
	random := rand.New(rand.NewPCG(l.seed, uint64(3000+n)))
	for ctx.Err() == nil {
		if a.cookie == "" && !a.signIn(ctx) {
			pause(ctx, retryAfter)
			continue
		}
		a.readOwn(ctx)
		if g := a.grant(ctx); g != nil {
			pause(ctx, time.Duration(500+random.IntN(3000))*time.Millisecond)
			a.revoke(ctx, g)
		}
		pause(ctx, time.Duration(random.IntN(1000))*time.Millisecond)
	}
}

// gone forgets a session that the server no longer knows: the clock went on by more than it lasts.
func (a *agentOf) gone(status int) bool {
	if status == http.StatusUnauthorized || status == http.StatusSeeOther {
		a.cookie = ""
		return true
	}
	return false
}

func (a *agentOf) readOwn(ctx context.Context) {
	status, raw, err := a.do(ctx, a.visitor, kindOwn, http.MethodGet, "/me/file", a.header(""), nil)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case unsure(status, err):
		a.unsure[a.firm.agent]++
	case status == http.StatusOK:
		a.own[a.firm.agent]++
		if !strings.Contains(string(raw), a.firm.name) {
			a.problems = append(a.problems, "本企业档案中没有本企业")
		}
	case status == http.StatusTooManyRequests || a.gone(status):
	default:
		a.problems = append(a.problems, "看不到本企业的档案：状态 "+strconv.Itoa(status))
	}
}

// grant gives the bank a consent and lets its desk know.
func (a *agentOf) grant(ctx context.Context) *grant {
	body, err := json.Marshal(map[string]any{"grantee": a.keys.BankUnit, "items": []string{string(consentItem)}, "purpose": grantAim, "uses": grantUses})
	if err != nil {
		return nil
	}
	status, raw, err := a.do(ctx, a.visitor, kindGrant, http.MethodPost, "/api/v1/consents", a.header("application/json"), body)
	if err != nil || status != http.StatusCreated {
		if err == nil && status < http.StatusInternalServerError && status != http.StatusTooManyRequests && !a.gone(status) {
			a.problem("授权被拒绝：状态 %d，%.300s", status, raw)
		}
		return nil
	}
	var made struct {
		ID string `json:"id"`
	}
	id := int64(0)
	if json.Unmarshal(raw, &made) == nil {
		id, _ = strconv.ParseInt(made.ID, 10, 64)
	}
	if id == 0 {
		a.problem("授权书的回执无法读取")
		return nil
	}
	g := &grant{id: id, firm: a.firm, uses: grantUses}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.consents = append(a.consents, g)
	return g
}

// revoke takes a consent back, and tries it at once: nothing may be read with it any more.
func (a *agentOf) revoke(ctx context.Context, g *grant) {
	a.mu.Lock()
	g.ending = true
	a.mu.Unlock()
	path := "/api/v1/consents/" + strconv.FormatInt(g.id, 10) + "/revoke"
	for ctx.Err() == nil {
		if a.cookie == "" && !a.signIn(ctx) {
			pause(ctx, retryAfter)
			continue
		}
		status, raw, err := a.do(ctx, a.visitor, kindRevoke, http.MethodPost, path, a.header("application/json"), []byte("{}"))
		switch {
		case err == nil && (status == http.StatusOK || status == http.StatusConflict): // revoked now, or by a request whose answer was lost
			a.mu.Lock()
			g.revoked = true
			a.mu.Unlock()
			a.askWith(ctx, g)
			return
		case unsure(status, err), status == http.StatusTooManyRequests, a.gone(status):
		default:
			a.problem("撤销授权被拒绝：状态 %d，%.300s", status, raw)
			return
		}
		pause(ctx, retryAfter)
	}
}
