package lists

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/web/desk/desktest"
)

func dec(n int64) string { return strconv.FormatInt(n, 10) }

// labelled holds every field of a page to having a label, so that it can be used by keyboard and by ear.
func labelled(t *testing.T, page string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`<(?:input|select|textarea)[^>]*>`).FindAllString(page, -1) {
		if strings.Contains(m, `type="hidden"`) || strings.Contains(m, `aria-label`) {
			continue
		}
		at := regexp.MustCompile(` id="([^"]+)"`).FindStringSubmatch(m)
		if at == nil {
			if !strings.Contains(m, `type="checkbox"`) && !strings.Contains(m, `type="radio"`) { // those stand inside their label
				t.Errorf("a field without an id: %s", m)
			}
			continue
		}
		if !strings.Contains(page, `for="`+at[1]+`"`) {
			t.Errorf("no label for %s", m)
		}
	}
	if strings.Contains(page, "onclick=") || strings.Contains(page, "<script>") {
		t.Error("the page has a script of its own")
	}
}

// Nothing is there yet: pages say so, and what has to come first.
func TestEmptyDesk(t *testing.T) {
	t.Parallel()
	x := newHall(t)
	x.see(x.clerk(), "/desk/lists", nil, http.StatusOK, "还没有名单条目", "提出列入")
	x.see(x.clerk(), "/desk/lists?state=listed", nil, http.StatusOK, "没有符合条件的条目")
	x.see(x.clerk(), "/desk/lists?after=1", nil, http.StatusOK, "没有更多条目了")
	x.see(x.clerk(), "/desk/lists/new", nil, http.StatusOK, "您的单位没有可以认定的名单")
	x.see(x.office(), "/desk/lists/kinds", nil, http.StatusOK, "还没有登记认定单位，任何单位都不能列入", "登记或者变更认定单位")
	for _, path := range []string{"/desk/lists/entries/1", "/desk/lists/entries/x", "/desk/lists/entries/1/notice"} {
		x.see(x.office(), path, nil, http.StatusNotFound)
	}
}

// Whoever may not do a thing is neither offered it nor let do it.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	x := newHall(t)
	x.empower(plain)
	nobody, citizen := authz.Actor{}, desktest.As(9, authz.Grant{Role: authz.Resident, Subject: x.human})
	for _, path := range []string{"/desk/lists", "/desk/lists/kinds", "/desk/lists/new"} {
		x.see(nobody, path, nil, http.StatusSeeOther)
		x.see(citizen, path, nil, http.StatusForbidden)
	}
	propose := url.Values{"unit": {dec(x.unit.ID)}, "kind": {plain}, "code": {firmCode}, "cause": {"有列入情形，证据确凿"}, "confirm": {"1"}}
	for name, who := range map[string]authz.Actor{"another unit": x.stranger(), "the office": x.office(), "who decides": x.approver()} {
		w := desktest.Visit(t, x.handler, who, "/desk/lists/new", propose)
		if w.Code != http.StatusForbidden {
			t.Errorf("%s proposes: %d", name, w.Code)
		}
	}
	entry, _, _ := strings.Cut(x.see(x.clerk(), "/desk/lists/new", propose, http.StatusSeeOther), "?")
	x.see(x.stranger(), entry, nil, http.StatusNotFound)
	decide := url.Values{"no": {"列1号"}, "on": {"2026-03-02"}, "reason": {"证据充分"}}
	x.see(x.clerk(), entry+"/decide", decide, http.StatusForbidden)
	x.see(x.stranger(), entry+"/decide", decide, http.StatusNotFound)
	weak := x.approver()
	weak.Strong = false
	if w := desktest.Visit(t, x.handler, weak, entry+"/decide", decide); strings.Contains(w.Header().Get("Location"), "done=decide") {
		t.Error("decided without the second factor")
	}
	if said := x.see(x.clerk(), entry, nil, http.StatusOK, "办理经过"); strings.Contains(said, "确认列入") {
		t.Error("who proposed is offered the decision")
	}
	if said := x.see(x.approver(), entry, nil, http.StatusOK, "确认列入"); strings.Contains(said, "确认不予列入") {
		t.Error("who decides is offered what the clerk does")
	}
	x.see(x.office(), "/desk/lists/deciders", url.Values{"kind": {plain}, "unit": {""}}, http.StatusBadRequest, "没有选择单位")
	x.see(x.clerk(), "/desk/lists/deciders", url.Values{"kind": {plain}, "unit": {dec(x.unit.ID)}, "from": {"2022-01-01"}, "basis": {"权责清单"}}, http.StatusForbidden)
}

// A form that is refused keeps what was typed, says what is wrong, and begins nothing.
func TestFormsThatAreRefused(t *testing.T) {
	t.Parallel()
	x := newHall(t)
	x.empower(plain)
	x.empower(noticed)
	page := x.see(x.clerk(), "/desk/lists/new", nil, http.StatusOK, "提出以后还不产生任何效力")
	labelled(t, page)
	if strings.Contains(page, `name="number"`) {
		t.Error("persons are asked for though no list of the unit admits any")
	}
	form := func(change ...string) url.Values {
		f := url.Values{"unit": {dec(x.unit.ID)}, "kind": {plain}, "code": {firmCode}, "cause": {"有列入情形，证据确凿"}}
		for i := 0; i < len(change); i += 2 {
			f.Set(change[i], change[i+1])
		}
		return f
	}
	for name, c := range map[string]struct {
		form   url.Values
		status int
		says   string
	}{
		"no unit":       {form("unit", ""), http.StatusForbidden, ""},
		"no list":       {form("kind", ""), http.StatusBadRequest, "没有选择名单种类"},
		"nobody":        {form("code", "91990102MA0A00015X"), http.StatusNotFound, ""},
		"a short cause": {form("cause", "有"), http.StatusBadRequest, ""},
		"a person here": {form("code", "", "doc_kind", "身份证", "number", citizenNumber), http.StatusForbidden, "适用"},
	} {
		w := desktest.Visit(t, x.handler, x.clerk(), "/desk/lists/new", c.form)
		if said := desktest.Text(w.Body.String()); w.Code < 400 || w.Code >= 500 || !strings.Contains(said, c.says) || strings.Contains(said, citizenNumber) {
			t.Errorf("%s: %d %s", name, w.Code, said)
		}
	}
	x.see(x.clerk(), "/desk/lists", nil, http.StatusOK, "还没有名单条目")

	f := form("kind", noticed, "cause", "受到较重行政处罚，情节严重")
	labelled(t, x.see(x.clerk(), "/desk/lists/new", f, http.StatusOK, "请核对后再提出", firmName, firmCode, "第44号"))
	f.Set("confirm", "1")
	entry, _, _ := strings.Cut(x.see(x.clerk(), "/desk/lists/new", f, http.StatusSeeOther), "?")
	x.see(x.clerk(), "/desk/lists/new", f, http.StatusConflict)
	labelled(t, x.see(x.clerk(), entry, nil, http.StatusOK, "送达告知书"))
	x.see(x.clerk(), entry+"/notify", url.Values{"no": {" "}, "on": {"2026-03-02"}}, http.StatusBadRequest, "没有写明文书号")
	x.see(x.clerk(), entry+"/notify", url.Values{"no": {"告1号"}, "on": {"昨天"}}, http.StatusBadRequest, "日期要写成")
	x.see(x.clerk(), entry+"/notify", url.Values{"no": {"告1号"}, "on": {"2026-03-02"}}, http.StatusSeeOther)
	x.see(x.approver(), entry+"/decide", url.Values{"no": {"列1号"}, "on": {"2026-03-02"}, "reason": {"属实"}}, http.StatusConflict)
	x.see(x.approver(), entry, nil, http.StatusOK, "现在还不能决定列入", "陈述申辩期未满")
	x.clock.Advance(10 * 24 * time.Hour)
	kept := x.see(x.approver(), entry+"/decide", url.Values{"no": {"列字第七号"}, "on": {"2026-03-12"}, "reason": {"属实"}, "until": {"2040-01-01"}}, http.StatusBadRequest)
	if !strings.Contains(kept, "列字第七号") {
		t.Error("what was typed is gone")
	}
	labelled(t, kept)
	x.see(x.approver(), entry+"/decide", url.Values{"no": {"列1号"}, "on": {"2026-03-12"}, "reason": {"属实"}}, http.StatusSeeOther)
	x.see(x.approver(), "/desk/lists?state=listed&kind="+noticed, nil, http.StatusOK, firmName, "已列入")
	if page := x.see(x.approver(), entry, nil, http.StatusOK, "另一名认定人员决定"); strings.Contains(page, "/remove") || strings.Contains(page, "/leave") {
		t.Error("who decides is offered a removal that nobody proposed")
	}
	labelled(t, x.see(x.clerk(), entry, nil, http.StatusOK, "提出移出", "移出条件"))
	x.see(x.clerk(), entry+"/leave", url.Values{"reason": {"属实"}, "why": {"early"}}, http.StatusForbidden, "还没有到")
	x.see(x.clerk(), entry+"/leave", url.Values{"reason": {"属实"}, "why": {"expired"}}, http.StatusBadRequest, "移出的原因")
	x.see(x.clerk(), entry+"/leave", url.Values{"reason": {"法院撤销了决定"}, "why": {"revoked"}}, http.StatusSeeOther)
	if page := x.see(x.clerk(), entry, nil, http.StatusOK, "拟移出", "还没有决定"); strings.Contains(page, entry+"/remove") {
		t.Error("who proposed the removal is offered the decision")
	}
	labelled(t, x.see(x.approver(), entry, nil, http.StatusOK, "决定移出（列入决定被撤销或者变更）", "不予移出"))
	x.see(x.approver(), entry+"/remove", url.Values{"no": {"移1号"}, "on": {"2026-03-11"}, "reason": {"属实"}}, http.StatusBadRequest, "早于列入决定")
	x.see(x.approver(), entry+"/stay", url.Values{"reason": {"没有生效的判决"}}, http.StatusSeeOther)
	x.see(x.approver(), entry+"/remove", url.Values{"no": {"移1号"}, "on": {"2026-03-12"}, "reason": {"属实"}}, http.StatusConflict)
}

// A person is proposed by its document where the list admits persons: who looks stands in the log first, the name is masked and the number shown nowhere; the note
// that goes through the browser is of use to that account alone, and for a while.
func TestProposePerson(t *testing.T) {
	t.Parallel()
	x := newHall(t)
	x.empower(persons)
	labelled(t, x.see(x.clerk(), "/desk/lists/new", nil, http.StatusOK, "完整的证件号码", "不能按姓名查"))
	form := func(change ...string) url.Values {
		f := url.Values{"unit": {dec(x.unit.ID)}, "kind": {persons}, "doc_kind": {"身份证"}, "number": {citizenNumber}, "cause": {"有履行能力而拒不履行"}}
		for i := 0; i < len(change); i += 2 {
			f.Set(change[i], change[i+1])
		}
		return f
	}
	x.see(x.clerk(), "/desk/lists/new", form("number", "370303199001010025"), http.StatusNotFound, "没有这个证件号码的自然人")
	x.see(x.clerk(), "/desk/lists/new", form("number", citizenName), http.StatusNotFound)
	x.see(x.clerk(), "/desk/lists/new", form("code", firmCode), http.StatusBadRequest, "同时填写了")
	if n := x.looks(); n != 0 {
		t.Errorf("%d entries though nobody was found", n)
	}
	page := x.see(x.clerk(), "/desk/lists/new", form(), http.StatusOK, "请核对后再提出", "张", "证件号码已核对")
	if strings.Contains(page, citizenName) || strings.Contains(page, citizenNumber) {
		t.Error("the page names the person")
	}
	if n := x.looks(); n != 1 {
		t.Errorf("%d entries of who looked", n)
	}
	found := regexp.MustCompile(`name="found" value="([^"]+)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatal("no note of who was found")
	}
	confirm := form("number", "", "found", found[1], "confirm", "1")
	colleague := desktest.As(5, authz.Grant{Role: authz.Reviewer, Agency: x.unit.ID})
	x.see(colleague, "/desk/lists/new", confirm, http.StatusBadRequest, "核对已经过期")
	x.see(x.clerk(), "/desk/lists/new", form("number", "", "found", "sm4:x", "confirm", "1"), http.StatusBadRequest, "核对已经过期")
	x.clock.Advance(31 * time.Minute)
	x.see(x.clerk(), "/desk/lists/new", confirm, http.StatusBadRequest, "核对已经过期")
	x.clock.Advance(-31 * time.Minute)
	entry, _, _ := strings.Cut(x.see(x.clerk(), "/desk/lists/new", confirm, http.StatusSeeOther), "?")
	for _, path := range []string{entry, entry + "/notice", "/desk/lists"} {
		if said := x.see(x.clerk(), path, nil, http.StatusOK); strings.Contains(said, citizenName) || strings.Contains(said, citizenNumber) {
			t.Errorf("%s names the person", path)
		}
	}
	x.see(x.clerk(), entry+"/notice", nil, http.StatusOK, "姓名，印发时填写", "拟将你列入", "你有权陈述")
}

// A unit that could list nobody there has no reason to look for a person: it learns neither that there is one nor what they are called, and a note of who was
// found is of no use for such a list.
func TestOnlyDecidersLookForPersons(t *testing.T) {
	t.Parallel()
	x := newHall(t)
	for _, number := range []string{citizenNumber, "370303199001010025"} {
		f := url.Values{"unit": {dec(x.unit.ID)}, "kind": {persons}, "doc_kind": {"身份证"}, "number": {number}, "cause": {"有履行能力而拒不履行"}}
		x.see(x.clerk(), "/desk/lists/new", f, http.StatusForbidden, "不在这种名单的认定清单中")
		f.Del("number")
		f.Set("found", "sm4:x")
		x.see(x.clerk(), "/desk/lists/new", f, http.StatusForbidden, "不在这种名单的认定清单中")
	}
	if n := x.looks(); n != 0 {
		t.Errorf("%d entries though nobody was looked for", n)
	}
}

// Whether somebody is on file is not to be found out by trying numbers.
func TestPersonsAreCounted(t *testing.T) {
	t.Parallel()
	x := newHall(t)
	x.empower(persons)
	last := 0
	for i := range 61 {
		f := url.Values{"unit": {dec(x.unit.ID)}, "kind": {persons}, "doc_kind": {"身份证"}, "number": {"no" + strconv.Itoa(i)}, "cause": {"有履行能力而拒不履行"}}
		last = desktest.Visit(t, x.handler, x.clerk(), "/desk/lists/new", f).Code
		if i < 60 && last != http.StatusNotFound {
			t.Fatalf("try %d: %d", i, last)
		}
	}
	if last != http.StatusTooManyRequests && last != http.StatusServiceUnavailable {
		t.Errorf("the 61st number in an hour: %d", last)
	}
}

// looks counts the access entries about the person.
func (x *hall) looks() int {
	x.t.Helper()
	list, _, err := x.log.Search(context.Background(), audit.Who{Kind: string(authz.Account), ID: 99}, audit.Filter{Subject: x.human, What: "listing"}, "", 100)
	desktest.Must(x.t, err)
	return len(list)
}
