package publish

import (
	"context"
	"fmt"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// Looks puts on file who reads what is not public and comes by no Disclose: rows that nobody has linked, received files, entries before the decision, tasks,
// reports of the own file. Whoever shows such a thing calls Record first: no entry, no answer.
type Looks struct {
	DB    *db.DB
	Log   *audit.Log
	Clock clock.Clock
}

// ErrNoLog refuses to hand out what is not public where nothing would keep who read it.
var ErrNoLog = fault.New(fault.Internal, "publish.no_log", "没有查询日志，不能查看非公开的内容", "请联系系统管理员")

// Record writes the looks of whoever the context names, before anything is handed out: all of the entries are there, or none is. An entry's Who need only name
// the unit whose thing it is.
func (x Looks) Record(ctx context.Context, list ...audit.Access) error {
	who := authz.From(ctx)
	switch {
	case len(list) == 0: // an empty page shows nothing
		return nil
	case x.Log == nil:
		return ErrNoLog
	case who.Kind == "" || who.Kind == authz.Anonymous:
		return authz.ErrSignIn
	}
	at := x.Clock.Now()
	err := x.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, a := range list {
			a.At, a.Outcome = at, audit.Answered
			a.Who = who.Who(onBehalf(who, a.Who.Agency))
			if a.Subject != 0 && a.Who.Agency != 0 {
				var err error
				if a.HiddenUntil, a.SecrecyBasis, err = x.Log.Secrecy(ctx, tx, a.Who.Agency, a.Subject, at); err != nil {
					return err
				}
			}
			if _, err := x.Log.Write(ctx, tx, a); err != nil {
				return err
			}
		}
		return nil
	}, db.ReadCommitted)
	if err != nil {
		return fmt.Errorf("publish: look: %w", err)
	}
	return nil
}

// Each makes one entry for each subject of a page, with the basis that each of its things rests on.
func Each[T any](list []T, of func(T) audit.Access) []audit.Access {
	var out []audit.Access
	seen := map[int64]bool{}
	for _, x := range list {
		if a := of(x); !seen[a.Subject] {
			seen[a.Subject] = true
			out = append(out, a)
		}
	}
	return out
}

// onBehalf is the unit in whose name an actor reads what a unit filed: that very unit when the actor works there, else the first one it works for.
func onBehalf(a authz.Actor, unit int64) int64 {
	first := int64(0)
	for i := range a.Grants {
		switch g := a.Grants[i].Agency; {
		case g == unit && g != 0:
			return g
		case first == 0:
			first = g
		}
	}
	return first
}
