package listing_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
	"gongxin/internal/listing"
)

// lawOf is how the law of a kind begins in the shipped file; the kinds of the property.
var lawOf = map[string]string{"YZSX-SCJG": `from = "2021-09-01"`, "YZSX-ZFCG": `from = "2003-01-01"`, "SX-SXDX": ""}

// anybody draws who acts: some account by login or by one of its keys, with any posts anywhere and with or without the second factor, an operator at the machine,
// a job, or nobody.
func (x *desk) anybody(rt *rapid.T) authz.Actor {
	switch n := rapid.IntRange(0, 19).Draw(rt, "sort of actor"); {
	case n < 12: // in a small unit everybody holds both posts
		return x.both(rapid.Int64Range(1, 3).Draw(rt, "account"))
	case n == 12:
		return authz.SystemActor(rapid.SampledFrom([]string{"listing", "measure", "rating"}).Draw(rt, "job"))
	case n == 13:
		return authz.LocalActor("root")
	case n == 14:
		return authz.Actor{}
	}
	a := authz.Actor{ID: rapid.Int64Range(1, 3).Draw(rt, "account"), Kind: authz.Account, Session: 1, Strong: rapid.IntRange(0, 3).Draw(rt, "strong") > 0}
	if rapid.IntRange(0, 3).Draw(rt, "by") == 0 {
		a.Kind = authz.Key // Strong stays as drawn: the rule must hold though some caller said otherwise
	}
	posts := rapid.SliceOfN(rapid.SampledFrom([]authz.Role{authz.FilingClerk, authz.Reviewer, authz.ListApprover, authz.ListApprover, authz.OfficeOperator}), 1, 3).Draw(rt, "posts")
	for _, post := range posts {
		unit := x.unit.ID
		if rapid.IntRange(0, 9).Draw(rt, "elsewhere") == 0 {
			unit++
		}
		a.Grants = append(a.Grants, authz.Grant{Role: post, Agency: unit})
	}
	return a
}

func as(a authz.Actor) context.Context { return authz.With(context.Background(), a) }

// both is a person who holds the post that proposes and the post that decides.
func (x *desk) both(account int64) authz.Actor {
	return authz.Actor{ID: account, Kind: authz.Account, Strong: true, Session: account, Grants: []authz.Grant{{Role: authz.Reviewer, Agency: x.unit.ID}, {Role: authz.ListApprover, Agency: x.unit.ID}}}
}

// someEntry draws an entry that was begun; 0 when there is none.
func (x *desk) someEntry(rt *rapid.T) int64 {
	list, err := x.List(context.Background(), listing.Filter{})
	if err != nil {
		rt.Fatal(err)
	}
	if len(list) == 0 {
		return 0
	}
	return rapid.SampledFrom(list).Draw(rt, "entry").ID
}

// somePaper draws a document: with or without a number, of a day around today.
func (x *desk) somePaper(rt *rapid.T) listing.Document {
	return listing.Document{
		No: rapid.SampledFrom([]string{"1号", "2号", "3号", "4号", " "}).Draw(rt, "number"), On: clock.Today(x.clock).AddDays(rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, -1, -5, 1}).Draw(rt, "day")),
	}
}

// Whoever tries whatever in whatever order on whatever day: nobody is listed but by two different persons, neither of whom may stand behind the other's login or
// keys, on a basis in force that day, by a unit empowered that day, with the document of a decision, and after the notice and its days where the list asks for them.
// No program lists anybody, and after the clock's job nobody stands on a list whose basis is over.
func TestNobodyIsListedOtherwise(t *testing.T) {
	t.Parallel()
	listed, ended := 0, 0
	defer func() {
		if listed < 10 || ended < 3 {
			t.Errorf("only %d entries were ever listed, %d ended: the property says little", listed, ended)
		}
	}()
	rapid.Check(t, func(rt *rapid.T) {
		x := newDesk(t, dbtest.SQLite(t))
		kinds := []string{"YZSX-SCJG", "YZSX-ZFCG", "SX-SXDX"}
		for _, k := range kinds {
			x.empower(k)
		}
		kinds = append(kinds, kinds[0], kinds[0]) // the one that asks for a notice more often than the others
		deciders := map[int64]authz.Actor{}       // who decided, of each entry
		rt.Repeat(map[string]func(*rapid.T){
			"propose": func(rt *rapid.T) {
				subject := rapid.SampledFrom([]int64{firm, firm, firm, firm, person}).Draw(rt, "subject")
				_, _ = x.Propose(as(x.anybody(rt)), listing.Proposal{Kind: rapid.SampledFrom(kinds).Draw(rt, "kind"), Subject: subject, Agency: x.unit.ID, Cause: "有列入情形，证据确凿"})
			},
			"notify": func(rt *rapid.T) {
				if e := x.someEntry(rt); e != 0 {
					_, _ = x.Notify(as(x.anybody(rt)), e, x.somePaper(rt))
				}
			},
			"state": func(rt *rapid.T) {
				if e := x.someEntry(rt); e != 0 {
					_, _ = x.Statement(as(x.anybody(rt)), e, "当事人没有异议", nil)
				}
			},
			"drop": func(rt *rapid.T) {
				if e := x.someEntry(rt); e != 0 && rapid.IntRange(0, 3).Draw(rt, "sure") == 0 {
					_, _ = x.Drop(as(x.anybody(rt)), e, "事实不清")
				}
			},
			"decide": func(rt *rapid.T) {
				if e := x.someEntry(rt); e != 0 {
					who := x.anybody(rt)
					if _, err := x.Decide(as(who), e, listing.Decision{Document: x.somePaper(rt), Reason: "证据充分"}); err == nil {
						deciders[e] = who
						listed++
					}
				}
			},
			"leave": func(rt *rapid.T) {
				if e := x.someEntry(rt); e != 0 {
					_, _ = x.Leave(as(x.anybody(rt)), e, listing.Revoked, "决定被撤销", nil)
				}
			},
			"remove": func(rt *rapid.T) {
				if e := x.someEntry(rt); e != 0 {
					_, _ = x.Leave(as(x.anybody(rt)), e, listing.Revoked, "决定被撤销", nil)
					if _, err := x.Remove(as(x.anybody(rt)), e, listing.Removal{Document: x.somePaper(rt), Why: listing.Revoked, Reason: "决定被撤销"}); err == nil {
						ended++
					}
				}
			},
			"empower": func(rt *rapid.T) {
				d := listing.Decider{Kind: rapid.SampledFrom(kinds).Draw(rt, "kind"), Agency: x.unit.ID, From: 20200101, Basis: "权责清单"}
				if rapid.Bool().Draw(rt, "ends") {
					d.Until = clock.Today(x.clock).AddDays(rapid.IntRange(-3, 3).Draw(rt, "until"))
				}
				_ = x.Empower(as(x.anybody(rt)), d)
			},
			"change of law": func(rt *rapid.T) {
				from := lawOf[rapid.SampledFrom([]string{"YZSX-SCJG", "YZSX-ZFCG"}).Draw(rt, "kind")]
				until := clock.Today(x.clock).AddDays(rapid.IntRange(1, 20).Draw(rt, "until"))
				x.edit(clock.Today(x.clock).AddDays(1), from, from+"\n  until = \""+until.String()+`"`)
			},
			"time": func(rt *rapid.T) {
				x.clock.Advance(time.Duration(rapid.SampledFrom([]int{1, 1, 1, 2, 3, 8, 400}).Draw(rt, "days")) * 24 * time.Hour)
			},
			"": func(rt *rapid.T) {
				if rapid.Bool().Draw(rt, "job") {
					n, err := x.RunDue(context.Background())
					if err != nil {
						rt.Fatal(err)
					}
					ended += n
				}
				x.holdsFor(rt, deciders)
			},
		})
	})
}

// holdsFor checks every entry that stands or stood.
func (x *desk) holdsFor(rt *rapid.T, deciders map[int64]authz.Actor) {
	ctx, today := context.Background(), clock.Today(x.clock)
	list, err := x.List(ctx, listing.Filter{})
	if err != nil {
		rt.Fatal(err)
	}
	stands, err := x.OfMany(ctx, x.db.Read(), []int64{firm, person}, time.Time{})
	if err != nil {
		rt.Fatal(err)
	}
	for i := range list {
		e := &list[i]
		if e.ListedAt.IsZero() {
			if e.State == listing.Listed || e.State == listing.Removed || e.Stands(today, time.Time{}) {
				rt.Fatalf("never decided on, and yet %+v", *e)
			}
			continue
		}
		who, ok := deciders[e.ID]
		if !ok || e.DecidedBy != who.String() || who.Kind != authz.Account || !who.Strong || !who.Has(authz.ListApprover) {
			rt.Fatalf("listed by %q, decided by %+v", e.DecidedBy, who)
		}
		x.peopleOf(rt, e)
		k, ok := x.Kinds.KnownOn(e.ListedOn, e.ListedAt).ByCode(e.Kind)
		if !ok || !k.Basis.InForce(e.ListedOn) || !strings.Contains(e.Law, k.Basis.Law) || e.Subject == person {
			rt.Fatalf("listed on %s without a basis in force: %+v", e.ListedOn, *e)
		}
		if strings.TrimSpace(e.DocNo) == "" || !e.ListedOn.Valid() || e.ListedOn > clock.DateOf(e.ListedAt) {
			rt.Fatalf("listed without a document: %+v", *e)
		}
		if !e.NoticeOn.IsZero() && e.NoticeOn < clock.DateOf(e.ProposedAt) {
			rt.Fatalf("notice of %s, proposed on %s", e.NoticeOn, clock.DateOf(e.ProposedAt))
		}
		if k.Notice > 0 && (e.NoticeOn.IsZero() || e.NoticeNo == "" || e.ListedOn <= x.Calendar.AddWorkdays(e.NoticeOn, k.Notice)) {
			rt.Fatalf("listed before the notified had their days: %+v", *e)
		}
		shown := slices.ContainsFunc(stands[e.Subject], func(s listing.Entry) bool { return s.ID == e.ID })
		if now, kept := x.Kinds.Today().ByCode(e.Kind); shown && (!kept || !now.Basis.InForce(today) || e.State != listing.Listed || !e.Until.IsZero() && today >= e.Until) {
			rt.Fatalf("stands on %s though it is over: %+v", today, *e)
		}
	}
}

// peopleOf checks that who decided had neither proposed nor given notice, by login or by key, that all of them are persons, and the same of who took the entry off.
func (x *desk) peopleOf(rt *rapid.T, e *listing.Entry) {
	steps, err := x.Flow.Timeline(context.Background(), e.Case)
	if err != nil {
		rt.Fatal(err)
	}
	decided := authz.AuthorOf(e.DecidedBy)
	proposed := authz.AuthorOf(e.ProposedBy)
	if decided <= 0 || proposed <= 0 || decided == proposed {
		rt.Fatalf("proposed by %s, decided by %s", e.ProposedBy, e.DecidedBy)
	}
	for i := range steps {
		s := &steps[i]
		before := s.Event == listing.EventPropose || s.Event == listing.EventNotify
		if before && (s.Who.ID == decided || s.Who.Kind != string(authz.Account) && s.Who.Kind != string(authz.Key)) {
			rt.Fatalf("%s by %s:%d, decided by %s", s.Event, s.Who.Kind, s.Who.ID, e.DecidedBy)
		}
		if s.Event == listing.EventDecide && (s.Who.ID != decided || s.Who.Kind != string(authz.Account)) {
			rt.Fatalf("decided by %s:%d, on file is %s", s.Who.Kind, s.Who.ID, e.DecidedBy)
		}
	}
	if e.RemovedBy == "" {
		return
	}
	removed := authz.AuthorOf(e.RemovedBy)
	left := slices.IndexFunc(steps, func(s flow.Step) bool { return s.Event == listing.EventLeave })
	if removed <= 0 || removed == proposed || left < 0 || slices.ContainsFunc(steps, func(s flow.Step) bool { return s.Event == listing.EventLeave && s.Who.ID == removed }) {
		rt.Fatalf("proposed by %s, taken off by %s", e.ProposedBy, e.RemovedBy)
	}
}
