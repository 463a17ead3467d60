package lists

import (
	"net/http"
	"strconv"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/listing"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// kindView is a list with who decides on it.
type kindView struct {
	*listing.Kind
	inForce  bool
	deciders []deciderView
}

// deciderView is a line of 认定清单 in words.
type deciderView struct {
	listing.Decider
	unit  string
	live  bool
	own   bool // the caller may end it
	today string
}

type kindsView struct {
	kinds         []kindView
	units, choice []ui.Option
	manage        bool
	form          deciderForm
	done          string
	fault         *fault.Error
}

type deciderForm struct {
	kind, unit, from, until, basis string
	open                           bool
}

// facts says what a list is.
func (k *kindView) facts() []ui.Fact {
	basis := k.Basis.String() + "（自 " + k.Basis.From.String() + " 起"
	if !k.Basis.Until.IsZero() {
		basis += "，" + k.Basis.Until.String() + " 起失效"
	}
	out := []ui.Fact{
		{Label: "领域", Value: k.Domain},
		{Label: "设列依据", Value: basis + "）", Wide: true},
		{Label: "列入条件", Value: k.Criteria, Wide: true},
		{Label: "认定单位", Value: k.Decider},
		{Label: "适用对象", Value: kindsOf(k.Kind)},
		{Label: "事先告知", Value: noticeWords(k.Kind)},
		{Label: "期限", Value: months(k.Months)},
		{Label: "提前移出", Value: early(k.Kind)},
		{Label: "移出条件", Value: k.Removal, Wide: true},
	}
	if k.Representative.Law != "" {
		out = append(out, ui.Fact{Label: "列明法定代表人的依据", Value: k.Representative.String(), Wide: true})
	}
	return out
}

func kindsOf(k *listing.Kind) string {
	words := map[string]string{"legal_entity": "法人", "other_org": "非法人组织", "individual_business": "个体工商户", "person": "自然人"}
	out := ""
	for i, s := range k.SubjectKinds {
		if i > 0 {
			out += "、"
		}
		out += desk.Word(words, string(s))
	}
	return out
}

func noticeWords(k *listing.Kind) string {
	switch {
	case k.Notice == 0 && !k.Hearing:
		return "依据没有要求另行告知"
	case k.Hearing:
		return strconv.Itoa(k.Notice) + " 个工作日内陈述申辩，可以要求听证"
	default:
		return strconv.Itoa(k.Notice) + " 个工作日内陈述申辩"
	}
}

func months(n int) string {
	switch {
	case n == 0:
		return "没有固定期限，至移出为止"
	case n%12 == 0:
		return strconv.Itoa(n/12) + " 年"
	default:
		return strconv.Itoa(n) + " 个月"
	}
}

func early(k *listing.Kind) string {
	switch k.EarlyAfter {
	case listing.NoEarly:
		return "不适用"
	case 0:
		return "符合条件的，随时可以申请"
	default:
		return "满 " + months(k.EarlyAfter) + "可以申请"
	}
}

var doneWords = map[string]string{
	"empower": "认定清单已更新", "propose": "已提出列入，等送达告知书", "notify": "已记录送达", "statement": "已记录陈述申辩", "demand": "已记录听证申请", "hearing": "已记录听证", "drop": "已决定不予列入",
	"decide": "已列入名单", "leave": "已提出移出，等另一名认定人员决定", "stay": "已决定不予移出", "remove": "已移出名单，相关措施同时召回",
}

func (d *Desk) kinds(w http.ResponseWriter, r *http.Request) error {
	return d.showKinds(w, r, http.StatusOK, &kindsView{done: doneWords[r.URL.Query().Get("done")]})
}

// showKinds shows every list with its basis and who decides on it.
func (d *Desk) showKinds(w http.ResponseWriter, r *http.Request, status int, v *kindsView) error {
	ctx, today := r.Context(), clock.Today(d.Clock)
	managed, err := desk.Units(ctx, d.site, d.Agencies, authz.ListingManage)
	if err != nil {
		return err
	}
	v.manage = len(managed) > 0
	own := map[agency.ID]bool{}
	for _, u := range managed {
		own[u.ID] = true
		v.units = append(v.units, ui.Option{Value: desk.Dec(u.ID), Label: u.Name})
	}
	lines, err := d.Lists.Deciders(ctx, "")
	if err != nil {
		return err
	}
	list := d.Kinds.Today().List()
	for i := range list {
		k := kindView{Kind: &list[i], inForce: list[i].Basis.InForce(today)}
		v.choice = append(v.choice, ui.Option{Value: k.Code, Label: k.Name})
		for _, line := range lines {
			if line.Kind != k.Code {
				continue
			}
			unit, err := d.Agencies.ByID(ctx, line.Agency)
			if err != nil {
				return err
			}
			live := today >= line.From && (line.Until.IsZero() || today < line.Until)
			k.deciders = append(k.deciders, deciderView{Decider: line, unit: unit.Name, live: live, own: own[unit.ID] && (line.Until.IsZero() || line.Until > today), today: today.AddDays(1).String()})
		}
		v.kinds = append(v.kinds, k)
	}
	if v.form.from == "" {
		v.form.from = today.String()
	}
	p := desk.Page(d.site, r, "名单种类和认定清单", ui.Link{Href: path, Label: "名单"}, ui.Link{Label: "名单种类和认定清单"})
	return desk.Show(d.site, w, r, status, p, kindsPage(v))
}

// empower adds or ends a line of 认定清单.
func (d *Desk) empower(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := &kindsView{form: deciderForm{kind: form.Get("kind"), unit: form.Get("unit"), from: form.Get("from"), until: form.Get("until"), basis: form.Get("basis"), open: true}}
	id, _ := desk.Number(v.form.unit)
	unit, err := d.Agencies.ByID(ctx, id)
	if fault.KindOf(err) == fault.NotFound { // nobody's: whoever manages lists everywhere is told what is missing
		if err := d.site.Check(ctx, authz.Scope{Author: authz.NoAccount}); err != nil {
			return err
		}
		v.fault = listing.ErrEmpower.Messagef("没有选择单位")
		return d.showKinds(w, r, http.StatusBadRequest, v)
	}
	if err != nil {
		return err
	}
	if err := d.site.Check(ctx, authz.Scope{Agency: unit.ID, Region: unit.Region}); err != nil {
		return err
	}
	line := listing.Decider{Kind: v.form.kind, Agency: unit.ID, Basis: v.form.basis}
	line.From, err = day(v.form.from)
	if err == nil {
		line.Until, err = day(v.form.until)
	}
	if err == nil {
		err = d.Lists.Empower(ctx, line)
	}
	if err == nil {
		return desk.See(w, r, desk.Query(kindsPath, "done", "empower")+"#"+line.Kind)
	}
	f, ok := desk.Refusal(err)
	if !ok {
		return err
	}
	v.fault = f
	return d.showKinds(w, r, web.Status(err), v)
}
