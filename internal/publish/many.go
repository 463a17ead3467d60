package publish

import (
	"context"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// Kept is an answer as a Keeper sees it: At is the place of its question in the set, Subject the subject's number, Matter what it was given for.
type Kept struct {
	At      int
	Subject int64
	Matter  *agency.Matter
	Answer  *Answer
}

// Keeper makes something of answers and keeps it in the transaction of their entries, so that no answer leaves without it.
type Keeper interface {
	// Prepare sees the answers, which carry the numbers of their entries already, before the transaction begins.
	Prepare(ctx context.Context, answers []Kept) error
	// Keep writes what was made of them within tx; of those that were refused in the meantime it hears nothing. It runs again when the transaction is repeated.
	Keep(ctx context.Context, tx *db.Tx, answers []Kept) error
}

// MostMany is the largest set that DiscloseMany answers at once.
const MostMany = 200

// ErrMany refuses a set that is too large, or a purpose that is not a matter.
var ErrMany = fault.New(fault.Invalid, "publish.many", "批量查询只凭应用事项，一组不超过 200 个代码", "请写明应用事项，分组查询")

// Outcome is what became of one question of a set.
type Outcome struct {
	Answer *Answer
	Err    error
}

// DiscloseMany is Disclose for one matter and many unified codes: every question is its own, with its own entry, checked and read by the same code; only what
// all of them need is read once. The entries of a set are committed together before any of its answers is given.
func (s *Service) DiscloseMany(ctx context.Context, ask Ask, codes []string) ([]Outcome, error) {
	if !s.discloses() {
		return nil, MissingDisabled.Err()
	}
	if len(codes) > MostMany || ask.Purpose.Own || ask.Purpose.Consent != 0 || ask.Record != "" || ask.Cursor != "" {
		return nil, ErrMany
	}
	if len(codes) == 0 {
		return nil, nil
	}
	now := s.clock.Now().UTC().Truncate(time.Microsecond)
	m, err := s.at(ask.AsOf)
	if err != nil {
		return nil, err
	}
	list := make([]lookup, len(codes))
	asks := make([]Ask, len(codes))
	for i, code := range codes {
		asks[i] = ask
		asks[i].Subject = Whom{Code: code}
		list[i] = lookup{ask: &asks[i], g: grounds{what: asks[i].what()}}
	}
	if err := s.lookAhead(ctx, list); err != nil {
		return nil, err
	}
	for i := range list {
		if err := s.consider(ctx, &list[i], m, now); err != nil {
			return nil, err
		}
	}
	if err := s.settle(ctx, list, ask.Keeper, now); err != nil {
		return nil, err
	}
	out := make([]Outcome, len(list))
	for i := range list {
		out[i].Err = list[i].refusal()
		out[i].Answer = list[i].answer
	}
	return out, nil
}

// lookAhead reads, for all questions of a set, whom they name, the matter and the first page of records.
func (s *Service) lookAhead(ctx context.Context, list []lookup) error {
	idents := make([]subject.Ident, len(list))
	for i := range list {
		if uscc, problem := ident.ParseUSCCWith(list[i].ask.Subject.Code, func(string) bool { return true }); problem == nil {
			idents[i] = subject.Ident{Kind: subject.Code, Value: string(uscc)}
		}
	}
	known := make([]subject.Ident, 0, len(idents))
	for _, i := range idents {
		if i.Value != "" {
			known = append(known, i)
		}
	}
	by, err := s.subjects.ByIdents(ctx, known)
	if err != nil {
		return err
	}
	var ids []int64
	for i := range list {
		if subs := by[idents[i]]; idents[i].Value != "" && len(subs) > 0 {
			list[i].sub, list[i].found = subs[0], subs[0].Kind != catalog.Person
			if list[i].found {
				ids = append(ids, subs[0].ID)
			}
		}
	}
	first := list[0].ask
	shared := &ahead{query: record.Query{AsOf: first.AsOf, Limit: pageSize(first.Limit) + 1, Item: first.onlyItem()}}
	if first.Who.SignedIn() && first.Purpose.Matter != "" {
		m, err := shared.matter(ctx, s.disclosure.Matters, first.Purpose.Matter)
		if err == nil && worksFor(first.Who, m.Agency) { // who is refused anyway has nothing read
			if shared.versions, err = s.records.OfSubjects(ctx, ids, shared.query); err != nil {
				return err
			}
		}
	}
	for i := range list {
		list[i].ask.ahead = shared
	}
	return nil
}

// ahead is what was read for a whole set. A nil one reads when it is asked.
type ahead struct {
	asked    bool
	found    agency.Matter
	err      error
	query    record.Query
	versions map[int64][]record.Version
}

func (a *ahead) matter(ctx context.Context, from *agency.Matters, code string) (agency.Matter, error) {
	if a == nil {
		return from.ByCode(ctx, code)
	}
	if !a.asked {
		a.asked = true
		a.found, a.err = from.ByCode(ctx, code)
	}
	return a.found, a.err
}

func (a *ahead) records(ctx context.Context, from *record.Store, q record.Query) ([]record.Version, error) {
	if a != nil && a.versions != nil && q.Offset == 0 && q.Limit == a.query.Limit && q.Item == a.query.Item && q.AsOf.Equal(a.query.AsOf) {
		return a.versions[q.Subject], nil
	}
	return from.OfSubject(ctx, q)
}

// prepare lets the keeper see the answers.
func prepare(ctx context.Context, list []lookup, keeper Keeper) error {
	if keeper == nil {
		return nil
	}
	return keeper.Prepare(ctx, kept(list))
}

// kept gives the answers that nothing is missing from.
func kept(list []lookup) []Kept {
	out := make([]Kept, 0, len(list))
	for i := range list {
		if list[i].answer != nil && list[i].g.missing == "" {
			out = append(out, Kept{At: i, Subject: list[i].sub.ID, Matter: &list[i].g.matter, Answer: list[i].answer})
		}
	}
	return out
}
