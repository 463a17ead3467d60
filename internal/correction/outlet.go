package correction

import (
	"context"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/notice"
	"gongxin/internal/record"
	"gongxin/internal/report"
)

// Copy is a version of a record that left the house for somebody.
type Copy struct {
	At      record.ID
	Version int
	To      notice.Recipient
	What    string // how: check, consented, report …
	Matter  string
	Handed  time.Time
	Hidden  time.Time // until when its subject does not see that it was handed out; zero = it does
}

// Outlet is a way by which copies leave the house. It knows from its own rows who was handed what, and writes nothing for it. Packages of the exchange will be
// another one: their feature gives, for each record in a package that was sent, the unit that received it.
type Outlet interface {
	// Copies yields every copy of the records of some subjects.
	Copies(ctx context.Context, q db.Querier, subjects []int64, yield func(Copy)) error
}

// recipient says who holds what somebody was given: the unit in whose name it was asked, else the account. Operators of the machine, jobs and strangers hold
// nothing that anybody could be told of.
func recipient(kind string, id, agency int64) (notice.Recipient, bool) {
	switch {
	case agency != 0:
		return notice.Recipient{Kind: notice.Agency, ID: agency}, true
	case id > 0 && (kind == string(authz.Account) || kind == string(authz.Key)):
		return notice.Recipient{Kind: notice.Account, ID: id}, true
	default:
		return notice.Recipient{}, false
	}
}

type looked struct {
	log     *audit.Log
	without []string
}

// Looked is the outlet of whatever is answered beyond the public: queries, checks, batches, reports on a consent. Kinds of look-ups that handle a procedure
// about the record, and use nothing, are named and left out.
func Looked(log *audit.Log, without ...string) Outlet { return looked{log, without} }

// Copies yields what the access log names.
func (l looked) Copies(ctx context.Context, q db.Querier, subjects []int64, yield func(Copy)) error {
	return l.log.Copies(ctx, q, subjects, l.without, func(a *audit.Access) {
		to, ok := recipient(a.Who.Kind, a.Who.ID, a.Who.Agency)
		if !ok {
			return
		}
		for _, ref := range a.Records {
			yield(Copy{At: record.ID{Subject: ref.Subject, Key: ref.Key}, Version: ref.Version, To: to, What: a.What, Matter: a.Matter, Handed: a.At, Hidden: a.HiddenUntil})
		}
	})
}

type reported struct {
	reports *report.Service
	log     *audit.Log
}

// Reported is the outlet of reports. A unit's report that was read through the access log is that log's to tell of; others are made of what is public, and of
// the own file. An order of secrecy that covered the unit covers its reports.
func Reported(reports *report.Service, log *audit.Log) Outlet { return reported{reports, log} }

// Copies yields what stands in reports.
func (r reported) Copies(ctx context.Context, q db.Querier, subjects []int64, yield func(Copy)) error {
	hidden, err := r.log.SecrecyTimes(ctx, q, subjects)
	if err != nil {
		return err
	}
	return r.reports.Copies(ctx, q, subjects, func(c *report.Copy) {
		to, ok := recipient(c.WhoKind, c.WhoID, c.Agency)
		if !ok || c.Access != 0 && c.Agency != 0 {
			return
		}
		out := Copy{At: c.At, Version: c.Version, To: to, What: "report", Handed: time.UnixMicro(c.CreatedAt).UTC()}
		out.Hidden = hidden.Until(c.Agency, c.Subject, out.Handed)
		yield(out)
	})
}
