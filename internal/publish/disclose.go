package publish

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
	"gongxin/internal/ident"
	"gongxin/internal/subject"
)

// Disclosure is what reading beyond the public takes.
type Disclosure struct {
	DB          *db.DB
	Log         *audit.Log
	Authority   *authz.Authority
	Matters     *agency.Matters
	Consents    Consents
	Ring        *gm.KeyRing
	PersonsHour int64 // natural persons that one account may look up in an hour; 0 = 60
}

// Consents keeps consents; package consent does.
type Consents interface {
	// Peek says what a consent opens to a grantee for a purpose at an instant, or which element is missing.
	Peek(ctx context.Context, consent, subject, grantee int64, purpose string, at time.Time) (items []catalog.ItemCode, classes []catalog.Class, missing string, err error)
	// Take uses it up by one within tx, or says which element is missing.
	Take(ctx context.Context, tx *db.Tx, consent, subject int64, at time.Time) (missing string, err error)
}

// personsHour is how many natural persons an account may look up in an hour unless the city says otherwise. [design]
const personsHour = 60

// Bounds of one answer. An answer is about one subject: no question can ask for the bodies of several.
const (
	discloseDefault = 200
	discloseMax     = 1000
	emptyPages      = 20 // read past in one answer
	wholeMost       = 10 * discloseMax
)

// Whom names the one subject that is asked about: by its unified code, by a person's document with its whole number, or by the number that the subject's own
// account claimed. A name names nobody.
type Whom struct {
	Code    string
	DocKind string // kind of document, 身份证 …
	Number  string
	ID      int64
}

// Purpose is why somebody asks: a matter of the department, or a consent with the purpose it was given for. Both empty, and Own set: the subject itself.
type Purpose struct {
	Matter  string
	Basis   string // optional: law and article as the officer was told; it must be the matter's
	Consent int64
	Agency  int64  // with Consent: the grantee in whose name is asked; 0 = the only unit of the actor
	Aim     string // with Consent: the purpose, as the consent names it
	Own     bool

	// Foresee, with Own, asks not for the own file but for what a consent to these items and classes would open of it today.
	Foresee *Opening
}

// Opening is what a consent opens.
type Opening struct {
	Items   []catalog.ItemCode
	Classes []catalog.Class
}

// viewer is whoever is given such a consent. Disclose makes it of a living consent for its grantee, and for the subject that wants to know beforehand.
func (o *Opening) viewer() Viewer {
	return Viewer{reach: catalog.Authorised, items: o.Items, classes: o.Classes}
}

// Ask is one question about one subject: one entry in the access log, which names every record that is answered, one receipt, one use of a consent.
type Ask struct {
	Who     authz.Actor
	Subject Whom
	Purpose Purpose
	Items   []catalog.ItemCode // only these items, of which the purpose must cover every one; none = all that it covers
	Record  string             // only this record
	Whole   []catalog.ItemCode // of these items every record is answered, also behind the page: what the asker must not overlook
	AsOf    time.Time          // as known then; the right to see is today's
	Cursor  string             // a further page is a further look-up
	Limit   int
	What    string // kind of look-up, for the log; empty = by what is asked
	Keeper  Keeper // keeps something with the entry; nil = nothing

	ahead *ahead // what was read for a whole set of questions
}

// Answer is what the question's purpose lets the asker see. It is on file in the access log before it is given.
type Answer struct {
	Entry   int64        `json:"entry"` // number in the access log, for the receipt
	Subject SubjectRef   `json:"subject"`
	Matter  string       `json:"matter,omitempty"`
	Basis   string       `json:"basis"`
	Records []RecordView `json:"items"`
	Next    string       `json:"next,omitempty"`
	AsOf    time.Time    `json:"asOf"`
}

// grounds are what a question stands on, once checked.
type grounds struct {
	what    string
	agency  int64
	matter  agency.Matter
	consent int64
	basis   string
	viewer  Viewer
	outside bool
	missing Missing
	denied  error // with missing: the sentence, when the permission table has a better one
}

// lookup is one question on its way to an answer.
type lookup struct {
	ask    *Ask
	g      grounds
	sub    subject.Subject
	found  bool
	answer *Answer
}

// Disclose answers a question beyond the public, or refuses it and says which element is missing. Answer and refusal alike are in the access log, committed,
// before this returns: when the entry cannot be written there is no answer.
func (s *Service) Disclose(ctx context.Context, ask Ask) (*Answer, error) {
	if !s.discloses() {
		s.tally.disclosed(ask.what(), MissingDisabled)
		return nil, MissingDisabled.Err()
	}
	now := s.clock.Now().UTC().Truncate(time.Microsecond)
	m, err := s.at(ask.AsOf)
	if err != nil {
		return nil, err
	}
	q := lookup{ask: &ask, g: grounds{what: ask.what()}}
	if q.sub, q.found, err = s.whom(ctx, ask.Subject); err != nil {
		return nil, err
	}
	if err := s.consider(ctx, &q, m, now); err != nil {
		return nil, err
	}
	list := []lookup{q}
	if err := s.settle(ctx, list, ask.Keeper, now); err != nil {
		return nil, err
	}
	return list[0].answer, list[0].refusal()
}

// discloses reports whether there is all that reading beyond the public takes.
func (s *Service) discloses() bool {
	return s.disclosure.Log != nil && s.disclosure.Authority != nil && s.disclosure.DB != nil
}

// consider checks what a question stands on, and reads the answer when nothing is missing. Nothing of it has left yet.
func (s *Service) consider(ctx context.Context, q *lookup, m moment, now time.Time) error {
	if err := s.entitle(ctx, q.ask, &q.g, &q.sub, q.found, now); err != nil || q.g.missing != "" {
		return err
	}
	answer, err := s.read(ctx, q.ask, &q.g, &q.sub, m)
	if err == nil && q.g.missing == "" {
		q.answer = answer
		q.answer.Entry = s.disclosure.Log.Number()
	}
	return err
}

// wants reports whether the question is about an item too.
func (a *Ask) wants(item catalog.ItemCode) bool { return len(a.Items) == 0 || contains(a.Items, item) }

// within reports whether a list covers every item that the question names.
func (a *Ask) within(list []catalog.ItemCode) bool {
	return !slices.ContainsFunc(a.Items, func(item catalog.ItemCode) bool { return !contains(list, item) })
}

// what names the kind of look-up for the log.
func (a *Ask) what() string {
	switch {
	case a.What != "":
		return a.What
	case a.Purpose.Own:
		return audit.Own
	case a.Purpose.Consent != 0:
		return "consented"
	case a.Record != "":
		return "record"
	default:
		return "subject"
	}
}

// whom finds the subject. Persons are found by their document's whole number, by no name and by no part of one.
func (s *Service) whom(ctx context.Context, w Whom) (subject.Subject, bool, error) {
	switch {
	case w.ID != 0:
		list, err := s.subjects.ByIDs(ctx, []int64{w.ID})
		sub, ok := list[w.ID]
		return sub, ok, err
	case w.Number != "":
		if w.DocKind == "" {
			return subject.Subject{}, false, nil
		}
		return s.subjects.ByPerson(ctx, cntext.Fold(w.DocKind), cntext.Fold(w.Number))
	default:
		uscc, problem := ident.ParseUSCCWith(w.Code, func(string) bool { return true })
		if problem != nil {
			return subject.Subject{}, false, nil
		}
		sub, ok, err := s.subjects.ByCode(ctx, string(uscc))
		return sub, ok && sub.Kind != catalog.Person, err
	}
}

// entitle checks what the question stands on and makes the viewer. It sets missing when an element is lacking.
func (s *Service) entitle(ctx context.Context, ask *Ask, g *grounds, sub *subject.Subject, found bool, now time.Time) error {
	var err error
	switch p := ask.Purpose; {
	case !ask.Who.SignedIn():
		g.missing = MissingSignIn
	case p.Own:
		s.entitleOwn(ask, g, sub, found)
	case ask.Subject.ID != 0: // a number of the register is no identifier that an officer could have been told
		g.missing = MissingSubject
	case p.Consent != 0:
		err = s.entitleConsented(ctx, ask, g, sub, found, now)
	case p.Matter != "":
		err = s.entitleDepartment(ctx, ask, g, sub, found, now)
	default:
		g.missing = MissingPurpose
	}
	if err != nil || g.missing != "" {
		return err
	}
	if !found {
		g.missing = MissingSubject
	}
	return nil
}

// decide asks the permission table and keeps its sentence when it refuses.
func (s *Service) decide(ask *Ask, g *grounds, act authz.Action, scope authz.Scope) bool {
	err := s.disclosure.Authority.Decide(ask.Who, act, scope).Err()
	if err == nil {
		return true
	}
	g.missing, g.denied = MissingRole, err
	if errors.Is(err, authz.ErrFactor) {
		g.missing = MissingFactor
	}
	return false
}

// entitleOwn is for the subject itself: its agent, or the resident (个人信息保护法 art. 44, 45).
func (s *Service) entitleOwn(ask *Ask, g *grounds, sub *subject.Subject, found bool) {
	if !found {
		g.missing = MissingSubject
		return
	}
	if !s.decide(ask, g, authz.DiscloseOwn, authz.Scope{Subject: sub.ID}) {
		return
	}
	g.basis = "主体查询自己的信息（《中华人民共和国个人信息保护法》第四十五条）"
	if sub.Kind != catalog.Person {
		g.basis = "主体查询自己的信息"
	}
	g.viewer = asSubject()
	if ask.Purpose.Foresee != nil {
		g.viewer = ask.Purpose.Foresee.viewer()
	}
}

// asSubject is the viewer that the subject itself is, and whoever it has laid a record of its own before (LaidBefore).
func asSubject() Viewer { return Viewer{own: true} }

// entitleDepartment is for staff of an agency with a matter in force that rests on a law in force (class C).
func (s *Service) entitleDepartment(ctx context.Context, ask *Ask, g *grounds, sub *subject.Subject, found bool, now time.Time) error {
	g.agency = firstAgency(ask.Who)
	m, err := ask.ahead.matter(ctx, s.disclosure.Matters, ask.Purpose.Matter)
	if errors.Is(err, agency.ErrMatterUnknown) {
		g.missing = MissingMatter
		return nil
	}
	if err != nil {
		return err
	}
	g.matter = m
	if !worksFor(ask.Who, m.Agency) {
		g.missing = MissingAgency
		if g.agency == 0 {
			g.missing = MissingRole
		}
		return nil
	}
	g.agency = m.Agency
	if !s.decide(ask, g, authz.DiscloseDepartment, authz.Scope{Agency: m.Agency}) {
		return nil
	}
	unit, err := s.agencies.ByID(ctx, m.Agency)
	if err != nil {
		return err
	}
	missing := m.Missing(clock.DateOf(now))
	g.basis = m.Basis()
	switch {
	case !unit.Active:
		g.missing = MissingAgency
	case missing != "":
		g.missing = Missing(missing)
	case ask.Purpose.Basis != "" && ask.Purpose.Basis != m.Basis():
		g.missing = MissingBasis
	case !ask.within(itemCodes(m.Items)):
		g.missing = MissingCovered
	case found && !contains(m.Kinds, string(sub.Kind)), ask.Subject.Number != "" && !contains(m.Kinds, string(catalog.Person)): // for persons without saying whether there is one
		g.missing = MissingKind
	}
	if g.missing != "" {
		return nil
	}
	g.outside = found && s.outside(ask.Who, m.Agency, sub.Region)
	g.viewer = Viewer{reach: catalog.Shared, items: itemCodes(m.Items)}
	return nil
}

// entitleConsented is for the grantee of a living consent (class B).
func (s *Service) entitleConsented(ctx context.Context, ask *Ask, g *grounds, sub *subject.Subject, found bool, now time.Time) error {
	g.agency = ask.Purpose.Agency
	if g.agency == 0 {
		g.agency = firstAgency(ask.Who)
	}
	if !s.decide(ask, g, authz.DiscloseConsented, authz.Scope{Agency: g.agency}) {
		return nil
	}
	if !found || s.disclosure.Consents == nil {
		if g.missing = MissingSubject; ask.Subject.Number != "" && s.disclosure.Consents != nil {
			g.missing = MissingConsent // nobody learns with an invented consent whether a person is on file
		}
		return nil
	}
	items, classes, missing, err := s.disclosure.Consents.Peek(ctx, ask.Purpose.Consent, sub.ID, g.agency, ask.Purpose.Aim, now)
	switch {
	case err != nil:
		return err
	case missing != "":
		g.missing = Missing(missing)
		return nil
	case !ask.within(items):
		g.missing = MissingGiven
		return nil
	}
	g.consent, g.basis = ask.Purpose.Consent, "主体授权书 "+strconv.FormatInt(ask.Purpose.Consent, 10)+"（"+ask.Purpose.Aim+"）"
	g.viewer = (&Opening{Items: items, Classes: classes}).viewer()
	return nil
}

// refusal is why a question is not answered; then there is no answer either.
func (q *lookup) refusal() error {
	switch {
	case q.g.denied != nil:
		q.answer = nil
		return denied(&q.g)
	case q.g.missing != "":
		q.answer = nil
		return q.g.missing.Err()
	}
	return nil
}

// denied is the permission table's own sentence, under the code of the missing element.
func denied(g *grounds) error {
	var f *fault.Error
	e := g.missing.Err()
	if errors.As(g.denied, &f) {
		return fault.New(fault.Denied, e.Code, f.Message, f.Fix)
	}
	return e
}
