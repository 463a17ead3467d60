package bench

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/publish"
	"gongxin/internal/report"
	"gongxin/internal/verify"
)

// batchReports is how many reports one measured archive holds.
const batchReports = 100

// measureReports makes standard reports from what is public and special reports for the subject itself, with their proofs by the public log, and verifies them.
func (r *runner) measureReports(ctx context.Context, s *Stage) error {
	r.Progress("信用报告", 0)
	stop, err := r.running(ctx)
	if err != nil {
		return err
	}
	defer stop()
	firms, err := r.firms(ctx, mostFirms)
	if err != nil {
		return err
	}
	heavy, err := r.heaviest(ctx)
	if err != nil {
		return err
	}
	f := &ReportFigures{}
	s.Report = f
	m := reportMeter{runner: r, figures: f}
	for _, k := range []struct {
		name string
		next func(*rand.Rand) report.Order
	}{
		{"标准报告", func(x *rand.Rand) report.Order { return standardOf(pick(x, firms).code) }},
		{"标准报告：记录最多的主体", func(x *rand.Rand) report.Order { return standardOf(pick(x, heavy)) }},
		{"专项报告（信用代证），本人", func(x *rand.Rand) report.Order { return specialOf(pick(x, firms).id) }},
	} {
		r.Progress(k.name, 0)
		if err := m.kind(ctx, k.name, k.next); err != nil {
			return err
		}
	}
	product, err := r.app.Handler()
	if err != nil {
		return err
	}
	r.Progress("信用报告，经 HTTP", 0)
	whole := side{
		handler: product, plain: true, next: func(*rand.Rand) string { return "/api/v1/reports" },
		body: func(x *rand.Rand) string { return `{"kind":"standard","subject":"` + pick(x, firms).code + `"}` },
	}
	if f.HTTP, err = r.alone(ctx, whole, 0.5); err != nil {
		return err
	}
	if err := m.again(ctx, product, firms); err != nil {
		return err
	}
	r.Progress("批量报告", 0)
	f.Batch, err = m.batch(ctx, firms)
	return err
}

func standardOf(code string) report.Order {
	return report.Order{Kind: report.Standard, Subject: publish.Whom{Code: code}}
}

// specialOf is what the agent of a firm orders.
func specialOf(firm int64) report.Order {
	return report.Order{
		Who:  authz.Actor{ID: 1, Kind: authz.Account, Address: "127.0.0.1", Session: 1, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: firm}}},
		Kind: report.Special, Subject: publish.Whom{ID: firm}, Purpose: publish.Purpose{Own: true}, Use: "测量",
	}
}

// reportMeter makes reports and times their making.
type reportMeter struct {
	*runner
	figures *ReportFigures
}

// kind measures one kind of report: made and signed, printed as a signed PDF, both, and verified offline.
func (m *reportMeter) kind(ctx context.Context, name string, next func(*rand.Rand) report.Order) error {
	keys, signers, err := m.verifiers()
	if err != nil {
		return err
	}
	var made, printed, whole, verified []time.Duration
	k, bare := ReportKind{Name: name}, 0
	warm := false
	_, err = direct(ctx, m.span(1), func(x *rand.Rand) error {
		start := time.Now()
		rep, err := m.app.Reports.Create(ctx, next(x))
		if err != nil {
			return err
		}
		done := time.Now()
		raw, err := m.app.Reports.Print(ctx, rep)
		if err != nil {
			return err
		}
		end := time.Now()
		if !warm { // the first one reads the fonts
			warm = true
			return nil
		}
		made, printed, whole = append(made, done.Sub(start)), append(printed, end.Sub(done)), append(whole, end.Sub(start))
		file, err := rep.File()
		if err != nil {
			return err
		}
		k.JSONBytes, k.PDFBytes = k.JSONBytes+int64(len(file)), k.PDFBytes+int64(len(raw))
		d, err := report.Decode(rep.Document)
		if err != nil {
			return err
		}
		if d.Proofs.Checkpoint == "" || d.Proofs.Missing > 0 {
			bare++
		}
		if len(verified) >= mostVerified {
			return nil
		}
		start = time.Now()
		res := verify.Report(raw, keys, signers)
		verified = append(verified, time.Since(start))
		if !res.OK() {
			return fmt.Errorf("a report does not verify: %v", res.Failures)
		}
		return nil
	})
	if err != nil {
		return err
	}
	n := int64(len(made))
	k.Made, k.Printed, k.Whole, k.Verified = latency(made, sum(made)), latency(printed, sum(printed)), latency(whole, sum(whole)), latency(verified, sum(verified))
	k.JSONBytes, k.PDFBytes, k.Unproven = k.JSONBytes/n, k.PDFBytes/n, bare
	m.figures.Kinds = append(m.figures.Kinds, k)
	return nil
}

// mostVerified bounds the reports that are verified for a figure.
const mostVerified = 200

func sum(list []time.Duration) (all time.Duration) {
	for _, d := range list {
		all += d
	}
	return all
}

// verifiers are the public keys with which anyone checks reports.
func (m *reportMeter) verifiers() (*verify.Keys, verify.Signers, error) {
	lines, err := m.app.LogKeys()
	if err != nil {
		return nil, nil, err
	}
	keys, err := verify.ParseKeys(lines...)
	if err != nil {
		return nil, nil, err
	}
	pem, _ := m.app.Reports.PublicKey()
	signers, err := verify.ParseSigners(pem)
	return keys, signers, err
}

// again measures reports that are there: as data and as PDF.
func (m *reportMeter) again(ctx context.Context, product http.Handler, firms []firm) error {
	numbers := make([]string, 0, 20)
	for range cap(numbers) {
		rep, err := m.app.Reports.Create(ctx, standardOf(pick(m.rng, firms).code))
		if err != nil {
			return err
		}
		numbers = append(numbers, rep.Number)
	}
	path := func(x *rand.Rand) string { return "/api/v1/reports/" + pick(x, numbers) }
	var err error
	if m.figures.JSON, err = m.alone(ctx, side{handler: product, plain: true, next: path}, 0.5); err != nil {
		return err
	}
	m.figures.PDF, err = m.alone(ctx, side{handler: product, plain: true, next: path, lines: []string{"Accept: application/pdf\r\n"}}, 0.5)
	return err
}

// batch packs reports of many businesses into one archive.
func (m *reportMeter) batch(ctx context.Context, firms []firm) (*BatchFigures, error) {
	n := min(batchReports, len(firms))
	orders := make([]report.Order, n)
	for i := range orders {
		orders[i] = standardOf(firms[m.rng.IntN(len(firms))].code)
	}
	out := &BatchFigures{Rows: n}
	resetPeak()
	w := &archive{began: time.Now()}
	if err := m.app.Reports.Batch(ctx, orders, w, func(i int) string { return orders[i].Subject.Code }); err != nil {
		return nil, err
	}
	took := time.Since(w.began)
	z, err := zip.NewReader(bytes.NewReader(w.Bytes()), int64(w.Len()))
	if err != nil {
		return nil, err
	}
	made := 0
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, ".pdf") {
			made++
		}
	}
	if made != n {
		return nil, refusals(z)
	}
	out.Seconds, out.FirstMS, out.Bytes, out.PeakBytes = took.Seconds(), ms(w.first), int64(w.Len()), peak()
	out.PerSecond = float64(n) / max(took.Seconds(), 1e-9)
	return out, nil
}

// refusals says what the table of an archive says of reports that were not made.
func refusals(z *zip.Reader) error {
	f, err := z.Open("结果.csv")
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return err
	}
	for _, row := range rows[1:] {
		if why := row[len(row)-1]; why != "" {
			return fmt.Errorf("a report of the batch was refused: %s", why)
		}
	}
	return errors.New("a report of the batch is missing")
}

// archive takes what a batch writes and notes when it began to come.
type archive struct {
	bytes.Buffer
	began time.Time
	first time.Duration
}

var _ io.Writer = (*archive)(nil)

func (a *archive) Write(b []byte) (int, error) {
	if a.first == 0 {
		a.first = time.Since(a.began)
	}
	return a.Buffer.Write(b)
}
