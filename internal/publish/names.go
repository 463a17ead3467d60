package publish

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/subject"
	"gongxin/internal/subject/nameindex"
)

// Names is the public name search: an index in memory over every subject that is not a person, kept up with the register.
type Names struct {
	subjects *subject.Store
	clock    clock.Clock
	index    *nameindex.Index
	ready    atomic.Bool
	mark     time.Time           // of the newest change taken in
	recent   map[int64]time.Time // changes within overlap of it, which are read again and need not be taken in again
	idle     int                 // refreshes without anything new
}

// NewNames makes an empty search; Refresh fills it. places are the names of divisions with which names begin.
func NewNames(subjects *subject.Store, c clock.Clock, places []string) *Names {
	return &Names{subjects: subjects, clock: c, index: nameindex.New(nameindex.Options{Places: places})}
}

// ErrIndexing says that the index is being built after a start.
var ErrIndexing = fault.New(fault.Unavailable, "publish.indexing", "名称索引正在建立，稍后即可搜索", "请稍候再试；也可以直接输入18位统一社会信用代码")

// kinds maps subject kinds to the index's numbers; persons have none, so that they cannot be put in.
var kinds = map[catalog.SubjectKind]uint8{catalog.LegalEntity: 1, catalog.OtherOrg: 2, catalog.IndividualBusiness: 4}

// refreshPage is how many changed subjects are read at a time.
const refreshPage = 5000

// overlap is read again behind the newest change: a transaction that began earlier may commit later.
const overlap = 5 * time.Second

// idleRefreshes without anything new end the reading again of what lies within overlap: every transaction of that time has ended.
const idleRefreshes = 120

// Refresh takes in what changed since the last call and gives the number of subjects taken in. Calls do not run side by side.
func (n *Names) Refresh(ctx context.Context) (int, error) {
	if !n.ready.Load() {
		return n.build(ctx)
	}
	since := n.behind()
	if n.idle > idleRefreshes && n.mark.Before(n.clock.Now()) {
		since = n.mark
	}
	taken := 0
	err := n.read(ctx, since, func(e nameindex.Entry, changed time.Time) {
		if have, ok := n.recent[e.ID]; ok && have.Equal(changed) {
			return
		}
		n.index.Put(e)
		n.note(e.ID, changed)
		taken++
	})
	n.idle++
	if taken > 0 {
		n.idle = 0
	}
	return taken, err
}

// build fills the empty index at once, which is several times faster than one by one.
func (n *Names) build(ctx context.Context) (int, error) {
	n.recent = map[int64]time.Time{}
	taken := 0
	var err error
	n.index.Load(func(yield func(nameindex.Entry) bool) {
		stopped := false
		err = n.read(ctx, time.UnixMicro(-1), func(e nameindex.Entry, changed time.Time) {
			if !stopped {
				stopped = !yield(e)
				n.note(e.ID, changed)
				taken++
			}
		})
	})
	if err == nil {
		n.ready.Store(true)
	}
	return taken, err
}

// behind gives the instant from which changes are read again. A change dated after now was written before the machine's clock was put back: what is
// written now lies before it.
func (n *Names) behind() time.Time {
	latest := n.mark
	if now := n.clock.Now(); now.Before(latest) {
		latest = now
	}
	return latest.Add(-overlap)
}

// note remembers a change, and forgets those that lie further back than overlap.
func (n *Names) note(id int64, changed time.Time) {
	n.recent[id] = changed
	if !changed.After(n.mark) {
		return
	}
	n.mark = changed
	if len(n.recent) > 4*refreshPage {
		oldest := n.behind()
		for id, at := range n.recent {
			if at.Before(oldest) {
				delete(n.recent, id)
			}
		}
	}
}

// read gives every subject that changed since an instant, page by page.
func (n *Names) read(ctx context.Context, since time.Time, take func(nameindex.Entry, time.Time)) error {
	after := int64(0)
	for {
		list, former, err := n.subjects.Changed(ctx, since, after, refreshPage)
		if err != nil {
			return err
		}
		for i := range list {
			sub := &list[i]
			if kind, ok := kinds[sub.Kind]; ok {
				take(nameindex.Entry{ID: sub.ID, Code: sub.Code, Name: sub.Name, Former: former[sub.ID], Region: sub.Region, Kind: kind}, sub.ChangedAt)
			}
			since, after = sub.ChangedAt, sub.ID
		}
		if len(list) < refreshPage {
			return nil
		}
	}
}

// Len is the number of subjects in the index.
func (n *Names) Len() int { return n.index.Len() }

// Ready reports whether the index has been built once.
func (n *Names) Ready() bool { return n.ready.Load() }

// Search answers the public search box: exact code, names from two characters up, several words, pinyin initials, one wrong or missing
// character. Persons are never found: they are not in the index.
func (s *Service) Search(ctx context.Context, q string, cursor string, limit int) (*SearchPage, error) {
	skip := 0
	if cursor != "" {
		var err error
		if skip, err = strconv.Atoi(cursor); err != nil || skip < 0 {
			return nil, ErrCursor
		}
	}
	limit = clampLimit(limit)
	if !s.names.Ready() {
		return nil, ErrIndexing
	}
	found := s.names.index.Search(nameindex.Query{Text: q, Limit: limit, Offset: skip})
	page := &SearchPage{Hits: make([]Hit, 0, len(found.Hits)), Total: found.Total, Exact: found.TotalIsExact, Note: found.Reason}
	ids := make([]int64, len(found.Hits))
	for i, h := range found.Hits {
		ids[i] = h.ID
	}
	subjects, err := s.subjects.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	m, _ := s.at(zeroTime)
	counts, err := s.records.CountsOf(ctx, ids, m.day)
	if err != nil {
		return nil, err
	}
	for _, h := range found.Hits {
		sub, ok := subjects[h.ID]
		if !ok || sub.Kind == catalog.Person {
			continue
		}
		page.Hits = append(page.Hits, s.hit(&sub, &h, counts[h.ID]))
	}
	if skip+len(found.Hits) < found.Total && len(found.Hits) == limit {
		page.Next = strconv.Itoa(skip + limit)
	}
	return page, nil
}

// hit makes the answer's line. The marks belong to the name that matched; for an earlier name that name is shown beside.
func (s *Service) hit(sub *subject.Subject, h *nameindex.Hit, records int) Hit {
	out := Hit{SubjectRef: ref(sub), RegionName: regionName(s.divisions, sub.Region), How: h.How.String(), Records: records}
	if h.Name == sub.Name {
		out.Marks = h.Ranges
	} else {
		out.Former = h.Name
	}
	return out
}
