package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/ingest"
	"gongxin/internal/web"
)

// filingUnit is whose a filing is, in the published list of routes.
const filingUnit = "报送单位"

// whoActs names the caller for decisions and versions.
func whoActs(ctx context.Context) string { return authz.From(ctx).String() }

// ofSubmission guards what belongs to the filing that the address names.
func (c *Console) ofSubmission(a authz.Action) web.Guard {
	return web.Of(a, filingUnit, func(r *http.Request) (authz.Scope, error) {
		sub, err := c.Intake.Get(r.Context(), r.PathValue("id"))
		if err != nil {
			return authz.Scope{}, err
		}
		return c.scopeOf(r.Context(), sub), nil
	})
}

// ofEntry guards what belongs to the queued row that the address names: it is the filing's unit's, and who filed it does not decide on it.
func (c *Console) ofEntry(a authz.Action) web.Guard {
	return web.Of(a, filingUnit, func(r *http.Request) (authz.Scope, error) {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			return authz.Scope{}, ingest.ErrNoEntry
		}
		e, err := c.Queue.Entry(r.Context(), id)
		if err != nil {
			return authz.Scope{}, err
		}
		sub, err := c.Intake.Get(r.Context(), e.Submission)
		if err != nil {
			return authz.Scope{}, err
		}
		return c.scopeOf(r.Context(), sub), nil
	})
}

func (c *Console) scopeOf(ctx context.Context, sub *ingest.Submission) authz.Scope {
	return authz.Scope{Agency: sub.Agency, Region: c.unit(ctx, sub.Agency).Region, Author: authz.AuthorOf(sub.Actor)}
}

// units gives the units for which the caller may do an action, or all of them.
func (c *Console) units(ctx context.Context, a authz.Action) ([]agency.Agency, error) {
	list, err := c.Agencies.List(ctx)
	if err != nil {
		return nil, err
	}
	b := c.site.Bounds(ctx, a)
	var out []agency.Agency
	for _, u := range list {
		if b.Unit(u.ID, u.Region) {
			out = append(out, u)
		}
	}
	return out, nil
}

// recent gives the latest filings within the caller's bounds, newest first.
func (c *Console) recent(ctx context.Context, limit int) ([]*ingest.Submission, error) {
	b := c.site.Bounds(ctx, authz.SubmissionRead)
	if b.All {
		return c.Intake.Recent(ctx, 0, limit)
	}
	units, err := c.units(ctx, authz.SubmissionRead)
	if err != nil {
		return nil, err
	}
	var out []*ingest.Submission
	for _, u := range units {
		list, err := c.Intake.Recent(ctx, u.ID, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortStableFunc(out, func(a, b *ingest.Submission) int { return b.ReceivedAt.Compare(a.ReceivedAt) })
	return out[:min(limit, len(out))], nil
}

// Of a bounded caller's queue this many entries are read at a time, and looked at for the count that the tabs show.
const (
	queueStep  = 200
	queueCount = 2000
)

// queued gives entries within the caller's bounds: what read gives behind an entry, until there are limit of them. read gets nil to start.
func (c *Console) queued(ctx context.Context, after *ingest.QueueEntry, limit int, read func(after *ingest.QueueEntry, limit int) ([]ingest.QueueEntry, error)) ([]ingest.QueueEntry, error) {
	b := c.site.Bounds(ctx, authz.QueueRead)
	if b.All {
		return read(after, limit)
	}
	var out []ingest.QueueEntry
	for {
		list, err := read(after, queueStep)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if b.Unit(list[i].Agency, c.unit(ctx, list[i].Agency).Region) {
				if out = append(out, list[i]); len(out) == limit {
					return out, nil
				}
			}
		}
		if len(list) < queueStep {
			return out, nil
		}
		after = &list[len(list)-1]
	}
}

// waitingOf gives entries that wait and pass a filter, oldest first, behind a number, within the caller's bounds.
func (c *Console) waitingOf(ctx context.Context, f ingest.QueueFilter, after int64, limit int) ([]ingest.QueueEntry, error) {
	return c.queued(ctx, &ingest.QueueEntry{ID: after}, limit, func(from *ingest.QueueEntry, n int) ([]ingest.QueueEntry, error) {
		return c.Queue.QueueOf(ctx, ingest.Waiting, f, from.ID, n)
	})
}

// queueCounts counts entries that pass a filter by state; for a caller with bounds only those that wait.
func (c *Console) queueCounts(ctx context.Context, f ingest.QueueFilter) (map[ingest.QueueState]int, error) {
	switch b := c.site.Bounds(ctx, authz.QueueRead); {
	case b.All:
		return c.Queue.QueueCountsOf(ctx, f)
	case len(b.Agencies) == 0 && len(b.Regions) == 0:
		return nil, nil // no queue of theirs
	}
	list, err := c.waitingOf(ctx, f, 0, queueCount)
	return map[ingest.QueueState]int{ingest.Waiting: len(list)}, err
}
