// Package notices keeps the rule that people read what concerns them on the site itself, whatever else they asked for: every notice to an account, to the
// units it works for and to the subjects it stands for is in one list, and the header says how many are unread. Addresses outside are
// shown masked and used only after they answered. Operators see what could not be delivered, and why, without addresses and texts.
package notices

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/notice"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// Path is the page.
const Path = "/account/notices"

// Service keeps notices; *notice.Service does.
type Service interface {
	List(ctx context.Context, q notice.Query) (notice.Page, error)
	Unread(ctx context.Context, to ...notice.Recipient) (int, error)
	MarkRead(ctx context.Context, to []notice.Recipient, numbers ...int64) (int64, error)
	Kinds() []string
	Channels(ctx context.Context, to notice.Recipient) ([]notice.Channel, error)
	AddChannel(ctx context.Context, to notice.Recipient, kind, address string) (notice.Channel, string, error)
	Confirm(ctx context.Context, to notice.Recipient, channel int64, code string) error
	RemoveChannel(ctx context.Context, to notice.Recipient, channel int64) error
	Backlog(ctx context.Context) (waiting, dead int, err error)
	DeadLetters(ctx context.Context, after int64, limit int) ([]notice.Delivery, error)
	Retry(ctx context.Context, delivery int64) error
}

// Deps are what the pages are made of.
type Deps struct {
	Site    *web.Site
	Notices Service
}

// Pages are the pages.
type Pages struct{ Deps }

// New makes the pages.
func New(d Deps) *Pages { return &Pages{d} }

// Routes hangs them in.
func (p *Pages) Routes(rt *web.Router) {
	own, s := web.Own(authz.AccountOwn), p.Site
	rt.Handle("GET "+Path, own, s.Handle(p.list))
	rt.Handle("POST "+Path+"/read", own, s.Handle(p.read))
	rt.Handle("POST "+Path+"/addresses", own, s.Handle(p.add))
	rt.Handle("POST "+Path+"/addresses/{id}/confirm", own, s.Handle(p.confirm))
	rt.Handle("POST "+Path+"/addresses/{id}/remove", own, s.Handle(p.remove))
	p.undeliveredRoutes(rt)
}

// Recipients gives as whom an actor is told: itself, the units of its roles, and the subjects that it stands for.
func Recipients(who authz.Actor) []notice.Recipient {
	if who.Kind != authz.Account || who.ID <= 0 {
		return nil
	}
	out := []notice.Recipient{own(who)}
	for _, g := range who.Grants {
		for _, r := range []notice.Recipient{{Kind: notice.Agency, ID: g.Agency}, {Kind: notice.Subject, ID: g.Subject}} {
			if r.ID > 0 && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

func own(who authz.Actor) notice.Recipient {
	return notice.Recipient{Kind: notice.Account, ID: who.ID}
}

// Menu adds to another menu the link to the notices, with how many are unread.
type Menu struct {
	Menu    web.Menu
	Notices Service
}

// Account gives the header's part for a caller.
func (m Menu) Account(ctx context.Context, who authz.Actor) ui.Account {
	out := m.Menu.Account(ctx, who)
	if who.Kind != authz.Account || out.SignOut == "" {
		return out
	}
	label := "通知"
	switch n, err := m.Notices.Unread(ctx, Recipients(who)...); {
	case err != nil: // the page itself says what is wrong
	case n >= notice.UnreadMost:
		label = "通知（99+ 条未读）"
	case n > 0:
		label = "通知（" + strconv.Itoa(n) + " 条未读）"
	}
	out.Links = append(slices.Clip(out.Links), ui.Link{Href: Path, Label: label})
	return out
}

type view struct {
	leads    func(href string) bool // a unit's notices go to all its people; not all of them open what they are about
	unread   bool
	notices  []notice.Notice
	count    int
	pager    ui.PagerSpec
	later    bool
	channels []notice.Channel
	kinds    []ui.Option

	kind, address, addressFault string
	codeOf                      int64
	codeFault                   string
	secret                      string
	done                        string
	refused                     *fault.Error
}

// listens reports whether a caller acts for a unit or a firm, which may have a system that takes notices in.
func listens(who authz.Actor) bool {
	return slices.ContainsFunc(who.Grants, func(g authz.Grant) bool { return g.Role != authz.Resident })
}

var kindWords = map[string]string{notice.Email: "邮箱", notice.Phone: "手机短信", notice.Webhook: "本单位的系统（接口推送）"}

var doneWords = map[string]string{"read": "已标为已读", "added": "验证码已经发出，请在下面填写", "confirmed": "地址已经确认，以后的通知会发到这里", "removed": "地址已经删除"}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, http.StatusOK, &view{done: doneWords[r.URL.Query().Get("done")]})
}

// show writes the page, with what a form was refused for.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, status int, v *view) error {
	ctx := r.Context()
	who := authz.From(ctx)
	to := Recipients(who)
	q := r.URL.Query()
	v.leads = func(href string) bool { return p.Site.Leads(r, href) }
	v.unread, v.later = q.Get("unread") == "1", q.Get("after") != ""
	page, err := p.Notices.List(ctx, notice.Query{To: to, Unread: v.unread, Cursor: q.Get("after")})
	if err != nil {
		return err
	}
	v.notices = page.Notices
	unread := ""
	if v.unread {
		unread = "1"
	}
	if page.Next != "" {
		v.pager.Next = desk.Query(Path, "unread", unread, "after", page.Next)
	}
	if v.later {
		v.pager.First = desk.Query(Path, "unread", unread)
	}
	if v.count, err = p.Notices.Unread(ctx, to...); err != nil {
		return err
	}
	if v.channels, err = p.Notices.Channels(ctx, own(who)); err != nil {
		return err
	}
	for _, k := range p.Notices.Kinds() {
		if k == notice.Webhook && !listens(who) {
			continue
		}
		v.kinds = append(v.kinds, ui.Option{Value: k, Label: kindWords[k]})
	}
	frame := p.Site.Page(r, "通知", ui.Link{Href: "/account", Label: "我的账号"}, ui.Link{Label: "通知"})
	frame.NoIndex = true
	return desk.Show(p.Site, w, r, status, frame, listPage(v))
}

// read marks one notice, or everything, as read.
func (p *Pages) read(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	var numbers []int64
	if text := form.Get("id"); text != "" {
		n, ok := desk.Number(text)
		if !ok {
			return desk.ErrForm
		}
		numbers = append(numbers, n)
	}
	if _, err := p.Notices.MarkRead(r.Context(), Recipients(authz.From(r.Context())), numbers...); err != nil {
		return err
	}
	return desk.See(w, r, Path+"?done=read")
}

func (p *Pages) add(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	v := &view{kind: form.Get("kind"), address: form.Get("address")}
	_, secret, err := p.Notices.AddChannel(r.Context(), own(authz.From(r.Context())), v.kind, v.address)
	if f, ok := desk.Refusal(err); ok {
		v.addressFault = desk.Words(f)
		return p.show(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	if secret != "" { // shown this once, so not behind another request
		return p.show(w, r, http.StatusOK, &view{secret: secret})
	}
	return desk.See(w, r, Path+"?done=added")
}

// numbered does something about one address.
func (p *Pages) numbered(w http.ResponseWriter, r *http.Request, done string, do func(id int64, code string) error) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	id, ok := desk.Number(r.PathValue("id"))
	if !ok {
		return notice.ErrNoChannel
	}
	err = do(id, form.Get("code"))
	switch f, ok := desk.Refusal(err); {
	case ok && errors.Is(err, notice.ErrCode):
		return p.show(w, r, http.StatusUnprocessableEntity, &view{codeOf: id, codeFault: desk.Words(f)})
	case ok: // removed meanwhile: the page shows what there is
		return p.show(w, r, http.StatusUnprocessableEntity, &view{refused: f})
	}
	if err != nil {
		return err
	}
	return desk.See(w, r, Path+"?done="+done)
}

func (p *Pages) confirm(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	return p.numbered(w, r, "confirmed", func(id int64, code string) error { return p.Notices.Confirm(ctx, own(authz.From(ctx)), id, code) })
}

func (p *Pages) remove(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	return p.numbered(w, r, "removed", func(id int64, _ string) error { return p.Notices.RemoveChannel(ctx, own(authz.From(ctx)), id) })
}
