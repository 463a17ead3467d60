package notice

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/id"
)

type world struct {
	*Service
	clock *clock.Manual
	logs  *bytes.Buffer
}

func newWorld(t testing.TB, d *db.DB, change func(*Config)) *world {
	t.Helper()
	w := &world{clock: clock.NewManual(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone)), logs: &bytes.Buffer{}}
	ids := id.NewMaker(time.Now)
	ring, err := gm.OpenKeyRing(t.TempDir() + "/keys.json")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		DB: d, IDs: ids, Clock: w.clock, Ring: ring, Acts: audit.New(audit.Config{DB: d, IDs: ids, Clock: w.clock}), Log: slog.New(slog.NewTextHandler(w.logs, nil)),
		Who:  func(context.Context) audit.Who { return audit.Who{Kind: "account", ID: 5} },
		Site: "https://credit.test", Name: "公信·临溪市", Outward: Outward{Loopback: true},
	}
	if change != nil {
		change(&c)
	}
	w.Service = New(c)
	return w
}

var (
	acme = Recipient{Subject, 7}
	me   = Recipient{Account, 5}
)

func (w *world) send(t testing.TB, n Notice) {
	t.Helper()
	if err := w.DB.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error { return w.Send(ctx, tx, n) }); err != nil {
		t.Fatal(err)
	}
}

func (w *world) deliver(t testing.TB) int {
	t.Helper()
	n, err := w.Deliver(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) unread(t testing.TB, to ...Recipient) int {
	t.Helper()
	n, err := w.Unread(t.Context(), to...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var due = Notice{To: acme, Topic: "objection.due", Title: "异议申请已受理", Body: "您提出的异议申请已经受理，请在2026年3月16日前补充材料。", Link: "/me/cases/12", Ref: "case:12"}

func TestInApp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		for i := range 3 {
			w.clock.Advance(time.Duration(i) * time.Second)
			w.send(t, due)
		}
		other := due
		other.To, other.Ref = me, "case:13"
		w.send(t, other)
		both := []Recipient{acme, me}
		if n := w.unread(t, both...); n != 4 {
			t.Errorf("%d unread", n)
		}
		var list []Notice
		q := Query{To: both, Limit: 3}
		for {
			p, err := w.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, p.Notices...)
			if q.Cursor = p.Next; q.Cursor == "" {
				break
			}
		}
		if len(list) != 4 || list[0].Ref != "case:13" || list[3].At.After(list[0].At) {
			t.Fatalf("the list is %+v", list)
		}
		// Somebody else's notice cannot be marked.
		if n, err := w.MarkRead(t.Context(), []Recipient{me}, list[3].ID); n != 0 || err != nil {
			t.Errorf("marked %d of others, %v", n, err)
		}
		if n, err := w.MarkRead(t.Context(), []Recipient{acme}, list[3].ID); n != 1 || err != nil {
			t.Errorf("marked %d, %v", n, err)
		}
		if n, err := w.MarkRead(t.Context(), both); n != 3 || err != nil || w.unread(t, both...) != 0 {
			t.Errorf("marked %d, %v", n, err)
		}
		if p, err := w.List(t.Context(), Query{To: both, Unread: true}); err != nil || len(p.Notices) != 0 {
			t.Errorf("unread ones: %v, %v", p.Notices, err)
		}
		if p, err := w.List(t.Context(), Query{To: both, Ref: "case:13"}); err != nil || len(p.Notices) != 1 {
			t.Errorf("of the case: %v, %v", p.Notices, err)
		}
		if p, err := w.List(t.Context(), Query{}); err != nil || len(p.Notices) != 0 {
			t.Errorf("of nobody: %v, %v", p.Notices, err)
		}
		if _, err := w.List(t.Context(), Query{To: both, Cursor: "x"}); !errors.Is(err, ErrCursor) {
			t.Errorf("cursor: %v", err)
		}
	})
}

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), nil)
	for name, tt := range map[string]struct {
		change func(*Notice)
		want   error
	}{
		"nobody":        {func(n *Notice) { n.To.ID = 0 }, ErrNotice},
		"kind":          {func(n *Notice) { n.To.Kind = "channel" }, ErrNotice},
		"topic":         {func(n *Notice) { n.Topic = "" }, ErrNotice},
		"title":         {func(n *Notice) { n.Title = " " }, ErrNotice},
		"lines":         {func(n *Notice) { n.Title = "受理\r\nBcc: x@y.cn" }, ErrNotice},
		"number":        {func(n *Notice) { n.Body = "当事人11010519491231002X的申请" }, ErrPersonal},
		"elsewhere":     {func(n *Notice) { n.Link = "https://evil.test/" }, ErrLink},
		"protocol-free": {func(n *Notice) { n.Link = "//evil.test/" }, ErrLink},
		"backslash":     {func(n *Notice) { n.Link = `/\evil.test` }, ErrLink},
	} {
		n := due
		tt.change(&n)
		err := w.DB.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return w.Send(ctx, tx, n) })
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A notice whose cause is rolled back was never there.
	boom := errors.New("boom")
	err := w.DB.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return errors.Join(w.Send(ctx, tx, due), boom) })
	if !errors.Is(err, boom) || w.unread(t, acme) != 0 {
		t.Errorf("%v, %d unread", err, w.unread(t, acme))
	}
}

// Names and reasons are as long as people make them: what does not fit is cut, and nothing that rests on the notice fails.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newReceiver(t)
		w := newWorld(t, d, func(c *Config) { c.SMS = &Hook{URL: r.URL, Secret: "gateway"} })
		c, _, err := w.AddChannel(t.Context(), me, Phone, "13912345678")
		if err != nil {
			t.Fatal(err)
		}
		w.deliver(t)
		var code message
		if err := json.Unmarshal(r.bodies[0], &code); err != nil {
			t.Fatal(err)
		}
		_, digits, _ := strings.Cut(code.Text, "验证码：")
		if err := w.Confirm(t.Context(), me, c.ID, digits[:6]); err != nil {
			t.Fatal(err)
		}
		w.send(t, Notice{To: me, Topic: "measure.issued", Title: strings.Repeat("名", 300), Body: strings.Repeat("由", 5000), Link: "/me"})
		p, err := w.List(t.Context(), Query{To: []Recipient{me}})
		if err != nil || len(p.Notices) != 1 {
			t.Fatal(len(p.Notices), err)
		}
		if n := &p.Notices[0]; len([]rune(n.Title)) != maxTitle || len([]rune(n.Body)) != maxBody || !strings.HasSuffix(n.Title, "…") || !strings.HasSuffix(n.Body, "（全文请在网站上查看）") {
			t.Errorf("%d and %d characters: …%s", len([]rune(n.Title)), len([]rune(n.Body)), n.Body[len(n.Body)-60:])
		}
		w.deliver(t)
		var m message
		if err := json.Unmarshal(r.bodies[1], &m); err != nil || len([]rune(m.Text)) > maxText+60 || !strings.HasSuffix(m.Text, "https://credit.test/me") {
			t.Errorf("%d characters, %v: %s", len([]rune(m.Text)), err, m.Text)
		}
	})
}

// An address is proved by a code, and then gets the notice: encrypted on the way, as a message that mail programs read.
func TestEmail(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		server := newMailServer(t)
		w := newWorld(t, d, func(c *Config) { c.Mail = server.mail() })
		ctx := t.Context()
		for _, bad := range []string{"公司@acme.test", "", "x", "a@b\r\nRCPT TO:<c@d>", "张三 <a@b.cn>", "a@b.cn,c@d.cn"} {
			if _, _, err := w.AddChannel(ctx, acme, Email, bad); !errors.Is(err, ErrAddress) {
				t.Errorf("took %q: %v", bad, err)
			}
		}
		c, _, err := w.AddChannel(ctx, acme, Email, "boss@acme.test")
		if err != nil || c.Confirmed || c.Address != "b***@acme.test" {
			t.Fatalf("%+v, %v", c, err)
		}
		w.send(t, due) // nothing goes to an address that nobody proved
		if n := w.deliver(t); n != 1 {
			t.Fatalf("%d delivered, want the code", n)
		}
		code := body(t, server.letters()[0].data)
		_, code, _ = strings.Cut(code, "验证码：")
		code = code[:6]
		if err := w.Confirm(ctx, acme, c.ID, "x"+code); !errors.Is(err, ErrCode) {
			t.Errorf("wrong code: %v", err)
		}
		if err := w.Confirm(ctx, me, c.ID, code); !errors.Is(err, ErrNoChannel) {
			t.Errorf("for another: %v", err)
		}
		if err := w.Confirm(ctx, acme, c.ID, code); err != nil {
			t.Fatal(err)
		}
		w.send(t, due)
		if n := w.deliver(t); n != 1 {
			t.Fatalf("%d delivered", n)
		}
		if n := w.deliver(t); n != 0 {
			t.Errorf("%d delivered again", n)
		}
		got := server.letters()[1]
		if !got.secure || got.auth != "\x00gongxin\x00口令" || !strings.Contains(got.from, "<notice@gongxin.test>") || !strings.Contains(got.to, "<boss@acme.test>") {
			t.Errorf("the letter came %+v", got)
		}
		m, err := mail.ReadMessage(strings.NewReader(got.data))
		if err != nil {
			t.Fatal(err)
		}
		if from, err := m.Header.AddressList("From"); err != nil || from[0].Name != "公信·临溪市" || from[0].Address != "notice@gongxin.test" {
			t.Errorf("from %v, %v", from, err)
		}
		title, err := (&mime.WordDecoder{}).DecodeHeader(m.Header.Get("Subject"))
		if err != nil || title != due.Title {
			t.Errorf("subject %q, %v", title, err)
		}
		if stop := m.Header.Get("List-Unsubscribe"); stop != "<https://credit.test/account/notices>" {
			t.Errorf("one cannot get rid of it: %q", stop)
		}
		if first, err := mail.ReadMessage(strings.NewReader(server.letters()[0].data)); err != nil || first.Header.Get("List-Unsubscribe") != "" {
			t.Errorf("the code's letter: %v, %v", first.Header, err)
		}
		for _, want := range []string{due.Body, "https://credit.test/me/cases/12", "公信·临溪市", "删除这个邮箱：https://credit.test/account/notices。"} {
			if !strings.Contains(body(t, got.data), want) {
				t.Errorf("the body lacks %q", want)
			}
		}
		for line := range strings.SplitSeq(got.data, "\r\n") {
			if len(line) > 78 {
				t.Errorf("a line of %d", len(line))
			}
		}
		for _, verb := range server.clear {
			if verb == "AUTH" || verb == "MAIL" || verb == "DATA" {
				t.Errorf("%s went in clear", verb)
			}
		}
		if w.unread(t, acme) != 2 {
			t.Errorf("%d unread", w.unread(t, acme))
		}
		sealed(t, w, "boss@acme.test")
	})
}

// body gives the text of a message.
func body(t testing.TB, data string) string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, m.Body))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// sealed checks that neither rows nor logs show an address.
func sealed(t testing.TB, w *world, address string) {
	t.Helper()
	var kept string
	if err := w.DB.Read().QueryRowContext(context.Background(), `SELECT address FROM notice_channel ORDER BY channel_id LIMIT 1`).Scan(&kept); err != nil || !gm.Sealed(kept) {
		t.Errorf("the address rests as %q, %v", kept, err)
	}
	for _, secret := range []string{address, strings.SplitN(address, "@", 2)[0], due.Body} {
		if strings.Contains(w.logs.String(), secret) {
			t.Errorf("the log shows %q", secret)
		}
	}
}

// A server that does not encrypt gets nothing, one that refuses for good ends the delivery, one that is busy is asked again.
func TestEmailFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), nil)
	server := newMailServer(t)
	w.Mail = server.mail()
	c, _, err := w.AddChannel(t.Context(), acme, Email, "boss@acme.test")
	if err != nil {
		t.Fatal(err)
	}
	state := func() (state, failure string, next time.Time) {
		var at int64
		err := w.DB.Read().QueryRowContext(t.Context(), `SELECT state, failure, next_at FROM notice_delivery ORDER BY delivery_id DESC LIMIT 1`).Scan(&state, &failure, &at)
		if err != nil {
			t.Fatal(err)
		}
		return state, failure, db.Instant(at)
	}
	server.set(func() { server.noTLS = true })
	w.deliver(t)
	if s, f, next := state(); s != Waiting || f != "mail_no_tls" || !next.Equal(w.clock.Now().Add(time.Minute)) {
		t.Errorf("%s %s %v", s, f, next)
	}
	if n := w.deliver(t); n != 0 || len(server.letters()) != 0 {
		t.Error("tried again at once")
	}
	w.clock.Advance(time.Minute)
	server.set(func() { server.noTLS, server.answerIn = false, "451 later" })
	w.deliver(t)
	if s, f, next := state(); s != Waiting || f != "mail_data_451" || !next.Equal(w.clock.Now().Add(2*time.Minute)) {
		t.Errorf("%s %s %v", s, f, next)
	}
	w.clock.Advance(2 * time.Minute)
	server.set(func() { server.answerIn, server.answerTo = "", "550 boss@acme.test is unknown" })
	w.deliver(t)
	if s, f, _ := state(); s != Dead || f != "mail_to_550" {
		t.Errorf("%s %s", s, f)
	}
	dead, err := w.DeadLetters(t.Context(), 0, 10)
	if err != nil || len(dead) != 1 || dead[0].Kind != Email || dead[0].Attempts != 3 {
		t.Fatalf("dead %+v, %v", dead, err)
	}
	if waiting, n, err := w.Backlog(t.Context()); waiting != 0 || n != 1 || err != nil {
		t.Errorf("backlog %d, %d, %v", waiting, n, err)
	}
	server.set(func() { server.answerTo = "" })
	if err := w.Retry(t.Context(), dead[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Retry(t.Context(), dead[0].ID); !errors.Is(err, ErrNoDelivery) {
		t.Errorf("a second time: %v", err)
	}
	if n := w.deliver(t); n != 1 {
		t.Errorf("%d delivered", n)
	}
	sealed(t, w, "boss@acme.test")

	for range codeTries {
		_ = w.Confirm(t.Context(), acme, c.ID, "x")
	}
	_, code, _ := strings.Cut(body(t, server.letters()[0].data), "验证码：")
	if err := w.Confirm(t.Context(), acme, c.ID, code[:6]); !errors.Is(err, ErrCode) {
		t.Errorf("after five wrong codes: %v", err)
	}
	if err := w.RemoveChannel(t.Context(), acme, c.ID); err != nil {
		t.Fatal(err)
	}
	if list, err := w.Channels(t.Context(), acme); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestMailSettings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		m  Mail
		ok bool
	}{
		"starttls": {Mail{Address: "mail.example.cn:587", Security: StartTLS, From: "a@b.cn"}, true},
		"tls":      {Mail{Address: "mail.example.cn:465", Security: TLS, From: "公信 <a@b.cn>"}, true},
		"here":     {Mail{Address: "127.0.0.1:25", Security: PlainTCP, From: "a@b.cn"}, true},
		"in clear": {Mail{Address: "mail.example.cn:25", Security: PlainTCP, From: "a@b.cn"}, false},
		"no port":  {Mail{Address: "mail.example.cn", Security: TLS, From: "a@b.cn"}, false},
		"no from":  {Mail{Address: "mail.example.cn:465", Security: TLS}, false},
		"how":      {Mail{Address: "mail.example.cn:465", From: "a@b.cn"}, false},
	} {
		if err := tt.m.Check(); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// receiver is a system that takes webhooks.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	bodies [][]byte
	heads  []http.Header
	status int
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies, r.heads = append(r.bodies, b), append(r.heads, req.Header)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, r := newWorld(t, d, nil), newReceiver(t)
		c, secret, err := w.AddChannel(t.Context(), acme, Webhook, r.URL+"/hook?k=1")
		if err != nil || len(secret) != 26 || !c.Confirmed {
			t.Fatalf("%+v %q %v", c, secret, err)
		}
		w.send(t, due)
		if n := w.deliver(t); n != 1 {
			t.Fatalf("%d delivered", n)
		}
		head := r.heads[0]
		if got := Sign(secret, head.Get(HeaderTimestamp), r.bodies[0]); got != head.Get(HeaderSignature) || head.Get(HeaderTimestamp) != dec(w.clock.Now().Unix()) {
			t.Errorf("signature %s at %s", head.Get(HeaderSignature), head.Get(HeaderTimestamp))
		}
		if Sign("other", head.Get(HeaderTimestamp), r.bodies[0]) == head.Get(HeaderSignature) || Sign(secret, "1", r.bodies[0]) == head.Get(HeaderSignature) {
			t.Error("the signature binds neither secret nor time")
		}
		var m message
		if err := json.Unmarshal(r.bodies[0], &m); err != nil {
			t.Fatal(err)
		}
		want := message{
			Delivery: head.Get(HeaderDelivery), Notice: m.Notice, Topic: due.Topic, Title: due.Title, Text: due.Body, Link: "https://credit.test/me/cases/12", Ref: due.Ref,
			To: "subject:7", At: "2026-03-02T02:00:00Z",
		}
		if diff := cmp.Diff(want, m); diff != "" || m.Delivery == "" || m.Notice == "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}

		// It fails a day and a half long, and is dead; each try has the number of the first.
		r.mu.Lock()
		r.status, r.heads = http.StatusFound, nil // a redirect is no receipt, and is not followed
		r.mu.Unlock()
		w.send(t, due)
		begin, tries := w.clock.Now(), 0
		for {
			w.deliver(t)
			tries++
			var state string
			var next int64
			if err := w.DB.Read().QueryRowContext(t.Context(), `SELECT state, next_at FROM notice_delivery ORDER BY delivery_id DESC LIMIT 1`).Scan(&state, &next); err != nil {
				t.Fatal(err)
			}
			if state == Dead || tries > 50 {
				break
			}
			w.clock.Set(db.Instant(next))
		}
		if took := w.clock.Now().Sub(begin); tries != MaxAttempts || took < 20*time.Hour || took > 48*time.Hour || len(r.heads) != MaxAttempts {
			t.Errorf("%d tries in %v, %d requests", tries, took, len(r.heads))
		}
		for _, h := range r.heads {
			if h.Get(HeaderDelivery) != r.heads[0].Get(HeaderDelivery) {
				t.Error("a try has another number")
			}
		}
		r.mu.Lock()
		r.status = http.StatusGone
		r.mu.Unlock()
		w.send(t, due)
		w.deliver(t)
		if dead, err := w.DeadLetters(t.Context(), 0, 10); err != nil || len(dead) != 2 || dead[1].Failure != "hook_410" || dead[1].Attempts != 1 {
			t.Errorf("dead %+v, %v", dead, err)
		}
	})
}

// A worker that dies between leasing and sending loses nothing; two at once send nothing twice.
func TestLeases(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, r := newWorld(t, d, nil), newReceiver(t)
		if _, _, err := w.AddChannel(t.Context(), acme, Webhook, r.URL); err != nil {
			t.Fatal(err)
		}
		const n = 30
		for range n {
			w.send(t, due)
		}
		lost, err := w.lease(t.Context()) // and then this process dies
		if err != nil || len(lost) != deliverBatch {
			t.Fatalf("%d leased, %v", len(lost), err)
		}
		var wg sync.WaitGroup
		for range 3 {
			c := w.Config
			c.Owner = ""
			other := New(c)
			wg.Go(func() {
				if _, err := other.Deliver(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(r.heads) != n-deliverBatch {
			t.Errorf("%d sent, want %d", len(r.heads), n-deliverBatch)
		}
		w.clock.Advance(leaseTime)
		w.deliver(t)
		seen := map[string]int{}
		for _, h := range r.heads {
			seen[h.Get(HeaderDelivery)]++
		}
		if len(seen) != n || len(r.heads) != n {
			t.Errorf("%d deliveries by %d requests", len(seen), len(r.heads))
		}
	})
}

// What was written while the clock was ahead goes out when it has been put back, and not when the clock is there again.
func TestTheClockIsPutBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newReceiver(t)
		w := newWorld(t, d, nil)
		if _, _, err := w.AddChannel(t.Context(), acme, Webhook, r.URL+"/in"); err != nil {
			t.Fatal(err)
		}
		right := w.clock.Now()
		w.clock.Advance(400 * 24 * time.Hour)
		w.send(t, due)
		w.send(t, due)
		if list, err := w.lease(t.Context()); err != nil || len(list) != 2 { // and the process dies with both in hand
			t.Fatal(list, err)
		}
		w.send(t, due)
		w.clock.Set(right)
		if n := w.deliver(t); n != 3 {
			t.Errorf("%d went out", n)
		}
	})
}

// The gateway for text messages gets the number and a short text; nobody else sees the number.
func TestTextMessage(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	w := newWorld(t, dbtest.SQLite(t), func(c *Config) { c.SMS = &Hook{URL: r.URL, Secret: "gateway"} })
	if _, _, err := w.AddChannel(t.Context(), me, Phone, "12345"); !errors.Is(err, ErrAddress) {
		t.Errorf("took 12345: %v", err)
	}
	c, _, err := w.AddChannel(t.Context(), me, Phone, "13912345678")
	if err != nil || c.Address != "139****5678" {
		t.Fatalf("%+v, %v", c, err)
	}
	w.deliver(t)
	var m message
	if err := json.Unmarshal(r.bodies[0], &m); err != nil || m.Phone != "13912345678" || !strings.HasPrefix(m.Text, "【公信·临溪市】验证通知地址。验证码：") || m.To != "" {
		t.Errorf("%+v, %v", m, err)
	}
	if got := Sign("gateway", r.heads[0].Get(HeaderTimestamp), r.bodies[0]); got != r.heads[0].Get(HeaderSignature) {
		t.Error("the gateway's signature is wrong")
	}
	if strings.Contains(w.logs.String(), "139") {
		t.Error("the log shows the number")
	}
}

// A receiver cannot point the server at its neighbours: not by address, not by name, not by any spelling.
func TestWebhooksStayOutside(t *testing.T) {
	t.Parallel()
	h := newHooks(Outward{Networks: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}}, clock.System{})
	answers := map[string]string{"inner.test": "192.168.1.1", "public.test": "93.184.215.14", "mapped.test": "::ffff:127.0.0.1"}
	h.resolve = func(_ context.Context, host string) ([]netip.Addr, error) {
		if a, ok := answers[host]; ok {
			return []netip.Addr{netip.MustParseAddr(a)}, nil
		}
		return nil, errors.New("no such host")
	}
	for address, want := range map[string]error{
		"https://public.test/hook": nil, "https://93.184.215.14/hook": nil, "https://10.20.3.4:8443/hook": nil, "https://[2606:2800:21f:cb07::1]/": nil,
		"http://public.test/hook": ErrURL, "ftp://public.test/": ErrURL, "https://user:pass@public.test/": ErrURL, "https:///x": ErrURL, "https://nowhere.test/": ErrURL, "javascript:1": ErrURL,
		"http://127.0.0.1/": ErrURL, "http://localhost/": ErrURL,
		"https://127.0.0.1/": ErrInner, "https://[::1]/": ErrInner, "https://10.0.0.1/": ErrInner, "https://172.16.5.5/": ErrInner, "https://inner.test/": ErrInner, "https://mapped.test/": ErrInner,
		"https://169.254.169.254/latest/meta-data": ErrInner, "https://0.0.0.0/": ErrInner, "https://100.64.0.1/": ErrInner, "https://[::ffff:10.0.0.1]/": ErrInner, "https://[fe80::1]/": ErrInner,
		"https://[fd00::1]/": ErrInner, "https://[64:ff9b::a00:1]/": ErrInner, "https://[::10.0.0.1]/": ErrInner, "https://[2002:7f00:1::]/": ErrInner, "https://224.0.0.1/": ErrInner, "https://255.255.255.255/": ErrInner,
	} {
		if err := h.check(t.Context(), address); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
}

// The name may answer otherwise when the connection is made: the connection is refused, whatever was said before.
func TestWebhookIsCheckedWhenItConnects(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	h := newHooks(Outward{}, clock.System{})
	res, err := h.client.Get(r.URL)
	if err == nil {
		_ = res.Body.Close()
	}
	if !errors.Is(err, ErrInner) || len(r.heads) != 0 {
		t.Errorf("err = %v, %d requests", err, len(r.heads))
	}
}

func TestReseal(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, r := newWorld(t, d, nil), newReceiver(t)
		for range 3 {
			if _, _, err := w.AddChannel(t.Context(), acme, Webhook, r.URL); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Ring.Rotate(); err != nil {
			t.Fatal(err)
		}
		if n, err := w.Resealer().Stale(t.Context()); n != 6 || err != nil {
			t.Fatalf("%d stale, %v", n, err)
		}
		if n, err := gm.Reseal(t.Context(), []gm.Resealer{w.Resealer()}, nil); n != 6 || err != nil {
			t.Fatalf("%d resealed, %v", n, err)
		}
		if n, err := w.Resealer().Stale(t.Context()); n != 0 || err != nil {
			t.Errorf("%d stale, %v", n, err)
		}
		w.send(t, due)
		if n := w.deliver(t); n != 3 {
			t.Errorf("%d delivered", n)
		}
	})
}

func TestSubjectsOfMessages(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("异议申请已受理，", 12)
	got, err := (&mime.WordDecoder{}).DecodeHeader(strings.ReplaceAll(subject(long), "\r\n", ""))
	if err != nil || got != long {
		t.Errorf("%q, %v", got, err)
	}
	for _, title := range []string{"=?utf-8?q?Evil=0D=0ABcc:_x=40y?=", strings.Repeat("ascii", 12)} { // shown as it was written
		got, err := (&mime.WordDecoder{}).DecodeHeader(strings.ReplaceAll(subject(title), "\r\n", ""))
		if err != nil || got != title {
			t.Errorf("%q is shown as %q, %v", title, got, err)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b), nil)
			b.ReportAllocs()
			for b.Loop() {
				w.send(b, due)
			}
		})
	}
}
