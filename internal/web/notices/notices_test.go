package notices

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/notice"
	"gongxin/internal/web"
	"gongxin/internal/web/desk/desktest"
	"gongxin/internal/web/ui"
)

// someone is a menu as the account pages give it.
type someone struct{}

func (someone) Account(_ context.Context, who authz.Actor) ui.Account {
	if !who.SignedIn() {
		return ui.Account{Links: []ui.Link{{Href: "/sign-in", Label: "登录"}}}
	}
	return ui.Account{Name: "某人", SignOut: "/sign-out"}
}

func newWorld(t *testing.T) (http.Handler, *notice.Service) {
	t.Helper()
	d, now := dbtest.SQLite(t), clock.NewManual(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone))
	ids := id.NewMaker(time.Now)
	ring, err := gm.OpenKeyRing(t.TempDir() + "/keys.json")
	desktest.Must(t, err)
	s := notice.New(notice.Config{
		DB: d, IDs: ids, Clock: now, Ring: ring, Acts: audit.New(audit.Config{DB: d, IDs: ids, Clock: now}), Who: func(context.Context) audit.Who { return audit.Who{Kind: "account", ID: 9} },
		Outward: notice.Outward{Loopback: true}, Mail: &notice.Mail{Address: "127.0.0.1:1", Security: notice.PlainTCP, From: "a@b.cn"},
	})
	site := desktest.NewSite(t)
	site.Menu = Menu{someone{}, s}
	rt := site.Router()
	New(Deps{Site: site, Notices: s}).Routes(rt)
	rt.Handle("GET /", web.Public(authz.PortalRead), site.Handle(func(w http.ResponseWriter, r *http.Request) error {
		return site.Render(w, r, http.StatusOK, web.Frame(site.Page(r, "首页"), ui.Empty("空", "")))
	}))
	return site.Wrap(rt), s
}

func send(t *testing.T, s *notice.Service, to notice.Recipient, title string) {
	t.Helper()
	desktest.Must(t, s.DB.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return s.Send(ctx, tx, notice.Notice{To: to, Topic: "t", Title: title, Body: "请及时办理。", Link: "/me"})
	}))
}

var me = desktest.As(9, authz.Grant{Role: authz.BusinessAgent, Subject: 7}, authz.Grant{Role: authz.FilingClerk, Agency: 3})

// One list holds what is for the account, its unit and its firm, and nothing of others; the header counts.
func TestNotices(t *testing.T) {
	t.Parallel()
	h, s := newWorld(t)
	desktest.Want(t, desktest.Visit(t, h, me, Path, nil), http.StatusOK, "还没有通知", "还没有登记地址")
	for title, to := range map[string]notice.Recipient{
		"给本人": {Kind: notice.Account, ID: 9}, "给单位": {Kind: notice.Agency, ID: 3}, "给企业": {Kind: notice.Subject, ID: 7},
		"给别人": {Kind: notice.Account, ID: 10}, "给别的单位": {Kind: notice.Agency, ID: 9}, "给别的企业": {Kind: notice.Subject, ID: 9},
	} {
		send(t, s, to, title)
	}
	desktest.Want(t, desktest.Visit(t, h, me, "/", nil), http.StatusOK, "通知（3 条未读）")
	answer := desktest.Visit(t, h, me, Path, nil)
	said := desktest.Want(t, answer, http.StatusOK, "给本人", "给单位", "给企业", "标为已读")
	if strings.Contains(said, "给别") {
		t.Errorf("the page shows what is for others: %s", said)
	}
	number := regexp.MustCompile(`name="id" value="([0-9]+)"`).FindStringSubmatch(answer.Body.String())
	if answer := desktest.Visit(t, h, me, Path+"/read", url.Values{"id": {number[1]}}); answer.Code != http.StatusSeeOther {
		t.Fatalf("marking gives %d", answer.Code)
	}
	desktest.Want(t, desktest.Visit(t, h, me, Path+"?unread=1", nil), http.StatusOK, "通知（2 条未读）")
	desktest.Visit(t, h, me, Path+"/read", url.Values{"x": {""}})
	desktest.Want(t, desktest.Visit(t, h, me, Path+"?unread=1", nil), http.StatusOK, "没有未读的通知")
	if n, err := s.Unread(t.Context(), notice.Recipient{Kind: notice.Account, ID: 10}); n != 1 || err != nil {
		t.Errorf("another's notice was marked: %d, %v", n, err)
	}
	if answer := desktest.Visit(t, h, authz.Actor{}, Path, nil); answer.Code != http.StatusSeeOther {
		t.Errorf("a reader gets %d", answer.Code)
	}
	reader := httptest.NewRecorder()
	h.ServeHTTP(reader, httptest.NewRequest(http.MethodGet, "/", nil))
	if said := desktest.Want(t, reader, http.StatusOK, "登录"); strings.Contains(said, "通知") {
		t.Error("a reader's header speaks of notices")
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	h, s := newWorld(t)
	add := func(kind, address string) url.Values { return url.Values{"kind": {kind}, "address": {address}} }
	desktest.Want(t, desktest.Visit(t, h, me, Path+"/addresses", add("email", "不是邮箱")), http.StatusUnprocessableEntity, "格式不对", "name@example.cn")
	desktest.Want(t, desktest.Visit(t, h, me, Path+"/addresses", add("sms", "13912345678")), http.StatusUnprocessableEntity, "没有开通")
	if answer := desktest.Visit(t, h, me, Path+"/addresses", add("email", "boss@acme.test")); answer.Code != http.StatusSeeOther {
		t.Fatalf("adding gives %d", answer.Code)
	}
	said := desktest.Want(t, desktest.Visit(t, h, me, Path, nil), http.StatusOK, "b***@acme.test", "待验证", "收到的验证码")
	if strings.Contains(said, "boss") {
		t.Error("the page shows the address")
	}
	list, err := s.Channels(t.Context(), notice.Recipient{Kind: notice.Account, ID: 9})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	at := Path + "/addresses/" + strconv.FormatInt(list[0].ID, 10)
	desktest.Want(t, desktest.Visit(t, h, me, at+"/confirm", url.Values{"code": {"x"}}), http.StatusUnprocessableEntity, "验证码不对")
	other := desktest.As(10)
	desktest.Want(t, desktest.Visit(t, h, other, at+"/remove", url.Values{"x": {""}}), http.StatusUnprocessableEntity, "没有这个通知地址")
	if list, err := s.Channels(t.Context(), notice.Recipient{Kind: notice.Account, ID: 9}); err != nil || len(list) != 1 {
		t.Errorf("another removed it: %v, %v", list, err)
	}
	if answer := desktest.Visit(t, h, me, at+"/remove", url.Values{"x": {""}}); answer.Code != http.StatusSeeOther {
		t.Errorf("removing gives %d", answer.Code)
	}
	said = desktest.Want(t, desktest.Visit(t, h, me, Path+"/addresses", add("webhook", "http://127.0.0.1:9/hook")), http.StatusOK, "只显示这一次", "签名密钥")
	secret := regexp.MustCompile(`[0-9a-hjkmnp-tv-z]{26}`).FindString(said)
	if again := desktest.Want(t, desktest.Visit(t, h, me, Path, nil), http.StatusOK, "http://127.0.0.1:9/…"); secret == "" || strings.Contains(again, secret) {
		t.Errorf("the secret %q is shown again, or never", secret)
	}
}
