package check_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/check"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/publish"
)

// plain is an answer without what differs from look-up to look-up.
func plain(a *check.Answer) check.Answer {
	b := *a
	b.Receipt = ""
	return b
}

// TestStreamedAnswersAreTheSingleOnes: whatever the list, code by code the same answer or the same refusal, with as many questions to lists for a hundred codes
// as for one.
func TestStreamedAnswersAreTheSingleOnes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 30)
		ctx := context.Background()
		m := w.matter(t, "M-ALL", nil)
		w.list(w.firm)
		known := append(append([]string{}, w.codes...), "91990102MA0A00014H", "nothing")
		rapid.Check(t, func(r *rapid.T) {
			list := rapid.SliceOfN(rapid.SampledFrom(known), 0, 30).Draw(r, "codes")
			ask := check.Ask{Who: w.officer(), Matter: m}
			i, calls := 0, w.lists.calls
			err := w.Stream(ctx, ask, list, func(code string, g *check.Given, err error) error {
				if code != list[i] {
					r.Fatalf("%q in the place of %q", code, list[i])
				}
				one := ask
				one.Subject.Code = code
				before := w.lists.calls
				single, serr := w.Check(ctx, one)
				calls += w.lists.calls - before
				if (err == nil) != (serr == nil) || err != nil && !errors.Is(err, serr) {
					r.Fatalf("%v, single %v", err, serr)
				}
				if err == nil && cmp.Diff(plain(single.Answer), plain(g.Answer)) != "" {
					r.Fatal(cmp.Diff(plain(single.Answer), plain(g.Answer)))
				}
				if i++; i%7 == 0 && err == nil {
					if again, err := w.Again(ctx, w.officer(), g.Answer.Receipt); err != nil || !bytes.Equal(again.JSON, g.JSON) {
						r.Fatalf("other bytes: %v", err)
					}
				}
				return nil
			})
			if err != nil || i != len(list) {
				r.Fatalf("%d of %d: %v", i, len(list), err)
			}
			if w.lists.calls > calls+1 {
				r.Fatalf("lists were asked %d times for one part", w.lists.calls-calls)
			}
		})
		if err := w.Stream(ctx, check.Ask{Who: w.officer(), Matter: m}, make([]string, check.MostCodes+1), nil); !errors.Is(err, check.ErrMany) {
			t.Error(err)
		}
	})
}

func (w *world) order(t testing.TB, codes []string) int64 {
	t.Helper()
	id, err := w.Start(context.Background(), check.Order{Who: w.officer(), Matter: w.matter(t, "M-BATCH", nil), Name: "名单.csv", Codes: codes})
	must(t, err)
	return id
}

func TestBatch(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 230)
		ctx := context.Background()
		w.list(w.firm)
		codes := append(append([]string{}, w.codes...), "91990102MA0A00014H")
		id := w.order(t, codes)
		if err := w.WriteResult(ctx, w.officer(), id, &bytes.Buffer{}); !errors.Is(err, check.ErrUnfinished) {
			t.Errorf("a result before the end: %v", err)
		}
		ran, err := w.RunNext(ctx)
		must(t, err)
		b, err := w.Batch(ctx, w.officer(), id)
		must(t, err)
		if !ran || b.State != check.Done || b.Total != 231 || b.Done != 231 || b.Refused != 1 || b.Hits == 0 || b.FinishedAt.IsZero() {
			t.Errorf("%+v", b)
		}
		if ran, err := w.RunNext(ctx); ran || err != nil {
			t.Errorf("runs what is done: %v", err)
		}
		var out bytes.Buffer
		must(t, w.WriteResult(ctx, w.officer(), id, &out))
		lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff"))).ReadAll()
		must(t, err)
		if len(lines) != 232 || lines[1][1] != firmCode || lines[1][3] != "命中" || lines[1][7] != dishonest.Name || lines[231][3] != "未作答" {
			t.Errorf("%d lines, %v", len(lines), lines[1])
		}
		// Each subject sees that its answer was given again, for what the batch was.
		mine, _, err := w.log.OfSubject(ctx, w.firm, "", 10)
		must(t, err)
		if len(mine) != 2 || mine[0].What != check.ReadAgain || mine[1].What != check.What || mine[0].Matter != mine[1].Matter || mine[0].Basis != mine[1].Basis ||
			mine[0].Who.Agency != w.unit.ID || len(mine[0].Records) != len(mine[1].Records) {
			t.Errorf("the firm sees %+v", mine)
		}
		all, _, err := w.log.Search(ctx, audit.Who{Kind: "local"}, audit.Filter{What: check.ReadAgain}, "", audit.MaxPage)
		must(t, err)
		if len(all) != audit.MaxPage {
			t.Errorf("%d looks are on file", len(all))
		}
		if _, err := w.Batch(ctx, w.stranger(), id); !errors.Is(err, check.ErrBatch) {
			t.Errorf("another unit: %v", err)
		}
		if list, err := w.Batches(ctx, w.officer(), w.unit.ID, 5); err != nil || len(list) != 1 {
			t.Errorf("%v %v", list, err)
		}
		if _, err := w.Batches(ctx, w.stranger(), w.unit.ID, 5); !errors.Is(err, authz.ErrDenied) {
			t.Errorf("another unit: %v", err)
		}
	})
}

// What a file was called on somebody's computer may hold the number of a resident; it is not kept then.
func TestBatchNameHoldsNoNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), 1)
	m := w.matter(t, "M-BATCH", nil)
	for name, want := range map[string]string{"贷前 名单.csv": "贷前 名单.csv", "张三11010519491231002X.csv": "名单", "１１０１０５１９４９１２３１００２ｘ的单位.xlsx": "名单"} {
		id, err := w.Start(context.Background(), check.Order{Who: w.officer(), Matter: m, Name: name, Codes: []string{firmCode}})
		must(t, err)
		if b, err := w.Batch(context.Background(), w.officer(), id); err != nil || b.Name != want {
			t.Errorf("%s is kept as %s: %v", name, b.Name, err)
		}
	}
}

// TestBatchGoesOn: a process that dies in the middle leaves a batch that another one ends, with every code asked about once.
func TestBatchGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), 250)
	ctx, die := context.WithCancel(context.Background())
	id := w.order(t, w.codes)
	w.Service.Account = func(ctx context.Context, account int64) (authz.Actor, error) {
		if n := len(w.acts(t, "check.make")); n == 2 { // two parts are done
			die()
			return authz.Actor{}, ctx.Err()
		}
		return w.account(ctx, account)
	}
	if _, err := w.RunNext(ctx); err == nil {
		t.Fatal("did not die")
	}
	b, err := w.Batch(context.Background(), w.officer(), id)
	must(t, err)
	if b.State != check.Running || b.Done != 200 {
		t.Fatalf("%+v", b)
	}
	w.Service.Account = w.account
	w.Service.Owner = "another"
	w.clock.Set(now.Add(2 * time.Minute)) // the lease has run out
	if ran, err := w.RunNext(context.Background()); !ran || err != nil {
		t.Fatal(ran, err)
	}
	if b, err = w.Batch(context.Background(), w.officer(), id); err != nil || b.State != check.Done || b.Done != 250 {
		t.Fatalf("%+v %v", b, err)
	}
	var n int
	must(t, w.db.Read().QueryRowContext(context.Background(), `SELECT count(*) FROM check_answer WHERE batch_id = $1`, id).Scan(&n))
	if n != 250 {
		t.Errorf("%d answers for 250 codes", n)
	}
}

// TestBatchEndsWithItsAccount: an account that may no longer check has nothing checked in its name.
func TestBatchEndsWithItsAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), 2)
	ctx := context.Background()
	id := w.order(t, w.codes)
	a := w.officer()
	a.Grants = []authz.Grant{{Role: authz.FilingClerk, Agency: w.unit.ID}}
	w.actors[1] = a
	if ran, err := w.RunNext(ctx); !ran || err != nil {
		t.Fatal(ran, err)
	}
	b, err := w.Batch(ctx, w.officer(), id)
	must(t, err)
	if b.State != check.Stopped || b.Done != 0 || b.Why == "" {
		t.Errorf("%+v", b)
	}
}

func TestBatchIsRefusedAsItsChecksWouldBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), 1)
	ctx := context.Background()
	lapsed := w.matter(t, "M-LAPSED", func(m *agency.Matter) { m.ValidUntil = 20261118 })
	m := w.matter(t, "M-ALL", nil)
	for _, tt := range []struct {
		name  string
		order check.Order
		want  error
	}{
		{"lapsed", check.Order{Who: w.officer(), Matter: lapsed, Codes: w.codes}, publish.MissingLapsed.Err()},
		{"unknown", check.Order{Who: w.officer(), Matter: "NONE", Codes: w.codes}, publish.MissingMatter.Err()},
		{"another basis", check.Order{Who: w.officer(), Matter: m, Basis: "《别的法》", Codes: w.codes}, publish.MissingBasis.Err()},
		{"another unit's", check.Order{Who: w.stranger(), Matter: m, Codes: w.codes}, publish.MissingAgency.Err()},
		{"no codes", check.Order{Who: w.officer(), Matter: m}, check.ErrFile},
		{"no matter", check.Order{Who: w.officer(), Codes: w.codes}, check.ErrNoMatter},
		{"too many", check.Order{Who: w.officer(), Matter: m, Codes: make([]string, check.MostCodes+1)}, check.ErrMany},
	} {
		if _, err := w.Start(ctx, tt.order); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if list := w.entries(t); len(list) != 4 {
		t.Errorf("%d refusals are on file", len(list))
	}
}

func TestReadCodes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text              string
		list              string
		repeated, without int
	}{
		"one a line":  {"91370303MA3C000118\r\n91990102ma0a00014h\n", "91370303MA3C000118 91990102MA0A00014H", 0, 0},
		"a table":     {"\ufeff企业名称,统一社会信用代码\n甲,91370303MA3C000118\n乙,\"91990102MA0A00014H\"\n", "91370303MA3C000118 91990102MA0A00014H", 0, 0},
		"wide":        {"９１３７０３０３ＭＡ３Ｃ０００１１８\n", "91370303MA3C000118", 0, 0},
		"repeated":    {"91370303MA3C000118\n91370303MA3C000118\n", "91370303MA3C000118", 1, 0},
		"holes":       {"代码\n91370303MA3C000118\n\n没有\n", "91370303MA3C000118", 0, 1},
		"a number":    {"370303199001\n91370303MA3C000118\nx", "91370303MA3C000118", 0, 2},
		"semicolons":  {"甲;91370303MA3C000118;备注\n", "91370303MA3C000118", 0, 0},
		"a resident":  {"11010519491231002X\n91370303MA3C000118\n１１０１０５１９４９１２３１００２ｘ\n", "91370303MA3C000118", 0, 2},
		"full spaces": {"　91370303MA3C000118　\n", "91370303MA3C000118", 0, 0},
	} {
		c, err := check.ReadText(strings.NewReader(tt.text))
		if err != nil || strings.Join(c.List, " ") != tt.list || c.Repeated != tt.repeated || c.Without != tt.without {
			t.Errorf("%s: %+v %v", name, c, err)
		}
	}
	for _, text := range []string{"", "代码\n", strings.Repeat("x", 1<<17)} {
		if _, err := check.ReadText(strings.NewReader(text)); !errors.Is(err, check.ErrFile) {
			t.Errorf("%.10q: %v", text, err)
		}
	}
	var many strings.Builder
	for i := range check.MostCodes + 1 {
		fmt.Fprintln(&many, codeOf(i))
	}
	if _, err := check.ReadText(strings.NewReader(many.String())); !errors.Is(err, check.ErrMany) {
		t.Errorf("too many: %v", err)
	}
	book := excelize.NewFile()
	for i, row := range [][]any{{"企业名称", "统一社会信用代码"}, {"甲", firmCode}, {"丙", 9137}, {"乙", "91990102MA0A00014H"}} {
		must(t, book.SetSheetRow("Sheet1", "A"+strconv.Itoa(i+1), &row))
	}
	path := filepath.Join(t.TempDir(), "名单.xlsx")
	must(t, book.SaveAs(path))
	f, err := os.Open(path)
	must(t, err)
	c, err := check.ReadFile(f, "名单.xlsx")
	if err != nil || strings.Join(c.List, " ") != firmCode+" 91990102MA0A00014H" || c.Without != 1 || c.Lines[0] != 3 {
		t.Errorf("%+v %v", c, err)
	}
}

// TestLinesWithoutACodeAreInTheResult: what of a list was not checked stands in its result, by line, without what stood there.
func TestLinesWithoutACodeAreInTheResult(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t), 1)
	ctx := context.Background()
	c, err := check.ReadText(strings.NewReader("企业,代码\n甲," + firmCode + "\n王小明,91370303\n\n某公司,11010519491231002X\n" + strings.Repeat("没有\n", 120)))
	must(t, err)
	id, err := w.Start(ctx, check.Order{Who: w.officer(), Matter: w.matter(t, "M-BATCH", nil), Codes: c.List, Missed: c.Missed()})
	must(t, err)
	_, err = w.RunNext(ctx)
	must(t, err)
	b, err := w.Batch(ctx, w.officer(), id)
	must(t, err)
	if b.State != check.Done || b.Total != 102 || b.Done != 102 || b.Refused != 101 {
		t.Errorf("%+v", b)
	}
	var out bytes.Buffer
	must(t, w.WriteResult(ctx, w.officer(), id, &out))
	for _, want := range []string{"名单第 3 行没有", "名单第 5 行没有", "名单第 6 行没有", "名单另有 22 行没有"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in the result", want)
		}
	}
	if strings.Contains(out.String(), "王小明") || strings.Contains(out.String(), "11010519491231002X") || strings.Contains(out.String(), "名单第 4 行") {
		t.Errorf("too much is in the result: %s", out.String())
	}
}

func FuzzReadText(f *testing.F) {
	f.Add("91370303MA3C000118\n代码,x\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := check.ReadText(strings.NewReader(text))
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, code := range c.List {
			if len(code) < 15 || len(code) > 18 || seen[code] {
				t.Fatalf("%q", code)
			}
			seen[code] = true
		}
	})
}
