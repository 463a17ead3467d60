package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"

	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// firm is a subject that anybody may ask about.
type firm struct {
	id         int64
	code, name string
}

// mostFirms bounds the firms that requests are made from; drawn evenly from all of them.
const mostFirms = 100_000

// firms draws firms from the register.
func (r *runner) firms(ctx context.Context, most int) ([]firm, error) {
	var all []firm
	n := 0
	err := r.eachFirm(ctx, func(f firm) error {
		n++
		if len(all) < most {
			all = append(all, f)
		} else if k := r.rng.IntN(n); k < most {
			all[k] = f
		}
		return nil
	})
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("no subject is on the register")
	}
	return all, err
}

func (r *runner) eachFirm(ctx context.Context, yield func(firm) error) error {
	rows, err := r.app.DB.Read().QueryContext(ctx, `SELECT subject_id, code, name FROM subject WHERE kind <> 'person' AND code <> ''`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var f firm
		if err := rows.Scan(&f.id, &f.code, &f.name); err != nil {
			return err
		}
		if err := yield(f); err != nil {
			return err
		}
	}
	return rows.Err()
}

// heaviest gives the codes of the subjects with most records.
func (r *runner) heaviest(ctx context.Context) ([]string, error) {
	rows, err := r.app.DB.Read().QueryContext(ctx, `SELECT s.code FROM (SELECT subject_id, count(*) AS n FROM record GROUP BY subject_id ORDER BY n DESC LIMIT 200) h
		JOIN subject s ON s.subject_id = h.subject_id WHERE s.kind <> 'person' AND s.code <> '' ORDER BY h.n DESC LIMIT 100`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var codes []string
	for rows.Next() {
		var code string
		if err := rows.Scan(&code); err != nil {
			return nil, err
		}
		codes = append(codes, code)
	}
	return codes, rows.Err()
}

// pick draws one of a list.
func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// measureQuery asks for the records of random subjects over the API, unpacked, as the floor answers. What is public is all that it shows; the credit check is measured beside it.
func (r *runner) measureQuery(ctx context.Context, s *Stage) error {
	r.Progress("记录查询", 0)
	firms, err := r.firms(ctx, mostFirms)
	if err != nil {
		return err
	}
	product, err := r.app.Handler()
	if err != nil {
		return err
	}
	heavy, err := r.heaviest(ctx)
	if err != nil {
		return err
	}
	q := &QueryFigures{}
	s.Query = q
	whole := side{handler: product, next: func(x *rand.Rand) string { return recordsPath(pick(x, firms).code) }, plain: true}
	floor := side{handler: r.bareQuery(), next: func(x *rand.Rand) string { return "/" + pick(x, firms).code }, plain: true}
	if q.HTTPFigures, err = r.compare(ctx, whole, floor); err != nil {
		return err
	}
	if q.Heaviest, err = r.alone(ctx, side{handler: product, next: func(x *rand.Rand) string { return recordsPath(pick(x, heavy)) }, plain: true}, 0.5); err != nil {
		return err
	}
	whole.plain = false
	q.Packed, err = r.alone(ctx, whole, 0.5)
	return err
}

func recordsPath(code string) string { return "/api/v1/subjects/" + code + "/records" }

// bareStatement is the floor of the record query: the bodies of what is public of a subject's records, a page of them, in no order.
const bareStatement = `SELECT v.body FROM subject_identifier i JOIN record r ON r.subject_id = i.subject_id
	JOIN record_version v ON v.subject_id = i.subject_id AND v.version_id = r.version_id
	WHERE i.kind = 'uscc' AND i.token = $1 AND i.dup = 0 AND r.listed = 1 AND r.public_from <= $2 AND r.public_until > $2 LIMIT 20`

// bareQuery answers with the bodies that one statement finds, by the same driver and connections as the product.
func (r *runner) bareQuery() http.Handler {
	q, today := r.app.DB.Read(), int64(clock.Today(r.clock))
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		out, err := bodiesOf(req.Context(), q, req.URL.Path[1:], today)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(out)
	})
}

func bodiesOf(ctx context.Context, q db.Querier, code string, today int64) ([]byte, error) {
	rows, err := q.QueryContext(ctx, bareStatement, code, today)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := []byte{'['}
	var body []byte
	for rows.Next() {
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, body...)
	}
	return append(out, ']'), rows.Err()
}
