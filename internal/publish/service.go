package publish

import (
	"context"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// Service answers what everyone may see. Every body it hands on has passed the gate.
type Service struct {
	records   *record.Store
	subjects  *subject.Store
	agencies  *agency.Store
	editions  *catalog.Store
	rules     *Rules
	divisions *ident.Divisions
	clock     clock.Clock
	names     *Names
	figures   *Figures

	disclosure Disclosure
	settling   settler
	log        PublicLog
	proofs     Prover
	tally      tally
}

// Config is what a Service is made of.
type Config struct {
	Records   *record.Store
	Subjects  *subject.Store
	Agencies  *agency.Store
	Editions  *catalog.Store
	Rules     *Rules
	Divisions *ident.Divisions
	Clock     clock.Clock
	Names     *Names
	Figures   *Figures

	PublicLog  PublicLog  // nil = there is none to wait for
	Disclosure Disclosure // what reading beyond the public takes; without it Disclose refuses
	Proofs     Prover     // nil = there is no log to prove anything by
}

// PublicLog is the log in which every version is committed; package translog keeps it.
type PublicLog interface {
	// Paused reports whether the log has not advanced for too long. It is asked for every record and must be cheap.
	Paused(ctx context.Context) bool
	// Sequenced reports whether an outbox row's leaves are in the log.
	Sequenced(ctx context.Context, outboxID int64) (bool, error)
}

// Paused reports whether publication pauses: as long as the log stands still, what is not in it yet is shown to nobody, because nobody could
// prove it later.
func (s *Service) Paused(ctx context.Context) bool { return s.log != nil && s.log.Paused(ctx) }

// held reports whether a version waits for the log.
func (s *Service) held(ctx context.Context, v *record.Version) (bool, error) {
	if !s.Paused(ctx) {
		return false, nil
	}
	in, err := s.log.Sequenced(ctx, v.Outbox)
	return !in, err
}

// NewService makes a Service.
func NewService(c Config) *Service {
	return &Service{
		records: c.Records, subjects: c.Subjects, agencies: c.Agencies, editions: c.Editions, rules: c.Rules, divisions: c.Divisions,
		clock: c.Clock, names: c.Names, figures: c.Figures, disclosure: c.Disclosure, log: c.PublicLog, proofs: c.Proofs,
	}
}

// Faults of reading. What may not be seen and what does not exist are answered alike.
var (
	ErrNoSubject = fault.New(fault.NotFound, "publish.no_subject", "没有查到这个主体的公开信息", "请核对统一社会信用代码，或按名称搜索")
	ErrNoRecord  = fault.New(fault.NotFound, "publish.no_record", "没有这条公开记录", "记录可能已过公示期、已被撤回或已修复，可从主体页面重新查看")
	ErrNoItem    = fault.New(fault.NotFound, "publish.no_item", "目录中没有这个事项", "请从信用目录页面选择事项")
	ErrAsOf      = fault.New(fault.Invalid, "publish.as_of", "查询时点不能晚于现在", "请选择今天或以前的日期")
	ErrCursor    = fault.New(fault.Invalid, "publish.cursor", "翻页位置无效", "请从第一页重新查看")
)

// moment is the instant a question is asked about.
type moment struct {
	asOf    time.Time // zero: now
	day     clock.Date
	edition *catalog.Edition
}

func (s *Service) at(asOf time.Time) (moment, error) {
	now := s.clock.Now()
	m := moment{asOf: asOf, day: clock.DateOf(now), edition: s.editions.Current(clock.DateOf(now))}
	if !asOf.IsZero() {
		if asOf.After(now) {
			return moment{}, ErrAsOf
		}
		// What was known then, under the windows of that day; but never what today's catalogue keeps from the public.
		m.day = clock.DateOf(asOf)
	}
	return m, nil
}

// visible passes a version through the gate for everyone and makes its view; ok is false when the gate refuses.
func (s *Service) visible(ctx context.Context, v *record.Version, sub *SubjectRef, m moment) (view RecordView, ok bool, err error) {
	return s.view(ctx, Everyone, v, sub, m)
}

// view passes a version through the gate for a viewer and makes its view. It is the one place that reads a record's body.
func (s *Service) view(ctx context.Context, viewer Viewer, v *record.Version, sub *SubjectRef, m moment) (view RecordView, ok bool, err error) {
	if viewer.public() {
		if wait, err := s.held(ctx, v); err != nil || wait {
			if wait {
				s.tally.decided(v.Class, logPaused)
			}
			return RecordView{}, false, err
		}
	}
	edition, have := s.editions.ByID(v.Edition)
	if !have {
		return RecordView{}, false, nil
	}
	checked, _ := edition.Item(v.Item)
	inForce, _ := m.edition.Item(v.Item)
	answer := Decide(viewer, sub.Kind, checked, inForce, &v.Facts, m.day)
	s.tally.decided(v.Class, answer)
	if answer != Passes {
		return RecordView{}, false, nil
	}
	body, err := decode(v)
	if err != nil {
		return RecordView{}, false, err
	}
	source, err := s.agencies.ByID(ctx, v.Agency)
	if err != nil {
		return RecordView{}, false, err
	}
	view = RecordView{
		ID: v.ID.String(), Item: v.Item, ItemName: checked.Name, Class: v.Class, Status: v.Status.String(), Disputed: v.Disputed, Subject: *sub,
		Categories: checked.KindNames(v.Kinds), Fields: fields(viewer, sub.Kind, body, checked, inForce, s.open), DecidedOn: v.DecidedOn, PublicFrom: v.PublicFrom,
		PublicUntil: v.PublicUntil, Source: Source{Code: source.Code, Name: source.Name}, Severity: v.Severity.String(), Simple: v.Procedure == record.Simple, RuleSet: v.RuleSet,
		WindowWhy: s.rules.whyOf(&v.Facts), Edition: v.Edition, Version: v.Number, RecordedAt: v.RecordedAt,
	}
	view.Title = visibleRole(&view, checked, catalog.RoleTitle)
	view.DocNo = visibleRole(&view, checked, catalog.RoleDocNo)
	view.Authority = visibleRole(&view, checked, catalog.RoleAuthority)
	if view.Title == "" {
		view.Title = checked.Name
	}
	return view, true, nil
}

// decode reads a version's body. What is read passes the gate's fields before anyone sees it.
func decode(v *record.Version) (map[string]string, error) { return record.DecodeBody(v.Body) }

// open opens a sealed value of a record's body.
func (s *Service) open(field, sealed string) (string, bool) {
	if s.disclosure.Ring == nil {
		return "", false
	}
	plain, err := s.disclosure.Ring.Open("record/"+field, sealed)
	return plain, err == nil
}

// visibleRole gives the value of a role from the visible fields alone.
func visibleRole(view *RecordView, item *catalog.Item, role catalog.Role) string {
	f, ok := item.ByRole(role)
	if !ok {
		return ""
	}
	for i := range view.Fields {
		if view.Fields[i].Code == f.Code {
			return view.Fields[i].Shown
		}
	}
	return ""
}

// subjectRef finds the subject that a code names for the public; persons do not exist here.
func (s *Service) subjectRef(ctx context.Context, code string) (subject.Subject, error) {
	// Pilot-era codes fail the check digit and are lawful; the register knows which of them it holds.
	uscc, problem := ident.ParseUSCCWith(code, func(string) bool { return true })
	if problem != nil {
		return subject.Subject{}, ErrNoSubject
	}
	sub, ok, err := s.subjects.ByCode(ctx, string(uscc))
	if err != nil {
		return subject.Subject{}, err
	}
	if !ok || sub.Kind == catalog.Person {
		return subject.Subject{}, ErrNoSubject
	}
	return sub, nil
}

func ref(sub *subject.Subject) SubjectRef {
	return SubjectRef{Code: sub.Code, Name: sub.Name, Kind: sub.Kind, Region: sub.Region, Status: string(sub.Status)}
}

// Subject gives the public view of a subject as of an instant; the zero time is now.
func (s *Service) Subject(ctx context.Context, code string, asOf time.Time) (*SubjectView, error) {
	m, err := s.at(asOf)
	if err != nil {
		return nil, err
	}
	sub, err := s.subjectRef(ctx, code)
	if err != nil {
		return nil, err
	}
	if !asOf.IsZero() && sub.CreatedAt.After(asOf) {
		return nil, ErrNoSubject
	}
	view := &SubjectView{SubjectRef: ref(&sub), RegionName: regionName(s.divisions, sub.Region), Provisional: sub.Provisional, UpdatedAt: sub.ChangedAt}
	if err := s.nameHistory(ctx, &sub, m, view); err != nil {
		return nil, err
	}
	if err := s.registration(ctx, &sub, m, view); err != nil {
		return nil, err
	}
	counts, err := s.counts(ctx, &sub, m)
	if err != nil {
		return nil, err
	}
	view.Chapters = chapters(m.edition, counts)
	return view, nil
}

// nameHistory sets the name in use at the moment, and the earlier ones.
func (s *Service) nameHistory(ctx context.Context, sub *subject.Subject, m moment, view *SubjectView) error {
	names, err := s.subjects.Names(ctx, sub.ID, m.asOf)
	if err != nil || len(names) == 0 {
		return err
	}
	last := names[len(names)-1]
	view.Name = last.Name
	seen := map[string]bool{last.Key: true}
	for i := len(names) - 2; i >= 0; i-- {
		if n := names[i]; !seen[n.Key] {
			seen[n.Key] = true
			view.FormerNames = append(view.FormerNames, FormerName{Name: n.Name, Until: names[i+1].Since})
		}
	}
	return nil
}

// registration sets the basics from the record that establishes the subject, as far as the gate lets it pass.
func (s *Service) registration(ctx context.Context, sub *subject.Subject, m moment, view *SubjectView) error {
	for _, item := range m.edition.Items {
		if !item.Establishes {
			continue
		}
		versions, err := s.records.OfSubject(ctx, record.Query{Subject: sub.ID, Item: item.Code, AsOf: m.asOf, Limit: 1})
		if err != nil {
			return err
		}
		for i := range versions {
			r, ok, err := s.visible(ctx, &versions[i], &view.SubjectRef, m)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			for _, f := range r.Fields {
				view.Basics = append(view.Basics, Pair{Code: f.Code, Label: f.Name, Value: f.Shown})
			}
			if !m.asOf.IsZero() {
				view.Provisional = false
				if state := visibleRole(&r, item, catalog.RoleState); state != "" {
					view.Status = string(subject.StatusOf(state))
				}
			}
		}
		if !m.asOf.IsZero() && len(versions) == 0 {
			view.Provisional, view.Status = true, string(subject.Unknown)
		}
	}
	return nil
}

// counts gives the number of visible records by item.
func (s *Service) counts(ctx context.Context, sub *subject.Subject, m moment) (map[catalog.ItemCode]int, error) {
	if m.asOf.IsZero() {
		return s.records.CountOf(ctx, sub.ID, m.day)
	}
	versions, err := s.records.OfSubject(ctx, record.Query{Subject: sub.ID, AsOf: m.asOf})
	if err != nil {
		return nil, err
	}
	r, out := ref(sub), map[catalog.ItemCode]int{}
	for i := range versions {
		_, ok, err := s.visible(ctx, &versions[i], &r, m)
		if err != nil {
			return nil, err
		}
		if ok {
			out[versions[i].Item]++
		}
	}
	return out, nil
}

// chapterNames are the chapters of the standard report (公共信用信息报告标准 2022年版), in its order.
var chapterNames = [...]string{
	1: "登记注册基础信息", 2: "行政管理信息", 3: "诚实守信相关荣誉信息", 4: "严重失信主体名单信息", 5: "经营（活动）异常名录（状态）信息",
	6: "信用承诺信息", 7: "信用评价信息", 8: "司法判决及执行信息", 9: "其他信息", 10: "信用状况提升建议",
}

// chapters lays counts out by chapter; every chapter stands, empty ones too. Items that are not public today have none.
func chapters(edition *catalog.Edition, counts map[catalog.ItemCode]int) []ChapterCount {
	out := make([]ChapterCount, 0, len(chapterNames)-1)
	for n := 1; n < len(chapterNames)-1; n++ { // the tenth holds advice, no records
		c := ChapterCount{Chapter: n, Name: chapterNames[n]}
		for _, item := range edition.Items {
			if item.Chapter == n && item.Class == catalog.Public {
				c.Items = append(c.Items, ItemCount{Item: item.Code, Name: item.Name, Count: counts[item.Code]})
				c.Count += counts[item.Code]
			}
		}
		out = append(out, c)
	}
	return out
}
