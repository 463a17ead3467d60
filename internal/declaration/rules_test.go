package declaration_test

import (
	"errors"
	"strings"
	"testing"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/declaration"
)

func TestLoadRules(t *testing.T) {
	t.Parallel()
	good := string(declaration.Shipped())
	if _, err := declaration.LoadRules(strings.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"no basis":             {`article = "建立健全信用信息自愿注册机制"`, `article = " "`},
		"no period":            {"check = 5", "check = 0"},
		"an unknown key":       {"check = 5", "check = 5\ncheque = 5"},
		"drafts for ever":      {"draft_days = 60", "draft_days = 3660"},
		"none at a time":       {"open       = 20", "open = 0"},
		"no pledge":            {`text      = "所申报`, "text = \"\"\nliability2 = \"所申报"},
		"no pledge field":      {`pledge = "SB_CN"`, `pledge = ""`},
		"a pledge that is set": {`set    = { SB_SHZT`, `set    = { SB_CN = "是", SB_SHZT`},
		"an item twice":        {"[[refusal]]\ncode = \"scope\"", "[[item]]\ncode = \"ZZSB\"\npledge = \"SB_CN\"\n[[refusal]]\ncode = \"scope\""},
		"a refusal twice":      {`code = "secret"`, `code = "scope"`},
		"no such unit":         {"# [[receiver]]", "[[receiver]]\nunit = \"11990100001000010X\"\n#"},
		"no such region":       {"# [[receiver]]", "[[receiver]]\nregion = \"9901\"\nunit = \"" + unitCode + "\"\n#"},
		"not TOML":             {"[period]", "[period"},
	} {
		text := strings.Replace(good, change[0], change[1], 1)
		if text == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := declaration.LoadRules(strings.NewReader(text)); !errors.Is(err, declaration.ErrRules) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := declaration.LoadRules(strings.NewReader(strings.Repeat("#", 70<<10))); !errors.Is(err, declaration.ErrRules) {
		t.Errorf("too large: %v", err)
	}
}

// Rules that name what the catalogue does not have come into force nowhere.
func TestRulesFitTheCatalogue(t *testing.T) {
	t.Parallel()
	book, err := declaration.NewBook(dbtest.SQLite(t), clock.System{}, catalog.Default)
	must(t, err)
	good := string(declaration.Shipped())
	must(t, book.Check(t.Context(), []byte(good), 20260101))
	for _, change := range [][2]string{{`code   = "ZZSB"`, `code = "ZZZZ"`}, {`pledge = "SB_CN"`, `pledge = "SB_XX"`}, {`omit   = ["BZ"`, `omit = ["XX"`}} {
		if err := book.Check(t.Context(), []byte(strings.Replace(good, change[0], change[1], 1)), 20260101); !errors.Is(err, declaration.ErrRules) {
			t.Errorf("%s: %v", change[1], err)
		}
	}
}

// The narrowest region decides who receives a declaration.
func TestReceivers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), catalog.Default()).receive("[[receiver]]\nregion = \"990102\"\nunit = \"" + otherUnit + "\"\n[[receiver]]\nregion = \"990103\"\nunit = \"" + unitCode + "\"")
	offers, err := w.Offers(w.as(agent), w.firm.ID)
	if must(t, err); w.firm.Region[:6] != "990102" || offers[0].Unit.Code != otherUnit {
		t.Errorf("a firm of %s declares to %+v", w.firm.Region, offers[0].Unit)
	}
	x := w.submit(w.content())
	_, err = w.Accept(w.as(clerk), x.ID, declaration.Step{})
	denied(t, "the unit that receives others", err)
	if x, err = w.Accept(w.as(outsider), x.ID, declaration.Step{}); err != nil || x.State != declaration.OnFile || w.record(x.Record).Agency != x.Agency {
		t.Errorf("its own unit: %s, %v", x.State, err)
	}
}
