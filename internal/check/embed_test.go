package check_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/check"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

const (
	frameSite = "https://banshi.example.gov.cn"
	keyNumber = 77
)

// key is the officer behind a key of the interface; ended says that somebody revoked it.
func (w *world) key() authz.Actor {
	a := w.officer()
	a.Kind, a.Session, a.Scopes = authz.Key, keyNumber, []authz.Action{authz.CheckMake, authz.CheckFeedback, authz.CheckRead, authz.DiscloseDepartment}
	return a
}

func (w *world) keyStands(_ context.Context, key int64) (authz.Actor, error) {
	if w.revoked || key != keyNumber {
		return authz.Actor{}, fault.New(fault.Denied, "identity.key", "接口密钥无效、已过期或已停用", "")
	}
	a := w.key()
	a.Address = ""
	return a, nil
}

// framed is a world with a matter and a site that may frame its checks.
func framed(t *testing.T, d *db.DB) (*world, string) {
	t.Helper()
	w := newWorld(t, d, 3)
	w.list(w.firm)
	_, err := w.SetOrigin(context.Background(), authz.LocalActor("test"), w.unit.ID, frameSite, true)
	must(t, err)
	return w, w.matter(t, "M-ALL", nil)
}

func (w *world) ticket(t *testing.T, m string) *check.Ticket {
	t.Helper()
	tk, err := w.Embed(context.Background(), check.EmbedOrder{Who: w.key(), Matter: m, Officer: "ck-0137", Origin: frameSite})
	must(t, err)
	return tk
}

// TestEmbed opens a page, checks in it twice, gives feedback, and finds it all under the key's account with the page it came from.
func TestEmbed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, m := framed(t, d)
		ctx := context.Background()
		tk := w.ticket(t, m)
		page, err := w.OpenEmbed(ctx, tk.Token)
		must(t, err)
		if page.Origin != frameSite || page.Officer != "ck-0137" || page.Matter.Code != m || page.Token == "" || page.Token == tk.Token {
			t.Fatalf("opened %+v", page)
		}
		first := page.Token
		page, err = w.NextEmbed(ctx, first, "203.0.113.9")
		must(t, err)
		g, err := w.CheckEmbedded(ctx, page, publish.Whom{Code: firmCode})
		must(t, err)
		if g.Answer.Outcome != check.Hit || len(g.Answer.Measures) != 1 {
			t.Errorf("answered %+v", g.Answer)
		}
		log := w.entries(t)
		if e := log[0]; e.Who.Kind != "key" || e.Who.ID != 1 || e.Who.Session != keyNumber || e.Who.Address != "203.0.113.9" || e.Matter != m {
			t.Errorf("on file as %+v", e)
		}
		page, err = w.NextEmbed(ctx, page.Token, "203.0.113.9")
		must(t, err)
		must(t, w.FeedbackEmbedded(ctx, page, check.Note{Receipt: g.Answer.Receipt, Result: check.Noted}))
		again, err := w.AgainEmbedded(ctx, page, g.Answer.Receipt)
		must(t, err)
		if string(again.JSON) != string(g.JSON) || !again.FedOn {
			t.Error("another answer the second time")
		}
		other, err := w.Check(ctx, w.ask(m)) // the same account's, but of no page
		must(t, err)
		if err := w.FeedbackEmbedded(ctx, page, check.Note{Receipt: other.Answer.Receipt, Result: check.Noted}); !errors.Is(err, check.ErrNone) {
			t.Errorf("feedback on an answer of elsewhere: %v", err)
		}
		acts := w.acts(t, "check.embed")
		if len(acts) != 1 || !strings.Contains(acts[0].Detail, "officer=ck-0137") || strings.Contains(acts[0].Detail, tk.Token) {
			t.Errorf("acts %+v", acts)
		}
		var kept int
		must(t, d.Read().QueryRowContext(ctx, `SELECT count(*) FROM check_embed WHERE ticket = $1 OR form = $2 OR form = $1`, tk.Token, page.Token).Scan(&kept))
		if kept != 0 {
			t.Error("a token is kept as it is")
		}
	})
}

// TestEmbedEnds: a ticket opens once and in time, a form counts once, a page ends when it rests, and at once with its key, its matter and its site.
func TestEmbedEnds(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		w, m := framed(t, d)
		tk := w.ticket(t, m)
		page, err := w.OpenEmbed(ctx, tk.Token)
		must(t, err)
		want := func(what string, err, as error) {
			t.Helper()
			if !errors.Is(err, as) {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err = w.OpenEmbed(ctx, tk.Token)
		want("opened twice", err, check.ErrEmbedGone)
		late := w.ticket(t, m)
		w.clock.Advance(2 * time.Minute)
		seen, err := w.OpenEmbed(ctx, late.Token)
		want("opened late", err, check.ErrEmbedGone)
		if seen.Origin != frameSite {
			t.Error("the page does not say who may show that it is over")
		}
		for _, none := range []string{"", "x", late.Token[:42] + "?", strings.Repeat("x", 1000)} {
			_, err = w.OpenEmbed(ctx, none)
			want("an invented ticket", err, check.ErrEmbedGone)
			_, err = w.NextEmbed(ctx, none, "")
			want("an invented form", err, check.ErrEmbedGone)
		}
		next, err := w.NextEmbed(ctx, page.Token, "")
		must(t, err)
		_, err = w.NextEmbed(ctx, page.Token, "")
		want("a form sent twice", err, check.ErrEmbedGone)
		_, err = w.NextEmbed(ctx, tk.Token, "")
		want("a ticket as a form", err, check.ErrEmbedGone)
		_, err = w.SetOrigin(ctx, authz.LocalActor("test"), w.unit.ID, frameSite, false)
		must(t, err)
		_, err = w.NextEmbed(ctx, next.Token, "")
		want("the site was taken away", err, check.ErrEmbedOrigin)
		_, err = w.SetOrigin(ctx, authz.LocalActor("test"), w.unit.ID, frameSite, true)
		must(t, err)
		w.revoked = true
		_, err = w.NextEmbed(ctx, next.Token, "")
		want("the key was revoked", err, check.ErrEmbedGone)
		w.revoked = false
		w.matter(t, m, func(x *agency.Matter) { x.ValidUntil = 20261118 })
		_, err = w.NextEmbed(ctx, next.Token, "")
		if fault.KindOf(err) != fault.Denied {
			t.Errorf("the matter is over: %v", err)
		}
		w.matter(t, m, nil)
		next, err = w.NextEmbed(ctx, next.Token, "") // none of these used it up
		must(t, err)
		w.clock.Advance(30 * time.Minute)
		_, err = w.NextEmbed(ctx, next.Token, "")
		want("rested too long", err, check.ErrEmbedGone)
		w.clock.Advance(48 * time.Hour)
		_, err = w.Sweep(ctx)
		must(t, err)
		var left int
		must(t, d.Read().QueryRowContext(ctx, `SELECT count(*) FROM check_embed`).Scan(&left))
		if left != 1 {
			t.Errorf("%d tickets left, want the one that was opened", left)
		}
	})
}

// TestEmbedRefused: what would refuse every check in a page refuses its ticket, and that is on file.
func TestEmbedRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		w, m := framed(t, d)
		w.matter(t, "M-OTHER", func(x *agency.Matter) { x.Agency = w.other.ID })
		good := check.EmbedOrder{Who: w.key(), Matter: m, Officer: "ck-0137", Origin: frameSite}
		for what, c := range map[string]struct {
			change func(*check.EmbedOrder)
			code   string
			logged bool
		}{
			"nobody":           {func(o *check.EmbedOrder) { o.Who = authz.Actor{} }, "", false},
			"a session":        {func(o *check.EmbedOrder) { o.Who = w.officer() }, "check.embed_key", false},
			"a key for else":   {func(o *check.EmbedOrder) { o.Who.Scopes = []authz.Action{authz.DiscloseDepartment} }, "", false},
			"checks alone":     {func(o *check.EmbedOrder) { o.Who.Scopes = []authz.Action{authz.CheckMake} }, "disclosure.role", true},
			"another's matter": {func(o *check.EmbedOrder) { o.Matter = "M-OTHER" }, "", true},
			"no such matter":   {func(o *check.EmbedOrder) { o.Matter = "M-NONE" }, "", true},
			"another basis":    {func(o *check.EmbedOrder) { o.Basis = "《某法》第一条" }, "", true},
			"another site":     {func(o *check.EmbedOrder) { o.Origin = "https://elsewhere.example" }, "check.embed_origin", false},
			"no site":          {func(o *check.EmbedOrder) { o.Origin = "https://*.example.gov.cn" }, "check.origin", false},
			"no officer":       {func(o *check.EmbedOrder) { o.Officer = "" }, "check.embed_officer", false},
			"an ID number":     {func(o *check.EmbedOrder) { o.Officer = number }, "check.embed_officer", false},
		} {
			o, before := good, len(w.entries(t))
			c.change(&o)
			_, err := w.Embed(ctx, o)
			var f *fault.Error
			if !errors.As(err, &f) || c.code != "" && f.Code != c.code {
				t.Errorf("%s: %v", what, err)
			}
			if logged := len(w.entries(t)) > before; c.logged && !logged {
				t.Errorf("%s: refused and not on file", what)
			}
		}
		if _, err := w.SetOrigin(ctx, w.officer(), w.unit.ID, frameSite, true); !errors.Is(err, authz.ErrDenied) {
			t.Errorf("an officer lets a site in: %v", err)
		}
	})
}

// TestEmbedPerson: of a person there are facts, and no measure.
func TestEmbedPerson(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		w, m := framed(t, d)
		w.list(w.human)
		page, err := w.OpenEmbed(ctx, w.ticket(t, m).Token)
		must(t, err)
		page, err = w.NextEmbed(ctx, page.Token, "203.0.113.9")
		must(t, err)
		g, err := w.CheckEmbedded(ctx, page, publish.Whom{DocKind: docKind, Number: number})
		must(t, err)
		if len(g.Answer.Hits) == 0 || len(g.Answer.Measures) != 0 || strings.Contains(string(g.JSON), number) || strings.Contains(string(g.JSON), person) {
			t.Errorf("of a person: %s", g.JSON)
		}
	})
}

// TestEmbedWithoutDatabase: that nothing can be read does not mean that a page is over: the other system must not throw its ticket away.
func TestEmbedWithoutDatabase(t *testing.T) {
	t.Parallel()
	w, m := framed(t, dbtest.SQLite(t))
	tk := w.ticket(t, m)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.OpenEmbed(gone, tk.Token); err == nil || errors.Is(err, check.ErrEmbedGone) {
		t.Errorf("opened without a database: %v", err)
	}
	if _, err := w.NextEmbed(gone, tk.Token, ""); err == nil || errors.Is(err, check.ErrEmbedGone) {
		t.Errorf("asked without a database: %v", err)
	}
	_, err := w.OpenEmbed(context.Background(), tk.Token)
	must(t, err)
}

func TestParseOrigin(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://Banshi.Example.gov.cn/": "https://banshi.example.gov.cn", "https://a.example:443": "https://a.example", "https://a.example:8443": "https://a.example:8443",
		"http://localhost:3000": "http://localhost:3000", "http://127.0.0.1:80": "http://127.0.0.1", " https://a.example ": "https://a.example",
	} {
		if got, err := check.ParseOrigin(text); err != nil || got != want {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "banshi.example", "http://banshi.example", "https://*.example", "https://a.example/path", "https://u@a.example", "https://a.example?x", "javascript:alert(1)", "https://a.example; script-src *",
		"https://a.example 'self'", "https://a.example,https://b.example", "https://", "null", "https://a.example\nSet-Cookie: x", "https://例子.cn", "data:text/html,x",
	} {
		if got, err := check.ParseOrigin(text); err == nil {
			t.Errorf("%q is taken for %q", text, got)
		}
	}
}

// FuzzParseOrigin: whatever is taken can stand in a header of ours, and is taken for itself.
func FuzzParseOrigin(f *testing.F) {
	f.Add("https://a.example")
	f.Add("http://localhost:3000; x")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := check.ParseOrigin(text)
		if err != nil {
			return
		}
		if strings.ContainsAny(got, " ;,'\"*\r\n") || strings.Count(got, "/") != 2 {
			t.Errorf("%q is taken for %q", text, got)
		}
		if again, err := check.ParseOrigin(got); err != nil || again != got {
			t.Errorf("%q, then %q %v", got, again, err)
		}
	})
}

func TestRetentionOfAnInstallation(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		w := newWorld(t, d, 2)
		m := w.matter(t, "M-ALL", nil)
		var err error
		w.Retention, err = check.RetentionOf(60)
		must(t, err)
		_, err = w.Check(ctx, w.ask(m))
		must(t, err)
		for _, months := range []int{36, 59} {
			w.clock.Set(now.AddDate(0, months, 0))
			if n, err := w.Sweep(ctx); n != 0 || err != nil {
				t.Errorf("after %d months %d swept: %v", months, n, err)
			}
		}
		w.clock.Set(now.AddDate(0, 60, 0))
		if n, err := w.Sweep(ctx); n != 1 || err != nil {
			t.Errorf("after 60 months %d swept: %v", n, err)
		}
		for _, bad := range []int{0, -1, 361} {
			if _, err := check.RetentionOf(bad); !errors.Is(err, check.ErrRetention) {
				t.Errorf("%d months: %v", bad, err)
			}
		}
	})
}
