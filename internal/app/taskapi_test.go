package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gongxin/internal/api"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/listing"
	"gongxin/internal/measure"
	"gongxin/internal/notice"
	"gongxin/internal/subject"
)

// png is a picture of one dot.
const png = "\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00\x3a\x7e\x9b\x55\x00\x00\x00\x0a\x49\x44\x41\x54\x78\x9c\x63\x60\x00\x00\x00\x02\x00\x01\x48\xaf\xa4\x71\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82"

// form makes a multipart body of one file.
func form(t *testing.T, name, content string) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile(name, "证明.png")
	must(t, err)
	_, err = part.Write([]byte(content))
	must(t, err)
	must(t, w.Close())
	return &b, w.FormDataContentType()
}

// A key uploads a proof and names it in its feedback; another's proof, an unknown kind of file and a form that is none are refused, and the desk shows the proof.
func TestFeedbackWithEvidence(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	h := &d.own
	key := func(account int64) authz.Actor {
		return authz.Actor{ID: account, Kind: authz.Key, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: h.unit.ID}}}
	}
	at := "/api/v1/measures/tasks/" + strconv.FormatInt(h.task, 10)
	upload := func(who authz.Actor, body io.Reader, kind string) (int, api.Attached, string) {
		r := httptest.NewRequest(http.MethodPost, at+"/evidence", body)
		r.Header.Set("Content-Type", kind)
		w := d.call(r, who)
		var a api.Attached
		_ = json.Unmarshal(w.Body.Bytes(), &a)
		return w.Code, a, w.Body.String()
	}
	mine, others := key(d.caller), key(d.own.account)
	body, kind := form(t, "file", png)
	code, proof, said := upload(mine, body, kind)
	if code != http.StatusCreated || len(proof.Hash) != 64 || proof.Type != "image/png" || proof.Bytes != int64(len(png)) {
		t.Fatalf("%d %s", code, said)
	}
	if code, again, _ := upload(mine, strings.NewReader(png), "image/png"); code != http.StatusCreated || again.Hash != proof.Hash {
		t.Errorf("the bare file: %d %+v", code, again)
	}
	wrong, wrongKind := form(t, "other", png)
	for name, c := range map[string]struct {
		who  authz.Actor
		body io.Reader
		kind string
		want string
	}{
		"a program":        {mine, strings.NewReader("MZ\x90 program"), "application/pdf", "flow.file_type"},
		"nothing":          {mine, strings.NewReader(""), "image/png", "flow.file_empty"},
		"too large":        {mine, io.LimitReader(zeros{}, 21<<20), "application/octet-stream", "flow.file_large"},
		"a table":          {mine, strings.NewReader("a,b"), "text/csv", "api.evidence_type"},
		"another field":    {mine, wrong, wrongKind, "api.part"},
		"a torn form":      {mine, strings.NewReader("--x\r\n"), "multipart/form-data; boundary=x", "api."},
		"somebody outside": {authz.Actor{ID: 5, Kind: authz.Key, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: d.alt.unit.ID}}}, strings.NewReader(png), "image/png", "measure.none"},
	} {
		if code, _, said := upload(c.who, c.body, c.kind); code < 400 || code >= 500 || !strings.Contains(said, `"code":"`+c.want) {
			t.Errorf("%s: %d %s", name, code, said)
		}
	}

	feedback := func(who authz.Actor, hash string) *httptest.ResponseRecorder {
		text, _ := json.Marshal(map[string]any{"result": "executed", "reason": "不予受理项目申报", "executedOn": clock.Today(d.app.Clock).String(), "evidence": []string{hash}})
		return d.call(jsonCall(at+"/feedback", string(text)), who)
	}
	if w := feedback(others, proof.Hash); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "flow.file_none") {
		t.Errorf("with another's proof: %d %s", w.Code, w.Body)
	}
	w := feedback(mine, proof.Hash)
	var m api.MeasureTask
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || w.Code != http.StatusOK || m.Evidence != proof.Hash || m.State != "done" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	officer := authz.Actor{ID: 703, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: h.unit.ID}}}
	d.ask(officer, "/desk/tasks/"+strconv.FormatInt(h.task, 10), nil, http.StatusOK, "证明材料")
	if got := d.call(httptest.NewRequest(http.MethodGet, "/desk/tasks/"+strconv.FormatInt(h.task, 10)+"/files/"+proof.Hash, nil), officer); got.Body.String() != png {
		t.Errorf("the desk hands out %d %q", got.Code, got.Body)
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// posted is a receiver of webhooks.
type posted struct {
	mu     sync.Mutex
	bodies [][]byte
	heads  []http.Header
}

func (p *posted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bodies, p.heads = append(p.bodies, b), append(p.heads, r.Header)
	if len(p.bodies) == 1 {
		w.WriteHeader(http.StatusServiceUnavailable) // the first try fails
	}
}

// A unit's system gets the whole message of a task, signed and tried again; about a person it gets nothing that names one. Each sending stands in the log.
func TestTaskByWebhook(t *testing.T) {
	t.Parallel()
	d, ctx := newDesks(t), context.Background()
	h, now := &d.own, d.app.Clock.(*clock.Manual)
	p := &posted{}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	must(t, err)
	post := notice.New(notice.Config{
		DB: d.app.DB, IDs: id.NewMaker(now.Now), Clock: now, Ring: ring, Acts: d.app.Trust.Audit, Who: func(context.Context) audit.Who { return audit.Who{Kind: string(authz.Local)} },
		Outward: notice.Outward{Loopback: true}, Items: d.app.hookItems,
	})
	_, secret, err := post.AddChannel(ctx, notice.Recipient{Kind: notice.Agency, ID: h.unit.ID}, notice.Webhook, server.URL)
	must(t, err)
	send := func(task int64, to int64) {
		t.Helper()
		must(t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return post.Send(ctx, tx, notice.Notice{
				To: notice.Recipient{Kind: notice.Agency, ID: to}, Topic: "measure.pushed", Title: "有一项联合奖惩任务待响应", Body: "请响应。", Ref: "task:" + strconv.FormatInt(task, 10),
			})
		}))
		for range 3 {
			_, err := post.Deliver(ctx)
			must(t, err)
			now.Advance(5 * 60e9)
		}
	}
	type body struct {
		Delivery string           `json:"delivery"`
		Ref      string           `json:"ref"`
		Items    *api.MeasureTask `json:"items"`
	}
	read := func(i int) (out body, raw string) {
		t.Helper()
		if i >= len(p.bodies) {
			t.Fatalf("%d messages came", len(p.bodies))
		}
		must(t, json.Unmarshal(p.bodies[i], &out))
		if want := notice.Sign(secret, p.heads[i].Get(notice.HeaderTimestamp), p.bodies[i]); p.heads[i].Get(notice.HeaderSignature) != want {
			t.Errorf("message %d is not signed", i)
		}
		return out, string(p.bodies[i])
	}
	send(h.task, h.unit.ID)
	first, _ := read(0)
	m, raw := read(1)
	if len(p.bodies) != 2 || first.Delivery != m.Delivery {
		t.Errorf("%d messages, %s and %s", len(p.bodies), first.Delivery, m.Delivery)
	}
	i := m.Items
	if i == nil || i.Order != strconv.FormatInt(h.order, 10) || i.Batch != strconv.FormatInt(h.listed, 10) || i.Subject != h.firm.Code || i.SubjectName != h.firm.Name || i.List != sampleList ||
		i.Measure != sampleMeasure || i.Basis == "" || i.From.IsZero() || i.Matter != h.matter || i.Issuer.Code != h.unit.Code || i.Unit.Code != h.unit.Code || i.State != "pushed" || i.Cause == "" {
		t.Errorf("the message lacks items: %s", raw)
	}
	send(d.alt.task, h.unit.ID) // a task of somebody else says no more than its number
	if other, raw := read(2); other.Items != nil || strings.Contains(raw, d.alt.firm.Code) {
		t.Errorf("another unit's task: %s", raw)
	}
	send(1, h.unit.ID)
	if none, _ := read(3); none.Items != nil {
		t.Error("a task that is not there has items")
	}

	person := d.personTask(h)
	send(person.ID, h.unit.ID)
	about, raw := read(4)
	if about.Items == nil || about.Items.ID != strconv.FormatInt(person.ID, 10) || about.Items.SubjectName != "" || about.Items.Subject != "" || about.Items.Measure != "CF-13-01" {
		t.Errorf("about a person: %s", raw)
	}
	for _, secretly := range []string{citizenName, "张*", citizenNumber, "拒不履行"} {
		if strings.Contains(raw, secretly) {
			t.Errorf("about a person it says %s: %s", secretly, raw)
		}
	}
	seen, _, err := d.app.Trust.Audit.Search(ctx, audit.Who{Kind: string(authz.Account), ID: 705}, audit.Filter{Subject: h.firm.ID, What: "task", WhoKind: string(authz.System)}, "", 100)
	must(t, err)
	if len(seen) != 2 || seen[0].Who.Agency != h.unit.ID {
		t.Errorf("the log says %+v", seen)
	}
}

// The invented person of the lists' tests.
const (
	citizenNumber = "370303199001010017"
	citizenName   = "张测试"
)

// citizen puts the invented person on file.
func (d *desks) citizen(h *holding) int64 {
	d.t.Helper()
	identity, err := json.Marshal(subject.Identity{DocKind: "身份证", Number: citizenNumber, Name: citizenName})
	must(d.t, err)
	var found int64
	must(d.t, d.app.DB.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		list, err := d.app.Subjects.Resolve(ctx, tx, []subject.Claim{{
			Kind: catalog.Person, Idents: []subject.Ident{d.app.Subjects.PersonIdent("身份证", citizenNumber)}, Name: citizenName, Region: h.unit.Region,
			Sealed: d.app.Trust.Ring.Seal("subject", string(identity)),
		}}, d.app.Clock.Now())
		if err == nil {
			found = list[0].Subject.ID
		}
		return err
	}))
	return found
}

// personTask makes a task because of a person's entry on the one list whose national measure names persons.
func (d *desks) personTask(h *holding) measure.Task {
	d.t.Helper()
	const list, row = "SXBZXR", "CF-13-01"
	l, local := &d.app.Lists, authz.With(context.Background(), authz.LocalActor("test"))
	as := func(id int64, role authz.Role) context.Context {
		return authz.With(context.Background(), authz.Actor{ID: id, Kind: authz.Account, Strong: true, Session: 2, Grants: []authz.Grant{{Role: role, Agency: h.unit.ID}}})
	}
	must(d.t, l.Listing.Empower(local, listing.Decider{Kind: list, Agency: h.unit.ID, From: 20200101, Basis: "法释〔2017〕7号"}))
	e, err := l.Listing.Propose(as(801, authz.Reviewer), listing.Proposal{Kind: list, Subject: d.citizen(h), Agency: h.unit.ID, Cause: "有履行能力而拒不履行"})
	must(d.t, err)
	_, err = l.Listing.Decide(as(802, authz.ListApprover), e.ID, listing.Decision{Document: listing.Document{No: "执1号", On: clock.Today(d.app.Clock)}, Reason: "属实"})
	must(d.t, err)
	matter, err := d.app.Trust.Matters.ByCode(local, h.matter)
	must(d.t, err)
	matter.Kinds = []string{string(catalog.LegalEntity), string(catalog.Person)}
	_, _, err = d.app.Trust.Matters.Save(local, audit.Who{Kind: string(authz.Local)}, matter)
	must(d.t, err)
	must(d.t, l.Measures.SaveMatter(local, measure.MatterLists{Matter: h.matter, Lists: []string{sampleList, list}, Measures: []string{sampleMeasure, row}, From: 20260101}))
	o, err := l.Measures.Issue(as(802, authz.ListApprover), measure.Issue{Entry: e.ID, Measure: row, Reason: "有履行能力而拒不履行"})
	must(d.t, err)
	tasks, err := l.Measures.Tasks(local, measure.Filter{Order: o.ID})
	must(d.t, err)
	return tasks[0]
}
