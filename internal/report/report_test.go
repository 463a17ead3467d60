package report_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/consent"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/pdf"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/report"
)

func TestStandardReportHasTheChaptersInOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		r := w.create(t, w.standard())
		doc := document(t, r)
		var names []string
		for _, c := range doc.Chapters {
			names = append(names, c.Numeral+" "+c.Name)
			if c.Number != 10 && len(c.Items) == 0 && c.Empty != "查询期内无相关信息" {
				t.Errorf("chapter %s is empty and does not say so: %q", c.Name, c.Empty)
			}
		}
		want := []string{
			"一 登记注册基础信息", "二 行政管理信息", "三 诚实守信相关荣誉信息", "四 严重失信主体名单信息", "五 经营（活动）异常名录（状态）信息", "六 信用承诺信息",
			"七 信用评价信息", "八 司法判决及执行信息", "九 其他信息", "十 信用状况提升建议", " 公共信用信息地方补充内容",
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Error(diff)
		}
		if !regexp.MustCompile(`^20261118100000[0-9A-HJKMNP-TV-Z]{8}$`).MatchString(r.Number) {
			t.Errorf("number %q", r.Number)
		}
		if doc.Layout != "V2.0" || doc.Subject.Name != firmName || doc.Issuer == "" || len(doc.Notes) < 5 {
			t.Errorf("head: %+v", doc.Subject)
		}
		var head []string
		for _, f := range doc.Basics {
			head = append(head, f.Label)
		}
		if diff := cmp.Diff([]string{"名称", "统一社会信用代码", "法定代表人/负责人", "企业类型", "成立日期", "住所"}, head[:min(6, len(head))]); diff != "" {
			t.Error(diff)
		}
		if slices.Contains(doc.Labels, "失信惩戒对象") || !slices.Contains(doc.Labels, "守信激励对象") {
			t.Errorf("labels %v", doc.Labels)
		}
	})
}

// What the gate keeps from the public, and identity numbers, stand in no standard report.
func TestStandardReportHoldsOnlyWhatIsPublic(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	doc := document(t, w.create(t, w.standard()))
	items := map[catalog.ItemCode]int{}
	for _, c := range doc.Chapters {
		for _, i := range c.Items {
			items[i.Code] += len(i.Records)
		}
	}
	if items["XZCF"] != 2 || items["XZQZ"] != 0 || items["XZXK"] != 1 { // the simple one and class B are left out
		t.Errorf("records by item: %v", items)
	}
	raw := string(w.create(t, w.standard()).Document)
	for _, secret := range []string{idNumber, "110101199003070011", "sm4:", "得分", "评分"} {
		if strings.Contains(raw, secret) {
			t.Errorf("%q stands in the report", secret)
		}
	}
	if _, err := w.Create(t.Context(), report.Order{Kind: report.Standard, Subject: publish.Whom{ID: w.human, DocKind: docKind, Number: idNumber}}); err == nil {
		t.Error("a person has no standard report")
	}
}

func TestSpecialReportSaysWhatIsThereAndWhatIsNot(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		doc := document(t, w.create(t, w.special()))
		if len(doc.Statement) != 52 {
			t.Fatalf("%d areas, want 52", len(doc.Statement))
		}
		market := doc.Statement[slices.IndexFunc(doc.Statement, func(s report.Statement) bool { return s.Name == "市场监管" })]
		// Both penalties of the period; the one of 2018 is older than five years. The compulsory measure is another unit's.
		sum := 0
		for _, s := range doc.Statement {
			sum += s.Count
		}
		if market.Count != 2 || sum != 3 || !strings.Contains(market.Text, "有记录 2 条") {
			t.Errorf("市场监管: %+v, %d in all", market, sum)
		}
		tax := doc.Statement[slices.IndexFunc(doc.Statement, func(s report.Statement) bool { return s.Name == "税务" })]
		if tax.Count != 0 || tax.Text != "2021-11-19 至 2026-11-18 期间，未发现该主体在税务领域有违法违规记录。" {
			t.Errorf("税务: %+v", tax)
		}
		if len(doc.Proofs.Sets) != 4 || doc.Proofs.Checkpoint == "" || len(doc.Proofs.Records) != 3 || doc.Proofs.Missing != 0 {
			t.Errorf("%d sets, %d records, %d missing", len(doc.Proofs.Sets), len(doc.Proofs.Records), doc.Proofs.Missing)
		}
		if strings.Contains(string(doc.Proofs.Sets[0]), `\"20180401\"`) {
			t.Error("what is not listed is opened")
		}
	})
}

func TestAreasAndPeriodAreTheApplicants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	o := w.special()
	o.Areas, o.From, o.To = []string{"SWJ", "SC"}, 20260310, 20261118
	doc := document(t, w.create(t, o))
	if len(doc.Statement) != 2 || doc.Statement[0].Name != "市场监管" || doc.Statement[0].Count != 1 {
		t.Errorf("%+v", doc.Statement)
	}
	for name, change := range map[string]func(*report.Order){
		"six years":  func(o *report.Order) { o.From, o.To = 20200101, 20261118 },
		"tomorrow":   func(o *report.Order) { o.To = 20261119 },
		"backwards":  func(o *report.Order) { o.From, o.To = 20261101, 20261001 },
		"no area":    func(o *report.Order) { o.Areas = []string{"XX"} },
		"long use":   func(o *report.Order) { o.Use = strings.Repeat("长", 101) },
		"a number":   func(o *report.Order) { o.Use = "供 110105 19491231 002X 使用" },
		"no kind":    func(o *report.Order) { o.Kind = "score" },
		"no purpose": func(o *report.Order) { o.Purpose = publish.Purpose{} },
		"a person's": func(o *report.Order) { o.Kind = report.Person },
	} {
		o := w.special()
		change(&o)
		if _, err := w.Create(t.Context(), o); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}

func TestPersonsReportIsTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	r := w.create(t, w.own())
	doc := document(t, r)
	if doc.Subject.Name != person || doc.Subject.Code != "" {
		t.Errorf("subject %+v", doc.Subject)
	}
	at := slices.IndexFunc(doc.Chapters, func(c report.Chapter) bool { return c.Name == "职称和职业资格信息" })
	if at != 8 || len(doc.Chapters[at].Items) != 1 {
		t.Errorf("the chapter of qualifications stands at %d", at)
	}
	for i := range doc.Chapters {
		for _, item := range doc.Chapters[i].Items {
			if item.Code == "XZCF" && item.Count != 1 {
				t.Errorf("%d penalties: one by the simple procedure belongs into no ordinary report", item.Count)
			}
		}
	}
	if strings.Contains(string(r.Document), idNumber) || strings.Contains(string(r.Document), "1101") {
		t.Error("the identity number stands in the report")
	}
	for name, who := range map[string]authz.Actor{"nobody": {}, "another": w.agent(), "a bank": w.banker()} {
		o := w.own()
		o.Who = who
		if _, err := w.Create(t.Context(), o); err == nil {
			t.Errorf("%s gets a person's report", name)
		}
		if _, err := w.Get(t.Context(), who, r.Number); !errors.Is(err, report.ErrNone) {
			t.Errorf("%s reads it: %v", name, err)
		}
	}
	if _, err := w.Get(t.Context(), w.resident(), r.Number); err != nil {
		t.Error(err)
	}
	// On file nothing of it stands in clear.
	var sealed string
	if err := w.db.Read().QueryRowContext(t.Context(), `SELECT document FROM report WHERE number = $1`, r.Number).Scan(&sealed); err != nil || !gm.Sealed(sealed) {
		t.Errorf("on file: %.20q %v", sealed, err)
	}
}

func TestConsentOpensAReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	c, _, err := w.consents.Grant(t.Context(), w.agent(), consent.Terms{
		Subject: w.firm, Grantee: bankCode, Items: []catalog.ItemCode{"XZCF", "XZQZ", "YZSX", "SFPJ"}, Classes: []catalog.Class{"A", "B"}, Purpose: "credit", Uses: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	o := report.Order{
		Who: w.banker(), Kind: report.Special, Subject: publish.Whom{Code: firmCode}, Purpose: publish.Purpose{Consent: c.ID, Aim: "credit", Agency: w.bank.ID},
	}
	r := w.create(t, o)
	doc := document(t, r)
	if len(doc.Proofs.Sets) != 0 || len(doc.Proofs.Records) == 0 || doc.Subject.Number != "" {
		t.Error("proofs over all records are the subject's to give")
	}
	if _, err := w.Get(t.Context(), w.banker(), r.Number); err != nil {
		t.Error(err)
	}
	if _, err := w.Create(t.Context(), o); err == nil {
		t.Error("the consent was for one use")
	}
	// A consent that leaves something closed makes no report that says what is not there.
	for _, terms := range []consent.Terms{
		{Items: []catalog.ItemCode{"XZCF", "XZQZ", "YZSX"}, Classes: []catalog.Class{"A", "B"}}, {Items: []catalog.ItemCode{"XZCF", "XZQZ", "YZSX", "SFPJ"}, Classes: []catalog.Class{"A"}},
	} {
		terms.Subject, terms.Grantee, terms.Purpose, terms.Uses = w.firm, bankCode, "credit", 5
		narrow, _, err := w.consents.Grant(t.Context(), w.agent(), terms)
		if err != nil {
			t.Fatal(err)
		}
		o.Purpose.Consent = narrow.ID
		if _, err := w.Create(t.Context(), o); err == nil || len(terms.Classes) == 1 && !errors.Is(err, report.ErrNarrow) {
			t.Errorf("%v %v: %v", terms.Items, terms.Classes, err)
		}
	}
	// A person whom nothing of the consented is on file about has a report too, by the whole number of the document and under a masked name.
	c, _, err = w.consents.Grant(t.Context(), w.resident(), consent.Terms{Subject: w.human, Grantee: bankCode, Items: []catalog.ItemCode{"RYXX"}, Purpose: "credit", Uses: 1})
	if err != nil {
		t.Fatal(err)
	}
	doc = document(t, w.create(t, report.Order{
		Who: w.banker(), Kind: report.Person, Subject: publish.Whom{DocKind: docKind, Number: idNumber},
		Purpose: publish.Purpose{Consent: c.ID, Aim: "credit", Agency: w.bank.ID},
	}))
	if doc.Subject.Name == person || doc.Subject.Name == "" || len(doc.Chapters) != 12 {
		t.Errorf("%+v, %d chapters", doc.Subject, len(doc.Chapters))
	}
	// Nobody reads out of it that there is nothing where nobody looked.
	if doc.Chapters[1].Empty != "不在授权范围内，没有查询" || !strings.Contains(doc.Chapters[2].Empty, "查询期内无相关信息") || !strings.Contains(strings.Join(doc.Notes, ""), "只列授权书开放的事项") {
		t.Errorf("%q %q %v", doc.Chapters[1].Empty, doc.Chapters[2].Empty, doc.Notes)
	}
}

// The same report is the same file, however often and by whichever way it comes.
func TestSameReportSameBytes(t *testing.T) {
	t.Parallel()
	needFonts(t)
	w := newWorld(t, dbtest.SQLite(t))
	r := w.create(t, w.standard())
	first, err := w.Print(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		again, err := w.PDF(t.Context(), authz.Actor{}, r.Number)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, again) {
			t.Fatal("the files differ")
		}
	}
	got, err := w.Get(t.Context(), authz.Actor{}, r.Number)
	if err != nil || !bytes.Equal(got.Document, r.Document) {
		t.Fatalf("the documents differ: %v", err)
	}
	// Also one that nobody printed when it was made, and one whose signature does not fit any more.
	r = w.create(t, w.standard())
	if first, err = w.PDF(t.Context(), authz.Actor{}, r.Number); err != nil {
		t.Fatal(err)
	}
	if again, err := w.PDF(t.Context(), authz.Actor{}, r.Number); err != nil || !bytes.Equal(first, again) {
		t.Fatalf("the files differ: %v", err)
	}
	err = w.db.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE report SET pdf_signature = $2 WHERE number = $1`, r.Number, []byte("x"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	renewed, err := w.PDF(t.Context(), authz.Actor{}, r.Number)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.PDF(t.Context(), authz.Actor{}, r.Number); err != nil || !bytes.Equal(renewed, again) {
		t.Fatalf("the files differ: %v", err)
	}
}

func TestPDFHoldsTheReport(t *testing.T) {
	t.Parallel()
	needFonts(t)
	w := newWorld(t, dbtest.SQLite(t))
	for _, o := range []report.Order{w.standard(), w.special(), w.own()} {
		r := w.create(t, o)
		raw, err := w.Print(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		f, err := pdf.Open(raw)
		if err != nil {
			t.Fatal(err)
		}
		pages, err := f.Pages()
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer("\n", "", " ", "").Replace(strings.Join(pages, ""))
		doc := document(t, r)
		for _, want := range []string{r.Number, r.Code[:5] + "-" + r.Code[5:], doc.Subject.Name, "报告说明", doc.Title} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing", o.Kind, want)
			}
		}
		for _, c := range doc.Chapters {
			if !strings.Contains(text, strings.ReplaceAll(c.Name, " ", "")) {
				t.Errorf("%s: chapter %q is missing", o.Kind, c.Name)
			}
		}
		data, err := f.Attachment(report.AttachmentName)
		if err != nil || !bytes.Contains(data, r.Document) {
			t.Errorf("%s: attachment: %v", o.Kind, err)
		}
	}
}

func TestVerifyFromPaper(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	r := w.create(t, w.standard())
	for _, code := range []string{r.Code, strings.ToLower(r.Code), r.Code[:5] + "-" + r.Code[5:], " " + r.Code + " "} {
		v, err := w.Verify(t.Context(), r.Number, code)
		if err != nil || v.State != report.Valid || v.Subject != firmName || v.Records == 0 {
			t.Errorf("%q: %+v %v", code, v, err)
		}
	}
	other := []byte(r.Code)
	other[0] ^= 1
	for _, x := range [][2]string{{r.Number, string(other)}, {r.Number, ""}, {"2026111810000000000000", r.Code}, {"", ""}, {strings.Repeat("界", 22), r.Code}} {
		if _, err := w.Verify(t.Context(), x[0], x[1]); !errors.Is(err, report.ErrCode) {
			t.Errorf("%v: %v", x, err)
		}
	}
	v, err := w.Verify(t.Context(), (func() string { p := w.create(t, w.own()); r = p; return p.Number })(), r.Code)
	if err != nil || v.Subject == person {
		t.Errorf("a person's name is told: %+v %v", v, err)
	}
}

// After a correction the report is told to be out of date and is not handed out again; whom it was handed to is known.
func TestCorrectionReachesReports(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		r := w.create(t, w.standard())
		special := w.create(t, w.special())
		changed := w.draft("XZCF", w.firm, "1", func(f *record.Facts) { f.DecidedOn = 20260303 })
		changed.Digest = sha16("another")
		w.clock.Advance(time.Minute)
		w.apply(t, changed)
		if _, err := w.Get(t.Context(), authz.Actor{}, r.Number); !errors.Is(err, report.ErrChanged) {
			t.Errorf("handed out again: %v", err)
		}
		v, err := w.Verify(t.Context(), r.Number, r.Code)
		if err != nil || v.State != report.Changed {
			t.Errorf("%+v %v", v, err)
		}
		doc := document(t, r)
		var id record.ID
		for _, c := range doc.Chapters {
			for _, i := range c.Items {
				for _, rec := range i.Records {
					if i.Code == "XZCF" && rec.DecidedOn == 20260302 {
						id, err = record.ParseID(rec.ID)
					}
				}
			}
		}
		if err != nil || id.Key == 0 {
			t.Fatal("the penalty is not in the report")
		}
		list, err := w.Holders(t.Context(), d.Read(), id)
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v %v", list, err)
		}
		who := map[string]int64{list[0].Number: list[0].WhoID, list[1].Number: list[1].WhoID}
		if who[r.Number] != 0 || who[special.Number] != w.agent().ID || list[0].Version != 1 {
			t.Errorf("%+v", list)
		}
		var copies []report.Handed
		err = w.Copies(t.Context(), d.Read(), []int64{1, id.Subject}, func(c *report.Copy) {
			if c.Subject != id.Subject || (c.Access != 0) != (c.Kind == report.Special) {
				t.Errorf("%+v", c)
			}
			if c.At == id {
				copies = append(copies, c.Handed)
			}
		})
		if diff := cmp.Diff(list, copies); err != nil || diff != "" {
			t.Error(diff, err)
		}
	})
}

func TestReportPastItsPublicityIsNotHandedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	until := w.draft("XZCF", w.firm, "short", func(f *record.Facts) { f.PublicUntil = 20261201 })
	w.apply(t, until)
	w.clock.Advance(time.Second)
	r := w.create(t, w.standard())
	if _, err := w.Get(t.Context(), authz.Actor{}, r.Number); err != nil {
		t.Fatal(err)
	}
	w.clock.Set(time.Date(2026, 12, 1, 0, 0, 1, 0, today.Location()))
	if _, err := w.Get(t.Context(), authz.Actor{}, r.Number); !errors.Is(err, report.ErrChanged) {
		t.Errorf("handed out after its time: %v", err)
	}
	if v, err := w.Verify(t.Context(), r.Number, r.Code); err != nil || v.State != report.Expired {
		t.Errorf("%+v %v", v, err)
	}
}

func TestBatchIsOneArchive(t *testing.T) {
	t.Parallel()
	needFonts(t)
	w := newWorld(t, dbtest.SQLite(t))
	codes := []string{firmCode, "=HYPERLINK(1)", bareCode}
	var orders []report.Order
	for _, c := range codes {
		orders = append(orders, report.Order{Kind: report.Standard, Subject: publish.Whom{Code: c}, Batch: "b"})
	}
	var b bytes.Buffer
	if err := w.Batch(t.Context(), orders, &b, func(i int) string { return codes[i] }); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var table string
	pdfs := 0
	for _, f := range z.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name, ".pdf") {
			pdfs++
			if _, err := pdf.Open(raw); err != nil {
				t.Error(err)
			}
			continue
		}
		if f.Name == "结果.csv" {
			table = string(raw)
		}
	}
	if strings.Contains(table, ",=") || strings.Contains(table, ",\"=") {
		t.Errorf("a formula in the table: %s", table)
	}
	if pdfs != 2 || strings.Count(table, "已生成") != 2 || strings.Count(table, "未生成") != 1 {
		t.Errorf("%d reports, table %s", pdfs, table)
	}
	if err := w.Batch(t.Context(), make([]report.Order, 1001), &b, nil); !errors.Is(err, report.ErrMany) {
		t.Errorf("1001: %v", err)
	}
}

func TestReportWithoutALogSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	w.noLog = true
	doc := document(t, w.create(t, w.standard()))
	if doc.Proofs.Checkpoint != "" || len(doc.Proofs.Records) != 0 {
		t.Errorf("%+v", doc.Proofs)
	}
}

func TestKeysAreExchanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	r := w.create(t, w.own())
	if _, err := w.ring.Rotate(); err != nil {
		t.Fatal(err)
	}
	n, err := gm.Reseal(t.Context(), []gm.Resealer{w.Resealer()}, nil)
	if err != nil || n != 1 {
		t.Fatalf("%d %v", n, err)
	}
	if stale, err := w.Resealer().Stale(t.Context()); err != nil || stale != 0 {
		t.Errorf("%d %v", stale, err)
	}
	if got, err := w.Get(t.Context(), w.resident(), r.Number); err != nil || !bytes.Equal(got.Document, r.Document) {
		t.Error("it does not open any more")
	}
}

func TestAreas(t *testing.T) {
	t.Parallel()
	a, err := report.DefaultAreas()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"临溪市市场监督管理局": "SC", "国家税务总局临溪市税务局": "SWJ", "临溪市住房公积金管理中心": "GJJ", "临溪市住房和城乡建设局": "ZJ", "临溪市人民法院": "FY", "临溪市某某办公室": "QT",
		"临溪市药品监督管理局": "YP",
	} {
		if got := a.Of(name, ""); got != want {
			t.Errorf("%s belongs to %s, want %s", name, got, want)
		}
	}
	for _, bad := range []string{"", "x = 1", "items = [\"XZCF\"]\nyears = 5\n[[field]]\ncode = \"A\"\nname = \"甲\"\nwords = [\"甲\"]"} {
		if _, err := report.ParseAreas([]byte(bad)); !errors.Is(err, report.ErrAreas) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Compose, sign, PDF: what one download costs, also in processor time, as others may be at the machine.
func BenchmarkReport(b *testing.B) {
	needFonts(b)
	b.Run("sqlite", func(b *testing.B) { benchmarkReport(b, dbtest.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { benchmarkReport(b, dbtest.Postgres(b)) })
}

func benchmarkReport(b *testing.B, d *db.DB) {
	b.Helper()
	w := newWorld(b, d)
	var drafts []record.Draft
	for i := range 60 {
		drafts = append(drafts, w.draft("XZXK", w.firm, "n"+string(rune('一'+i)), nil))
	}
	w.apply(b, drafts...)
	for _, kind := range []report.Order{w.standard(), w.special()} {
		b.Run(string(kind.Kind), func(b *testing.B) {
			var took []time.Duration
			size := 0
			for b.Loop() {
				w.clock.Advance(time.Second)
				start := processor(b)
				r, err := w.Create(b.Context(), kind)
				if err != nil {
					b.Fatal(err)
				}
				raw, err := w.Print(b.Context(), r)
				if err != nil {
					b.Fatal(err)
				}
				took = append(took, processor(b)-start)
				size = len(raw)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "cpu-ms-p50")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "cpu-ms-p95")
			b.ReportMetric(float64(size), "bytes")
		})
	}
}

// processor is the time that this process has had of the processors.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
