package repair

import (
	"context"
	"slices"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/record"
)

// Bounds of one review: a subject with more failures than this is looked at part by part by nobody; the newest are shown.
const (
	reviewPage = 500
	reviewMost = 5000
)

// Review gives every failure of a subject with class, dates and what stands in the way, for the subject itself: reading what the records say is a reading of the
// own file, and logged as one. Reminders are set for what can be applied for later.
func (s *Service) Review(ctx context.Context, of int64) (_ *Review, err error) {
	defer fault.Wrap(&err, "repair.Review")
	if err := s.mine(ctx, of); err != nil {
		return nil, err
	}
	r, err := s.review(ctx, of)
	if err != nil {
		return nil, err
	}
	return r, s.remember(ctx, r)
}

// review is Review without reminders.
func (s *Service) review(ctx context.Context, of int64) (*Review, error) {
	subjects, err := s.Subjects.ByIDs(ctx, []int64{of})
	if err != nil {
		return nil, err
	}
	sub, ok := subjects[of]
	if !ok {
		return nil, ErrTarget
	}
	rules := s.Rules.Today()
	r := &Review{Subject: of, Name: sub.Name, Code: sub.Code, Kind: sub.Kind, Free: rules.Free}
	if sub.Kind == catalog.Person {
		r.Name, r.Code = "本人", "" // the letter is signed by the account that has proved to be the person's; a name does not rest in it in clear
	}
	all, err := s.Records.StandingOf(ctx, s.DB.Read(), of)
	if err != nil {
		return nil, err
	}
	past, err := s.past(ctx, s.DB.Read(), of)
	if err != nil {
		return nil, err
	}
	r.Barred = past.barred
	texts, err := s.texts(ctx, of, all, sub.Name)
	if err != nil {
		return nil, err
	}
	entries, err := s.Lists.Of(ctx, s.DB.Read(), of)
	if err != nil {
		return nil, err
	}
	for i := range all {
		v := &all[i]
		if !s.failure(v) {
			continue
		}
		f, err := s.finding(ctx, rules, v, texts[v.ID], entryOf(entries, v))
		if err != nil {
			return nil, err
		}
		s.settle(&f, v.Status, past)
		s.hold(&f, rules, all)
		r.Findings = append(r.Findings, f)
	}
	for i := range entries {
		e := &entries[i]
		if slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Entry == e.ID }) {
			continue
		}
		f, err := s.listed(ctx, rules, e)
		if err != nil {
			return nil, err
		}
		s.settle(&f, record.Active, past)
		s.hold(&f, rules, all)
		r.Findings = append(r.Findings, f)
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return int(b.On) - int(a.On) })
	return r, nil
}

// failure reports whether a record is failure information: what stands in the catalogue as such, and has not been taken back by its source or taken down.
func (s *Service) failure(v *record.Version) bool {
	item, ok := s.Editions.Current(s.today()).Item(v.Item)
	return ok && item.Polarity == catalog.Negative && v.Status != record.Withdrawn && v.Status != record.Annulled
}

// text is what a record says, as far as repair needs it.
type text struct{ title, docNo, unit, says string }

// texts reads what the subject's failures say, as its own file.
func (s *Service) texts(ctx context.Context, of int64, all []record.Version, name string) (map[record.ID]text, error) {
	out := map[record.ID]text{}
	var items []catalog.ItemCode
	for i := range all {
		if s.failure(&all[i]) && !slices.Contains(items, all[i].Item) {
			items = append(items, all[i].Item)
		}
	}
	if len(items) == 0 {
		return out, nil
	}
	ask := publish.Ask{Who: authz.From(ctx), Subject: publish.Whom{ID: of}, Purpose: publish.Purpose{Own: true}, Items: items, Limit: reviewPage}
	for len(out) < reviewMost {
		a, err := s.Files.Disclose(ctx, ask)
		if err != nil {
			return nil, err
		}
		for i := range a.Records {
			v := &a.Records[i]
			at, err := record.ParseID(v.ID)
			if err != nil {
				return nil, err
			}
			out[at] = text{title: v.Title, docNo: v.DocNo, unit: v.Authority, says: says(v, name)}
		}
		if ask.Cursor = a.Next; ask.Cursor == "" {
			break
		}
	}
	return out, nil
}

// says joins what a record says, without whom it is about.
func says(v *publish.RecordView, name string) string {
	var b strings.Builder
	b.WriteString(v.Title)
	for _, f := range v.Fields {
		if !f.Masked {
			b.WriteString("\n" + f.Value)
		}
	}
	return Nameless(b.String(), name)
}

// Nameless takes a subject's name out of what a record says of it, wherever it stands: a firm's name must not make a domain.
func Nameless(text, name string) string {
	if name == "" {
		return text
	}
	return strings.ReplaceAll(text, name, "")
}

// entryOf gives the entry that a record was filed from.
func entryOf(entries []Entry, v *record.Version) *Entry {
	for i := range entries {
		if e := &entries[i]; e.Item == v.Item && e.Agency == v.Agency && e.ListedOn == v.DecidedOn && e.DocNo == docNo(v) {
			return e
		}
	}
	return nil
}

// docNo is the number of the document, which every natural key of a failure begins with.
func docNo(v *record.Version) string {
	no, _, _ := strings.Cut(v.NaturalKey, "\x1f")
	return no
}

// finding judges a record.
func (s *Service) finding(ctx context.Context, rules *Rules, v *record.Version, t text, e *Entry) (Finding, error) {
	item, _ := s.Editions.Current(s.today()).Item(v.Item)
	unit, err := s.unit(ctx, v.Agency)
	if err != nil {
		return Finding{}, err
	}
	f := Finding{
		Target: Target{Record: v.ID}, At: v.ID, Number: v.Number, Item: v.Item, ItemName: item.Name, Title: t.title, DocNo: t.docNo, Agency: v.Agency, Unit: unit, Region: v.Region,
		On: v.DecidedOn,
	}
	if f.DocNo == "" {
		f.DocNo = docNo(v)
	}
	if f.Title == "" {
		f.Title = item.Name
	}
	m := Matter{
		Item: v.Item, DecidedOn: v.DecidedOn, Severity: v.Severity, Procedure: v.Procedure, Kinds: item.KindNames(v.Kinds), Unit: unit + " " + t.unit, Text: t.says, PublicUntil: v.PublicUntil,
	}
	if e != nil {
		f.Target, f.Agency, f.Region, f.Title = Target{Entry: e.ID}, e.Agency, e.Region, e.Name
		m.List = &ListTerms{Early: e.Early, Removal: e.Removal, Until: e.Until}
	}
	f.Verdict = rules.Judge(m)
	return f, nil
}

// listed judges an entry that is no record.
func (s *Service) listed(ctx context.Context, rules *Rules, e *Entry) (Finding, error) {
	unit, err := s.unit(ctx, e.Agency)
	if err != nil {
		return Finding{}, err
	}
	name := string(e.Item)
	if item, ok := s.Editions.Current(s.today()).Item(e.Item); ok {
		name = item.Name
	}
	return Finding{
		Target: Target{Entry: e.ID}, Item: e.Item, ItemName: name, Title: e.Name, DocNo: e.DocNo, Agency: e.Agency, Unit: unit, Region: e.Region, On: e.ListedOn,
		Verdict: rules.Judge(Matter{Item: e.Item, DecidedOn: e.ListedOn, Unit: unit, List: &ListTerms{Early: e.Early, Removal: e.Removal, Until: e.Until}}),
	}, nil
}

func (s *Service) unit(ctx context.Context, id int64) (string, error) {
	a, err := s.Agencies.ByID(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return "", nil
	}
	return a.Name, err
}

// settle says whether a failure can be repaired today, and if not why.
func (s *Service) settle(f *Finding, status record.Status, p *past) {
	today := s.today()
	f.From = f.Earliest
	if next := p.next[f.Target.String()]; next > f.From {
		f.From = next
	}
	switch {
	case status == record.Repaired:
		f.State, f.Repair = Repaired, p.granted[f.Target.String()]
	case status == record.Ended || !f.End.IsZero() && today >= f.End:
		f.State = Over
	case p.open[f.Target.String()] != 0:
		f.State, f.Repair = Pending, p.open[f.Target.String()]
	case f.Excluded != "":
		f.State = Excluded
	case !f.Shown:
		f.State = Hidden
	case status == record.Shielded:
		f.State = Shielded
	case p.barred > today:
		f.State, f.From = Barred, max(p.barred, f.From)
	case today < f.From:
		f.State = Early
	default:
		f.State = Now
	}
}

// hold finds what the platform holds already about duties that were performed since.
func (s *Service) hold(f *Finding, rules *Rules, all []record.Version) {
	from, note := rules.heldFor(f.Item)
	edition := s.Editions.Current(s.today())
	for i := range all {
		v := &all[i]
		item, ok := edition.Item(v.Item)
		if ok && slices.Contains(from, v.Item) && v.Status == record.Active && v.DecidedOn >= f.On && len(f.Held) < 20 {
			f.Held = append(f.Held, HeldRecord{ID: v.ID.String(), Name: item.Name, DocNo: docNo(v), On: v.DecidedOn})
		}
	}
	if len(f.Held) > 0 {
		f.HeldNote = note
	}
}

// past is what was asked for before.
type past struct {
	open, granted map[string]int64      // by target: the case
	next          map[string]clock.Date // after a refusal
	barred        clock.Date
}

func (s *Service) past(ctx context.Context, q db.Querier, of int64) (*past, error) {
	p := &past{open: map[string]int64{}, granted: map[string]int64{}, next: map[string]clock.Date{}}
	list, err := s.cases(ctx, q, `subject_id = $1 ORDER BY repair_id`, of)
	if err != nil {
		return nil, err
	}
	for i := range list {
		c, target := &list[i], list[i].Target.String()
		switch {
		case c.Open:
			p.open[target] = c.ID
		case c.State == "granted":
			p.granted[target] = c.ID
		case c.State == "refused":
			p.next[target] = c.Next
		}
	}
	p.barred, err = barredUntil(ctx, q, of)
	return p, err
}

// Who gives how a subject is called in its letter, its code ("" for a person), and that repair costs nothing in the words of the rules.
func (s *Service) Who(ctx context.Context, of int64) (name, code, free string, err error) {
	subjects, err := s.Subjects.ByIDs(ctx, []int64{of})
	if err != nil {
		return "", "", "", err
	}
	sub, ok := subjects[of]
	if !ok {
		return "", "", "", ErrTarget
	}
	name = sub.Name
	if sub.Kind == catalog.Person {
		name, sub.Code = "本人", ""
	}
	return name, sub.Code, s.Rules.Today().Free, nil
}
