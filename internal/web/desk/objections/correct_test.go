package objections_test

import (
	"net/http"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/objection"
	"gongxin/internal/web/desk/desktest"
)

func step(text string) objection.Step { return objection.Step{Text: text} }

// typed is the form of the corrected row.
func typed(row map[string]string, pairs ...string) []string {
	out := pairs
	for code, value := range row {
		out = append(out, "f."+code, value)
	}
	return out
}

// The source corrects the row in its form: what the catalogue refuses is said and not on file, what it takes is a new version, which the page shows beside the old.
func TestCorrect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.disputed()
	at := page(o) + "/correct"
	w.taken(w.post(w.officer, page(o)+"/accept"), w.officer)
	w.taken(w.post(w.officer, page(o)+"/refer"), w.officer)
	for name, who := range map[string]authz.Actor{"the office": w.officer, "another source": w.stranger, "the subject": w.agent} {
		if res := desktest.Visit(t, w, who, at, nil); res.Code != http.StatusForbidden && (name != "another source" || res.Code != http.StatusNotFound) {
			t.Errorf("%s has the form: %d", name, res.Code)
		}
	}
	before := w.looks()
	body := desktest.Visit(t, w, w.clerk, at, nil).Body.String()
	if !strings.Contains(body, `name="f.CF_NR_FK"`) || !strings.Contains(body, `value="`+w.example()["CF_NR_FK"]+`"`) || w.looks() != before+1 {
		t.Errorf("the form, by %d looks: %s", w.looks()-before, desktest.Text(body))
	}
	wrong := w.example()
	wrong["CF_NR_FK"], wrong["CF_SY"] = "很多<script>alert(7)</script>", ""
	bad := w.example()
	bad["CF_NR_FK"] = "-1"
	right := w.example()
	right["CF_NR_FK"] = "0.1"
	for _, c := range []struct {
		name  string
		row   map[string]string
		pairs []string
		want  int
		words []string
	}{
		{"what is no amount", wrong, []string{"reason", "金额有误"}, http.StatusBadRequest, []string{"更正后的内容没有通过检查", "罚款金额"}},
		{"less than nothing", bad, []string{"reason", "金额有误"}, http.StatusBadRequest, []string{"更正后的内容没有通过检查"}},
		{"nothing at all", nil, []string{"reason", "金额有误"}, http.StatusBadRequest, []string{"更正后的内容没有通过检查"}},
		{"the same again", w.example(), []string{"reason", "金额有误"}, http.StatusBadRequest, []string{"更正后的内容与现在的内容相同"}},
		{"without a reason", right, nil, http.StatusBadRequest, []string{"要写明理由"}},
		{"from a page that is old", right, []string{"reason", "金额有误", "seen", "1"}, http.StatusConflict, []string{"有了新的进展"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := w.post(w.clerk, at, typed(c.row, c.pairs...)...)
			desktest.Want(t, res, c.want, c.words...)
			body := res.Body.String()
			if strings.Contains(body, "<script>alert(7)") || strings.Contains(strings.Join(typed(c.row), ""), "alert(7)") && !strings.Contains(body, "&lt;script&gt;alert(7)") {
				t.Error("what was typed is lost, or is not escaped")
			}
			if marks := w.versions(o); marks != 1 || w.state(o) != "referred" {
				t.Errorf("%d versions, %s", marks, w.state(o))
			}
		})
	}
	w.taken(w.post(w.clerk, at, typed(right, "reason", "罚款金额录入有误，已按决定书更正")...), w.clerk, "更正后的内容已经入库", "第 2 版：更正", "不同")
	if n := w.versions(o); n != 2 || w.state(o) != "verified" {
		t.Errorf("%d versions, %s", n, w.state(o))
	}
	desktest.Want(t, w.post(w.clerk, at, typed(right, "reason", "再改一次")...), http.StatusConflict)
	w.taken(w.post(w.officer, page(o)+"/decide", "result", "corrected", "reason", "来源单位已经更正"), w.officer, "已作出结论")
}
