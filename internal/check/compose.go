package check

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/publish"
)

// compose makes the answer of what was disclosed.
func (s *Service) compose(ctx context.Context, k *keeper, of publish.Kept, standing []ListEntry) (*Answer, error) {
	d, m := of.Answer, of.Matter
	on := clock.DateOf(d.AsOf)
	a := &Answer{
		Receipt: strconv.FormatInt(d.Entry, 10), Subject: Party(d.Subject), Matter: d.Matter, Basis: d.Basis, More: d.Next != "",
		AsOf: d.AsOf.UTC().Truncate(time.Microsecond).In(clock.Zone), Hits: []Finding{}, Others: []Finding{}, Lists: []Listed{}, Measures: []Measure{},
	}
	units := map[string]int{} // list and unit of the entries made here, with their place
	for i := range standing {
		if l, ok := s.listed(ctx, m, &standing[i], on); ok {
			a.Lists = append(a.Lists, l)
			units[l.List+"/"+l.Unit] = len(a.Lists) - 1
		}
	}
	today := clock.Today(s.Clock)
	for i := range d.Records {
		if until := d.Records[i].PublicUntil; !until.IsZero() && until <= today {
			continue // what has left public view counts for nobody any more
		}
		f, kind := s.finding(&d.Records[i], on)
		if f.Polarity == Neutral {
			a.Others = append(a.Others, f)
			continue
		}
		a.Hits = append(a.Hits, f)
		if kind == nil {
			continue
		}
		if at, made := units[kind.Code+"/"+f.Source.Name]; made {
			a.Lists[at].Disputed = a.Lists[at].Disputed || f.Disputed
			continue
		}
		a.Lists = append(a.Lists, Listed{
			List: kind.Code, Name: kind.Name, Polarity: kind.Polarity, DecidedOn: f.DecidedOn, Until: f.PublicUntil, Unit: f.Source.Name, Basis: kind.Basis, Record: f.Record, Disputed: f.Disputed,
		})
	}
	var err error
	if a.Measures, err = s.allowed(ctx, k, a, on); err != nil {
		return nil, err
	}
	a.Outcome = None
	if len(a.Hits) > 0 || len(a.Lists) > 0 {
		a.Outcome = Hit
	}
	a.Result = sentence(a)
	return a, nil
}

// listed gives an entry that was made here, when the matter covers what its list is filed as: no more than the purpose needs.
func (s *Service) listed(ctx context.Context, m *agency.Matter, e *ListEntry, on clock.Date) (Listed, bool) {
	kind, ok := s.Lists.Kind(e.List, on)
	if !ok || !slices.Contains(m.Items, string(kind.Item)) {
		return Listed{}, false
	}
	l := Listed{List: kind.Code, Name: kind.Name, Polarity: kind.Polarity, DecidedOn: e.ListedOn, Until: e.Until, Basis: e.Law, Entry: strconv.FormatInt(e.ID, 10), Disputed: e.Disputed}
	if unit, err := s.Agencies.ByID(ctx, e.Agency); err == nil {
		l.Unit = unit.Name
	}
	if l.Basis == "" {
		l.Basis = kind.Basis
	}
	return l, true
}

// finding puts a record as disclosed into an answer, with the list that it is an entry of.
func (s *Service) finding(r *publish.RecordView, on clock.Date) (Finding, *ListKind) {
	f := Finding{
		Record: r.ID, Item: r.Item, ItemName: r.ItemName, Title: r.Title, Polarity: Neutral, DocNo: r.DocNo, Categories: r.Categories, Severity: r.Severity, Authority: r.Authority,
		Source: Origin(r.Source), DecidedOn: r.DecidedOn, Version: r.Version, RecordedAt: r.RecordedAt.In(clock.Zone), Fields: make([]Field, len(r.Fields)), Disputed: r.Disputed,
	}
	if r.Class == catalog.Public && r.Subject.Kind != catalog.Person {
		f.PublicUntil = r.PublicUntil
	}
	for i, x := range r.Fields {
		f.Fields[i] = Field{Code: x.Code, Name: x.Name, Value: x.Shown, Masked: x.Masked}
	}
	if edition, ok := s.Editions.ByID(r.Edition); ok {
		if item, ok := edition.Item(r.Item); ok {
			f.Polarity, f.Basis = polarity(item.Polarity), bases(item, on)
		}
	}
	if r.Simple && f.Polarity == Adverse {
		f.Polarity = Neutral // a fact, and no failure that speaks against anyone
	}
	if s.Lists == nil {
		return f, nil
	}
	kind, ok := s.Lists.OfRecord(r.Item, r.Categories, on)
	if !ok {
		return f, nil
	}
	f.List, f.Polarity = kind.Code, kind.Polarity
	return f, &kind
}

func polarity(p catalog.Polarity) Polarity {
	switch p {
	case catalog.Negative:
		return Adverse
	case catalog.Positive:
		return Incentive
	default:
		return Neutral
	}
}

// bases gives the legal bases of an item that are in force on a day.
func bases(item *catalog.Item, on clock.Date) string {
	var out []string
	for i := range item.Basis {
		if b := &item.Basis[i]; on >= b.From && (b.To.IsZero() || on <= b.To) {
			out = append(out, b.Law+b.Article)
		}
	}
	return strings.Join(out, "；")
}

// allowed gives the measures that the matter may apply because of the lists. A set of questions asks once for each combination.
func (s *Service) allowed(ctx context.Context, k *keeper, a *Answer, on clock.Date) ([]Measure, error) {
	if s.Measures == nil || len(a.Lists) == 0 {
		return []Measure{}, nil
	}
	var lists []string
	for i := range a.Lists {
		if !slices.Contains(lists, a.Lists[i].List) {
			lists = append(lists, a.Lists[i].List)
		}
	}
	slices.Sort(lists)
	key := string(a.Subject.Kind) + " " + strings.Join(lists, " ")
	if have, ok := k.allowed[key]; ok {
		return have, nil
	}
	list, err := s.Measures.Allowed(ctx, s.DB.Read(), Allowing{Matter: a.Matter, Kind: a.Subject.Kind, Lists: lists, On: on, Known: k.ask.AsOf})
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []Measure{}
	}
	k.allowed[key] = list
	return list, nil
}

// above says behind a number that there is more.
func above(a *Answer) string {
	if a.More {
		return "以上"
	}
	return ""
}

// sentence is the answer in one line.
func sentence(a *Answer) string {
	if a.Outcome == None {
		if len(a.Others) > 0 {
			return "未命中：可查的范围内没有失信和守信记录，另有其他信息 " + strconv.Itoa(len(a.Others)) + " 条" + above(a)
		}
		return "未命中：可查的范围内没有记录"
	}
	var names []string
	counts, disputed := map[string]int{}, map[string]int{}
	for i := range a.Hits {
		name := a.Hits[i].ItemName
		if counts[name]++; counts[name] == 1 {
			names = append(names, name)
		}
		if a.Hits[i].Disputed {
			disputed[name]++
		}
	}
	var parts []string
	if len(a.Hits) > 0 {
		for i, name := range names {
			names[i] = name + " " + strconv.Itoa(counts[name]) + " 项"
			if n := disputed[name]; n > 0 {
				names[i] += "（" + strconv.Itoa(n) + " 项异议中）"
			}
		}
		parts = append(parts, "命中 "+strconv.Itoa(len(a.Hits))+" 项："+strings.Join(names, "、"))
	} else {
		parts = append(parts, "命中：在名单上")
	}
	if len(a.Lists) > 0 {
		list := make([]string, 0, len(a.Lists))
		for i := range a.Lists {
			if name := a.Lists[i].shown(); !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
		parts = append(parts, "所在名单："+strings.Join(list, "、"))
	}
	switch {
	case len(a.Measures) > 0:
		parts = append(parts, "本事项可以采取的措施 "+strconv.Itoa(len(a.Measures))+" 项")
	default:
		parts = append(parts, "本事项没有可以采取的措施")
	}
	return strings.Join(parts, "；")
}
