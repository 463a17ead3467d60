package app

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
)

var update = flag.Bool("update", false, "write the list of routes into docs/operate/permissions.md")

// desks is a site with two units, each of which filed one file whose only row waits for a person. Whatever begins with own belongs to the first.
type desks struct {
	app      *App
	routes   []authz.Route
	handler  http.Handler
	own, alt holding
	calls    int
}

// holding is what a unit has.
type holding struct {
	unit  agency.Agency
	filed string
	entry int64
}

// The account that calls, and the one that filed.
const (
	caller = 1
	filer  = 900
)

// known answers with the actor that a credential spells out as JSON, so that a test can be anybody.
type known struct{}

func (known) Actor(_ context.Context, raw string) (authz.Actor, error) {
	return spelled(raw, authz.Account)
}

func (known) KeyActor(_ context.Context, raw, _ string) (authz.Actor, error) {
	return spelled(raw, authz.Key)
}

func spelled(raw string, kind authz.Kind) (authz.Actor, error) {
	var a authz.Actor
	text, err := unhex(raw)
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		return authz.Actor{}, fault.New(fault.Denied, "test.credential", "无效", "")
	}
	a.Kind = kind
	return a, nil
}

func hexed(a authz.Actor) string {
	text, _ := json.Marshal(a)
	return fmt.Sprintf("%x", text)
}

func unhex(s string) (out []byte, err error) {
	_, err = fmt.Sscanf(s, "%x", &out)
	return out, err
}

func newDesks(t *testing.T) *desks {
	t.Helper()
	ctx := context.Background()
	at := clock.NewManual(time.Date(2026, 3, 12, 10, 0, 0, 0, clock.Zone))
	c := config.Config{Data: t.TempDir(), Listen: "127.0.0.1:0"}
	c.Database = filepath.Join(c.Data, "routes.db")
	c.City.Name = "临溪市"
	c.Limits.UploadMB, c.Limits.RequestSeconds = 4, 30
	a, err := Open(ctx, c, Options{Clock: at, Version: "test"}, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	if _, err := a.Names.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	d := &desks{app: a}
	site, rt, err := a.site(known{})
	if err != nil {
		t.Fatal(err)
	}
	d.routes, d.handler = rt.Routes(), site.Wrap(rt)
	d.own = d.file(t, "1199010200100001", "990102", "甲局")
	d.alt = d.file(t, "1199010300100001", "990103", "乙局")
	return d
}

// file registers a unit and files a row that names nobody the register knows.
func (d *desks) file(t *testing.T, first, region, name string) (h holding) {
	t.Helper()
	ctx := context.Background()
	var err error
	if h.unit, err = d.app.Agencies.Add(ctx, unitCode(t, first), name, region); err != nil {
		t.Fatal(err)
	}
	item, _ := d.app.Editions.Current(clock.Today(d.app.Clock)).Item("XZCF")
	row := map[string]string{}
	for k, v := range item.Example {
		row[k] = v
	}
	fourteen := region + "00000001" // an old number that the register does not know
	row["CF_XDR_LB"], row["CF_XDR_SHXYM"], row["CF_XDR_GSZC"] = "个体工商户", "", fourteen+string(ident.RegNoCheck(fourteen))
	row["CF_JDRQ"], row["CF_YXQ"], row["CF_WSH"] = "2026-03-09", "2027-03-09", name+"罚〔2026〕1号"
	text, _ := json.Marshal([]map[string]string{row})
	sub, err := d.app.Ingest.Submit(ctx, ingest.Request{Item: "XZCF", Unit: h.unit.Code, FileName: "a.json", Actor: "account:" + strconv.Itoa(filer)}, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.app.Ingest.Run(ctx, sub.ID, nil); err != nil {
		t.Fatal(err)
	}
	h.filed = sub.ID
	list, err := d.app.desk.Queue(ctx, ingest.Waiting, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Submission == sub.ID {
			h.entry = e.ID
		}
	}
	if h.entry == 0 {
		t.Fatalf("nothing of %s waits", name)
	}
	return h
}

// unitCode makes a valid code from the first 16 characters.
func unitCode(t *testing.T, first string) string {
	t.Helper()
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	for _, a := range alphabet {
		for _, b := range alphabet {
			if code, problem := ident.ParseUSCC(first + string(a) + string(b)); problem == nil {
				return string(code)
			}
		}
	}
	t.Fatalf("no code begins with %s", first)
	return ""
}

// samples say how a call of each route that is not for everyone looks when it is about what a unit has. A new route without one fails the test.
var samples = map[string]func(h holding) *http.Request{
	"GET /desk":                                plainGet("/desk"),
	"GET /desk/filing":                         plainGet("/desk/filing"),
	"GET /desk/filing/running":                 plainGet("/desk/filing/running?n=1"),
	"GET /desk/filing/item":                    plainGet("/desk/filing/item?item=XZCF"),
	"POST /desk/filing":                        func(h holding) *http.Request { return form("/desk/filing", h.unit.Code) },
	"GET /desk/filing/{id}":                    filed("/desk/filing/%s"),
	"GET /desk/filing/{id}/live":               filed("/desk/filing/%s/live"),
	"GET /desk/filing/{id}/errors.xlsx":        filed("/desk/filing/%s/errors.xlsx"),
	"GET /desk/filing/{id}/file":               filed("/desk/filing/%s/file"),
	"GET /desk/queue":                          plainGet("/desk/queue"),
	"GET /desk/queue/{id}":                     queued(http.MethodGet, ""),
	"POST /desk/queue/{id}/match":              queued(http.MethodPost, "/match"),
	"POST /desk/queue/{id}/refuse":             queued(http.MethodPost, "/refuse"),
	"POST /desk/queue/{id}/undo":               queued(http.MethodPost, "/undo"),
	"GET /metrics":                             plainGet("/metrics"),
	"POST /api/v1/submissions":                 func(h holding) *http.Request { return form("/api/v1/submissions?item=XZCF&unit="+h.unit.Code, "") },
	"GET /api/v1/submissions":                  plainGet("/api/v1/submissions"),
	"GET /api/v1/submissions/{id}":             filed("/api/v1/submissions/%s"),
	"GET /api/v1/submissions/{id}/errors.xlsx": filed("/api/v1/submissions/%s/errors.xlsx"),
	"GET /api/v1/submissions/{id}/file":        filed("/api/v1/submissions/%s/file"),
}

func plainGet(path string) func(holding) *http.Request {
	return func(holding) *http.Request { return httptest.NewRequest(http.MethodGet, path, nil) }
}

func filed(path string) func(holding) *http.Request {
	return func(h holding) *http.Request {
		return httptest.NewRequest(http.MethodGet, fmt.Sprintf(path, h.filed), nil)
	}
}

// queued posts no reason, so that nothing is decided.
func queued(method, rest string) func(holding) *http.Request {
	return func(h holding) *http.Request {
		r := httptest.NewRequest(method, "/desk/queue/"+strconv.FormatInt(h.entry, 10)+rest, strings.NewReader("subject="))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
}

func form(path, unit string) *http.Request {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if unit != "" {
		_ = w.WriteField("unit", unit)
		_ = w.WriteField("item", "XZCF")
	}
	part, _ := w.CreateFormFile("file", "a.csv")
	_, _ = io.WriteString(part, "甲,乙\n1,2\n")
	_ = w.Close()
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

// call asks as an actor, each time from another address, so that no client asks too often.
func (d *desks) call(r *http.Request, who authz.Actor) *httptest.ResponseRecorder {
	d.calls++
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:4711", d.calls>>16&255, d.calls>>8&255, d.calls&255)
	switch who.Kind {
	case authz.Account:
		r.AddCookie(&http.Cookie{Name: "gx", Value: hexed(who)})
	case authz.Key:
		r.Header.Set("Authorization", "Bearer "+hexed(who))
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

// passes says whether an answer is no refusal.
func passes(status int) bool {
	return status != http.StatusUnauthorized && status != http.StatusForbidden && status < 500
}

// Every route answers every role, about its own things and another's, as the published table says.
func TestEveryRouteFollowsTheTable(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	table := map[authz.Action]authz.Described{}
	for _, g := range authz.Table() {
		for _, a := range g.Actions {
			table[a.Action] = a
		}
	}
	callers := everyCaller(d.own.unit)
	for _, route := range d.routes {
		act := table[route.Action]
		sample := samples[route.Pattern]
		if sample == nil {
			if !route.Action.Public() {
				t.Errorf("%s: no sample of a call; add one", route.Pattern)
				continue
			}
			sample = everyone(route.Pattern)
		}
		for _, who := range callers {
			if who.Kind == authz.Account && strings.Contains(route.Pattern, " /api/") && !route.Action.Public() {
				who = authz.Actor{} // sessions do not count there
			}
			for _, own := range []bool{true, false} {
				h := d.alt
				if own || list(route) {
					h = d.own
				}
				w := d.call(sample(h), who)
				if want := expected(act, who, own || list(route)); passes(w.Code) != want {
					t.Errorf("%s by %s %+v (strong %v) about own %v: %d, the table says %v", route.Pattern, who.Kind, who.Grants, who.Strong, own, w.Code, want)
				}
			}
		}
	}
}

// list says whether a route has no thing of its own: it lists what its caller may see, or is about no thing.
func list(r authz.Route) bool {
	switch r.Pattern {
	case "GET /desk/filing", "GET /desk/filing/running", "GET /desk/filing/item", "GET /desk/queue", "GET /api/v1/submissions":
		return true
	}
	return r.Scope == ""
}

// everyCaller gives nobody, an account without roles, and every role with its session, with and without second factor, and its key.
func everyCaller(unit agency.Agency) []authz.Actor {
	out := []authz.Actor{{}, {ID: caller, Kind: authz.Account}, {ID: caller, Kind: authz.Account, Strong: true}}
	for _, role := range authz.Roles() {
		for _, region := range []string{"", unit.Region} {
			g := []authz.Grant{{Role: role, Agency: unit.ID, Region: region, Subject: 77}}
			out = append(out,
				authz.Actor{ID: caller, Kind: authz.Account, Grants: g}, authz.Actor{ID: caller, Kind: authz.Account, Grants: g, Strong: true},
				authz.Actor{ID: caller, Kind: authz.Key, Grants: g}, authz.Actor{ID: caller, Kind: authz.Key, Grants: g, Scopes: []authz.Action{authz.ConsentRead}})
		}
	}
	return out
}

// expected reads the table as its page says to, apart from the code that decides.
func expected(act authz.Described, who authz.Actor, own bool) bool {
	held := authz.Grant{}
	if len(who.Grants) > 0 {
		held = who.Grants[0]
	}
	for _, r := range act.Rules {
		switch {
		case r.Role == authz.Everyone:
			return true
		case who.Kind != authz.Account && who.Kind != authz.Key,
			who.Kind == authz.Key && (!act.Key || len(who.Scopes) > 0), // the scoped keys of this test are for something else
			held.Role.Watches() && !who.Strong && act.Action != authz.FactorEnrol,
			r.Role != held.Role && r.Role != authz.SignedIn,
			r.Strong && !who.Strong:
			continue
		}
		switch r.Reach {
		case authz.Any:
			if held.Region == "" || r.Role == authz.SignedIn {
				return true
			}
		case authz.OwnRegion:
			if own || held.Region == "" {
				return true
			}
		default:
			if own {
				return true
			}
		}
	}
	return false
}

// everyone makes a call of a route that is for everyone; what its address names need not be there.
func everyone(pattern string) func(holding) *http.Request {
	method, path, _ := strings.Cut(pattern, " ")
	for _, hole := range []string{"{code}", "{item}", "{id}", "{file}", "{$}"} {
		path = strings.ReplaceAll(path, hole, map[string]string{"{$}": "", "{item}": "XZCF", "{file}": "XZCF.csv"}[hole])
	}
	path = strings.ReplaceAll(path, "//", "/x/")
	return func(holding) *http.Request { return httptest.NewRequest(method, path, nil) }
}

// Lists hold nothing of another unit, and a refused call leaves nothing behind.
func TestListsAreCut(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	clerk := authz.Actor{ID: caller, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.FilingClerk, Agency: d.own.unit.ID}}}
	district := authz.Actor{ID: caller, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.OfficeOperator, Region: d.own.unit.Region}}}
	for _, who := range []authz.Actor{clerk, district} {
		for _, path := range []string{"/desk/filing", "/desk/queue", "/desk/filing/running", "/api/v1/submissions"} {
			asks := who
			if strings.HasPrefix(path, "/api/") {
				asks.Kind = authz.Key
			}
			w := d.call(httptest.NewRequest(http.MethodGet, path, nil), asks)
			if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "乙局") || strings.Contains(w.Body.String(), d.alt.filed) {
				t.Errorf("%s shows %s another unit's: %d", path, who.Grants[0].Role, w.Code)
			}
			if path == "/desk/queue" && !strings.Contains(w.Body.String(), "/desk/queue/"+strconv.FormatInt(d.own.entry, 10)) {
				t.Errorf("%s lacks the own entry", path)
			}
		}
	}
	before, _ := d.app.Ingest.Recent(context.Background(), d.alt.unit.ID, 10)
	d.call(form("/desk/filing", d.alt.unit.Code), clerk)
	clerk.Kind = authz.Key
	d.call(form("/api/v1/submissions?item=XZCF&unit="+d.alt.unit.Code, ""), clerk)
	after, _ := d.app.Ingest.Recent(context.Background(), d.alt.unit.ID, 10)
	if len(before) != len(after) {
		t.Error("a refused filing was kept")
	}
}

// Who filed a row does not decide on it, on the page as in the table.
func TestNobodyDecidesOnTheirOwnFiling(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	reviewer := authz.Actor{ID: filer, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.Reviewer, Agency: d.own.unit.ID}}}
	w := d.call(queued(http.MethodPost, "/refuse")(d.own), reviewer)
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "不能自己") {
		t.Errorf("%d: %s", w.Code, w.Body.String())
	}
	if w := d.call(queued(http.MethodGet, "")(d.own), reviewer); w.Code != http.StatusOK {
		t.Errorf("may not even read it: %d", w.Code)
	}
}

const (
	page  = "../../docs/operate/permissions.md"
	begin = "<!-- 路由：由 internal/app 的测试生成，不要手改 -->\n"
	end   = "<!-- 路由完 -->\n"
)

// The published list of routes is the list of routes.
func TestRoutesArePublished(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the routes", page)
	}
	var b strings.Builder
	b.WriteString("\n| 地址 | 操作 | 代码 | 按谁的判断 |\n|---|---|---|---|\n")
	for _, r := range d.routes {
		scope := r.Scope
		if scope == "" {
			scope = "—"
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", r.Pattern, r.Action.Label(), r.Action, scope)
	}
	b.WriteString("\n")
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+b.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(b.String(), old); diff != "" {
		t.Errorf("the published routes differ; run go test ./internal/app -run Routes -update and look at the change:\n%s", diff)
	}
}
