package subject_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/subject"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, clock.Zone)

func newStore(t *testing.T, d *db.DB) *subject.Store {
	t.Helper()
	ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	return subject.NewStore(d, id.NewMaker(func() time.Time { return now }), ring)
}

func resolve(t *testing.T, d *db.DB, s *subject.Store, claims ...subject.Claim) []subject.Answer {
	t.Helper()
	var out []subject.Answer
	err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = s.Resolve(ctx, tx, claims, now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const (
	codeA = "91370303MA3C000118"
	codeB = "81370303MA3C000119"
)

func firm(code, name string, more ...subject.Ident) subject.Claim {
	return subject.Claim{Kind: catalog.LegalEntity, Name: name, Region: "370303", Idents: append([]subject.Ident{{Kind: subject.Code, Value: code}}, more...)}
}

func registered(code, name string, more ...subject.Ident) subject.Claim {
	c := firm(code, name, more...)
	c.Establish, c.Status = true, subject.Operating
	return c
}

func only(kind subject.IdentKind, value, name string) subject.Claim {
	return subject.Claim{Kind: catalog.LegalEntity, Name: name, Idents: []subject.Ident{{Kind: kind, Value: value}}}
}

func TestLinking(t *testing.T) {
	t.Parallel()
	reg := subject.Ident{Kind: subject.RegNo, Value: "370303200000010"}
	tests := []struct {
		name   string
		before []subject.Claim
		claim  subject.Claim
		want   subject.Link
		code   string
	}{
		{"unknown valid code makes a provisional subject", nil, firm(codeA, "甲公司"), subject.Created, codeA},
		{"code and name agree", []subject.Claim{firm(codeA, "甲公司")}, firm(codeA, "甲公司"), subject.Linked, codeA},
		{"width and brackets of the name do not matter", []subject.Claim{firm(codeA, "甲（山东）公司")}, firm(codeA, "甲(山东)公司"), subject.Linked, codeA},
		// Facts sheet, rule 14: the name contradicts the code.
		{"name contradicts the code", []subject.Claim{firm(codeA, "乙公司")}, firm(codeA, "甲公司"), subject.Contradicts, codeA},
		{"a name alone never links", []subject.Claim{firm(codeA, "甲公司")}, subject.Claim{Kind: catalog.LegalEntity, Name: "甲公司"}, subject.Nobody, ""},
		{"an old number links when one subject has it", []subject.Claim{registered(codeA, "甲公司", reg)}, only(subject.RegNo, reg.Value, "甲公司"), subject.Linked, codeA},
		{"an old number with another name", []subject.Claim{registered(codeA, "甲公司", reg)}, only(subject.RegNo, reg.Value, "丙公司"), subject.Contradicts, codeA},
		{"an unknown old number", nil, only(subject.RegNo, reg.Value, "甲公司"), subject.Nobody, ""},
		{"an old number that two subjects share links nobody", []subject.Claim{registered(codeA, "甲公司", reg), registered(codeB, "乙公司", reg)}, only(subject.RegNo, reg.Value, "甲公司"), subject.Ambiguous, ""},
		{"code of one, old number of another", []subject.Claim{registered(codeA, "甲公司", reg), registered(codeB, "乙公司")}, firm(codeB, "乙公司", reg), subject.Ambiguous, ""},
		{"unknown code with another's old number makes nobody", []subject.Claim{registered(codeA, "甲公司", reg)}, firm(codeB, "甲公司", reg), subject.Ambiguous, ""},
		{"the organisation code inside the unified code links", []subject.Claim{firm(codeA, "甲公司")}, only(subject.OrgCode, "MA3C00011", "甲公司"), subject.Linked, codeA},
		{"a filing does not teach old numbers", []subject.Claim{firm(codeA, "甲公司", reg)}, only(subject.RegNo, reg.Value, "甲公司"), subject.Nobody, ""},
		{"registration changes the name", []subject.Claim{registered(codeA, "甲公司"), registered(codeA, "新甲公司")}, firm(codeA, "新甲公司"), subject.Linked, codeA},
		{"the former name still links, and says so", []subject.Claim{registered(codeA, "甲公司"), registered(codeA, "新甲公司")}, firm(codeA, "甲公司"), subject.LinkedFormer, codeA},
		{"a withdrawal never makes a subject", nil, func() subject.Claim { c := firm(codeA, "甲公司"); c.FindOnly = true; return c }(), subject.Nobody, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				// In batches of their own, and all in one batch: the answer is the same.
				s := newStore(t, d)
				for _, c := range tt.before {
					resolve(t, d, s, c)
				}
				got := resolve(t, d, s, tt.claim)[0]
				if got.Link != tt.want || got.Subject.Code != tt.code {
					t.Errorf("link %v to %q, want %v to %q", got.Link, got.Subject.Code, tt.want, tt.code)
				}
			})
			d := dbtest.SQLite(t)
			answers := resolve(t, d, newStore(t, d), append(tt.before, tt.claim)...)
			if got := answers[len(answers)-1]; got.Link != tt.want || got.Subject.Code != tt.code {
				t.Errorf("in one batch: link %v to %q, want %v to %q", got.Link, got.Subject.Code, tt.want, tt.code)
			}
		})
	}
}

func TestRegistrationKeepsHistory(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(t, d)
		resolve(t, d, s, firm(codeA, "甲公司"))
		sub, ok, err := s.ByCode(context.Background(), codeA)
		if err != nil || !ok || !sub.Provisional || sub.Status != subject.Unknown {
			t.Fatalf("a filing makes a provisional subject, have %+v %v", sub, err)
		}
		change := registered(codeA, "新甲公司")
		change.FormerNames, change.Status = []string{"老甲公司"}, subject.Cancelled
		resolve(t, d, s, change)
		sub, _, err = s.ByCode(context.Background(), codeA)
		if err != nil || sub.Provisional || sub.Status != subject.Cancelled || sub.Name != "新甲公司" {
			t.Fatalf("registration establishes, have %+v %v", sub, err)
		}
		names, err := s.Names(context.Background(), sub.ID, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range names {
			got = append(got, n.Name)
		}
		if diff := cmp.Diff([]string{"甲公司", "老甲公司", "新甲公司"}, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestPersonsAreSealedAndNeverFed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(t, d)
		const number, name = "370303199001010017", "张某某"
		ident := s.PersonIdent("身份证", number)
		a := resolve(t, d, s, subject.Claim{Kind: catalog.Person, Name: name, Idents: []subject.Ident{ident}, Sealed: "sm4:x"})[0]
		if a.Link != subject.Created || a.Subject.Name != "" || a.Subject.Code != "" {
			t.Fatalf("a person's row holds no name and no number: %+v", a)
		}
		if b := resolve(t, d, s, subject.Claim{Kind: catalog.Person, Name: name, Idents: []subject.Ident{ident}})[0]; b.Link != subject.Linked || b.Subject.ID != a.Subject.ID {
			t.Fatalf("the same document links: %+v", b)
		}
		if b := resolve(t, d, s, subject.Claim{Kind: catalog.Person, Name: "李某某", Idents: []subject.Ident{ident}})[0]; b.Link != subject.Contradicts {
			t.Fatalf("another name contradicts: %+v", b)
		}
		fed, _, err := s.Changed(context.Background(), time.UnixMicro(0), 0, 10)
		if err != nil || len(fed) != 0 {
			t.Fatalf("persons must not feed the search index: %d %v", len(fed), err)
		}
		for _, table := range []string{"subject", "subject_identifier", "subject_name"} {
			var n int
			q := `SELECT count(*) FROM ` + table + ` t WHERE CAST(t AS TEXT) LIKE $1`
			if d.Engine() == db.SQLite {
				q = map[string]string{
					"subject":            `SELECT count(*) FROM subject WHERE name || code || name_key LIKE $1`,
					"subject_identifier": `SELECT count(*) FROM subject_identifier WHERE token LIKE $1`,
					"subject_name":       `SELECT count(*) FROM subject_name WHERE name || name_key LIKE $1`,
				}[table]
			}
			for _, secret := range []string{number, name} {
				if err := d.Read().QueryRowContext(context.Background(), q, "%"+secret+"%").Scan(&n); err != nil || n != 0 {
					t.Errorf("%s holds a personal value in clear (%d rows, %v)", table, n, err)
				}
			}
		}
	})
}

// TestConcurrentFilingsMakeOneSubject lets several transactions bring the same unknown code at once.
func TestConcurrentFilingsMakeOneSubject(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStore(t, d)
		ids := make(chan int64, 6)
		for range cap(ids) {
			go func() {
				var a []subject.Answer
				err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
					a, err = s.Resolve(ctx, tx, []subject.Claim{firm(codeA, "甲公司")}, now)
					return err
				})
				if err != nil {
					t.Error(err)
					ids <- 0
					return
				}
				ids <- a[0].Subject.ID
			}()
		}
		first := <-ids
		for range cap(ids) - 1 {
			if id := <-ids; id != first {
				t.Errorf("one code, two subjects: %d and %d", first, id)
			}
		}
	})
}
