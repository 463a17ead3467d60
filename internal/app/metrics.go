package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gongxin/internal/catalog"
	"gongxin/internal/publish"
)

// metrics serves figures about this process for the operator's monitoring, from a registry of its own. No figure carries a name or a code.
func (a *App) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gongxin_name_index_entries", Help: "Subjects in the name index of this node."},
			func() float64 { return float64(a.Names.Len()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "gongxin_filing_rows_total", Help: "Rows of filings answered by this process."},
			func() float64 { return float64(a.rows.Load()) }),
		decisions{a.Publish}, state{a})
	r.MustRegister(a.sweptMetrics()...)
	if a.scanner != nil {
		r.MustRegister(scans{a.scanner})
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{ErrorLog: nil})
}

// decisions are the counters of the gate and of disclosure. Their labels are constants of the program: classes, kinds of look-up, reasons.
type decisions struct{ from *publish.Service }

var (
	gateDecisions = prometheus.NewDesc("gongxin_gate_decisions_total", "Records that the gate let pass or held back, by class, outcome and reason.",
		[]string{"class", "outcome", "reason"}, nil)
	disclosures = prometheus.NewDesc("gongxin_disclosures_total", "Look-ups beyond the public that were answered or refused, by kind, outcome and missing element.",
		[]string{"kind", "outcome", "reason"}, nil)
)

// noReason is the reason of what was shown or answered.
const noReason = "none"

// Describe names the counters.
func (decisions) Describe(ch chan<- *prometheus.Desc) { ch <- gateDecisions; ch <- disclosures }

// Collect reads the counters.
func (d decisions) Collect(ch chan<- prometheus.Metric) {
	d.from.GateDecisions(func(c catalog.Class, r publish.Refusal, n int64) {
		outcome, reason := "held", string(r)
		if r == publish.Passes {
			outcome, reason = "shown", noReason
		}
		ch <- prometheus.MustNewConstMetric(gateDecisions, prometheus.CounterValue, float64(n), string(c), outcome, reason)
	})
	d.from.Disclosures(func(what string, m publish.Missing, n int64) {
		outcome, reason := "refused", string(m)
		if m == "" {
			outcome, reason = "answered", noReason
		}
		ch <- prometheus.MustNewConstMetric(disclosures, prometheus.CounterValue, float64(n), what, outcome, reason)
	})
}

// state is how the database and the public log are when somebody asks.
type state struct{ a *App }

var (
	databaseUp = prometheus.NewDesc("gongxin_database_up", "1 when the database answers.", nil, nil)
	logLag     = prometheus.NewDesc("gongxin_log_lag_seconds", "Age of the oldest change that is not in the public log yet; 0 when none waits.", nil, nil)
	logPending = prometheus.NewDesc("gongxin_log_pending_changes", "Changes that are not in the public log yet, counted up to 10000.", nil, nil)
	logEntries = prometheus.NewDesc("gongxin_log_entries", "Entries of the public log.", nil, nil)
	deliveries = prometheus.NewDesc("gongxin_notice_deliveries", "Notices to be sent outside that wait for their next try, and those given up.", []string{"state"}, nil)
	paused     = prometheus.NewDesc("gongxin_publication_paused", "1 while publication pauses because the public log stands still.", nil, nil)
)

// stateWait is how long a scrape waits for the database.
const stateWait = 3 * time.Second

// Describe names the gauges.
func (state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{databaseUp, logLag, logPending, logEntries, paused, deliveries} {
		ch <- d
	}
}

// Collect asks the database. When it does not answer, what it was asked for is left out rather than guessed.
func (s state) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), stateWait)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	log, err := s.a.Trust.watch.Status(ctx)
	if err != nil {
		gauge(databaseUp, 0)
		return
	}
	gauge(databaseUp, 1)
	gauge(logLag, log.Lag)
	gauge(logPending, float64(log.Pending))
	gauge(logEntries, float64(log.Size))
	gauge(paused, map[bool]float64{true: 1}[log.Paused])
	waiting, dead, err := s.a.Procedures.Notices.Backlog(ctx)
	if err != nil {
		return
	}
	gauge(deliveries, float64(waiting), "waiting")
	gauge(deliveries, float64(dead), "dead")
}
