package tasks

import (
	"context"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/blob"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ident"
	"gongxin/internal/listing"
	"gongxin/internal/measure"
	"gongxin/internal/notice"
	"gongxin/internal/publish"
	"gongxin/internal/subject"
	"gongxin/internal/web/desk/desktest"
)

const (
	firm     = int64(100)
	entryID  = int64(500)
	firmCode = "91990102MA0A00014H"
	firmName = "临溪市示例食品有限公司"
	list     = "YZSX-SCJG"
	row1     = "CF-21-01"
)

// hall is the desk over the real measures, with a unit that issues, two that execute, and one entry on a list.
type hall struct {
	t                   *testing.T
	db                  *db.DB
	clock               *clock.Manual
	log                 *audit.Log
	flow                *flow.Engine
	measures            *measure.Service
	handler             http.Handler
	issuer, first, next agency.Agency
	stands              bool
}

// firms are the subjects of the tests.
type firms struct{}

func (firms) ByIDs(_ context.Context, ids []int64) (map[int64]subject.Subject, error) {
	out := map[int64]subject.Subject{}
	for _, id := range ids {
		out[id] = subject.Subject{ID: id, Kind: catalog.LegalEntity, Code: firmCode, Name: firmName, Region: "990102"}
	}
	return out, nil
}

func (firms) Labels(_ context.Context, ids []int64) (map[int64]string, error) {
	out := map[int64]string{}
	for _, id := range ids {
		out[id] = firmName
	}
	return out, nil
}

// Standing says whether the entry of the tests stands.
func (x *hall) Standing(_ context.Context, _ db.Querier, entry int64, _ clock.Date) (measure.Cause, bool, error) {
	return measure.Cause{Entry: entryID, Subject: firm, List: list, Agency: x.issuer.ID}, x.stands && entry == entryID, nil
}

// Get gives the entry of the tests.
func (x *hall) Get(_ context.Context, _ db.Querier, entry int64) (listing.Entry, error) {
	if entry != entryID {
		return listing.Entry{}, listing.ErrNone
	}
	return listing.Entry{ID: entryID, Subject: firm, Kind: list, Agency: x.issuer.ID, Region: x.issuer.Region, State: listing.Listed}, nil
}

// Deciders gives the unit that decides.
func (x *hall) Deciders(context.Context, string) ([]listing.Decider, error) {
	return []listing.Decider{{Kind: list, Agency: x.issuer.ID, From: 20220101, Basis: "权责清单"}}, nil
}

// Send tells nobody.
func (*hall) Send(context.Context, *db.Tx, notice.Notice) error { return nil }

func newHall(t *testing.T) *hall {
	t.Helper()
	d, ctx := dbtest.SQLite(t), context.Background()
	x := &hall{t: t, db: d, clock: clock.NewManual(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone)), stands: true}
	ids := id.NewMaker(x.clock.Now)
	agencies := agency.NewStore(d, ids, x.clock, ident.DefaultDivisions())
	for code, unit := range map[string]*agency.Agency{"11990100001000010R": &x.issuer, "11990100001000045C": &x.first, "91990102MA0A00014H": &x.next} {
		var err error
		*unit, err = agencies.Add(ctx, code, map[string]string{"11990100001000010R": "临溪市市场监督管理局", "11990100001000045C": "临溪市财政局", "91990102MA0A00014H": "临溪市科学技术局"}[code], "990100")
		desktest.Must(t, err)
	}
	ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	desktest.Must(t, err)
	files, err := blob.Open(t.TempDir(), ring)
	desktest.Must(t, err)
	kinds, err := listing.NewBook(d, x.clock, nil)
	desktest.Must(t, err)
	base, err := measure.NewBook(d, x.clock, nil)
	desktest.Must(t, err)
	site := desktest.NewSite(t)
	x.log = audit.New(audit.Config{DB: d, IDs: ids, Clock: x.clock})
	x.flow = flow.New(flow.Config{
		DB: d, IDs: ids, Clock: x.clock, Calendar: clock.DefaultCalendar(), Log: x.log, Files: files, Periods: measure.Periods(base), Who: func(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) },
		May: func(ctx context.Context, action string, c *flow.Case) error {
			return site.Authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{Agency: c.Agency, Region: c.Region, Author: authz.AuthorOf(c.Author)}).Err()
		},
	})
	desktest.Must(t, x.flow.Register(measure.WithdrawTable(), flow.Hooks{}))
	matters := agency.NewMatters(agencies, x.log, nil)
	x.measures = measure.New(measure.Config{
		DB: d, IDs: ids, Clock: x.clock, Base: base, Subjects: firms{}, Agencies: agencies, Matters: matters, Causes: x, Authority: site.Authority, Flow: x.flow, Notices: x, Acts: x.log,
	})
	desktest.Must(t, x.flow.Register(measure.Table(), x.measures.Hooks()))
	for code, unit := range map[string]agency.Agency{"ZJ-01": x.first, "KJ-01": x.next} {
		_, _, err := matters.Save(ctx, audit.Who{Kind: "local"}, agency.Matter{
			Code: code, Name: map[string]string{"ZJ-01": "财政资金项目审核", "KJ-01": "科技项目立项"}[code], Agency: unit.ID, Law: "山东省社会信用条例", Article: "第二十条", BasisFrom: 20201001, ValidFrom: 20201001,
			Items: []string{"YZSX"}, Kinds: []string{"legal_entity"},
		})
		desktest.Must(t, err)
	}
	rt := site.Router()
	New(Deps{
		Site: site, DB: d, Measures: x.measures, Lists: x, Kinds: kinds.Today, Base: base.Today, Cases: x.flow, Agencies: agencies, Matters: matters, Register: firms{}, Labels: firms{},
		Looks: publish.Looks{DB: d, Log: x.log, Clock: x.clock}, Clock: x.clock,
	}).Routes(rt)
	x.handler = site.Wrap(rt)
	return x
}

func (x *hall) approver() authz.Actor {
	return desktest.As(2, authz.Grant{Role: authz.ListApprover, Agency: x.issuer.ID})
}

// second is another person of the unit that issues.
func (x *hall) second() authz.Actor {
	return desktest.As(12, authz.Grant{Role: authz.Reviewer, Agency: x.issuer.ID})
}

func (x *hall) window(unit agency.Agency) authz.Actor {
	return desktest.As(3, authz.Grant{Role: authz.WindowOfficer, Agency: unit.ID})
}

func (x *hall) office() authz.Actor { return desktest.As(4, authz.Grant{Role: authz.OfficeOperator}) }

// see visits a page and holds it to what it says.
func (x *hall) see(who authz.Actor, path string, form url.Values, status int, words ...string) string {
	x.t.Helper()
	w := desktest.Visit(x.t, x.handler, who, path, form)
	desktest.Want(x.t, w, status, words...)
	if status == http.StatusSeeOther {
		return w.Header().Get("Location")
	}
	return w.Body.String()
}
