package identity

import (
	"context"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
)

const (
	codeX = "91990102MA00000X00"
	codeY = "91990102MA00000Y11"
)

var picture = strings.Repeat("ab", 32)

// TestClaimBusiness proves a business by the demo's code, and by a licence that the office looks at.
func TestClaimBusiness(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		acc := b.open(t, BusinessAccount, "agent")
		s, a := b.signIn(t, "agent")
		_, _, err := b.Claim(ctx, a, ClaimIn{Method: "demo", Code: codeX, Proof: "00000000"})
		wantErr(t, err, ErrProof)
		_, _, err = b.Claim(ctx, a, ClaimIn{Method: "demo", Code: "91990102MA00000Z99", Proof: "00000000"})
		wantErr(t, err, ErrClaimSubject)
		_, _, err = b.Claim(ctx, a, ClaimIn{Method: "nonsense", Code: codeX})
		wantErr(t, err, ErrClaimMethod)
		_, _, err = b.Claim(ctx, a, ClaimIn{Method: "demo", DocKind: "身份证", DocNumber: "1"})
		wantErr(t, err, ErrClaimKind)
		claim, next, err := b.Claim(ctx, a, ClaimIn{Method: "demo", Code: strings.ToLower(codeX), Proof: DemoCode{b.ring}.Code(501, "")})
		must(t, err)
		if claim.State != ClaimApproved || claim.Subject != 501 {
			t.Fatalf("%+v", claim)
		}
		_, err = b.Actor(ctx, s.Token)
		wantErr(t, err, ErrSession) // rotated
		a = b.actor(t, next)
		if len(a.Grants) != 1 || a.Grants[0] != (authz.Grant{Role: authz.BusinessAgent, Subject: 501}) {
			t.Fatal(a.Grants)
		}
		_, _, err = b.Claim(ctx, a, ClaimIn{Method: "demo", Code: codeX, Proof: DemoCode{b.ring}.Code(501, "")})
		wantErr(t, err, ErrClaimed)

		claim, next, err = b.Claim(ctx, a, ClaimIn{Method: "licence", Code: codeY, Evidence: picture})
		if err != nil || next != nil || claim.State != ClaimPending {
			t.Fatal(claim, next, err)
		}
		if a = b.mustActorOf(t, "agent"); len(a.Grants) != 1 {
			t.Fatal("a claim that waits opens something")
		}
		wantErr(t, b.DecideClaim(ctx, a, claim.ID, true, ""), ErrReviewer)
		wantErr(t, b.DecideClaim(ctx, local, claim.ID, true, ""), authz.ErrDenied) // nobody in particular approves nothing
		office := b.reviewer(t)
		wantErr(t, b.DecideClaim(ctx, office, claim.ID, false, " "), ErrWhy)
		wantErr(t, b.DecideClaim(ctx, office, claim.ID, false, "证件应为 110105 19491231 002X"), flow.ErrPersonal)
		waiting, err := b.Waiting(ctx, office, 0)
		if err != nil || len(waiting) != 1 || waiting[0].Evidence != picture {
			t.Fatal(waiting, err)
		}
		if none, err := b.Waiting(ctx, a, 0); err != nil || len(none) != 0 {
			t.Fatal("the claimant sees the reviewers' list", none, err)
		}
		must(t, b.DecideClaim(ctx, office, claim.ID, true, ""))
		wantErr(t, b.DecideClaim(ctx, office, claim.ID, false, "迟了"), ErrDecided)
		if a = b.mustActorOf(t, "agent"); len(a.Grants) != 2 {
			t.Fatal(a.Grants)
		}
		must(t, b.EndClaim(ctx, a, claim.ID))
		if a = b.mustActorOf(t, "agent"); len(a.Grants) != 1 {
			t.Fatal(a.Grants)
		}
		claim, _, err = b.Claim(ctx, a, ClaimIn{Method: "licence", Code: codeY, Evidence: picture})
		must(t, err)
		must(t, b.DecideClaim(ctx, office, claim.ID, false, "照片看不清"))
		list, err := b.Claims(ctx, a)
		if err != nil || len(list) != 3 || list[0].State != ClaimRejected || list[0].Why != "照片看不清" || list[0].DecidedBy != office.String() {
			t.Fatalf("%+v %v", list, err)
		}
		_, held, err := b.Show(ctx, local, acc.ID)
		must(t, err)
		must(t, b.Revoke(ctx, local, acc.ID, held[0].ID))
		if list, _ = b.Claims(ctx, a); list[2].State != ClaimEnded {
			t.Fatal("a revoked role leaves its claim standing")
		}
	})
}

func (b *bench) mustActorOf(t *testing.T, login string) authz.Actor {
	t.Helper()
	_, a := b.signIn(t, login)
	return a
}

func (b *bench) reviewer(t *testing.T) authz.Actor {
	t.Helper()
	return b.strong(t, StaffAccount, "office", authz.Grant{Role: authz.OfficeOperator})
}

// TestResidentIsOnePerson holds an account to one person and a person to one account, also before anything is on file of the person.
func TestResidentIsOnePerson(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.open(t, ResidentAccount, "zhou")
		b.open(t, ResidentAccount, "wuming")
		_, a := b.signIn(t, "zhou")
		proof := func(number string) ClaimIn {
			return ClaimIn{Method: "demo", DocKind: "身份证", DocNumber: number, Proof: DemoCode{b.ring}.Code(0, b.DocHash("身份证", number))}
		}
		c, next, err := b.Claim(ctx, a, proof("990102199001011234"))
		must(t, err)
		if c.Subject != 0 || c.State != ClaimApproved || len(b.actor(t, next).Grants) != 0 {
			t.Fatalf("%+v", c)
		}
		a = b.actor(t, next)
		_, _, err = b.Claim(ctx, a, proof("990102199001015678"))
		wantErr(t, err, ErrClaimed)
		_, wu := b.signIn(t, "wuming")
		_, _, err = b.Claim(ctx, wu, proof("990102199001011234"))
		wantErr(t, err, ErrPersonTaken)

		b.people.persons["身份证"+"990102199001011234"] = 77
		a = b.mustActorOf(t, "zhou")
		if len(a.Grants) != 1 || a.Grants[0] != (authz.Grant{Role: authz.Resident, Subject: 77}) {
			t.Fatalf("once something is on file: %v", a.Grants)
		}
		if a = b.mustActorOf(t, "zhou"); len(a.Grants) != 1 {
			t.Fatal(a.Grants)
		}
		b.people.persons["身份证"+"990102199001015678"] = 78
		_, next, err = b.Claim(ctx, wu, proof("990102199001015678"))
		must(t, err)
		if wu = b.actor(t, next); wu.Grants[0].Subject != 78 {
			t.Fatal(wu.Grants)
		}
		if d := b.Authority.Decide(wu, authz.DiscloseOwn, authz.Scope{Subject: 77}); d.Allowed {
			t.Fatal("one resident sees another")
		}
		list, err := b.Claims(ctx, a)
		must(t, err)
		must(t, b.EndClaim(ctx, a, list[0].ID))
		if a = b.mustActorOf(t, "zhou"); len(a.Grants) != 0 {
			t.Fatal(a.Grants)
		}
	})
}

// TestReviewedPersonIsTaken lets two accounts wait for a review of one person; the second approval is refused.
func TestReviewedPersonIsTaken(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.people.persons["身份证"+"1"] = 77
		office := b.reviewer(t)
		var ids []int64
		for _, login := range []string{"one", "two"} {
			b.open(t, ResidentAccount, login)
			_, a := b.signIn(t, login)
			c, _, err := b.Claim(ctx, a, ClaimIn{Method: "licence", DocKind: "身份证", DocNumber: "1", Evidence: picture})
			must(t, err)
			ids = append(ids, c.ID)
		}
		must(t, b.DecideClaim(ctx, office, ids[0], true, ""))
		wantErr(t, b.DecideClaim(ctx, office, ids[1], true, ""), ErrPersonTaken)
		must(t, b.DecideClaim(ctx, office, ids[1], false, "此人已由他人验证"))
	})
}

// TestClaimCodesAreSlow counts the codes that can be tried.
func TestClaimCodesAreSlow(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t))
	b.open(t, BusinessAccount, "agent")
	_, a := b.signIn(t, "agent")
	var err error
	for range gateClaim.free + 2 {
		_, _, err = b.Claim(ctx, a, ClaimIn{Method: "demo", Code: codeX, Proof: "00000000"})
	}
	wantErr(t, err, ErrThrottled)
}

// A district's reviewer sees the district's claims, however many of other districts have waited longer.
func TestWaitingBehindOtherDistricts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		const elsewhere, own, here = 2*waitingClaims + 10, 3, 900_000
		must(t, d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			for i := range int64(elsewhere + own) {
				region, id := "990104", 1000+i
				if i >= elsewhere {
					region, id = "990102", here+i
				}
				_, err := tx.ExecContext(ctx, `INSERT INTO claim (claim_id, account_id, kind, method, subject_id, person, sealed, evidence, region, state, decided_by, decided_at, why, created_at)
					VALUES ($1, $2, 'business', 'licence', $3, '', '', '', $4, 'pending', '', 0, '', 1)`, id, 10_000+i, 20_000+i, region)
				if err != nil {
					return err
				}
			}
			return nil
		}))
		district := b.strong(t, StaffAccount, "district", authz.Grant{Role: authz.OfficeOperator, Region: "990102"})
		list, err := b.Waiting(ctx, district, 0)
		if err != nil || len(list) != own || list[0].ID < here {
			t.Errorf("the district sees %d claims: %v", len(list), err)
		}
		office := b.reviewer(t)
		if list, err = b.Waiting(ctx, office, 0); err != nil || len(list) != waitingClaims || list[0].ID != 1000 {
			t.Errorf("the office sees %d claims: %v", len(list), err)
		}
	})
}
