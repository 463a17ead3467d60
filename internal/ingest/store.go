package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/ingest/parse"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// Row outcomes, as receipts name them.
const (
	accepted  = "accepted"
	updated   = "updated"
	duplicate = "duplicate"
	withdrawn = "withdrawn"
	rejected  = "rejected"
)

// reasons of linking, which only the register knows.
var (
	reasonName      = catalog.Reason{Code: 1001, Severity: catalog.Error, Message: "相对人名称与该代码在库中登记的名称不一致", Fix: "请核对名称和代码；主体已更名的，请先报送登记注册信息"}
	reasonQueued    = catalog.Reason{Code: 1002, Severity: catalog.Warning, Message: "没有可用于匹配主体的代码，已进入人工匹配队列", Fix: "补充统一社会信用代码后重新报送，或等待信用管理部门匹配"}
	reasonAmbiguous = catalog.Reason{Code: 1003, Severity: catalog.Warning, Message: "各代码指向不同的主体，已进入人工匹配队列", Fix: "请核对统一社会信用代码与注册号等旧代码"}
	reasonFormer    = catalog.Reason{Code: 1004, Severity: catalog.Warning, Message: "名称为该主体的曾用名，已按代码匹配", Fix: "今后请使用现名称"}
	reasonAbsent    = catalog.Reason{Code: 4001, Severity: catalog.Error, Message: "要撤回的记录不在库中", Fix: "请核对相对人代码、文书号和机关代码是否与原报送一致"}
	reasonNoSubject = catalog.Reason{Code: 4001, Severity: catalog.Error, Message: "要撤回的记录不在库中：没有这个主体", Fix: "请核对相对人代码"}
)

// answered is a row's outcome on its way into the receipt.
type answered struct {
	outcome string
	queued  bool
}

// store puts a batch of checked rows on file within tx: links them, writes records, queues what nothing links, and keeps the outcome of every row that
// is not plainly accepted.
func (s *Service) store(ctx context.Context, tx *db.Tx, sub *Submission, f *parse.Filing, rows []parse.Row) (Counts, error) {
	now := s.Clock.Now()
	out := make([]answered, len(rows))
	if err := s.link(ctx, tx, rows, out, now); err != nil {
		return Counts{}, err
	}
	if err := s.queue(ctx, tx, sub, rows, out, now); err != nil {
		return Counts{}, err
	}
	if err := s.apply(ctx, tx, sub, f, rows, out, now); err != nil {
		return Counts{}, err
	}
	var c Counts
	for i := range rows {
		if rows[i].Rejected {
			out[i].outcome = rejected
		}
		c.count(&rows[i], out[i].outcome)
	}
	return c, s.keepRows(ctx, tx, sub, rows, out)
}

// link finds each row's subject, or makes one for a code nobody had yet.
func (s *Service) link(ctx context.Context, tx *db.Tx, rows []parse.Row, out []answered, now time.Time) error {
	claims, which := make([]subject.Claim, 0, len(rows)), make([]int, 0, len(rows))
	for i := range rows {
		if !rows[i].Rejected {
			claims, which = append(claims, rows[i].Claim), append(which, i)
		}
	}
	answers, err := s.Subjects.Resolve(ctx, tx, claims, now)
	if err != nil {
		return err
	}
	for n, a := range answers {
		r := &rows[which[n]]
		r.Reasons = r.Reasons[:len(r.Reasons):len(r.Reasons)] // the checked row is kept for a second run: never append into it
		r.Draft.Subject = a.Subject.ID
		r.Draft.Region = a.Subject.Region
		switch a.Link {
		case subject.LinkedFormer:
			r.Reject(reasonFormer)
		case subject.Contradicts:
			r.Reject(reasonName)
		case subject.Nobody:
			if r.Withdraw {
				r.Reject(reasonNoSubject)
			} else {
				r.Reject(reasonQueued)
				out[which[n]].queued = true
			}
		case subject.Ambiguous:
			r.Reject(reasonAmbiguous)
			out[which[n]].queued = !r.Withdraw
			if r.Withdraw {
				r.Reject(reasonNoSubject)
			}
		}
	}
	return nil
}

// apply puts the linked rows on file.
func (s *Service) apply(ctx context.Context, tx *db.Tx, sub *Submission, f *parse.Filing, rows []parse.Row, out []answered, now time.Time) error {
	drafts, which := make([]record.Draft, 0, len(rows)), make([]int, 0, len(rows))
	for i := range rows {
		if !rows[i].Rejected && out[i].outcome == "" && !out[i].queued {
			drafts, which = append(drafts, rows[i].Draft), append(which, i)
		}
	}
	change := record.Change{At: now, Actor: sub.Actor, Basis: basisOf(f.Item), Submission: sub.ID}
	outcomes, _, err := s.Records.Apply(ctx, tx, drafts, change)
	if err != nil {
		return err
	}
	for n, o := range outcomes {
		switch o {
		case record.Filed:
			out[which[n]].outcome = accepted
		case record.Updated:
			out[which[n]].outcome = updated
		case record.Unchanged:
			out[which[n]].outcome = duplicate
		case record.Removed:
			out[which[n]].outcome = withdrawn
		case record.Absent:
			rows[which[n]].Reject(reasonAbsent)
		}
	}
	return nil
}

// basisOf is the item's first legal basis, kept with every version.
func basisOf(item *catalog.Item) string {
	if len(item.Basis) == 0 {
		return ""
	}
	return item.Basis[0].Law + item.Basis[0].Article
}

func (c *Counts) count(r *parse.Row, outcome string) {
	switch outcome {
	case accepted:
		c.Accepted++
	case updated:
		c.Updated++
	case duplicate:
		c.Duplicate++
	case withdrawn:
		c.Withdrawn++
	default:
		c.Rejected++
	}
	if r.Late {
		c.Late++
	}
	if warned(r) {
		c.Warnings++
	}
}

func warned(r *parse.Row) bool {
	for i := range r.Reasons {
		if r.Reasons[i].Severity == catalog.Warning {
			return true
		}
	}
	return false
}

// keepRows writes the outcome of each row that is not plainly accepted.
func (s *Service) keepRows(ctx context.Context, tx *db.Tx, sub *Submission, rows []parse.Row, out []answered) error {
	i := 0
	_, err := tx.CopyFrom(ctx, "submission_row", []string{"submission_id", "row_no", "line_no", "outcome", "late", "reasons"}, func() ([]any, error) {
		for ; i < len(rows); i++ {
			r := &rows[i]
			if out[i].outcome == accepted && !r.Late && len(r.Reasons) == 0 {
				continue
			}
			reasons := r.Reasons
			if reasons == nil {
				reasons = []catalog.Reason{}
			}
			raw, err := json.Marshal(reasons)
			if err != nil {
				return nil, err
			}
			late := int64(0)
			if r.Late {
				late = 1
			}
			i++
			return []any{sub.ID, int64(r.N), int64(r.Line), out[i-1].outcome, late, string(raw)}, nil
		}
		return nil, nil
	})
	if err != nil {
		return fmt.Errorf("ingest: outcomes: %w", err)
	}
	return nil
}
