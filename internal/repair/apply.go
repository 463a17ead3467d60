package repair

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/record"
)

// maxPicks is how many failures one application may name.
const maxPicks = 50

// DraftIn is an application as it was typed.
type DraftIn struct {
	Targets   []Target
	Statement string
	Files     []File
}

// Save keeps an application that is not sent yet; 0 begins a new one. What cannot be repaired today is refused here already, with the day from which it can.
func (s *Service) Save(ctx context.Context, of, app int64, in DraftIn) (_ Application, err error) {
	defer fault.Wrap(&err, "repair.Save")
	if err := s.mine(ctx, of); err != nil {
		return Application{}, err
	}
	in.Statement = strings.TrimSpace(in.Statement)
	switch n := utf8.RuneCountInString(in.Statement); {
	case len(in.Targets) == 0 || len(in.Targets) > maxPicks:
		return Application{}, ErrPicks
	case n < 5 || n > 1000:
		return Application{}, ErrText
	case flow.HasPersonal(in.Statement):
		return Application{}, flow.ErrPersonal
	case len(in.Files) > 20:
		return Application{}, flow.ErrFiles
	}
	r, err := s.review(ctx, of)
	if err != nil {
		return Application{}, err
	}
	if in.Files, err = s.attached(ctx, of, app, in.Files); err != nil {
		return Application{}, err
	}
	a := Application{ID: app, Subject: of, State: Draft, Statement: in.Statement, Files: in.Files, MadeAt: s.now(), MadeBy: authz.From(ctx).String()}
	if a.Picks, err = s.pick(r, in.Targets); err != nil {
		return Application{}, err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a.ChangedAt = s.now()
		if app == 0 {
			a.ID = s.IDs.Next()
		} else {
			have, err := s.draft(ctx, tx, of, app)
			if err != nil {
				return err
			}
			a.MadeAt, a.MadeBy = have.MadeAt, have.MadeBy
		}
		if err := s.writeApp(ctx, tx, &a); err != nil {
			return err
		}
		return s.act(ctx, tx, "repair.draft", "repair_application:"+strconv.FormatInt(a.ID, 10), strconv.Itoa(len(a.Picks))+" picks")
	})
	return a, err
}

// attached keeps with each file who attached it: what the draft names already stays as it is, and anything else must be the caller's own.
func (s *Service) attached(ctx context.Context, of, app int64, files []File) ([]File, error) {
	var have []File
	if app != 0 {
		a, err := s.draft(ctx, s.DB.Read(), of, app)
		if err != nil {
			return nil, err
		}
		have = a.Files
	}
	out := make([]File, len(files))
	for i, f := range files {
		if at := slices.IndexFunc(have, func(h File) bool { return h.Hash == f.Hash }); at >= 0 {
			out[i] = have[at]
			continue
		}
		if _, err := s.Flow.Attached(ctx, []string{f.Hash}); err != nil {
			return nil, err
		}
		out[i] = File{Hash: f.Hash, Title: f.Title, By: authz.From(ctx).String()}
	}
	return out, nil
}

// draft gives a draft of a subject.
func (s *Service) draft(ctx context.Context, q db.Querier, of, app int64) (Application, error) {
	a, err := s.application(ctx, q, app)
	switch {
	case err != nil:
		return a, err
	case a.Subject != of || a.State == Dropped:
		return a, ErrNone
	case a.State != Draft:
		return a, ErrSent
	}
	return a, nil
}

// DraftFile gives a proof of a draft, opened, to whoever may act for its subject.
func (s *Service) DraftFile(ctx context.Context, app int64, hash string) (flow.Attachment, *os.File, error) {
	a, err := s.application(ctx, s.DB.Read(), app)
	if err != nil {
		return flow.Attachment{}, nil, err
	}
	if err := s.mine(ctx, a.Subject); err != nil {
		return flow.Attachment{}, nil, err
	}
	at := slices.IndexFunc(a.Files, func(f File) bool { return f.Hash == hash })
	if a.State != Draft || at < 0 {
		return flow.Attachment{}, nil, flow.ErrFileNone
	}
	by := a.Files[at].By
	if by == "" {
		by = a.MadeBy
	}
	return s.Flow.OpenAttached(ctx, hash, by)
}

// Drop throws a draft away.
func (s *Service) Drop(ctx context.Context, of, app int64) (err error) {
	defer fault.Wrap(&err, "repair.Drop")
	if err := s.mine(ctx, of); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := s.draft(ctx, tx, of, app)
		if err != nil {
			return err
		}
		a.State, a.ChangedAt = Dropped, s.now()
		if err := s.writeApp(ctx, tx, &a); err != nil {
			return err
		}
		return s.act(ctx, tx, "repair.drop", "repair_application:"+strconv.FormatInt(a.ID, 10), "")
	})
}

// pick turns targets into picks, and refuses those that cannot be repaired today.
func (s *Service) pick(r *Review, targets []Target) ([]Pick, error) {
	var out []Pick
	for _, t := range targets {
		f, ok := r.Find(t)
		if !ok {
			return nil, ErrTarget
		}
		if err := f.refusal(); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(p Pick) bool { return p.Target == t.String() }) {
			continue
		}
		p := Pick{
			Target: t.String(), Number: f.Number, Item: f.Item, ItemName: f.ItemName, Title: f.Title, DocNo: f.DocNo, Agency: f.Agency, Unit: f.Unit, Region: f.Region, On: f.On,
			Class: f.Class, Set: f.Set, SetName: f.Name, Earliest: f.Earliest, End: f.End, Max: f.Max, Held: f.Held,
		}
		if f.At.Key != 0 {
			p.Record = f.At.String()
		}
		if r.Kind == catalog.Person {
			p.Title = f.ItemName // what a record says of a person does not rest here in clear
		}
		out = append(out, p)
	}
	return out, nil
}

// refusal says why a failure cannot be applied for today; nil when it can.
func (f *Finding) refusal() error {
	what := "“" + f.Title + "”"
	switch f.State {
	case Now:
		return nil
	case Early:
		return ErrEarly.Messagef("%s最早可以在 %s 申请修复，现在还不能申请", what, f.From)
	case Barred:
		return ErrBarred.Messagef("因修复结果被撤销，在 %s 以前不能提出新的修复申请", f.From)
	case Excluded:
		return ErrExcluded.Messagef("%s不能在这里修复：%s", what, f.Excluded)
	case Hidden:
		return ErrHidden
	case Pending:
		return ErrTwice
	case Shielded:
		return ErrOver.Messagef("%s正在重整期间屏蔽，不公示；屏蔽结束后可以申请修复", what)
	default:
		return ErrOver
	}
}

// Send signs the commitment for the account that gives it, with the platform's key, and sends the application: one case for each record, to the unit that made
// the finding. seen is when the draft was changed last as the caller saw it, so that nobody signs what has changed meanwhile.
func (s *Service) Send(ctx context.Context, of, app int64, seen time.Time, agreed bool) (_ Application, err error) {
	defer fault.Wrap(&err, "repair.Send")
	if err := s.mine(ctx, of); err != nil {
		return Application{}, err
	}
	if !agreed {
		return Application{}, ErrSigned
	}
	a, err := s.draft(ctx, s.DB.Read(), of, app)
	if err != nil {
		return Application{}, err
	}
	r, err := s.review(ctx, of) // everything is asked anew: days pass between draft and letter
	if err != nil {
		return Application{}, err
	}
	targets := make([]Target, len(a.Picks))
	for i := range a.Picks {
		if targets[i], err = ParseTarget(a.Picks[i].Target); err != nil {
			return Application{}, err
		}
	}
	if a.Picks, err = s.pick(r, targets); err != nil {
		return Application{}, err
	}
	if len(a.Files) == 0 && slices.ContainsFunc(a.Picks, func(p Pick) bool { return len(p.Held) == 0 }) {
		return Application{}, ErrProof
	}
	_, text := s.LetterText(r.Name, r.Code, a.Picks)
	a.Letter, a.KeyID = s.letter(&a, r.Code, text, authz.From(ctx).Who(0)), s.Key.ID()
	if a.Signature, err = s.Key.Sign(a.Letter); err != nil {
		return Application{}, err
	}
	var sent Application
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		have, err := s.draft(ctx, tx, of, app)
		if err != nil {
			return err
		}
		if !seen.IsZero() && !have.ChangedAt.Equal(seen) || !have.ChangedAt.Equal(a.ChangedAt) {
			return ErrChanged
		}
		if until, err := barredUntil(ctx, tx, of); err != nil || until > s.today() {
			return either(err, ErrBarred)
		}
		for _, f := range a.Files {
			if f.By == "" { // from before it was kept: it can be sent by whoever attached it
				continue
			}
			if err := s.Flow.Adopt(ctx, tx, f.Hash, f.By); err != nil {
				return err
			}
		}
		sent = a // the transaction may run again: what was read stays as it is
		sent.State, sent.SentAt = Sent, s.now()
		sent.ChangedAt = sent.SentAt
		if err := s.writeApp(ctx, tx, &sent); err != nil {
			return err
		}
		for i := range sent.Picks {
			if err := s.open(ctx, tx, &sent, &sent.Picks[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return a, err
	}
	return sent, nil
}

func either(err, instead error) error {
	if err != nil {
		return err
	}
	return instead
}

// open opens the case of one record.
func (s *Service) open(ctx context.Context, tx *db.Tx, a *Application, p *Pick) error {
	t, err := ParseTarget(p.Target)
	if err != nil {
		return err
	}
	c := Case{
		Target: t, ID: s.IDs.Next(), Subject: a.Subject, Application: a.ID, State: "sent", Open: true, Item: p.Item, Title: p.Title, DocNo: p.DocNo, Agency: p.Agency, Region: p.Region, On: p.On,
		Class: p.Class, Set: p.Set, Earliest: p.Earliest, End: p.End, Max: p.Max, Held: p.Held, SentAt: a.SentAt, SentBy: authz.From(ctx).String(),
	}
	if p.Record != "" {
		if c.At, err = record.ParseID(p.Record); err != nil {
			return err
		}
		if err := s.unchanged(ctx, tx, c.At, p.Number); err != nil {
			return err
		}
	}
	hashes := make([]string, len(a.Files))
	for i, f := range a.Files {
		hashes[i] = f.Hash
	}
	opened, err := s.Flow.Open(ctx, tx, flow.NewCase{
		Kind: FlowKind, Subject: a.Subject, Ref: strconv.FormatInt(c.ID, 10), Agency: c.Agency, Region: c.Region, Title: "信用修复：" + p.ItemName,
		Input: flow.Input{Reason: a.Statement, Attachments: hashes},
	})
	if err != nil {
		return err
	}
	c.Flow = opened.ID
	if err := c.insert(ctx, tx); err != nil {
		return err
	}
	if err := s.forget(ctx, tx, &c); err != nil {
		return err
	}
	return s.tell(ctx, tx, &c, EventApply, opened.Due)
}

// unchanged refuses a record that is another than the one that was judged.
func (s *Service) unchanged(ctx context.Context, tx *db.Tx, at record.ID, number int) error {
	now, err := s.Records.Standing(ctx, tx, []record.ID{at})
	if err != nil {
		return err
	}
	if v, ok := now[at]; !ok || v.Number != number || v.Status != record.Active {
		return ErrChanged
	}
	return nil
}

// Application gives an application by its number. Whether the caller may see it is the caller's to ask.
func (s *Service) Application(ctx context.Context, app int64) (Application, error) {
	return s.application(ctx, s.DB.Read(), app)
}

// Applications gives the latest applications of a subject that are not dropped, newest first.
func (s *Service) Applications(ctx context.Context, of int64, limit int) ([]Application, error) {
	return s.apps(ctx, s.DB.Read(), `SELECT `+appColumns+` FROM repair_application WHERE subject_id = $1 AND state <> 'dropped' ORDER BY application_id DESC LIMIT $2+0`, of, limit)
}

// CasesOf gives the cases of an application, in the order of its picks.
func (s *Service) CasesOf(ctx context.Context, app int64) ([]Case, error) {
	return s.cases(ctx, s.DB.Read(), `application_id = $1 ORDER BY repair_id`, app)
}

// Case gives a case by its number. Whether the caller may see it is the caller's to ask.
func (s *Service) Case(ctx context.Context, repair int64) (Case, error) {
	return one(s.cases(ctx, s.DB.Read(), `repair_id = $1`, repair))
}

// Filter picks cases for a desk. Zero values do not narrow.
type Filter struct {
	State    string
	Agencies []int64 // nil = every unit
	After    int64   // the last of the page before
	Limit    int
}

// MaxPage is the largest page of cases.
const MaxPage = 100

// List gives cases, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Case, error) {
	where, args := `1 = 1`, []any{}
	add := func(cond string, v any) {
		args = append(args, v)
		where += ` AND ` + cond + `$` + strconv.Itoa(len(args))
	}
	if f.State != "" {
		add(`state = `, f.State)
	}
	if f.After != 0 {
		add(`repair_id < `, f.After)
	}
	if f.Agencies != nil {
		if len(f.Agencies) == 0 {
			return nil, nil
		}
		where += ` AND agency_id IN ` + db.In(len(f.Agencies), len(args)+1)
		for _, id := range f.Agencies {
			args = append(args, id)
		}
	}
	limit := f.Limit
	if limit <= 0 || limit > MaxPage {
		limit = MaxPage
	}
	args = append(args, limit)
	return s.cases(ctx, s.DB.Read(), where+` ORDER BY repair_id DESC LIMIT $`+strconv.Itoa(len(args))+`+0`, args...)
}

// Days of a clock.Date in sentences.
func on(d clock.Date) string {
	if d.IsZero() {
		return "没有截止日期"
	}
	return d.String()
}
