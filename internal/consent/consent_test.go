package consent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/consent"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
)

const bank = "91990102MA0A00014H"

// codes says which subjects there are: 100 is an organisation, 101 a person.
type codes struct{}

func (codes) CodeOf(_ context.Context, subject int64) (string, bool, error) {
	return map[int64]string{100: "91370303MA3C000118"}[subject], subject == 100 || subject == 101, nil
}

type desk struct {
	*consent.Store
	db    *db.DB
	clock *clock.Manual
	log   *audit.Log
	bank  agency.Agency
	key   *gm.SigningKey
}

func newDesk(t testing.TB, d *db.DB) *desk {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone))
	ids := id.NewMaker(c.Now)
	divisions := ident.DefaultDivisions()
	agencies := agency.NewStore(d, ids, c, divisions)
	unit, err := agencies.Add(context.Background(), bank, "临溪银行", "990100")
	if err != nil {
		t.Fatal(err)
	}
	key, err := gm.OpenSigningKey(filepath.Join(t.TempDir(), "consent.pem"))
	if err != nil {
		t.Fatal(err)
	}
	editions, err := catalog.NewStore(catalog.Default())
	if err != nil {
		t.Fatal(err)
	}
	log := audit.New(audit.Config{DB: d, IDs: ids, Clock: c})
	return &desk{consent.NewStore(consent.Config{
		DB: d, IDs: ids, Clock: c, Log: log, Key: key, Agencies: agencies, Editions: editions, Authority: authz.New(divisions), Subjects: codes{},
	}), d, c, log, unit, key}
}

// agent is the account of subject 100.
var agent = authz.Actor{ID: 1, Kind: authz.Account, Session: 3, Address: "10.0.0.7", Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: 100}}}

func (x *desk) officer() authz.Actor {
	return authz.Actor{ID: 2, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.InstitutionOfficer, Agency: x.bank.ID}}}
}

func terms() consent.Terms {
	return consent.Terms{Subject: 100, Grantee: bank, Items: []catalog.ItemCode{"XYPJ", "XZJF"}, Purpose: "credit", Uses: 2}
}

func (x *desk) grant(t testing.TB, change func(*consent.Terms)) *consent.Consent {
	t.Helper()
	w := terms()
	if change != nil {
		change(&w)
	}
	c, _, err := x.Grant(context.Background(), agent, w)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (x *desk) take(t testing.TB, c *consent.Consent) string {
	t.Helper()
	var missing string
	err := x.db.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
		missing, err = x.Take(ctx, tx, c.ID, c.Subject, x.clock.Now())
		return err
	}, db.ReadCommitted)
	if err != nil {
		t.Fatal(err)
	}
	return missing
}

func TestLifeOfAConsent(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x, ctx := newDesk(t, d), context.Background()
		c := x.grant(t, nil)
		if got := c.Until.Sub(c.From); got != 90*24*time.Hour {
			t.Errorf("90 days unless asked otherwise, have %s", got)
		}
		peek := func(c *consent.Consent, subject, grantee int64, purpose string) string {
			t.Helper()
			items, classes, missing, err := x.Peek(ctx, c.ID, subject, grantee, purpose, x.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			if (missing == "") != (len(items) == 2 && slices.Equal(classes, []catalog.Class{catalog.Authorised})) {
				t.Errorf("opens %v %v, missing %q", items, classes, missing)
			}
			return missing
		}
		for name, got := range map[string][2]string{
			"as given":        {peek(c, 100, x.bank.ID, "credit"), ""},
			"another subject": {peek(c, 101, x.bank.ID, "credit"), consent.MissingConsent},
			"another grantee": {peek(c, 100, 77, "credit"), consent.MissingGrantee},
			"another purpose": {peek(c, 100, x.bank.ID, "loan"), consent.MissingPurpose},
		} {
			if got[0] != got[1] {
				t.Errorf("%s: %q, want %q", name, got[0], got[1])
			}
		}
		if got := []string{x.take(t, c), x.take(t, c), x.take(t, c)}; !slices.Equal(got, []string{"", "", consent.MissingUses}) {
			t.Errorf("two uses: %q", got)
		}
		revoked := x.grant(t, nil)
		if _, err := x.Revoke(ctx, agent, revoked.ID, "不是 11010519491231002X 本人的意思"); !errors.Is(err, flow.ErrPersonal) {
			t.Errorf("revoked with a person's number: %v", err)
		}
		if _, err := x.Revoke(ctx, agent, revoked.ID, "不再需要"); err != nil {
			t.Fatal(err)
		}
		if x.take(t, revoked) != consent.MissingRevoked || peek(revoked, 100, x.bank.ID, "credit") != consent.MissingRevoked {
			t.Error("a revoked consent is over at once")
		}
		if _, err := x.Revoke(ctx, agent, revoked.ID, ""); !errors.Is(err, consent.ErrRevoked) {
			t.Errorf("revoked twice: %v", err)
		}
		later := x.grant(t, func(w *consent.Terms) {
			w.From = x.clock.Now().Add(24 * time.Hour)
			w.Until = x.clock.Now().Add(48 * time.Hour)
		})
		if x.take(t, later) != consent.MissingEarly {
			t.Error("used before its time")
		}
		x.clock.Advance(48 * time.Hour)
		if x.take(t, later) != consent.MissingExpired || peek(later, 100, x.bank.ID, "credit") != consent.MissingExpired {
			t.Error("used after its time")
		}
		acts, _, err := x.log.Acts(ctx, audit.Who{Kind: "local"}, audit.Filter{WhoID: 1}, "", 0)
		if err != nil || len(acts) != 4 {
			t.Errorf("three grants and a revocation are acts: %d %v", len(acts), err)
		}
	})
}

func TestTheLastUseGoesToOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newDesk(t, d)
		c := x.grant(t, func(w *consent.Terms) { w.Uses = 3 })
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		for range 8 {
			wg.Go(func() {
				missing := x.take(t, c)
				mu.Lock()
				defer mu.Unlock()
				got[missing]++
			})
		}
		wg.Wait()
		if got[""] != 3 || got[consent.MissingUses] != 5 {
			t.Errorf("eight wanted three uses: %v", got)
		}
	})
}

func TestWhatCannotBeGranted(t *testing.T) {
	t.Parallel()
	x := newDesk(t, dbtest.SQLite(t))
	now := x.clock.Now()
	for name, change := range map[string]func(*consent.Terms){
		"no items":          func(w *consent.Terms) { w.Items = nil },
		"unknown item":      func(w *consent.Terms) { w.Items = []catalog.ItemCode{"NONE"} },
		"departments' item": func(w *consent.Terms) { w.Items = []catalog.ItemCode{"XZBC"} },
		"class C":           func(w *consent.Terms) { w.Classes = []catalog.Class{catalog.Shared} },
		"no purpose":        func(w *consent.Terms) { w.Purpose = "" },
		"unknown purpose":   func(w *consent.Terms) { w.Purpose = "curiosity" },
		"too often":         func(w *consent.Terms) { w.Uses = 100_000 },
		"less than once":    func(w *consent.Terms) { w.Uses = -1 },
		"ends before":       func(w *consent.Terms) { w.Until = now.Add(-time.Hour) },
		"too long":          func(w *consent.Terms) { w.Until = now.AddDate(3, 0, 0) },
		"begins far off":    func(w *consent.Terms) { w.From, w.Until = now.AddDate(5, 0, 0), now.AddDate(5, 0, 1) },
		"unknown grantee":   func(w *consent.Terms) { w.Grantee = "91370303MA3C000118" },
	} {
		w := terms()
		change(&w)
		if _, _, err := x.Grant(context.Background(), agent, w); fault.KindOf(err) != fault.Invalid && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhoMayGrantReadAndRevoke(t *testing.T) {
	t.Parallel()
	x, ctx := newDesk(t, dbtest.SQLite(t)), context.Background()
	c := x.grant(t, nil)
	stranger := authz.Actor{ID: 9, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: 101}}}
	for name, who := range map[string]authz.Actor{"stranger": stranger, "officer": x.officer(), "nobody": {}, "operator": authz.LocalActor("consent")} {
		if _, _, err := x.Grant(ctx, who, terms()); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s grants: %v", name, err)
		}
		if _, err := x.Revoke(ctx, who, c.ID, ""); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s revokes: %v", name, err)
		}
		if _, _, err := x.OfSubject(ctx, who, 100, "", 0); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s lists: %v", name, err)
		}
	}
	if _, _, err := x.Get(ctx, stranger, c.ID); !errors.Is(err, consent.ErrNone) {
		t.Errorf("a stranger does not learn that it is there: %v", err)
	}
	for name, who := range map[string]authz.Actor{"agent": agent, "officer": x.officer()} {
		if got, _, err := x.Get(ctx, who, c.ID); err != nil || got.ID != c.ID {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, _, err := x.OfGrantee(ctx, x.officer(), x.bank.ID, "", 0); err != nil || len(list) != 1 {
		t.Errorf("the grantee's list: %v %v", list, err)
	}
	for range 4 {
		x.grant(t, nil)
	}
	seen := 0
	for cursor := ""; ; {
		list, next, err := x.OfSubject(ctx, agent, 100, cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(list)
		if cursor = next; next == "" {
			break
		}
	}
	if seen != 5 {
		t.Errorf("pages hold %d of 5", seen)
	}
}

// TestRevocationsAreKept: the receipt of a revocation is read again, as it was given, by both sides and by nobody else.
func TestRevocationsAreKept(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x, ctx := newDesk(t, d), context.Background()
		c, live := x.grant(t, nil), x.grant(t, nil)
		given, err := x.Revoke(ctx, agent, c.ID, "贷款不办了")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.Revoke(ctx, agent, c.ID, ""); !errors.Is(err, consent.ErrRevoked) {
			t.Errorf("revoked twice: %v", err)
		}
		x.clock.Advance(400 * 24 * time.Hour)
		for name, who := range map[string]authz.Actor{"grantor": agent, "grantee": x.officer()} {
			again, err := x.Revocation(ctx, who, c.ID)
			if diff := cmp.Diff(given, again); diff != "" || err != nil {
				t.Errorf("%s: %v\n%s", name, err, diff)
			}
			if none, err := x.Revocation(ctx, who, live.ID); none != nil || err != nil {
				t.Errorf("%s reads a revocation that was not made: %v %v", name, none, err)
			}
		}
		if strings.Contains(given.Document, "贷款") {
			t.Error("the grantee learns why")
		}
		stranger := authz.Actor{ID: 9, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: 101}}}
		if _, err := x.Revocation(ctx, stranger, c.ID); !errors.Is(err, consent.ErrNone) {
			t.Errorf("a stranger: %v", err)
		}
	})
}

func TestReceiptsVerifyOffline(t *testing.T) {
	t.Parallel()
	x, ctx := newDesk(t, dbtest.SQLite(t)), context.Background()
	c, receipt, err := x.Grant(ctx, agent, terms())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(receipt)
	if err != nil {
		t.Fatal(err)
	}
	elements, err := consent.VerifyReceipt(bytes.NewReader(raw), x.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	said := map[string]string{}
	for _, e := range elements {
		keys, said[e[0]] = append(keys, e[0]), e[1]
	}
	// The order and the names are the format that docs/standards/consent.md promises.
	if got := strings.Join(keys, " "); got != "format id subject grantor grantor-session grantor-address grantee grantee-name items classes purpose from until uses created nonce" {
		t.Errorf("the elements: %s", got)
	}
	if said["id"] != id.Pair(100, c.ID) || said["grantor"] != "account:1" || said["grantee"] != bank || said["items"] != "XYPJ XZJF" || said["uses"] != "2" {
		t.Errorf("what was signed: %v", said)
	}
	page, err := os.ReadFile("../../docs/standards/consent.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys[1:] {
		if !strings.Contains(string(page), "`"+key+"`") {
			t.Errorf("docs/standards/consent.md does not describe %q", key)
		}
	}
	revocation, err := x.Revoke(ctx, agent, c.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = json.Marshal(revocation); err != nil {
		t.Fatal(err)
	}
	if elements, err = consent.VerifyReceipt(bytes.NewReader(raw), x.key.Public()); err != nil || elements[0][1] != "gongxin-consent-revocation/1" {
		t.Errorf("the revocation's receipt: %v %v", elements, err)
	}
	other, err := gm.OpenSigningKey(filepath.Join(t.TempDir(), "k.pem"))
	if err != nil {
		t.Fatal(err)
	}
	good, _ := json.Marshal(receipt)
	for name, tt := range map[string]struct {
		raw string
		key []byte
	}{
		"more uses":    {strings.Replace(string(good), "uses: 2", "uses: 9", 1), x.key.Public()},
		"another key":  {string(good), other.Public()},
		"no JSON":      {"{", x.key.Public()},
		"other format": {strings.Replace(string(good), "receipt/1", "receipt/2", 1), x.key.Public()},
		"no key":       {string(good), nil},
	} {
		if _, err := consent.VerifyReceipt(strings.NewReader(tt.raw), tt.key); !errors.Is(err, consent.ErrReceipt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzVerifyReceipt(f *testing.F) {
	x := newDesk(f, dbtest.SQLite(f))
	_, receipt, err := x.Grant(context.Background(), agent, terms())
	if err != nil {
		f.Fatal(err)
	}
	raw, _ := json.Marshal(receipt)
	f.Add(string(raw))
	f.Fuzz(func(t *testing.T, text string) {
		elements, err := consent.VerifyReceipt(strings.NewReader(text), x.key.Public())
		if err == nil && !strings.Contains(receipt.Document, elements[1][1]) {
			t.Error("a receipt that the platform did not sign holds")
		}
	})
}
