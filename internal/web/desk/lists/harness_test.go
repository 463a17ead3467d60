package lists

import (
	"context"
	"encoding/json"
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
	"gongxin/internal/mask"
	"gongxin/internal/publish"
	"gongxin/internal/subject"
	"gongxin/internal/web/desk/desktest"
)

// An invented person and an invented firm.
const (
	citizenName, citizenNumber = "张测试", "370303199001010017"
	firmCode                   = "91990102MA0A00014H"
	firmName                   = "临溪市示例食品有限公司"
	noticed, plain, persons    = "YZSX-SCJG", "YZSX-ZFCG", "SXBZXR"
)

// hall is the desk over the real services, with one unit that may list and one that may not.
type hall struct {
	t           *testing.T
	clock       *clock.Manual
	log         *audit.Log
	lists       *listing.Service
	handler     http.Handler
	unit, other agency.Agency
	firm, human int64
}

// shown labels subjects as publish does.
type shown struct{ subjects *subject.Store }

func (s shown) Labels(ctx context.Context, ids []int64) (map[int64]string, error) {
	list, err := s.subjects.ByIDs(ctx, ids)
	out := map[int64]string{}
	for id, sub := range list {
		if out[id] = sub.Name; sub.Kind == catalog.Person {
			who, _, err := s.subjects.Identity(ctx, id)
			if err != nil {
				return nil, err
			}
			out[id] = mask.PersonName(who.Name)
		}
	}
	return out, err
}

func newHall(t *testing.T) *hall {
	t.Helper()
	d, ctx := dbtest.SQLite(t), context.Background()
	x := &hall{t: t, clock: clock.NewManual(time.Date(2026, 3, 2, 10, 0, 0, 0, clock.Zone))}
	ids, divisions := id.NewMaker(x.clock.Now), ident.DefaultDivisions()
	agencies := agency.NewStore(d, ids, x.clock, divisions)
	var err error
	x.unit, err = agencies.Add(ctx, "11990100001000010R", "临溪市市场监督管理局", "990100")
	desktest.Must(t, err)
	x.other, err = agencies.Add(ctx, "11990100001000045C", "临溪市知识产权局", "990102")
	desktest.Must(t, err)
	ring, err := gm.OpenKeyRing(filepath.Join(t.TempDir(), "keys.json"))
	desktest.Must(t, err)
	subjects := subject.NewStore(d, ids, ring)
	identity, err := json.Marshal(subject.Identity{DocKind: "身份证", Number: citizenNumber, Name: citizenName})
	desktest.Must(t, err)
	desktest.Must(t, d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err := subjects.Resolve(ctx, tx, []subject.Claim{
			{Kind: catalog.LegalEntity, Name: firmName, Region: "990102", Idents: []subject.Ident{{Kind: subject.Code, Value: firmCode}}},
			{Kind: catalog.Person, Name: citizenName, Region: "990102", Idents: []subject.Ident{subjects.PersonIdent("身份证", citizenNumber)}, Sealed: ring.Seal("subject", string(identity))},
		}, x.clock.Now())
		if err == nil {
			x.firm, x.human = list[0].Subject.ID, list[1].Subject.ID
		}
		return err
	}))
	kinds, err := listing.NewBook(d, x.clock, nil)
	desktest.Must(t, err)
	site := desktest.NewSite(t)
	x.log = audit.New(audit.Config{DB: d, IDs: ids, Clock: x.clock})
	files, err := blob.Open(t.TempDir(), ring)
	desktest.Must(t, err)
	engine := flow.New(flow.Config{
		DB: d, IDs: ids, Clock: x.clock, Calendar: clock.DefaultCalendar(), Log: x.log, Files: files, Who: func(ctx context.Context) audit.Who { return authz.From(ctx).Who(0) },
		May: func(ctx context.Context, action string, c *flow.Case) error {
			return site.Authority.Decide(authz.From(ctx), authz.Action(action), authz.Scope{Agency: c.Agency, Region: c.Region, Author: authz.AuthorOf(c.Author)}).Err()
		},
	})
	desktest.Must(t, engine.Register(listing.Table(), flow.Hooks{}))
	x.lists = listing.New(listing.Config{
		DB: d, IDs: ids, Clock: x.clock, Calendar: clock.DefaultCalendar(), Kinds: kinds, Subjects: subjects, Agencies: agencies, Authority: site.Authority, Flow: engine, Acts: x.log,
	})
	rt := site.Router()
	New(Deps{
		Site: site, DB: d, Lists: x.lists, Kinds: kinds, Cases: engine, Agencies: agencies, Register: subjects, Labels: shown{subjects}, Looks: publish.Looks{DB: d, Log: x.log, Clock: x.clock},
		Seal: ring, DocKinds: func() []string { return []string{"身份证", "护照"} }, Calendar: clock.DefaultCalendar(), Clock: x.clock,
	}).Routes(rt)
	x.handler = site.Wrap(rt)
	return x
}

func (x *hall) clerk() authz.Actor {
	return desktest.As(1, authz.Grant{Role: authz.Reviewer, Agency: x.unit.ID})
}

func (x *hall) approver() authz.Actor {
	return desktest.As(2, authz.Grant{Role: authz.ListApprover, Agency: x.unit.ID})
}

func (x *hall) office() authz.Actor { return desktest.As(3, authz.Grant{Role: authz.OfficeOperator}) }

func (x *hall) stranger() authz.Actor {
	return desktest.As(4, authz.Grant{Role: authz.Reviewer, Agency: x.other.ID}, authz.Grant{Role: authz.ListApprover, Agency: x.other.ID})
}

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

// empower lets the unit decide on a list.
func (x *hall) empower(kind string) {
	x.t.Helper()
	x.see(x.office(), "/desk/lists/deciders", url.Values{"kind": {kind}, "unit": {dec(x.unit.ID)}, "from": {"2022-01-01"}, "basis": {"权责清单"}}, http.StatusSeeOther)
}
