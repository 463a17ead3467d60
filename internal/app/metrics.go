package app

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics serves figures about this process for the operator's monitoring, from a registry of its own. No figure carries a name or a code.
func (a *App) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gongxin_name_index_entries", Help: "Subjects in the name index of this node."},
			func() float64 { return float64(a.Names.Len()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "gongxin_filing_rows_total", Help: "Rows of filings answered by this process."},
			func() float64 { return float64(a.rows.Load()) }))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{ErrorLog: nil})
}
