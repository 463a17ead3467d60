package objection_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
	"gongxin/internal/objection"
)

const shandong = "data/shandong.toml"

func TestLoadRules(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(shandong)
	must(t, err)
	text := string(raw)
	x, err := objection.LoadRules(strings.NewReader(text))
	must(t, err)
	if x.Period.Answer != 3 || x.Period.Assist != 7 || x.Basis() != "《山东省社会信用条例》第三十九条" || x.Unproven.Act != objection.TakeDown {
		t.Errorf("Shandong: %+v", x)
	}
	for _, c := range []struct{ name, old, new, says string }{
		{"no law", "law     = \"《山东省社会信用条例》\"", "law = \"\"", "没有依据"},
		{"no period", "answer     = 3", "", "answer"},
		{"a negative period", "answer     = 3", "answer = -3", "answer"},
		{"a period of years", "review     = 10", "review = 1000", "review"},
		{"help makes it shorter", "assist     = 7", "assist = 2", "协助"},
		{"the check takes longer than the answer", "check      = 1", "check = 4", "形式审查"},
		{"the source has as long as all", "source     = 3", "source = 7", "来源单位"},
		{"drafts for ever", "draft_days = 30", "draft_days = 0", "草稿"},
		{"something else happens", "\"take_down\"", "\"delete\"", "unproven.act"},
		{"a reason twice", "code = \"scope\"", "code = \"party\"", "第 2 种"},
		{"an extension without a law", "answer = 0            #", "answer = 5            #", "依据的条款"},
		{"a negative extension", "source = 0            #", "source = -1            #", "extend"},
		{"an unknown key", "[limit]", "[limit]\nhours = 3", "未知"},
		{"no TOML", "[limit]", "[limit", "TOML"},
	} {
		if _, err := objection.LoadRules(strings.NewReader(strings.Replace(text, c.old, c.new, 1))); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// The examples of other places load, and count as their law says.
func TestExamples(t *testing.T) {
	t.Parallel()
	cal := clock.DefaultCalendar()
	for name, want := range map[string][2]string{
		"objection-shenzhen.toml": {"2026-03-05", "2026-03-10"}, "objection-zhejiang.toml": {"2026-03-09", "2026-03-30"}, // put off as far as the law has it
	} {
		f, err := os.Open(filepath.Join("../../docs/user/rules", name))
		must(t, err)
		x, err := objection.LoadRules(f)
		_ = f.Close()
		must(t, err)
		if got := [2]string{x.AnswerBy(cal, 20260302, false).String(), x.PutOff(cal, 20260302, true, x.Extend.Answer+x.Extend.Source).String()}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// Holidays are no working days: the National Day of 2026 closes from 10-01 to 10-07.
func TestHolidays(t *testing.T) {
	t.Parallel()
	raw, err := os.Open(shandong)
	must(t, err)
	x, err := objection.LoadRules(raw)
	_ = raw.Close()
	must(t, err)
	cal := clock.DefaultCalendar()
	for received, want := range map[string]string{"2026-03-02": "2026-03-05", "2026-03-06": "2026-03-11", "2026-03-07": "2026-03-11", "2026-09-29": "2026-10-09"} {
		if got := x.AnswerBy(cal, day(received), false); got.String() != want {
			t.Errorf("received on %s: %v, want %s", received, got, want)
		}
	}
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	periods := objection.Periods(w.Rules)
	table := objection.Table()
	for _, key := range []string{"objection.extend", "objection.extend_source"} { // Shandong knows no extension
		if n, _, err := periods(key, 20260302); n != 0 || err != nil {
			t.Errorf("%s: %d, %v", key, n, err)
		}
	}
	for i := range table.Moves {
		if d := table.Moves[i].Due; d != nil {
			if n, u, err := periods(d.Key, 20260302); err != nil || n < 1 || u != flow.Working {
				t.Errorf("%s: %d %s %v", d.Key, n, u, err)
			}
		}
	}
	for _, key := range []string{"objection.none", "measure.answer", "answer"} {
		if _, _, err := periods(key, 20260302); err == nil {
			t.Errorf("%s is a period", key)
		}
	}
}

func FuzzLoadRules(f *testing.F) {
	raw, err := os.ReadFile(shandong)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("[period]\nanswer = 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		x, err := objection.LoadRules(strings.NewReader(string(text)))
		if err == nil && (x.Period.Answer < 1 || x.Period.Assist < x.Period.Answer || len(x.Refusals) == 0) {
			t.Errorf("taken: %+v", x)
		}
	})
}
