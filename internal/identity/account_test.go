package identity

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// TestAccountLife walks an account from its opening to its end.
func TestAccountLife(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		acc, temp, err := b.Open(ctx, local, NewAccount{Kind: StaffAccount, Login: "Clerk.One ", Name: "王小明", HandOut: true, Agency: 7, Grants: []authz.Grant{clerk}})
		must(t, err)
		if acc.Login != "clerk.one" || acc.Name != "王小明" || temp == "" || !acc.MustChange {
			t.Fatalf("opened %+v with %q", acc, temp)
		}
		_, _, err = b.Open(ctx, local, NewAccount{Kind: StaffAccount, Login: "CLERK.ONE", Name: "李四", HandOut: true})
		wantErr(t, err, ErrLoginUsed)

		s, err := b.SignIn(ctx, from("clerk.one", temp, home))
		must(t, err)
		if a := b.actor(t, s); !s.MustChange || len(a.Grants) != 0 {
			t.Fatalf("a handed-out password opens %v", a.Grants)
		}
		a := b.actor(t, s)
		_, err = b.ChangePassword(ctx, a, "wrong-wrong-wrong", goodPass)
		wantErr(t, err, ErrCurrent)
		_, err = b.ChangePassword(ctx, a, temp, temp)
		wantErr(t, err, ErrPasswordSame)
		_, err = b.ChangePassword(ctx, a, temp, "clerk.one2026")
		wantErr(t, err, ErrPasswordLogin)
		next, err := b.ChangePassword(ctx, a, temp, goodPass)
		must(t, err)
		if a := b.actor(t, next); !hasRole(a, authz.FilingClerk) || next.MustChange {
			t.Fatalf("after the change the roles are %v", a.Grants)
		}
		_, err = b.Actor(ctx, s.Token)
		wantErr(t, err, ErrSession) // the token was replaced

		must(t, b.Disable(ctx, local, acc.ID))
		_, err = b.Actor(ctx, next.Token)
		wantErr(t, err, ErrSession)
		_, err = b.SignIn(ctx, from("clerk.one", goodPass, home))
		wantErr(t, err, ErrSignIn)
		must(t, b.Enable(ctx, local, acc.ID))
		_, err = b.Actor(ctx, next.Token)
		wantErr(t, err, ErrSession) // an ended session stays ended
		s, _ = b.signIn(t, "clerk.one")

		temp, err = b.Reset(ctx, local, acc.ID)
		must(t, err)
		_, err = b.Actor(ctx, s.Token)
		wantErr(t, err, ErrSession)
		_, err = b.SignIn(ctx, from("clerk.one", goodPass, home))
		wantErr(t, err, ErrSignIn)
		if s, err = b.SignIn(ctx, from("clerk.one", temp, home)); err != nil || !s.MustChange {
			t.Fatalf("with the reset password: %+v, %v", s, err)
		}
		for action, want := range map[string]int{
			"account.open": 1, "account.grant": 1, "account.change_password": 1, "account.disable": 1, "account.enable": 1, "account.reset_password": 1,
			"session.begin": 3, "session.refuse": 2,
		} {
			if n := b.acts(t, action); n != want {
				t.Errorf("%d acts %s, want %d", n, action, want)
			}
		}
	})
}

// TestGrants holds roles to the kind of account and to each other, and ends sessions when they change.
func TestGrants(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		acc := b.open(t, StaffAccount, "worker", clerk)
		s, a := b.signIn(t, "worker")
		wantErr(t, b.Grant(ctx, local, acc.ID, authz.Grant{Role: authz.SecurityAdmin}), authz.ErrApart)
		wantErr(t, b.Grant(ctx, local, acc.ID, authz.Grant{Role: authz.InstitutionOfficer, Agency: 7}), ErrRoleKind)
		wantErr(t, b.Grant(ctx, local, acc.ID, authz.Grant{Role: authz.Resident, Subject: 9}), ErrRoleKind)
		wantErr(t, b.Grant(ctx, local, acc.ID, clerk), ErrGranted)
		wantErr(t, b.Grant(ctx, a, acc.ID, authz.Grant{Role: authz.Reviewer, Agency: 7}), ErrOwn)
		if _, err := b.Actor(ctx, s.Token); err != nil {
			t.Fatalf("a refused grant ended the session: %v", err)
		}
		must(t, b.Grant(ctx, local, acc.ID, authz.Grant{Role: authz.Reviewer, Agency: 7}))
		_, err := b.Actor(ctx, s.Token)
		wantErr(t, err, ErrSession)
		_, a = b.signIn(t, "worker")
		if !hasRole(a, authz.Reviewer) {
			t.Fatalf("grants %v", a.Grants)
		}
		_, held, err := b.Show(ctx, local, acc.ID)
		must(t, err)
		must(t, b.Revoke(ctx, local, acc.ID, held[0].ID))
		wantErr(t, b.Revoke(ctx, local, acc.ID, held[0].ID), ErrMissing)
		_, a = b.signIn(t, "worker")
		if len(a.Grants) != 1 || a.Grants[0].Role != authz.Reviewer {
			t.Fatalf("grants %v", a.Grants)
		}
	})
}

// TestManagers holds the management of accounts to the permission table.
func TestManagers(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	acc := b.open(t, StaffAccount, "worker", clerk)
	weak := b.open(t, StaffAccount, "newadmin", authz.Grant{Role: authz.SecurityAdmin})
	s, wa := b.signIn(t, "newadmin")
	if !s.EnrolDue || s.Strong {
		t.Fatalf("an administrator without a second factor: %+v", s)
	}
	wantErr(t, b.Disable(ctx, wa, acc.ID), authz.ErrFactor)
	admin := b.strong(t, StaffAccount, "admin", authz.Grant{Role: authz.SecurityAdmin})
	if !admin.Strong {
		t.Fatal("enrolment did not make the session strong")
	}
	must(t, b.Disable(ctx, admin, acc.ID))
	must(t, b.Enable(ctx, admin, acc.ID))
	wantErr(t, b.Disable(ctx, admin, admin.ID), ErrOwn)
	_, worker := b.signIn(t, "worker")
	wantErr(t, b.Disable(ctx, worker, weak.ID), authz.ErrDenied)
	_, err := b.List(ctx, worker, Filter{})
	wantErr(t, err, authz.ErrDenied)
	_, _, err = b.Show(ctx, worker, weak.ID)
	wantErr(t, err, authz.ErrDenied)
	_, err = b.Find(ctx, authz.Actor{}, "worker")
	wantErr(t, err, authz.ErrSignIn)
	list, err := b.List(ctx, admin, Filter{})
	if err != nil || len(list) != 3 {
		t.Fatalf("%d accounts, %v", len(list), err)
	}
	list, err = b.List(ctx, admin, Filter{Limit: 2})
	must(t, err)
	if next, err := b.List(ctx, admin, Filter{After: list[1].ID}); err != nil || len(next) != 1 || next[0].Login != "admin" {
		t.Fatalf("second page %v, %v", next, err)
	}
	district, _, err := b.Open(ctx, local, NewAccount{Kind: StaffAccount, Login: "dadmin", Name: "区", Password: goodPass, Region: "990102", Grants: []authz.Grant{{Role: authz.SecurityAdmin, Region: "990102"}}})
	must(t, err)
	_, da := b.signIn(t, "dadmin")
	ds, _, _ := b.enrol(t, da)
	da = b.actor(t, ds)
	wantErr(t, b.Disable(ctx, da, acc.ID), authz.ErrDenied) // the city's account
	list, err = b.List(ctx, da, Filter{})
	if err != nil || len(list) != 1 || list[0].ID != district.ID {
		t.Fatalf("the district sees %v, %v", list, err)
	}
	local := NewAccount{Kind: StaffAccount, Login: "dclerk", Name: "区员", HandOut: true, Region: "990102"}
	mine, _, err := b.Open(ctx, da, local)
	must(t, err)
	must(t, b.Grant(ctx, da, mine.ID, authz.Grant{Role: authz.Reviewer, Agency: 7, Region: "990102"}))
	for _, g := range []authz.Grant{{Role: authz.Reviewer, Agency: 7}, {Role: authz.SystemAdmin}, {Role: authz.OfficeOperator, Region: "990103"}} {
		wantErr(t, b.Grant(ctx, da, mine.ID, g), authz.ErrDenied) // beyond the district
		local.Login, local.Grants = "dclerk2", []authz.Grant{g}
		_, _, err = b.Open(ctx, da, local)
		wantErr(t, err, authz.ErrDenied)
	}
	_, _, err = b.Open(ctx, admin, NewAccount{Kind: ResidentAccount, Login: "somebody", Name: "某", HandOut: true, Grants: []authz.Grant{{Role: authz.Resident, Subject: 5}}})
	wantErr(t, err, ErrRoleKind)
	_, err = b.Find(ctx, worker, "no such login")
	wantErr(t, err, authz.ErrDenied)
}

// TestOpenOwn lets residents and businesses open their own accounts, and nobody else's.
func TestOpenOwn(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	v := visitor(home)
	_, _, err := b.Open(ctx, v, NewAccount{Kind: ResidentAccount, Login: "zhou", Name: "周", Password: goodPass})
	must(t, err)
	for name, n := range map[string]NewAccount{
		"staff":    {Kind: StaffAccount, Login: "zhou2", Name: "周", Password: goodPass},
		"grants":   {Kind: ResidentAccount, Login: "zhou3", Name: "周", Password: goodPass, Grants: []authz.Grant{{Role: authz.Resident, Subject: 5}}},
		"hand out": {Kind: ResidentAccount, Login: "zhou4", Name: "周", HandOut: true},
	} {
		if _, _, err := b.Open(ctx, v, n); err == nil {
			t.Errorf("%s: opened by a stranger", name)
		}
	}
	for i := range 20 {
		_, _, err = b.Open(ctx, v, NewAccount{Kind: ResidentAccount, Login: fmt.Sprint("mass", i), Name: "周", Password: goodPass})
	}
	wantErr(t, err, ErrThrottled)
}

func TestLoginRules(t *testing.T) {
	t.Parallel()
	for login, ok := range map[string]bool{
		"abc": true, "张三": false, "张三丰": true, "a@b.cn": true, "ab": false, "a b c": false, "11010519491231002x": false, "a/b/c": false, strings.Repeat("a", 65): false,
		"13800000000": true, "<script>": false,
	} {
		if got := checkLogin(login) == nil; got != ok {
			t.Errorf("%q: %v, want %v", login, got, ok)
		}
	}
}

// TestNothingInClear dumps every table of the package and looks for what must not stand there.
func TestNothingInClear(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	_, _, err := b.Open(ctx, local, NewAccount{Kind: ResidentAccount, Login: "needle-login", Name: "针尖名", Password: goodPass})
	must(t, err)
	s, a := b.signIn(t, "needle-login")
	strongSession, secret, codes := b.enrol(t, a)
	a = b.actor(t, strongSession)
	_, _, err = b.Claim(ctx, a, ClaimIn{Method: "demo", DocKind: "身份证", DocNumber: "990102199001011234", Proof: DemoCode{b.ring}.Code(0, b.DocHash("身份证", "990102199001011234"))})
	must(t, err)
	worker := b.strong(t, StaffAccount, "keeper", clerk)
	_, raw, err := b.NewKey(ctx, worker, worker.ID, KeySpec{Label: "k", Scopes: []authz.Action{authz.SubmissionCreate}, Expires: b.clock.Now().Add(time.Hour)})
	must(t, err)
	needles := []string{"needle-login", "针尖名", goodPass, s.Token, s.Device, strongSession.Token, secret, strings.ReplaceAll(codes[0], "-", ""), raw, home, "argon2id", "990102199001011234"}
	for _, table := range []string{
		"account", "account_grant", "account_device", "account_throttle", "session", "credential_totp", "credential_recovery", "credential_passkey", "credential_ceremony",
		"oidc_identity", "oidc_flow", "apikey", "claim", "audit_act",
	} {
		dump := dumpTable(t, b.DB, table)
		for _, n := range needles {
			if strings.Contains(dump, n) {
				t.Errorf("table %s holds %q in clear", table, n)
			}
		}
	}
}

func dumpTable(t *testing.T, d *db.DB, table string) string {
	t.Helper()
	rows, err := d.Read().QueryContext(ctx, `SELECT * FROM `+table)
	must(t, err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	must(t, err)
	var out strings.Builder
	for rows.Next() {
		cells := make([]sql.RawBytes, len(columns))
		dest := make([]any, len(columns))
		for i := range cells {
			dest[i] = &cells[i]
		}
		must(t, rows.Scan(dest...))
		for _, c := range cells {
			out.Write(c)
			out.WriteByte('\n')
		}
	}
	must(t, rows.Err())
	return out.String()
}

// TestReseal moves everything sealed to a new key while accounts are in use.
func TestReseal(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.open(t, ResidentAccount, "zhou")
		_, a := b.signIn(t, "zhou")
		s, _, _ := b.enrol(t, a)
		key := newStick()
		s, _ = b.addPasskey(t, b.actor(t, s), key)
		_, _, err := b.Claim(ctx, b.actor(t, s), ClaimIn{Method: "demo", DocKind: "身份证", DocNumber: "990102199001011234", Proof: DemoCode{b.ring}.Code(0, b.DocHash("身份证", "990102199001011234"))})
		must(t, err)
		for range 4 {
			b.open(t, StaffAccount, "w"+strings.ToLower(pick("ABCDEF", 12)))
		}
		_, err = b.ring.Rotate()
		must(t, err)
		for _, r := range b.Resealers() {
			before, err := r.Stale(ctx)
			must(t, err)
			total := 0
			for after, more := "", true; more; more = after != "" {
				var done int
				after, done, err = r.Reseal(ctx, after, 2)
				must(t, err)
				total += done
			}
			left, err := r.Stale(ctx)
			if err != nil || before == 0 || int64(total) != before || left != 0 {
				t.Fatalf("%s: %d before, %d resealed, %d left, %v", r.Name(), before, total, left, err)
			}
		}
		b.people.persons["身份证990102199001011234"] = 77
		c, err := b.BeginPasskeySignIn(ctx, from("", "", home))
		must(t, err)
		s, err = b.SignInPasskey(ctx, c.Token, key.assert(t, rp, c), from("", "", home))
		must(t, err)
		if a := b.actor(t, s); len(a.Grants) != 1 || a.Grants[0].Subject != 77 {
			t.Fatal(a.Grants)
		}
		if s, err := b.SignIn(ctx, from("zhou", goodPass, home)); err != nil || !s.FactorDue {
			t.Fatal(s, err)
		}
	})
}
