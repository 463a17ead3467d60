package app

import (
	"bytes"
	"context"
	"io"

	"github.com/prometheus/client_golang/prometheus"

	"gongxin/internal/blob"
	"gongxin/internal/clamd"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
)

// openScanner connects what people upload with the operator's virus scanner. Whether it answers is asked with each file: a scanner that starts later than
// the site does is no reason to stand still.
func (a *App) openScanner() error {
	if a.Config.Scan.Address == "" {
		return nil
	}
	c, err := clamd.New(a.Config.Scan.Address)
	if err != nil {
		return err
	}
	a.scanner = c
	return nil
}

// scan gives the scanner as procedures ask for it; nil when there is none.
func (a *App) scan() flow.Scanner {
	if a.scanner == nil {
		return nil
	}
	return a.scanner
}

// evidence keeps what claims are shown by, sealed, each file for itself: it stays until the claim's period is over, where what is kept alone is swept
// after a day. A scanner reads it first, since people of the office will open it.
type evidence struct {
	blobs   *blob.Store
	scanner flow.Scanner // nil = there is none
}

// Put keeps a file.
func (e evidence) Put(ctx context.Context, r io.Reader, limit int64) (_ string, err error) {
	defer fault.Wrap(&err, "app.evidence")
	if e.scanner != nil {
		data, err := io.ReadAll(io.LimitReader(r, limit+1)) // one byte more than may be, for the store to refuse
		if err != nil {
			return "", err
		}
		finding, err := e.scanner.Scan(ctx, bytes.NewReader(data))
		switch {
		case err != nil:
			return "", flow.ErrFileScan.With(err)
		case finding != "":
			return "", flow.ErrFileBad
		}
		r = bytes.NewReader(data)
	}
	info, err := e.blobs.PutOwned(ctx, r, limit)
	return info.Hash, err
}

// Remove takes a file away.
func (e evidence) Remove(name string) error { return e.blobs.Remove(name) }

// scans counts what the scanner was asked.
type scans struct{ from *clamd.Client }

var scanned = prometheus.NewDesc("gongxin_scanned_files_total", "Uploaded files by what the virus scanner said; failed ones were refused without an answer.", []string{"outcome"}, nil)

// Describe names the counter.
func (scans) Describe(ch chan<- *prometheus.Desc) { ch <- scanned }

// Collect reads the counter.
func (s scans) Collect(ch chan<- prometheus.Metric) {
	for outcome, label := range map[clamd.Outcome]string{clamd.Clean: "clean", clamd.Found: "found", clamd.Failed: "failed"} {
		ch <- prometheus.MustNewConstMetric(scanned, prometheus.CounterValue, float64(s.from.Count(outcome)), label)
	}
}
