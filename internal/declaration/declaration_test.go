package declaration_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/declaration"
	"gongxin/internal/ingest"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
	"gongxin/internal/record"
)

func day(text string) clock.Date {
	d, err := clock.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// From the form to the register and out of it again. 2026-03-02 is a Monday; the check is due within five working days.
func TestJourney(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, catalog.Default()).receive("")
		content := w.content()
		x := w.submit(content)
		c, err := w.Flow.Get(t.Context(), x.Case)
		must(t, err)
		if !strings.HasPrefix(x.No, "SB20260302-") || x.State != declaration.Submitted || c.Due != day("2026-03-09") || x.Agency != w.unit.ID || w.declared(w.firm.ID) != 0 {
			t.Fatalf("submitted: %+v, due %v", x, c.Due)
		}
		if n := w.told[0]; n.To != (notice.Recipient{Kind: notice.Agency, ID: w.unit.ID}) || strings.Contains(n.Title+n.Body, content["SB_XXMC"]) {
			t.Errorf("the unit is told %+v", n)
		}
		x, err = w.Accept(w.as(clerk), x.ID, declaration.Step{})
		must(t, err)
		v := w.record(x.Record)
		if x.State != declaration.OnFile || v.Status != record.Active || v.Agency != w.unit.ID || v.ID.Subject != w.firm.ID || !v.Listed || v.Item != "ZZSB" {
			t.Fatalf("accepted: %+v, %+v", x, v)
		}
		if row := w.filed[0]; row.Actor != "account:3" || row.Unit != unitCode || row.Values["SB_SHZT"] != "形式审核通过" || row.Values["SB_LYDWDM"] != unitCode || row.Values["SB_CN"] != "是" {
			t.Errorf("filed %+v", row)
		}
		last := w.told[len(w.told)-1]
		if last.To != (notice.Recipient{Kind: notice.Subject, ID: w.firm.ID}) || !strings.Contains(last.Body, "未核验") {
			t.Errorf("the subject is told %+v", last)
		}
		x, err = w.End(w.as(agent), x.ID, declaration.Step{})
		must(t, err)
		if v = w.record(x.Record); x.State != declaration.Ended || v.Status != record.Withdrawn {
			t.Errorf("taken back: %s, %v", x.State, v.Status)
		}
		again := w.onFile(content)
		if v = w.record(again.Record); again.Record != x.Record || v.Status != record.Active {
			t.Errorf("declared again: %+v, %v", again, v.Status)
		}
	})
}

// What the form says before anything is handed in is what filing says.
func TestSameWordsAsFiling(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), catalog.Default()).receive("")
	for name, change := range map[string]declaration.Content{
		"right":                 {},
		"no title":              {"SB_XXMC": ""},
		"no kind":               {"SB_LB": ""},
		"a kind that is none":   {"SB_LB": "祖传秘方"},
		"no such day":           {"SB_RQ": "2025-02-30"},
		"a day to come":         {"SB_RQ": "2027-01-01"},
		"ends before it begins": {"SB_YXQZI": "2020-01-01"},
		"too long":              {"SB_XXMC": strings.Repeat("长", 201)},
		"no word of disclosure": {"SB_GK": ""},
	} {
		content := w.content()
		row := example("ZZSB", nil)
		for field, value := range change {
			content[field] = value
		}
		for _, f := range []string{"SB_LB", "SB_XXMC", "SB_BH", "SB_NR", "SB_BFDW", "SB_RQ", "SB_YXQZI", "SB_GK"} {
			row[f] = content[f]
		}
		got, err := w.Check(w.as(agent), w.firm.ID, "ZZSB", content)
		must(t, err)
		r, err := w.take(t.Context(), ingest.Request{Item: "ZZSB", Unit: unitCode, FileName: "a.ndjson", Actor: "test", DryRun: true}, row)
		must(t, err)
		var want []string
		for i := range r.Rows {
			for _, reason := range r.Rows[i].Reasons {
				want = append(want, reason.Field+reason.Message+reason.Fix)
			}
		}
		var have []string
		for _, reason := range got.Reasons {
			have = append(have, reason.Field+reason.Message+reason.Fix)
		}
		if strings.Join(have, "\n") != strings.Join(want, "\n") || got.Refused() != (r.Rejected > 0) || (name != "right") != got.Refused() {
			t.Errorf("%s: the form says %q, filing %q", name, have, want)
		}
		_, err = w.Submit(w.as(agent), w.submission(agent, content))
		if name == "right" {
			must(t, err)
		} else {
			refused(t, name, err, declaration.ErrContent)
		}
	}
	content := w.content()
	content["SB_NR"] = "负责人 110105 19491231 002X"
	got, err := w.Check(w.as(agent), w.firm.ID, "ZZSB", content)
	if must(t, err); !got.Refused() || got.Reasons[0].Field != "SB_NR" || strings.Contains(got.Reasons[0].Message, "1949") {
		t.Errorf("an identity number: %+v", got.Reasons)
	}
}

// A subject declares for itself and for nobody else, and nobody checks what they handed in.
func TestOnlyForOneself(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, catalog.Default()).receive("")
		for _, who := range []int64{stranger, officer, clerk, outsider, resident} {
			_, err := w.Submit(w.as(who), w.submission(who, w.content()))
			denied(t, "somebody else declares", err)
			_, err = w.SaveDraft(w.as(who), declaration.Draft{Subject: w.firm.ID, Item: "ZZSB", Content: w.content()})
			denied(t, "somebody else drafts", err)
		}
		content := w.content()
		content["SB_MC"], content["SB_SHXYM"], content["SB_SHZT"], content["SB_LYDWDM"] = w.other.Name, w.other.Code, "撤回", otherUnit // what no form has
		x := w.submit(content)
		for _, who := range []int64{agent, stranger, outsider, resident} {
			_, err := w.Accept(w.as(who), x.ID, declaration.Step{})
			denied(t, "whoever may not check accepts", err)
			_, err = w.Return(w.as(who), x.ID, declaration.Step{Text: "材料不清"})
			denied(t, "whoever may not check returns", err)
		}
		_, err := w.Withdraw(w.as(stranger), x.ID, declaration.Step{})
		denied(t, "another firm withdraws", err)
		x, err = w.Accept(w.as(officer), x.ID, declaration.Step{})
		must(t, err)
		if row := w.filed[0].Values; row["SB_SHXYM"] != firmCode || row["SB_MC"] != w.firm.Name || row["SB_LYDWDM"] != unitCode || row["SB_SHZT"] != "形式审核通过" {
			t.Errorf("filed %+v", row)
		}
		before := w.declared(w.other.ID)
		_, err = w.End(w.as(stranger), x.ID, declaration.Step{})
		denied(t, "another firm takes it down", err)
		_, err = w.End(w.as(clerk), x.ID, declaration.Step{})
		denied(t, "the unit takes it down as the subject", err)
		if w.declared(w.firm.ID) != 1 || w.declared(w.other.ID) != before {
			t.Error("it is on file for somebody else")
		}

		own, err := w.Submit(w.as(both), w.submission(both, w.content()))
		must(t, err)
		for _, step := range []func(context.Context, int64, declaration.Step) (declaration.Declaration, error){w.Accept, w.Return} {
			if _, err := step(w.as(both), own.ID, declaration.Step{Text: "材料不清"}); err == nil {
				t.Error("whoever handed it in checks it")
			}
		}
		own, err = w.Return(w.as(clerk), own.ID, declaration.Step{Text: "材料不清"})
		must(t, err)
		third := w.submit(w.content())
		third, err = w.Return(w.as(clerk), third.ID, declaration.Step{Text: "材料不清"})
		must(t, err)
		_, err = w.Mend(w.as(both), third.ID, third.Content, true, declaration.Step{})
		must(t, err)
		if _, err := w.Accept(w.as(both), third.ID, declaration.Step{}); err == nil {
			t.Error("whoever mended it checks it")
		}
		if own.State != declaration.Returned || w.declared(w.firm.ID) != 1 {
			t.Error("something is on file that nobody else accepted")
		}
	})
}

// Returned, mended, refused, lapsed.
func TestDecisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), catalog.Default()).receive("")
	x := w.submit(w.content())
	_, err := w.Return(w.as(clerk), x.ID, declaration.Step{})
	if err == nil {
		t.Error("returned without a reason")
	}
	_, err = w.Refuse(w.as(clerk), x.ID, "whim", declaration.Step{Text: "不想收"})
	refused(t, "a reason that no rule names", err, declaration.ErrRefusal)
	x, err = w.Return(w.as(clerk), x.ID, declaration.Step{Text: "证书看不清"})
	must(t, err)
	x.Content["SB_XXMC"] = "守合同重信用"
	_, err = w.Mend(w.as(agent), x.ID, x.Content, false, declaration.Step{})
	refused(t, "mended without the pledge", err, declaration.ErrPledge)
	w.clock.Advance(24 * time.Hour)
	x, err = w.Mend(w.as(agent), x.ID, x.Content, true, declaration.Step{Files: w.proof(agent)})
	must(t, err)
	if x.State != declaration.Submitted || x.ReceivedOn != day("2026-03-03") || w.state(x.ID).Content["SB_XXMC"] != "守合同重信用" {
		t.Errorf("mended: %+v", x)
	}
	x, err = w.Refuse(w.as(clerk), x.ID, "scope", declaration.Step{Text: "是广告"})
	must(t, err)
	if x.State != declaration.Refused || x.Open() || w.declared(w.firm.ID) != 0 {
		t.Errorf("refused: %+v", x)
	}
	if last := w.told[len(w.told)-1]; !strings.Contains(last.Body, "行政复议") {
		t.Errorf("the subject is told %q", last.Body)
	}
	y := w.submit(w.content())
	_, err = w.Return(w.as(clerk), y.ID, declaration.Step{Text: "证书看不清"})
	must(t, err)
	w.clock.Advance(30 * 24 * time.Hour)
	w.runDue()
	if y = w.state(y.ID); y.State != declaration.Lapsed {
		t.Errorf("nothing was mended, and %s", y.State)
	}
	z := w.submit(w.content())
	z, err = w.Withdraw(w.as(agent), z.ID, declaration.Step{})
	if must(t, err); z.State != declaration.Withdrawn {
		t.Errorf("withdrawn: %s", z.State)
	}
	no := w.submission(agent, w.content())
	no.Files = nil
	_, err = w.Submit(w.as(agent), no)
	refused(t, "without proof", err, declaration.ErrProof)
	no = w.submission(agent, w.content())
	no.Pledged = false
	_, err = w.Submit(w.as(agent), no)
	refused(t, "without the pledge", err, declaration.ErrPledge)
	no = w.submission(agent, w.content())
	no.Item = "XZCF"
	_, err = w.Submit(w.as(agent), no)
	refused(t, "an item that is not open", err, declaration.ErrItem)
}

// What is on file is replaced by its own declarer, and takes nobody else's place.
func TestReplace(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, catalog.Default()).receive("")
		one := w.onFile(w.content())
		_, err := w.Submit(w.as(agent), w.submission(agent, one.Content))
		refused(t, "what is on file", err, declaration.ErrOnFile)

		same := one.Content
		same["SB_NR"] = "复评通过"
		in := w.submission(agent, same)
		in.Replaces = one.ID
		two, err := w.Submit(w.as(agent), in)
		must(t, err)
		_, err = w.Submit(w.as(agent), in)
		refused(t, "replaced twice at a time", err, declaration.ErrTwice)
		if w.state(one.ID).State != declaration.OnFile {
			t.Error("the old one does not stand until the new one is on file")
		}
		two, err = w.Accept(w.as(clerk), two.ID, declaration.Step{})
		must(t, err)
		if one = w.state(one.ID); one.State != declaration.Replaced || two.Record != one.Record || w.record(two.Record).Number != 2 {
			t.Errorf("same number: %s, %s, version %d", one.State, two.State, w.record(two.Record).Number)
		}
		_, err = w.End(w.as(agent), one.ID, declaration.Step{})
		refused(t, "the replaced one is taken down", err, declaration.ErrNotFiled)

		in = w.submission(agent, w.content())
		in.Replaces = two.ID
		three, err := w.Submit(w.as(agent), in)
		must(t, err)
		three, err = w.Accept(w.as(clerk), three.ID, declaration.Step{})
		must(t, err)
		if w.record(two.Record).Status != record.Withdrawn || w.record(three.Record).Status != record.Active || w.declared(w.firm.ID) != 1 {
			t.Error("another number: the old record stands beside the new one")
		}
		in = w.submission(agent, w.content())
		in.Replaces = one.ID
		_, err = w.Submit(w.as(agent), in)
		refused(t, "what is replaced is replaced", err, declaration.ErrReplaces)
		in.Replaces = 99
		_, err = w.Submit(w.as(agent), in)
		refused(t, "what is not there is replaced", err, declaration.ErrReplaces)

		w.report("ZZSB", unitCode, example("ZZSB", nil)) // a department filed it in the firm's name
		_, err = w.Submit(w.as(agent), w.submission(agent, declaration.Content{
			"SB_LB": "资质", "SB_XXMC": "质量管理体系认证", "SB_BH": "LX-QMS-0001", "SB_RQ": "2025-05-20", "SB_GK": "可向社会公开",
		}))
		refused(t, "what a unit filed", err, declaration.ErrOnFile)

		must(t, w.db.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			at, err := record.ParseID(three.Record)
			must(t, err)
			_, err = w.records.Turn(ctx, tx, []record.Turn{{ID: at, To: record.Annulled}}, record.Change{At: w.clock.Now(), Actor: "test"})
			return err
		}))
		_, err = w.Submit(w.as(agent), w.submission(agent, three.Content))
		refused(t, "what was taken down", err, declaration.ErrTaken)
		gone, err := w.End(w.as(agent), three.ID, declaration.Step{})
		if must(t, err); gone.State != declaration.Ended || w.record(three.Record).Status != record.Annulled {
			t.Errorf("taken back after it was taken down: %s", gone.State)
		}
	})
}

// An intake that is down, or refuses, leaves nothing on file and loses nothing.
func TestBrokenIntake(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, catalog.Default()).receive("")
		x := w.submit(w.content())
		w.broken = errIntake
		x, err := w.Accept(w.as(clerk), x.ID, declaration.Step{})
		must(t, err)
		if x.State != declaration.Accepted || w.declared(w.firm.ID) != 0 {
			t.Fatalf("the intake is down, and %s", x.State)
		}
		if _, err := w.Settle(t.Context()); err == nil {
			t.Error("a turn that failed says nothing")
		}
		w.broken = nil
		n, err := w.Settle(t.Context())
		must(t, err)
		if x = w.state(x.ID); n != 1 || x.State != declaration.OnFile || w.declared(w.firm.ID) != 1 {
			t.Errorf("%d settled, %s", n, x.State)
		}
		w.broken = errIntake
		x, err = w.End(w.as(agent), x.ID, declaration.Step{})
		must(t, err)
		if x.State != declaration.Ending {
			t.Errorf("the intake is down, and %s", x.State)
		}
		w.broken = nil
		_, err = w.Settle(t.Context())
		must(t, err)
		if x = w.state(x.ID); x.State != declaration.Ended || w.declared(w.firm.ID) != 0 {
			t.Errorf("taken back: %s", x.State)
		}

		w.refuses = func(declaration.Row) []string { return []string{"“编号”不对"} }
		y := w.submit(w.content())
		y, err = w.Accept(w.as(clerk), y.ID, declaration.Step{})
		must(t, err)
		steps, err := w.Flow.Timeline(t.Context(), y.Case)
		must(t, err)
		if y.State != declaration.Returned || y.DecidedBy != "" || !strings.Contains(steps[len(steps)-1].Reason, "编号") {
			t.Errorf("refused by the intake: %+v, %q", y, steps[len(steps)-1].Reason)
		}
		w.refuses = nil
		y, err = w.Mend(w.as(agent), y.ID, y.Content, true, declaration.Step{})
		must(t, err)
		if y, err = w.Accept(w.as(clerk), y.ID, declaration.Step{}); err != nil || y.State != declaration.OnFile {
			t.Errorf("mended and accepted: %s, %v", y.State, err)
		}
	})
}

// Nothing is declared without a unit that receives it and a law that lets it be collected; a law that ends before the check ends it.
func TestNoBasis(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), catalog.Default())
	_, err := w.Offers(w.as(agent), w.firm.ID)
	refused(t, "nobody receives them", err, declaration.ErrReceiver)
	w = newWorld(t, dbtest.SQLite(t), edition(t, func(item string) string {
		return strings.ReplaceAll(strings.ReplaceAll(item, "from = \"2019-07-09\"", "from = \"2019-07-09\"\nto = \"2026-03-03\""), "from = \"2020-10-01\"", "from = \"2020-10-01\"\nto = \"2026-03-03\"")
	})).receive("")
	offers, err := w.Offers(w.as(agent), w.firm.ID)
	if must(t, err); len(offers) != 1 || len(offers[0].Law) != 2 || offers[0].Unit.Code != unitCode {
		t.Errorf("offered: %+v", offers)
	}
	x := w.submit(w.content())
	w.clock.Advance(48 * time.Hour)
	_, err = w.Accept(w.as(clerk), x.ID, declaration.Step{})
	refused(t, "accepted after the law ended", err, declaration.ErrBasis)
	_, err = w.Submit(w.as(agent), w.submission(agent, w.content()))
	refused(t, "submitted after the law ended", err, declaration.ErrBasis)
	if w.declared(w.firm.ID) != 0 {
		t.Error("something is on file")
	}
}

// A person declares nothing under the catalogue that ships. Where a city's catalogue admits persons, a person does for itself, and the public sees nothing of it.
func TestPersons(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), catalog.Default()).receive("")
	_, err := w.Offers(w.as(resident), w.person)
	refused(t, "a person declares", err, declaration.ErrKind)
	mine := declaration.Submission{Subject: w.person, Item: "ZZSB", Content: w.content(), Files: w.proof(resident), Pledged: true}
	_, err = w.Submit(w.as(resident), mine)
	refused(t, "a person submits", err, declaration.ErrKind)

	w = newWorld(t, dbtest.SQLite(t), edition(t, func(item string) string {
		item = strings.Replace(item, `"individual_business"]`, `"individual_business", "person"]`, 1)
		item = strings.Replace(item, "type = \"uscc\"\nrequired = true\nrole = \"uscc\"", "type = \"uscc\"\nrequired_for = [\"legal_entity\", \"other_org\", \"individual_business\"]\nempty_for = [\"person\"]\nrole = \"uscc\"", 1)
		return strings.Replace(item, "[[order]]", `[[field]]
code = "SB_ZJLX"
name = "申报人身份证件类型"
type = "enum"
list = "id_type"
open_list = true
max_len = 64
class = "C"
personal = true
required_for = ["person"]
empty_for = ["legal_entity", "other_org", "individual_business"]
role = "person_id_type"
[[field]]
code = "SB_ZJHM"
name = "申报人身份证件号码"
type = "iddoc"
max_len = 64
class = "C"
personal = true
sensitive = true
mask = [6, 4]
required_for = ["person"]
empty_for = ["legal_entity", "other_org", "individual_business"]
role = "person_id"
[[field]]
code = "SB_ZTLB"
name = "申报主体类别"
type = "enum"
list = "subject_kind"
max_len = 16
required = true
role = "kind"
[[order]]`, 1) + "SB_ZTLB = \"法人及非法人组织\"\n"
	})).receive("")
	mine.Subject, mine.Files = w.person, w.proof(resident)
	x, err := w.Submit(w.as(resident), mine)
	must(t, err)
	_, err = w.Submit(w.as(agent), mine)
	denied(t, "somebody declares for a person", err)
	x, err = w.Accept(w.as(clerk), x.ID, declaration.Step{})
	must(t, err)
	v := w.record(x.Record)
	item, _ := w.editions.Current(clock.Today(w.clock)).Item("ZZSB")
	if x.State != declaration.OnFile || v.ID.Subject != w.person || v.Listed {
		t.Fatalf("accepted: %+v, %+v", x, v)
	}
	if why := publish.Decide(publish.Everyone, catalog.Person, item, item, &v.Facts, clock.Today(w.clock)); why != publish.AboutPerson {
		t.Errorf("the gate says %q", why)
	}
}

// What was declared rests sealed, drafts are their writer's alone, and a new key takes both over.
func TestSealedAndDrafts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, catalog.Default()).receive("")
		x := w.submit(w.content())
		half := declaration.Draft{Subject: w.firm.ID, Item: "ZZSB", Content: declaration.Content{"SB_XXMC": "慈善捐赠", "SB_MC": "冒名"}}
		draft, err := w.SaveDraft(w.as(agent), half)
		must(t, err)
		draft.Content["SB_LB"] = "社会责任"
		again, err := w.SaveDraft(w.as(agent), draft)
		if must(t, err); again.ID != draft.ID {
			t.Error("a draft that is written on is another one")
		}
		list, err := w.Drafts(w.as(agent), w.firm.ID)
		if must(t, err); len(list) != 1 || list[0].Content["SB_LB"] != "社会责任" || list[0].Content["SB_MC"] != "" {
			t.Errorf("drafts: %+v", list)
		}
		if list, _ := w.Drafts(w.as(both), w.firm.ID); len(list) != 0 {
			t.Error("another agent sees the draft")
		}
		refused(t, "another agent drops it", w.DropDraft(w.as(both), w.firm.ID, draft.ID), declaration.ErrDraft)
		for _, query := range []string{`SELECT content FROM declaration`, `SELECT content FROM declaration_draft`} {
			var raw string
			must(t, d.Read().QueryRowContext(t.Context(), query).Scan(&raw))
			if strings.Contains(raw, "慈善") || strings.Contains(raw, "守合同") {
				t.Error("it rests in clear")
			}
		}
		// What is put under another row by the database's hand opens nowhere.
		must(t, d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			var was string
			if err := tx.QueryRowContext(ctx, `SELECT content FROM declaration`).Scan(&was); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `UPDATE declaration SET content = (SELECT content FROM declaration_draft)`); err != nil {
				return err
			}
			if _, err := w.Get(ctx, tx, x.ID); err == nil {
				t.Error("the content of another row is read as this one's")
			}
			_, err := tx.ExecContext(ctx, `UPDATE declaration SET content = $1`, was)
			return err
		}))
		_, err = w.ring.Rotate()
		must(t, err)
		var stale, left int64
		moved := 0
		for _, r := range w.Texts() {
			n, err := r.Stale(t.Context())
			must(t, err)
			stale += n
			for next := ""; ; {
				var n int
				next, n, err = r.Reseal(t.Context(), next, 1)
				must(t, err)
				if moved += n; next == "" {
					break
				}
			}
			n, err = r.Stale(t.Context())
			must(t, err)
			left += n
		}
		if stale != 2 || moved != 2 || left != 0 || w.state(x.ID).Content["SB_XXMC"] == "" {
			t.Errorf("%d stale, %d moved, %d left", stale, moved, left)
		}
		w.clock.Advance(61 * 24 * time.Hour)
		n, err := w.SweepDrafts(t.Context())
		if must(t, err); n != 1 {
			t.Errorf("%d drafts swept", n)
		}
	})
}

func TestMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), catalog.Default()).receive("")
	for range w.book.Today().Limit.Open {
		w.submit(w.content())
	}
	_, err := w.Submit(w.as(agent), w.submission(agent, w.content()))
	refused(t, "one too many", err, declaration.ErrMany)
}
