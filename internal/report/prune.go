package report

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/record"
)

// Keep says for how many months the documents of reports are kept; 0 = for ever. Number, digest, signature and which records a report held stay in any case:
// whoever holds the report can go on having it checked, and a correction goes on finding whom to tell.
type Keep struct {
	Standard int // what everyone may have made anew
	Others   int // special and persons' reports
}

// ErrPruned is the answer for a report whose document is kept no longer.
var ErrPruned = fault.New(fault.NotFound, "report.pruned", "这份报告过了保存期限，平台已经删除内容，只留编号和摘要", "手中的报告可以继续核验；需要报告的，请重新生成")

// stubFormat is the format of what takes the place of a document.
const stubFormat = "gongxin/report-stub/1"

// stub is what a check from paper needs of a report.
type stub struct {
	Format  string     `json:"format"`
	Verdict Verdict    `json:"verdict"`
	Until   clock.Date `json:"until,omitzero"` // the first end of a record's time
}

// Prune takes the documents of reports away whose time is over, and gives how many. The act says how many; the digests stay, so that nobody can say later
// that a report was another one.
func (s *Service) Prune(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "report.Prune")
	for _, k := range []struct {
		compare string
		months  int
	}{{"=", s.c.Keep.Standard}, {"<>", s.c.Keep.Others}} {
		if k.months <= 0 {
			continue
		}
		for {
			done, err := s.pruneSome(ctx, k.compare, s.limit(k.months))
			n += done
			if err != nil {
				return n, err
			}
			if done < portion {
				break
			}
		}
	}
	return n, nil
}

// limit is the moment before which reports are kept no longer.
func (s *Service) limit(months int) int64 {
	return clock.Today(s.c.Clock).AddMonths(-months).Start().UnixMicro()
}

// pruneSome takes the documents of the oldest reports away, in one transaction with its act.
func (s *Service) pruneSome(ctx context.Context, compare string, before int64) (done int, err error) {
	err = s.c.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT number FROM report WHERE pruned_at = 0 AND kind `+compare+` $1 AND created_at < $2 ORDER BY created_at LIMIT $3+0`, string(Standard), before, portion)
		if err != nil {
			return err
		}
		numbers, err := texts(rows)
		if err != nil {
			return err
		}
		return s.pruneTx(ctx, tx, numbers, &done)
	})
	return done, err
}

func (s *Service) pruneTx(ctx context.Context, tx *db.Tx, numbers []string, done *int) error {
	*done = 0
	now := s.c.Clock.Now().UTC()
	for _, number := range numbers {
		r, ok, err := s.store.byNumberIn(ctx, tx, number)
		if err != nil {
			return err
		}
		if !ok || r.prunedAt != 0 {
			continue
		}
		sealed, err := s.stubOf(&r)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE report SET document = $2, pdf_signature = $3, pruned_at = $4 WHERE number = $1`, number, sealed, []byte{}, now.UnixMicro())
		if err != nil {
			return fmt.Errorf("report: prune: %w", err)
		}
		*done++
	}
	if *done == 0 || s.c.Acts == nil {
		return nil
	}
	return s.c.Acts.WriteAct(ctx, tx, audit.Act{
		At: now, Who: authz.SystemActor("reports").Who(0), Action: "report.prune", Entity: "report:" + numbers[0], Detail: "reports=" + strconv.Itoa(*done) + " last=" + numbers[len(numbers)-1],
	})
}

// stubOf makes what takes the place of a document, sealed. A document that does not open is not lost sight of: it stays.
func (s *Service) stubOf(r *stored) (string, error) {
	if err := s.store.open(r); err != nil {
		return "", err
	}
	d, err := Decode(r.Document)
	if err != nil {
		return "", err
	}
	st := stub{Format: stubFormat, Verdict: *verdictOf(d, &r.Report)}
	d.records(func(_ *Item, rec *Record) {
		if !rec.PublicUntil.IsZero() && (st.Until.IsZero() || rec.PublicUntil < st.Until) {
			st.Until = rec.PublicUntil
		}
	})
	raw, err := encode(&st)
	if err != nil {
		return "", err
	}
	return s.store.seal(r.Number, raw)
}

// stub reads what took the place of a document.
func (s *store) stub(r *stored) (*stub, error) {
	raw, err := s.unseal(r)
	if err != nil {
		return nil, err
	}
	var st stub
	if err := json.Unmarshal(raw, &st); err != nil || st.Format != stubFormat {
		return nil, errBroken
	}
	return &st, nil
}

// Forget takes the documents of every report away that a record went into: for when the record's own content is destroyed, within that transaction.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, at record.ID) (n int, err error) {
	defer fault.Wrap(&err, "report.Forget")
	rows, err := tx.QueryContext(ctx, `SELECT number FROM report_row WHERE subject_id = $1 AND record_key = $2 ORDER BY number`, at.Subject, at.Key)
	if err != nil {
		return 0, err
	}
	numbers, err := texts(rows)
	if err != nil {
		return 0, err
	}
	return n, s.pruneTx(ctx, tx, numbers, &n)
}

// Stock says how many reports are on file.
type Stock struct {
	Whole   int64 // with their document
	Pruned  int64
	Overdue int64 // with their document though their time is over
}

// Stock counts the reports, for whoever operates the platform.
func (s *Service) Stock(ctx context.Context) (out Stock, err error) {
	defer fault.Wrap(&err, "report.Stock")
	err = s.c.DB.Read().QueryRowContext(ctx, `SELECT coalesce(sum(CASE WHEN pruned_at = 0 THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN pruned_at = 0 THEN 0 ELSE 1 END), 0) FROM report`).
		Scan(&out.Whole, &out.Pruned)
	for _, k := range []struct {
		compare string
		months  int
	}{{"=", s.c.Keep.Standard}, {"<>", s.c.Keep.Others}} {
		if err != nil || k.months <= 0 {
			continue
		}
		var n int64
		err = s.c.DB.Read().QueryRowContext(ctx, `SELECT count(*) FROM report WHERE pruned_at = 0 AND kind `+k.compare+` $1 AND created_at < $2`, string(Standard), s.limit(k.months)).Scan(&n)
		out.Overdue += n
	}
	return out, err
}
