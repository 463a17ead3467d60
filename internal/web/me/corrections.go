package me

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/correction"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// Receipts gives the chains of corrections as far as their subject may know today; *correction.Service does.
type Receipts interface {
	Receipts(ctx context.Context, subject, key int64, cursor string, limit int) ([]correction.Receipt, string, error)
	Unapplied(ctx context.Context, subject int64) (open, silent int, err error)
}

// CorrectionDeps are what the receipts are made of.
type CorrectionDeps struct {
	Receipts Receipts
	// Positions gives where the leaves of changes stand in the public log, by place in the list; -1 = not yet, or no longer to be found. nil = there is no log.
	Positions func(ctx context.Context, list []correction.Receipt) ([]int64, error)
}

// receipts are the pages on which subjects see how far corrections have travelled.
type receipts struct {
	CorrectionDeps
	c *Centre
}

const (
	correctionsPath = "/me/corrections"
	correctionsName = "corrections"
	receiptsShown   = 10
)

// Corrections is the part of the centre that gives a subject the receipt of each change of its records: who held a copy, who was told, who has applied it.
func Corrections(d CorrectionDeps) Part {
	x := &receipts{CorrectionDeps: d}
	return Part{
		Name: correctionsName, Label: "更正回执", Path: correctionsPath, NoTab: true,
		Words: "记录更正、撤回、撤下、修复以后，取得过它的单位告知了没有，落实了没有。",
		Count: x.count, OfRecord: x.ofRecord, Routes: x.routes,
	}
}

func (x *receipts) routes(c *Centre, rt *web.Router) {
	x.c = c
	rt.Handle("GET "+correctionsPath, c.Mine(authz.AccessOwn), c.Handle(x.list))
}

// count says beside the card how many recipients still have to answer.
func (x *receipts) count(ctx context.Context, p Place) (string, error) {
	if !x.c.site.May(ctx, authz.AccessOwn, authz.Scope{Subject: p.Subject}) {
		return "", nil
	}
	open, silent, err := x.Receipts.Unapplied(ctx, p.Subject)
	switch {
	case err != nil || open == 0:
		return "", err
	case silent > 0:
		return ui.Num(silent) + " 项逾期未确认", nil
	default:
		return ui.Num(open) + " 项待落实", nil
	}
}

// ofRecord leads from a record that has changed to its receipt.
func (x *receipts) ofRecord(_ context.Context, p Place, r *publish.RecordView) (ui.Link, error) {
	if r.Version < 2 {
		return ui.Link{}, nil
	}
	return ui.Link{Href: p.Link(correctionsPath, "record", r.ID), Label: "更正回执"}, nil
}

// receiptView is one change in words.
type receiptView struct {
	correction.Receipt
	item     string
	link     string // to the record in the own file
	proof    string
	position string
	rows     []recipientRow
	applied  int
	silent   int
	asked    int
}

// recipientRow is one recipient in words.
type recipientRow struct {
	who, how, handed, told, state, note string
	tone                                ui.Tone
}

type receiptsView struct {
	around
	list   []receiptView
	record string // only of this record
	pager  ui.PagerSpec
	later  bool
}

// list answers the receipts, the latest change first. Whoever's look is under lawful secrecy is on none of them before its day: the service leaves it out.
func (x *receipts) list(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	p, err := x.c.Place(r, correctionsName, correctionsPath)
	if err != nil {
		return err
	}
	v := &receiptsView{around: p.around, record: q.Get("record"), later: q.Get("cursor") != ""}
	key := int64(0)
	if v.record != "" {
		at, err := record.ParseID(v.record)
		if err != nil || at.Subject != p.Subject {
			return errNotMine
		}
		key = at.Key
	}
	list, next, err := x.Receipts.Receipts(ctx, p.Subject, key, q.Get("cursor"), receiptsShown)
	if err != nil {
		return err
	}
	if v.later {
		v.pager.First = p.Link(correctionsPath, "record", v.record)
	}
	if next != "" {
		v.pager.Next = p.Link(correctionsPath, "record", v.record, "cursor", next)
	}
	if err := x.words(ctx, &p, v, list); err != nil {
		return err
	}
	sheet := Sheet{
		Title: "更正回执", Lead: "您的记录每变更一次，取得过旧版本的单位都会收到告知，并要确认已经落实。这里是每次变更的全部经过。",
		Crumbs: []ui.Link{{Label: "更正回执"}}, Keep: true,
	}
	return x.c.Show(w, r, http.StatusOK, p, sheet, receiptsPage(v))
}

// words puts changes into words.
func (x *receipts) words(ctx context.Context, p *Place, v *receiptsView, list []correction.Receipt) error {
	var positions []int64
	if x.Positions != nil && len(list) > 0 {
		var err error
		if positions, err = x.Positions(ctx, list); err != nil {
			return err
		}
	}
	for i := range list {
		c := receiptView{Receipt: list[i], item: x.c.itemName(list[i].Item), position: "正在写入公开日志"}
		c.link = p.Link("/me/file/" + c.Record.String())
		c.proof = p.Link("/me/proof", "item", string(c.Item))
		switch {
		case positions == nil:
			c.position = ""
		case positions[i] >= 0:
			c.position = "第 " + strconv.FormatInt(positions[i], 10) + " 条"
		}
		x.recipients(ctx, p, &c)
		v.list = append(v.list, c)
	}
	return nil
}

// recipients puts those who were told into words: units by name, accounts without one together, for who asked for a public report is nobody's to know.
func (x *receipts) recipients(ctx context.Context, p *Place, c *receiptView) {
	today, accounts := x.c.today(), 0
	var account recipientRow
	for i := range c.To {
		n := &c.To[i]
		row := recipientRow{how: howWords(n), handed: moment(n.HandedAt), told: moment(n.At), note: n.Note}
		if row.state, row.tone = c.count(n, today); n.To.Kind == notice.Account {
			if n.To.ID == p.Who.ID {
				row.who = "您自己的账号"
				c.rows = append(c.rows, row)
				continue
			}
			if accounts++; accounts == 1 {
				account = row
			}
			continue
		}
		row.who = x.c.unit(ctx, n.To.ID)
		c.rows = append(c.rows, row)
	}
	if accounts > 0 {
		account.who, account.handed = "不代表单位的账号 "+ui.Num(accounts)+" 个", ""
		c.rows = append(c.rows, account)
	}
}

// count says how far a recipient is, and counts it.
func (c *receiptView) count(n *correction.Notice, today clock.Date) (string, ui.Tone) {
	if n.Due.IsZero() {
		return "已告知", ui.Plain
	}
	c.asked++
	switch {
	case !n.Applied.IsZero():
		c.applied++
		return moment(n.Applied) + " 落实", ui.Good
	case n.Silent(today):
		c.silent++
		return "逾期未确认", ui.Bad
	default:
		return "待落实，最迟 " + n.Due.String(), ui.Warn
	}
}

// howWords say how a recipient came by a record.
func howWords(n *correction.Notice) string {
	words := make([]string, len(n.What))
	for i, what := range n.What {
		words[i] = word(lookWords, what)
	}
	out := strings.Join(words, "、")
	if n.Copies > 1 {
		out += "，共 " + ui.Num(n.Copies) + " 次"
	}
	return out
}

func (c *receiptView) title() string {
	return c.item + "：" + correction.StatusWord(c.Status, c.Does)
}

func (c *receiptView) tone() ui.Tone {
	switch {
	case c.silent > 0:
		return ui.Bad
	case c.applied < c.asked:
		return ui.Warn
	default:
		return ui.Good
	}
}

// sum says in a few words how far the correction has travelled.
func (c *receiptView) sum() string {
	switch {
	case c.Does == correction.Nothing:
		return "无须告知"
	case len(c.rows) == 0:
		return "没有单位取得过"
	case c.asked == 0:
		return "都已告知"
	case c.applied == c.asked:
		return "全部落实"
	case c.silent > 0:
		return ui.Num(c.silent) + " 家逾期未确认"
	default:
		return ui.Num(c.asked-c.applied) + " 家待落实"
	}
}

func (c *receiptView) facts() []ui.Fact {
	facts := []ui.Fact{
		{Label: "变更时间", Value: moment(c.ChangedAt)},
		{Label: "记录", Value: "查看这条记录", Link: c.link, Note: "第 " + strconv.Itoa(c.Version) + " 版"},
		{Label: "要求", Value: c.Does.Word()},
	}
	if c.position != "" {
		facts = append(facts, ui.Fact{Label: "公开日志", Value: c.position, Link: c.proof, Note: "下载证明"})
	}
	if c.Basis != "" {
		facts = append(facts, ui.Fact{Label: "依据", Value: c.Basis, Wide: true})
	}
	if c.Why != "" {
		facts = append(facts, ui.Fact{Label: "原因", Value: c.Why, Wide: true})
	}
	return facts
}
