package check

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

// Result is what an officer did with an answer.
type Result string

// The results.
const (
	Noted      Result = "noted"       // taken into account
	Applied    Result = "applied"     // a measure was applied
	NotApplied Result = "not_applied" // nothing was applied, with the reason
)

// Word gives the result in Chinese.
func (r Result) Word() string {
	switch r {
	case Noted:
		return "已参考"
	case Applied:
		return "已采取措施"
	case NotApplied:
		return "未采取措施"
	default:
		return string(r)
	}
}

// Note is feedback on an answer.
type Note struct {
	Receipt string
	Result  Result
	Reason  string // why nothing was applied, or why the measure was
	Measure string // Applied: code of a measure that the answer allows
	CaseNo  string // Applied: the case in which it was applied
}

// Faults of feedback.
var (
	ErrResult  = fault.New(fault.Invalid, "check.result", "没有写明核查结果怎么用的", "请选择已参考、已采取措施或者未采取措施")
	ErrReason  = fault.New(fault.Invalid, "check.reason", "没有写明理由，或者超过 500 字", "请用 2 至 500 字写明理由，不要写证件号码")
	ErrMeasure = fault.New(fault.Denied, "check.measure", "这项措施不在本次核查允许的范围内，或者名单、依据已经变化，不得采取", "请重新核查，只采取应用事项允许的措施")
	ErrCase    = fault.New(fault.Invalid, "check.case", "没有写明案号或者办件号，或者超过 64 字", "请填写 2 至 64 字的案号或者办件号，不要写证件号码")
	ErrTwice   = fault.New(fault.Conflict, "check.twice", "同样的反馈已经记录过", "不必重复填写；同一个案件里有补充的，请写明新的情况")
	ErrNotes   = fault.New(fault.Conflict, "check.notes", "这次核查的反馈已经有 100 条", "请重新核查，再反馈新的情况")
)

var longNumber = regexp.MustCompile(`[0-9]{17}[0-9Xx]|[0-9]{15}`)

// personal finds what may be the number of a document, also one written in groups; it has no place in words that a subject or an auditor reads.
func personal(text string) bool {
	return longNumber.MatchString(cntext.Fold(text)) || flow.HasPersonal(text)
}

// Feedback records what an officer of the unit did with an answer. Of a restraint that was applied the subject is told in the same transaction: which, because of
// what, by whom, and how to object or to have it repaired.
func (s *Service) Feedback(ctx context.Context, who authz.Actor, n Note) error {
	r, err := s.find(ctx, n.Receipt)
	if err != nil {
		return err
	}
	if err := s.see(ctx, who, authz.CheckFeedback, r, ErrNone); err != nil {
		return hidden(err)
	}
	if err := n.check(); err != nil {
		return err
	}
	f := feedback{note: n, stored: r, at: s.Clock.Now().UTC().Truncate(time.Microsecond)}
	if n.Result == Applied {
		if err := s.apply(ctx, &f); err != nil {
			return err
		}
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.keepFeedback(ctx, tx, who, &f) })
}

// check tidies a note and refuses what is incomplete.
func (n *Note) check() error {
	n.Reason, n.CaseNo = cntext.Clean(n.Reason), cntext.Clean(n.CaseNo)
	reason, number := utf8.RuneCountInString(n.Reason), utf8.RuneCountInString(n.CaseNo)
	switch {
	case n.Result != Noted && n.Result != Applied && n.Result != NotApplied:
		return ErrResult
	case personal(n.Reason):
		return ErrReason.Messagef("理由里有证件号码，没有记录")
	case reason > 500, n.Result != Noted && reason < 2:
		return ErrReason
	case n.Result == Applied && personal(n.CaseNo):
		return ErrCase.Messagef("案号里有证件号码，没有记录")
	case n.Result == Applied && (number < 2 || number > 64):
		return ErrCase
	}
	if n.Result != Applied {
		n.Measure, n.CaseNo = "", ""
	}
	return nil
}

// feedback is a note on its way into the register.
type feedback struct {
	note    Note
	stored  *stored
	measure Measure
	because string
	at      time.Time
}

// apply finds the measure and what it rests on. Both the answer and the lists of today must allow it.
func (s *Service) apply(ctx context.Context, f *feedback) error {
	g, err := s.open(f.stored)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(g.Answer.Measures, func(m Measure) bool { return m.Code == f.note.Measure })
	if i < 0 {
		return ErrMeasure
	}
	lists, err := s.still(ctx, f.stored.subject, g.Answer)
	if err != nil {
		return err
	}
	if len(lists) == 0 || s.Measures == nil {
		return ErrMeasure
	}
	codes := make([]string, len(lists))
	for j := range lists {
		codes[j] = lists[j].List
	}
	now, err := s.Measures.Allowed(ctx, s.DB.Read(), Allowing{Matter: f.stored.matter, Kind: g.Answer.Subject.Kind, Lists: codes, On: clock.Today(s.Clock)})
	if err != nil {
		return err
	}
	j := slices.IndexFunc(now, func(m Measure) bool { return m.Code == f.note.Measure })
	if j < 0 {
		return ErrMeasure
	}
	f.measure = now[j]
	for _, l := range lists {
		if l.List == f.measure.List {
			f.because = l.Unit + "于 " + l.DecidedOn.String() + " 将您列入" + l.Name
			break
		}
	}
	return nil
}

// still gives the lists of an answer on which the subject stands today too.
func (s *Service) still(ctx context.Context, subject int64, a *Answer) ([]Listed, error) {
	today := clock.Today(s.Clock)
	standing := map[int64][]ListEntry{}
	var newest map[int64]record.Newest
	var err error
	if s.Lists != nil {
		if standing, err = s.Lists.Standing(ctx, s.DB.Read(), []int64{subject}, time.Time{}); err != nil {
			return nil, err
		}
	}
	if newest, err = s.Records.NewestOf(ctx, subject); err != nil {
		return nil, err
	}
	var out []Listed
	for _, l := range a.Lists {
		ok := l.Until.IsZero() || today < l.Until
		if l.Entry != "" {
			ok = slices.ContainsFunc(standing[subject], func(e ListEntry) bool { return strconv.FormatInt(e.ID, 10) == l.Entry })
		} else if at, err := record.ParseID(l.Record); err != nil || newest[at.Key].Status != record.Active {
			ok = false
		}
		if ok {
			out = append(out, l)
		}
	}
	return out, nil
}

// maxNotes is how much can be said about one answer.
const maxNotes = 100

func (s *Service) keepFeedback(ctx context.Context, tx *db.Tx, who authz.Actor, f *feedback) error {
	r, n := f.stored, &f.note
	applied := 0 // a measure in a case is recorded once, whatever reason is given the second time
	if n.Result == Applied {
		applied = 1
	}
	var twice, all int
	err := tx.QueryRowContext(ctx, `SELECT coalesce(sum(CASE WHEN result = $2 AND measure = $3 AND case_no = $4 AND (reason = $5 OR $6+0 = 1) THEN 1 ELSE 0 END), 0), count(*)
		FROM check_feedback WHERE receipt_id = $1`, r.receipt, string(n.Result), n.Measure, n.CaseNo, n.Reason, applied).Scan(&twice, &all)
	switch {
	case err != nil:
		return fmt.Errorf("check: feedback: %w", err)
	case twice > 0:
		return ErrTwice
	case all >= maxNotes:
		return ErrNotes
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO check_feedback (subject_id, feedback_id, receipt_id, agency_id, matter, month, at, who_kind, who_id, result, reason, measure, polarity,
		content, law, because, case_no) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		r.subject, s.IDs.Next(), r.receipt, r.agency, r.matter, monthOf(r.at), f.at.UnixMicro(), string(who.Kind), who.ID, string(n.Result), n.Reason, n.Measure,
		string(f.measure.Polarity), f.measure.Content, f.measure.Basis, f.because, n.CaseNo)
	if err != nil {
		return fmt.Errorf("check: feedback: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE check_answer SET fed = 1 WHERE receipt_id = $1`, r.receipt); err != nil {
		return fmt.Errorf("check: feedback: %w", err)
	}
	detail := "result=" + string(n.Result)
	if n.Measure != "" {
		detail += " measure=" + n.Measure
	}
	if err := s.Log.WriteAct(ctx, tx, audit.Act{At: f.at, Who: who.Who(r.agency), Action: "check.feedback", Entity: "check:" + strconv.FormatInt(r.receipt, 10), Detail: detail}); err != nil {
		return err
	}
	if n.Result != Applied || f.measure.Polarity != Adverse || s.Notices == nil {
		return nil
	}
	return s.tell(ctx, tx, f)
}

// tell lets the subject know of a restraint.
func (s *Service) tell(ctx context.Context, tx *db.Tx, f *feedback) error {
	unit, err := s.Agencies.ByID(ctx, f.stored.agency)
	if err != nil {
		return err
	}
	body := []string{
		unit.Name + "在办理事项（案号 " + f.note.CaseNo + "）时，对您采取了一项失信惩戒措施：" + f.measure.Content + "。",
		"因为：" + f.because + "。",
		"依据：" + f.measure.Basis + "。",
		"理由：" + f.note.Reason,
		"认为名单或者记录有误的，可以在“我的信用”里对它提出异议；已经改正的，可以申请信用修复。对这项措施不服的，可以向" + unit.Name + "陈述、申辩，也可以依法申请行政复议或者提起行政诉讼。",
	}
	text := []rune(strings.Join(body, "\n"))
	if len(text) > 1900 {
		text = append(text[:1900], '…')
	}
	return s.Notices.Send(ctx, tx, notice.Notice{
		To: notice.Recipient{Kind: notice.Subject, ID: f.stored.subject}, Topic: "check.applied", Title: "对您采取了一项失信惩戒措施", Body: string(text), Link: "/me/measures",
		Ref: "check:" + strconv.FormatInt(f.stored.receipt, 10), At: f.at,
	})
}

// Measured is a measure that was applied to a subject, as the subject may see it.
type Measured struct {
	Receipt  int64
	Agency   int64
	Unit     string
	Matter   string
	At       time.Time
	Polarity Polarity
	Content  string
	Law      string
	Because  string
	Reason   string
	CaseNo   string
}

// OfSubject gives the measures that were applied to a subject, newest first. Who asks stands for the subject; the caller has seen to that.
func (s *Service) OfSubject(ctx context.Context, subject int64, limit int) ([]Measured, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT receipt_id, agency_id, matter, at, polarity, content, law, because, reason, case_no FROM check_feedback
		WHERE subject_id = $1 AND result = 'applied' ORDER BY at DESC, feedback_id DESC LIMIT $2+0`, subject, limit)
	if err != nil {
		return nil, fmt.Errorf("check: of subject: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Measured
	for rows.Next() {
		var m Measured
		var at int64
		if err := rows.Scan(&m.Receipt, &m.Agency, &m.Matter, &at, &m.Polarity, &m.Content, &m.Law, &m.Because, &m.Reason, &m.CaseNo); err != nil {
			return nil, err
		}
		m.At = time.UnixMicro(at).UTC()
		out = append(out, m)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range out {
		if unit, err := s.Agencies.ByID(ctx, out[i].Agency); err == nil {
			out[i].Unit = unit.Name
		} else if !errors.Is(err, agency.ErrUnknown) {
			return nil, err
		}
	}
	return out, nil
}

// Fed is feedback as the unit's officers see it.
type Fed struct {
	At      time.Time
	Result  Result
	Reason  string
	Measure string
	Content string
	CaseNo  string
}

// FeedbackOn gives the feedback on an answer of a unit, oldest first.
func (s *Service) FeedbackOn(ctx context.Context, who authz.Actor, receipt string) ([]Fed, error) {
	r, err := s.find(ctx, receipt)
	if err != nil {
		return nil, err
	}
	if err := s.see(ctx, who, authz.CheckRead, r, ErrNone); err != nil {
		return nil, hidden(err)
	}
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT at, result, reason, measure, content, case_no FROM check_feedback WHERE receipt_id = $1 ORDER BY feedback_id`, r.receipt)
	if err != nil {
		return nil, fmt.Errorf("check: feedback: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Fed
	for rows.Next() {
		var f Fed
		var at int64
		if err := rows.Scan(&at, &f.Result, &f.Reason, &f.Measure, &f.Content, &f.CaseNo); err != nil {
			return nil, err
		}
		f.At = time.UnixMicro(at).UTC()
		out = append(out, f)
	}
	return out, rows.Err()
}
