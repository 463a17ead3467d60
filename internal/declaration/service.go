package declaration

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/notice"
	"gongxin/internal/record"
	"gongxin/internal/ruleset"
	"gongxin/internal/subject"
)

// Records is the register; *record.Store is one.
type Records interface {
	Standing(ctx context.Context, q db.Querier, ids []record.ID) (map[record.ID]record.Version, error)
	StandingOf(ctx context.Context, q db.Querier, subject int64) ([]record.Version, error)
}

// Subjects knows who declares; *subject.Store does.
type Subjects interface {
	ByIDs(ctx context.Context, ids []int64) (map[int64]subject.Subject, error)
	Identity(ctx context.Context, id int64) (subject.Identity, bool, error)
}

// Editions gives the catalogue; *catalog.Store is one.
type Editions interface {
	Current(day clock.Date) *catalog.Edition
}

// Row is a row that is to be filed, or withdrawn, through the real intake.
type Row struct {
	Item   catalog.ItemCode
	Unit   string // unified code of the source
	Key    string // the same one is filed once
	Actor  string // who decided on it, as audit.Who writes it
	Values map[string]string
}

// Filer files rows by the one way in. What the checks refuse comes back as reasons, and nothing is on file.
type Filer interface {
	File(ctx context.Context, r Row) (reasons []string, err error)
}

// Notices tells people; *notice.Service does.
type Notices interface {
	Send(ctx context.Context, tx *db.Tx, n notice.Notice) error
}

// Config is what a Service is made of.
type Config struct {
	DB        *db.DB
	IDs       *id.Maker
	Clock     clock.Clock
	Ring      *gm.KeyRing
	Rules     *ruleset.Book[*Rules]
	Records   Records
	Subjects  Subjects
	Agencies  *agency.Store
	Editions  Editions
	Authority *authz.Authority
	Flow      *flow.Engine // Table and EndTable must be registered with it, with Hooks of this service
	Notices   Notices
	Filer     Filer
	Legacy    func(uscc string) bool // allow-list of pilot-era codes; nil = none
}

// Service keeps declarations.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service { return &Service{c} }

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

// system acts as the program itself, which files what a person has accepted.
func system(ctx context.Context) context.Context {
	return authz.With(ctx, authz.SystemActor("declaration"))
}

// Submission is a declaration as it is handed in.
type Submission struct {
	Subject  int64
	Item     catalog.ItemCode
	Content  Content
	Files    []string // attachments, by hash
	Pledged  bool     // that it is true
	Replaces int64    // declaration on file that it takes the place of; 0 = none
	Draft    int64    // that it was; 0 = none
}

// Submit hands a declaration in. Nothing is on file by it.
func (s *Service) Submit(ctx context.Context, in Submission) (out Declaration, err error) {
	defer fault.Wrap(&err, "declaration.Submit(%s)", in.Item)
	if err := s.Authority.Decide(authz.From(ctx), authz.DeclarationMake, authz.Scope{Subject: in.Subject}).Err(); err != nil {
		return out, err
	}
	checked, err := s.taken(ctx, in.Subject, in.Item, in.Content, in.Pledged)
	if err != nil {
		return out, err
	}
	if checked.Rule.Proof && len(in.Files) == 0 {
		return out, ErrProof
	}
	content, err := checked.clean(in.Content)
	if err != nil {
		return out, err
	}
	now := s.now()
	d := Declaration{
		ID: s.IDs.Next(), Subject: in.Subject, Item: in.Item, Title: checked.Item.Name, Agency: checked.Unit.ID, Region: checked.Unit.Region, Replaces: in.Replaces, Content: content,
		FiledBy: authz.From(ctx).String(), FiledAt: now, ReceivedOn: clock.DateOf(now),
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.free(ctx, tx, &d, checked.key); err != nil {
			return err
		}
		if d.No, err = s.number(ctx, tx, &d); err != nil {
			return err
		}
		if err := s.insert(ctx, tx, &d); err != nil {
			return err
		}
		_, err := s.Flow.Open(ctx, tx, flow.NewCase{
			Kind: FlowKind, Subject: d.Subject, Ref: strconv.FormatInt(d.ID, 10), Agency: d.Agency, Region: d.Region, Title: d.Title + " " + d.No, Input: flow.Input{Attachments: in.Files},
		})
		if err != nil {
			return err
		}
		if err := dropDraft(ctx, tx, d.Subject, in.Draft, d.FiledBy); err != nil && in.Draft != 0 {
			return err
		}
		out, err = s.Get(ctx, tx, d.ID)
		return err
	})
	return out, err
}

// taken checks what is handed in as the intake will.
func (s *Service) taken(ctx context.Context, of int64, item catalog.ItemCode, content Content, pledged bool) (Checked, error) {
	checked, err := s.Check(ctx, of, item, content)
	switch {
	case err != nil:
		return checked, err
	case checked.Refused():
		return checked, ErrContent
	case !pledged:
		return checked, ErrPledge
	}
	return checked, nil
}

// free refuses what is declared already, what is on file by another way, and what was taken down.
func (s *Service) free(ctx context.Context, tx *db.Tx, d *Declaration, key string) error {
	waiting, err := s.query(ctx, tx, `subject_id = $1 AND closed_at = 0`, d.Subject)
	if err != nil {
		return err
	}
	open := 0
	for i := range waiting {
		w := &waiting[i]
		if w.ID == d.ID {
			continue
		}
		open++
		same, err := s.keyOf(w)
		if err != nil {
			return err
		}
		if w.Item == d.Item && same == key || d.Replaces != 0 && w.Replaces == d.Replaces {
			return ErrTwice
		}
	}
	if d.Case == 0 && open >= s.Rules.Today().Limit.Open {
		return ErrMany
	}
	return s.place(ctx, tx, d, key)
}

// keyOf gives the natural key under which a declaration is filed.
func (s *Service) keyOf(d *Declaration) (string, error) {
	item, ok := s.Editions.Current(clock.Today(s.Clock)).Item(d.Item)
	if !ok {
		return "", nil // no longer declared: it takes nobody's place
	}
	v := values(item, d.Content)
	item.Check(v, &catalog.CheckInput{Received: clock.Today(s.Clock)}) // brings them to their normal form
	return item.Key(v), nil
}

// place refuses a key under which something stands that is not what the declaration takes the place of.
func (s *Service) place(ctx context.Context, tx *db.Tx, d *Declaration, key string) error {
	old := ""
	if d.Replaces != 0 {
		was, err := s.Get(ctx, tx, d.Replaces)
		switch {
		case fault.KindOf(err) == fault.NotFound, err == nil && (was.Subject != d.Subject || was.Item != d.Item):
			return ErrReplaces
		case err != nil:
			return err
		case was.State == OnFile:
			old = was.Record
		case d.Case == 0: // what was taken back meanwhile leaves its place to the one that is checked already
			return ErrReplaces
		}
	}
	v, ok, err := s.standing(ctx, tx, d.Subject, d.Item, key)
	switch {
	case err != nil:
		return err
	case !ok || v.Status == record.Withdrawn:
		return nil
	case v.Status != record.Active:
		return ErrTaken
	case v.ID.String() != old:
		return ErrOnFile
	}
	return nil
}

// standing gives the record of a subject under a natural key.
func (s *Service) standing(ctx context.Context, q db.Querier, of int64, item catalog.ItemCode, key string) (record.Version, bool, error) {
	list, err := s.Records.StandingOf(ctx, q, of)
	if err != nil {
		return record.Version{}, false, err
	}
	for i := range list {
		if list[i].Item == item && list[i].NaturalKey == key && list[i].Status != record.Destroyed {
			return list[i], true, nil
		}
	}
	return record.Version{}, false, nil
}

// number makes the number that the subject reads.
func (s *Service) number(ctx context.Context, q db.Querier, d *Declaration) (string, error) {
	no, err := id.Dated("SB", int(d.ReceivedOn), d.ID, func(no string) (bool, error) {
		var have int
		err := q.QueryRowContext(ctx, `SELECT count(*) FROM declaration WHERE no = $1`, no).Scan(&have)
		return have > 0, err
	})
	if err != nil {
		return "", fmt.Errorf("declaration: number: %w", err)
	}
	return no, nil
}

// Step is what comes with a step.
type Step struct {
	Text  string // everyone involved reads it
	Note  string // for the desks only
	Files []string
	Seen  int // version of the case that the caller decided on; 0 = whatever it is
}

func (x Step) input() flow.Input {
	return flow.Input{Reason: x.Text, Note: x.Note, Attachments: x.Files, Seen: x.Seen}
}

// step takes a step of a declaration; change puts down what the caller decided, before the procedure asks whether it may be.
func (s *Service) step(ctx context.Context, of int64, event flow.Event, in Step, change func(d *Declaration)) (out Declaration, err error) {
	defer fault.Wrap(&err, "declaration.%s", event)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := s.Get(ctx, tx, of)
		if err != nil {
			return err
		}
		if change != nil {
			change(&d)
			if err := s.save(ctx, tx, &d); err != nil {
				return err
			}
		}
		if _, err := s.Flow.Fire(ctx, tx, d.Case, event, in.input()); err != nil {
			return err
		}
		out, err = s.Get(ctx, tx, of)
		return err
	})
	return out, err
}

// Mend hands in what was returned, with the content mended. The period of the check begins anew.
func (s *Service) Mend(ctx context.Context, of int64, content Content, pledged bool, in Step) (_ Declaration, err error) {
	defer fault.Wrap(&err, "declaration.Mend")
	d, err := s.Get(ctx, s.DB.Read(), of)
	if err != nil {
		return d, err
	}
	if err := s.Authority.Decide(authz.From(ctx), authz.DeclarationMake, authz.Scope{Subject: d.Subject}).Err(); err != nil {
		return d, err
	}
	checked, err := s.taken(ctx, d.Subject, d.Item, content, pledged)
	if err != nil {
		return d, err
	}
	if content, err = checked.clean(content); err != nil {
		return d, err
	}
	return s.step(ctx, of, EventSubmit, in, func(d *Declaration) { d.Content = content })
}

// Withdraw takes back what is not on file yet.
func (s *Service) Withdraw(ctx context.Context, of int64, in Step) (Declaration, error) {
	return s.step(ctx, of, EventWithdraw, in, nil)
}

// Return gives a declaration back to be mended.
func (s *Service) Return(ctx context.Context, of int64, in Step) (Declaration, error) {
	return s.step(ctx, of, EventReturn, in, nil)
}

// Refuse turns a declaration away for one of the reasons of the rules.
func (s *Service) Refuse(ctx context.Context, of int64, code string, in Step) (Declaration, error) {
	return s.step(ctx, of, EventRefuse, in, func(d *Declaration) { d.Refusal = code })
}

// Accept accepts the form of a declaration, and files it. The acceptance stands although the filing is still to come: Settle files it then.
func (s *Service) Accept(ctx context.Context, of int64, in Step) (Declaration, error) {
	d, err := s.step(ctx, of, EventAccept, in, func(d *Declaration) { d.DecidedBy, d.DecidedAt = authz.From(ctx).String(), s.now() })
	if err != nil {
		return d, err
	}
	return s.settleNow(ctx, d)
}

// End takes back what is on file. Nobody has to agree, and it is shown no longer when this returns, or as soon as the intake works again.
func (s *Service) End(ctx context.Context, of int64, in Step) (out Declaration, err error) {
	defer fault.Wrap(&err, "declaration.End")
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := s.Get(ctx, tx, of)
		if err != nil {
			return err
		}
		if d.State != OnFile {
			return ErrNotFiled
		}
		c, err := s.Flow.Open(ctx, tx, flow.NewCase{
			Kind: EndKind, Subject: d.Subject, Ref: strconv.FormatInt(d.ID, 10), Agency: d.Agency, Region: d.Region, Title: "撤下" + d.Title + " " + d.No, Input: in.input(),
		})
		if err != nil {
			return err
		}
		d.EndCase, d.State, d.EndedBy = c.ID, Ending, authz.From(ctx).String()
		if err := s.save(ctx, tx, &d); err != nil {
			return err
		}
		out, err = s.Get(ctx, tx, of)
		return err
	})
	if err != nil {
		return out, err
	}
	return s.settleNow(ctx, out)
}

// settleNow does at once what Settle would do in its turn; what fails here is Settle's.
func (s *Service) settleNow(ctx context.Context, d Declaration) (Declaration, error) {
	if err := s.settle(ctx, &d); err != nil && fault.KindOf(err) != fault.Internal && fault.KindOf(err) != fault.Conflict {
		return d, err
	}
	return s.Get(ctx, s.DB.Read(), d.ID)
}
