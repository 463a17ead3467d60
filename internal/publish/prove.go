package publish

import (
	"context"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/record"
	"gongxin/internal/translog"
)

// Prover makes bundles of proofs; *translog.Log is one.
type Prover interface {
	Bundle(ctx context.Context, ask translog.BundleAsk) (*translog.Bundle, error)
}

// ProofAsk is a subject's question for the proof of its own records.
type ProofAsk struct {
	Who     authz.Actor
	Subject int64
	Item    catalog.ItemCode // "" = every item
	AsOf    time.Time        // also what was in the log at this moment; zero = no
}

// ErrNoProofs is the answer of an installation without a public log.
var ErrNoProofs = fault.New(fault.Unavailable, "publish.no_proofs", "这个平台没有开通公开日志，不能出具证明", "请联系平台管理员")

// maxProofPages bounds the entries in the access log for one bundle; a bundle that needs more is refused by its size before.
const maxProofPages = 2 * translog.MaxBundle / discloseMax

// Prove gives a subject the proof of all its records, or of one item's, with the contents in it: what the leaves were made from. It is a reading of the own
// file and stands in the access log as such, record by record, before the bundle is given. Nobody else gets one here.
func (s *Service) Prove(ctx context.Context, ask ProofAsk) (*translog.Bundle, error) {
	if s.proofs == nil {
		return nil, ErrNoProofs
	}
	list, err := s.prove(ctx, ask, []catalog.ItemCode{ask.Item})
	if len(list) == 0 {
		return nil, err
	}
	return list[0], err
}

// ProveItems is Prove of several items under one checkpoint, one bundle for each, with one reading of the file in the access log.
func (s *Service) ProveItems(ctx context.Context, ask ProofAsk, items []catalog.ItemCode) ([]*translog.Bundle, error) {
	if s.proofs == nil {
		return nil, ErrNoProofs
	}
	if len(items) == 0 {
		return nil, nil
	}
	return s.prove(ctx, ask, items)
}

func (s *Service) prove(ctx context.Context, ask ProofAsk, items []catalog.ItemCode) ([]*translog.Bundle, error) {
	sub, found, err := s.whom(ctx, Whom{ID: ask.Subject})
	if err != nil {
		return nil, err
	}
	next := Ask{Who: ask.Who, Subject: Whom{ID: ask.Subject}, Purpose: Purpose{Own: true}, Limit: discloseMax}
	if items[0] != "" {
		next.Items = items
	}
	var list []*translog.Bundle
	var g grounds
	if s.disclosure.Authority != nil {
		s.entitleOwn(&next, &g, &sub, found)
	}
	if g.viewer.own {
		may := func(v *record.Version) bool { return s.bare(g.viewer, sub.Kind, v) }
		first, err := s.proofs.Bundle(ctx, translog.BundleAsk{Subject: sub.ID, Item: string(items[0]), AsOf: ask.AsOf, Open: s.records.Opener(may)})
		if err != nil {
			return nil, err
		}
		list = append(list, first)
		for _, item := range items[1:] {
			other, err := first.Of(string(item))
			if err != nil {
				return nil, err
			}
			list = append(list, other)
		}
	}
	for range maxProofPages {
		answer, err := s.Disclose(ctx, next) // also refuses, and logs that
		if err != nil {
			return nil, err
		}
		if next.Cursor = answer.Next; next.Cursor == "" {
			return list, nil
		}
	}
	return nil, translog.ErrBundleSize
}

// bare reports whether a version may be given as it is on file: nothing stands in it in clear that its own subject is shown masked only. What is sealed
// stays sealed in it.
func (s *Service) bare(viewer Viewer, kind catalog.SubjectKind, v *record.Version) bool {
	edition, ok := s.editions.ByID(v.Edition)
	if !ok {
		return false
	}
	item, ok := edition.Item(v.Item)
	if !ok {
		return false
	}
	body, err := decode(v)
	if err != nil {
		return false
	}
	now, _ := s.editions.Current(clock.Today(s.clock)).Item(v.Item)
	for _, f := range fields(viewer, kind, body, item, now, nil) { // without a key sealed values are left out
		if f.Masked {
			return false
		}
	}
	return true
}
