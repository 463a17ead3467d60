package report

import (
	"context"
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/mask"
	"gongxin/internal/record"
)

// State says whether what a report holds still stands.
type State string

// The states.
const (
	Valid   State = "valid"    // as it was
	Changed State = "changed"  // a record was corrected, withdrawn, repaired, annulled or shielded since
	Expired State = "expired"  // the time of a record is over since
	Object  State = "disputed" // an objection to a record is being looked into since
)

// Verdict is what is told to whoever holds number and code of a report: that it is genuine, what it is, and whether it still stands. It holds no record.
type Verdict struct {
	Number    string              `json:"number"`
	Kind      Kind                `json:"kind"`
	KindName  string              `json:"kindName"`
	Title     string              `json:"title"`
	Subject   string              `json:"subject"` // a person's name is masked
	Code      string              `json:"subjectCode,omitempty"`
	SubjectOf catalog.SubjectKind `json:"subjectKind"`
	Issuer    string              `json:"issuer"`
	IssuedAt  time.Time           `json:"issuedAt"`
	From      clock.Date          `json:"from,omitzero"`
	To        clock.Date          `json:"to,omitzero"`
	Summary   []SummaryLine       `json:"summary"`
	Records   int                 `json:"records"`
	State     State               `json:"state"`
	Says      string              `json:"says"`
	Digest    string              `json:"digest"` // SHA-256 of the data in the report
	KeyID     string              `json:"keyId"`
}

var stateWords = map[State]string{
	Valid:   "报告是本平台出具的，所列信息到现在没有变化。",
	Changed: "报告是本平台出具的；出具以后，其中的信息有更正、修复、撤回、撤下或者异议有了结果，请以重新生成的报告为准。",
	Expired: "报告是本平台出具的；出具以后，其中有信息公示期满，请以重新生成的报告为准。",
	Object:  "报告是本平台出具的；出具以后，对其中的信息有了异议，正在处理，请以重新生成的报告为准。",
}

// refusals say why a report is not handed out again.
var refusals = map[State]error{Changed: ErrChanged, Expired: ErrChanged, Object: ErrObject}

// Verify checks number and code from paper. A wrong code and a number that nobody has are answered alike.
func (s *Service) Verify(ctx context.Context, number, code string) (*Verdict, error) {
	number, code = tidy(number), tidy(code)
	if len(number) != 14+numberTail || len(code) != codeSize {
		return nil, ErrCode
	}
	if tooFast(s.guesses, authz.From(ctx).Address, s.c.Clock.Now()) {
		return nil, ErrGuess
	}
	r, ok, err := s.store.byNumber(ctx, number)
	if err != nil {
		return nil, err
	}
	have := s.codeHash(number, code)
	if !ok || subtle.ConstantTimeCompare([]byte(have), []byte(r.codeHash)) != 1 {
		return nil, ErrCode
	}
	v, err := s.verdict(&r)
	if err != nil {
		return nil, err
	}
	if v.State, err = s.state(ctx, &r); err != nil {
		return nil, err
	}
	v.Says = stateWords[v.State]
	if r.prunedAt != 0 {
		v.Says += "报告的内容过了保存期限，平台只留编号和摘要。"
	}
	return v, nil
}

// verdict says what a report is, but for whether it still stands.
func (s *Service) verdict(r *stored) (*Verdict, error) {
	if r.prunedAt != 0 {
		st, err := s.store.stub(r)
		if err != nil {
			return nil, err
		}
		return &st.Verdict, nil
	}
	if err := s.store.open(r); err != nil {
		return nil, err
	}
	d, err := Decode(r.Document)
	if err != nil {
		return nil, err
	}
	return verdictOf(d, &r.Report), nil
}

func verdictOf(d *Document, r *Report) *Verdict {
	v := &Verdict{
		Number: r.Number, Kind: r.Kind, KindName: KindName(r.Kind), Title: d.Title, Subject: d.Subject.Name, Code: d.Subject.Code, SubjectOf: d.Subject.Kind,
		Issuer: d.Issuer, IssuedAt: d.IssuedAt, From: d.From, To: d.To, Summary: d.Summary, Digest: r.Digest, KeyID: r.KeyID,
	}
	if d.Subject.Kind == catalog.Person {
		v.Subject = mask.PersonName(d.Subject.Name)
	}
	d.records(func(*Item, *Record) { v.Records++ })
	return v
}

// state compares what was handed out with what stands on file now.
func (s *Service) state(ctx context.Context, r *stored) (State, error) {
	rows, err := s.store.rows(ctx, r.Subject, r.Number)
	if err != nil || len(rows) == 0 {
		return Valid, err
	}
	newest, err := s.c.Versions.NewestOf(ctx, r.Subject)
	if err != nil {
		return "", err
	}
	for key, version := range rows {
		if n, ok := newest[key]; !ok || n.Number != version {
			return Changed, nil
		}
	}
	if r.prunedAt != 0 {
		st, err := s.store.stub(r)
		if err == nil && r.ends() && !st.Until.IsZero() && clock.Today(s.c.Clock) >= st.Until {
			return Expired, nil
		}
		return Valid, err
	}
	if r.Document == nil {
		if err := s.store.open(r); err != nil {
			return "", err
		}
	}
	d, err := Decode(r.Document)
	if err != nil {
		return "", err
	}
	return s.standing(ctx, r, d)
}

// ends reports whether the end of a record's time ends the report as well.
func (r *stored) ends() bool { return r.Kind != Special || r.agency != 0 }

// standing looks at what changes without another version: the end of a time, which is no concern of the subject's own special report, and objections.
func (s *Service) standing(ctx context.Context, r *stored, d *Document) (State, error) {
	var ids []record.ID
	said := map[record.ID]bool{}
	state, today, ends := Valid, clock.Today(s.c.Clock), r.ends()
	d.records(func(_ *Item, rec *Record) {
		if ends && !rec.PublicUntil.IsZero() && today >= rec.PublicUntil {
			state = Expired
		}
		if at, err := record.ParseID(rec.ID); err == nil {
			ids = append(ids, at)
			said[at] = strings.Contains(rec.Mark, disputed)
		}
	})
	marks, err := s.c.Versions.MarksOf(ctx, s.c.DB.Read(), ids)
	if err != nil || state != Valid {
		return state, err
	}
	for _, at := range ids {
		is := slices.ContainsFunc(marks[at], func(m record.StandingMark) bool { return m.Mark == record.Disputed })
		switch {
		case is && !said[at]:
			return Object, nil
		case !is && said[at]:
			state = Changed
		}
	}
	return state, nil
}
