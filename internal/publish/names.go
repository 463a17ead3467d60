package publish

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/subject"
	"gongxin/internal/subject/nameindex"
)

// Names is the public name search: an index in memory over every subject that is not a person, kept up with the register.
type Names struct {
	subjects *subject.Store
	index    *nameindex.Index
	ready    atomic.Bool
	mark     time.Time // of the newest change taken in
	last     int64     // and its subject
}

// NewNames makes an empty search; Refresh fills it. places are the names of divisions with which names begin.
func NewNames(subjects *subject.Store, places []string) *Names {
	return &Names{subjects: subjects, index: nameindex.New(nameindex.Options{Places: places})}
}

// ErrIndexing says that the index is being built after a start.
var ErrIndexing = fault.New(fault.Unavailable, "publish.indexing", "名称索引正在建立，稍后即可搜索", "请稍候再试；也可以直接输入18位统一社会信用代码")

// kinds maps subject kinds to the index's numbers; persons have none, so that they cannot be put in.
var kinds = map[catalog.SubjectKind]uint8{catalog.LegalEntity: 1, catalog.OtherOrg: 2, catalog.IndividualBusiness: 4}

// refreshPage is how many changed subjects are read at a time.
const refreshPage = 5000

// overlap is read again behind the newest change: a transaction that began earlier may commit later.
const overlap = 5 * time.Second

// Refresh takes in what changed since the last call and gives the number of subjects read. Calls do not run side by side.
func (n *Names) Refresh(ctx context.Context) (int, error) {
	since, after := n.mark.Add(-overlap), int64(0)
	if n.mark.IsZero() {
		since = time.UnixMicro(-1)
	}
	total := 0
	for {
		list, former, err := n.subjects.Changed(ctx, since, after, refreshPage)
		if err != nil {
			return total, err
		}
		for i := range list {
			sub := &list[i]
			if kind, ok := kinds[sub.Kind]; ok {
				n.index.Put(nameindex.Entry{ID: sub.ID, Code: sub.Code, Name: sub.Name, Former: former[sub.ID], Region: sub.Region, Kind: kind})
			}
			since, after = sub.ChangedAt, sub.ID
		}
		total += len(list)
		if len(list) < refreshPage {
			break
		}
	}
	if after != 0 {
		n.mark, n.last = since, after
	}
	n.ready.Store(true)
	return total, nil
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
