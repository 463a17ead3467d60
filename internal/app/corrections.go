package app

import (
	"context"
	"fmt"
	"time"

	"gongxin/internal/approval"
	"gongxin/internal/catalog"
	"gongxin/internal/correction"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/listing"
	"gongxin/internal/notice"
	"gongxin/internal/record"
	"gongxin/internal/translog"
	"gongxin/internal/web"
	"gongxin/internal/web/desk/corrections"
	"gongxin/internal/web/me"
)

// tellEvery is how often changes are passed on to those who hold copies, and settle how long a change waits before: an answer that was read just before the change
// stands in the access log by then.
const (
	tellEvery = 5 * time.Second
	settle    = 30 * time.Second
)

// handling are the kinds of look-ups of those who handle a procedure about a record: they decide on it, and hold no copy to use.
var handling = []string{"objection", "repair"}

// openTerms opens the dated file of by when corrections are applied, which drafts change.
func (a *App) openTerms() (err error) {
	if a.terms, err = correction.NewBook(a.DB, a.Clock); err != nil {
		return err
	}
	a.Trust.appliers[approval.Corrections] = a.terms
	a.Trust.Drafts.Register(approval.Corrections, a.terms)
	return a.terms.Refresh(context.Background())
}

// openCorrections builds what carries corrections to the copies.
func (a *App) openCorrections(ids *id.Maker) error {
	t, p := &a.Trust, &a.Procedures
	a.Corrections = correction.New(correction.Config{
		DB: a.DB, IDs: ids, Clock: a.Clock, Records: a.Records, Cases: p.Flow, Notices: p.Notices, Agencies: a.Agencies, Authority: t.Authority, Acts: t.Audit, Terms: a.terms,
		Outlets: []correction.Outlet{correction.Looked(t.Audit, handling...), correction.Reported(a.Reports, t.Audit)},
		Ended:   a.endCauses,
	})
	return p.Flow.Register(correction.Table(), noHooks)
}

// runCorrections passes changes on, until ctx ends.
func (a *App) runCorrections(ctx context.Context) {
	a.every(ctx, tellEvery, "corrections", func() error {
		if err := a.terms.Refresh(ctx); err != nil { // another process may have put others in force
			return err
		}
		_, err := a.Corrections.Tell(ctx, a.Clock.Now().Add(-settle))
		return err
	})
}

// TellCorrections passes on every change until now, and gives how many changed records that were. Commands and measurements call it, where nobody asks meanwhile.
func (a *App) TellCorrections(ctx context.Context) (int, error) {
	return a.Corrections.Tell(ctx, a.Clock.Now().Add(time.Second))
}

// correctionPages hangs in the desk of corrections.
func (a *App) correctionPages(site *web.Site, rt *web.Router) {
	corrections.New(corrections.Deps{
		Site: site, Corrections: a.Corrections, Agencies: a.Agencies, Register: a.Subjects, Labels: a.Publish, Matters: a.Trust.Matters, ItemName: a.itemName, Looks: a.looks(),
		Calendar: a.Calendar, Clock: a.Clock,
	}).Routes(rt)
}

// correctionPart is where subjects see how far corrections of their records have travelled.
func correctionPart(a *App) me.Part {
	return me.Corrections(me.CorrectionDeps{Receipts: a.Corrections, Positions: a.positions})
}

// positions gives where the leaves of changes stand in the public log; -1 = not yet.
func (a *App) positions(ctx context.Context, list []correction.Receipt) ([]int64, error) {
	out, at := make([]int64, len(list)), make([]translog.Location, len(list))
	for i := range list {
		var err error
		if at[i], err = a.Records.Locate(ctx, list[i].Record, list[i].Version); err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		out[i] = -1
	}
	log, err := a.reportProver(ctx)
	if err != nil { // there is no log yet
		return out, nil //nolint:nilerr // a receipt without a place in the log says so
	}
	proofs, err := log.ProveSeveral(ctx, at)
	if fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Unavailable {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	for i, p := range proofs.Included {
		if p != nil && at[i] != (translog.Location{}) {
			out[i] = p.Index
		}
	}
	return out, nil
}

// endCauses recalls the measures that rest on an entry whose record may not be used any more, and has the unit that keeps the entry look at it: to take it off the
// list is its decision. A record that is shielded may not be used either, though it may come back: whoever still needs the measure then orders it anew.
func (a *App) endCauses(ctx context.Context, tx *db.Tx, list []correction.Stopped) error {
	items := map[catalog.ItemCode]bool{}
	for _, k := range a.Lists.kinds.Today().List() {
		items[k.Item] = true
	}
	ended, ids := map[record.ID]*correction.Stopped{}, []record.ID(nil)
	subjects, seen := []int64(nil), map[int64]bool{}
	for i := range list {
		x := &list[i]
		if !items[x.Item] {
			continue
		}
		ended[x.ID], ids = x, append(ids, x.ID)
		if !seen[x.Subject] {
			seen[x.Subject] = true
			subjects = append(subjects, x.Subject)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	entries, err := a.Lists.Listing.OfMany(ctx, tx, subjects, time.Time{})
	if err != nil || len(entries) == 0 {
		return err
	}
	versions, err := a.Records.Standing(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, of := range entries {
		for i := range of {
			if err := a.endCause(ctx, tx, &of[i], versions, ended); err != nil {
				return err
			}
		}
	}
	return nil
}

// endCause recalls what rests on one entry if its record is among those that ended.
func (a *App) endCause(ctx context.Context, tx *db.Tx, e *listing.Entry, versions map[record.ID]record.Version, ended map[record.ID]*correction.Stopped) error {
	row, ok, err := a.Lists.Listing.FiledAs(ctx, e)
	if err != nil || !ok {
		return err
	}
	key, ok := a.entryKey(&row)
	if !ok {
		return nil
	}
	for id, v := range versions {
		if v.Subject != e.Subject || v.Item != row.Item || v.Agency != row.Unit.ID || v.NaturalKey != key {
			continue
		}
		what, then := correction.StatusWord(ended[id].Now, correction.Stop), "条目不应当再保留的，请依法移出名单。"
		if ended[id].Now == record.Shielded {
			then = "屏蔽期间不得据此采取措施；屏蔽结束以后条目仍然有效、确有必要的，请重新发起。"
		}
		if err := a.Lists.Measures.CauseEnded(ctx, tx, e.ID, "名单条目的记录"+what); err != nil {
			return err
		}
		return a.Procedures.Notices.Send(ctx, tx, notice.Notice{
			To: notice.Recipient{Kind: notice.Agency, ID: e.Agency}, Topic: "listing.record_ended", Title: "名单条目的记录" + what + "，请核对条目",
			Body: "本单位一个名单条目所报送的记录" + what + "，据此采取的措施已经召回。" + then, Link: fmt.Sprint("/desk/lists/entries/", e.ID), Ref: fmt.Sprint("entry:", e.ID),
		})
	}
	return nil
}
