package bench

import (
	"slices"
	"time"
)

// Report is everything that a run found out.
type Report struct {
	At       time.Time `json:"at"`
	Machine  Machine   `json:"machine"`
	Run      Settings  `json:"run"`
	Stages   []*Stage  `json:"stages"`
	Growth   []Growth  `json:"growth,omitempty"` // of the largest size against the smallest
	Verdicts []Verdict `json:"verdicts"`         // at the largest size
	Notes    []string  `json:"notes"`
}

// Settings are the options that shape the figures.
type Settings struct {
	Seed    uint64  `json:"seed"`
	Sizes   []int   `json:"sizes"`
	Clients []int   `json:"clients"`
	Seconds float64 `json:"seconds"`
	Batch   int     `json:"batchRows"`
	Parts   []Part  `json:"parts"`
}

// Stage is what was measured at one size.
type Stage struct {
	Records       int            `json:"records"`  // asked for, without registrations
	Subjects      int            `json:"subjects"` // on the register, persons not counted
	DatabaseBytes int64          `json:"databaseBytes"`
	Filing        FilingFigures  `json:"filing"`
	Query         *QueryFigures  `json:"query,omitempty"`
	Search        *SearchFigures `json:"search,omitempty"`
	Page          *PageFigures   `json:"page,omitempty"`
	List          *PageFigures   `json:"list,omitempty"`
	Check         *CheckFigures  `json:"check,omitempty"`
	Report        *ReportFigures `json:"report,omitempty"`
	Windows       *WindowFigures `json:"windows,omitempty"`
	Ends          *EndFigures    `json:"ends,omitempty"`
}

// Speed is how fast rows went by.
type Speed struct {
	Rows       int     `json:"rows"`
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"perSecond"`
	CPUSeconds float64 `json:"cpuSeconds"` // of this process; a database server's are not in it
}

func speed(rows int, wall, cpu time.Duration) Speed {
	s := Speed{Rows: rows, Seconds: wall.Seconds(), CPUSeconds: cpu.Seconds()}
	if wall > 0 {
		s.PerSecond = float64(rows) / wall.Seconds()
	}
	return s
}

// FilingFigures say how fast the intake is.
type FilingFigures struct {
	Registrations Speed          `json:"registrations"` // DJJC: subjects are made
	Stock         Speed          `json:"stock"`         // three years of records at once, most rows of it late
	Begin         float64        `json:"beginPerSecond"`
	End           float64        `json:"endPerSecond"` // of the first and the last tenth of the stock
	StockFiles    int            `json:"stockFiles"`
	StockBytes    int64          `json:"stockBytes"`
	Counts        map[string]int `json:"counts"`         // outcomes of the stock
	Week          *Speed         `json:"week,omitempty"` // large files of the last week: what the floor is set against
	WeekFiles     int            `json:"weekFiles,omitempty"`
	Floor         *Speed         `json:"floor,omitempty"`
	FloorRows     map[string]int `json:"floorRows,omitempty"` // by table
	Ratio         float64        `json:"ratio,omitempty"`
	Single        *Latency       `json:"single,omitempty"` // one row a file, one client, acknowledged and filed
	PeakBytes     int64          `json:"peakBytes"`        // resident, while filing
	MakeSeconds   float64        `json:"makeSeconds"`      // making the files, outside of all measurements
}

// Latency is the distribution of a call's time over all calls that were made.
type Latency struct {
	Calls     int     `json:"calls"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"perSecond"`
	Mean      float64 `json:"meanMs"`
	P50       float64 `json:"p50Ms"`
	P95       float64 `json:"p95Ms"`
	P99       float64 `json:"p99Ms"`
	Max       float64 `json:"maxMs"`
}

// latency sorts the samples; took is the wall time in which they were made.
func latency(samples []time.Duration, took time.Duration) Latency {
	l := Latency{Calls: len(samples), Seconds: took.Seconds()}
	if len(samples) == 0 {
		return l
	}
	slices.Sort(samples)
	sum := time.Duration(0)
	for _, d := range samples {
		sum += d
	}
	at := func(p float64) float64 { // the smallest sample that a share p of all does not exceed
		i := int(p*float64(len(samples))+0.999999) - 1
		return ms(samples[min(max(i, 0), len(samples)-1)])
	}
	l.Mean, l.P50, l.P95, l.P99, l.Max = ms(sum)/float64(len(samples)), at(0.50), at(0.95), at(0.99), at(1)
	if took > 0 {
		l.PerSecond = float64(len(samples)) / took.Seconds()
	}
	return l
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// Load is the product against its floor with so many connections, each asking again as soon as it has its answer.
type Load struct {
	Clients int     `json:"clients"`
	Product Latency `json:"product"`
	Floor   Latency `json:"floor"`
	Ratio   float64 `json:"ratio"` // of requests per second
}

// Half is what one request takes when requests come at half the rate that the product can serve.
type Half struct {
	Clients int     `json:"clients"`
	Rate    float64 `json:"rate"`
	Product Latency `json:"product"`
	Floor   Latency `json:"floor"` // at the same rate: what the machine and the generator take
}

// HTTPFigures are taken over loopback.
type HTTPFigures struct {
	Loads []Load `json:"loads"`
	Half  Half   `json:"half"`
}

// best is the load at which the product served most.
func (h *HTTPFigures) best() *Load {
	best := &h.Loads[0]
	for i := range h.Loads {
		if h.Loads[i].Product.PerSecond > best.Product.PerSecond {
			best = &h.Loads[i]
		}
	}
	return best
}

// QueryFigures are those of a subject's records by code.
type QueryFigures struct {
	HTTPFigures
	Heaviest Latency `json:"heaviest"` // the hundred subjects with most records, one connection
	Packed   Latency `json:"packed"`   // any subject, one connection, the answer packed by gzip
}

// CheckFigures are those of the credit check over the interface.
type CheckFigures struct {
	HTTPFigures               // beside one indexed SELECT of the subject's records
	Kept        []Load        `json:"kept"`     // beside the same SELECT with one committed row of the size of an entry
	Heaviest    Latency       `json:"heaviest"` // the hundred subjects with most records, one connection
	Batch       *BatchFigures `json:"batch"`
}

// BatchFigures are those of a list that is answered as a stream.
type BatchFigures struct {
	Rows           int     `json:"rows"`
	Seconds        float64 `json:"seconds"`
	PerSecond      float64 `json:"perSecond"`
	FirstMS        float64 `json:"firstMs"` // until the first answer was there
	Bytes          int64   `json:"bytes"`
	PeakBytes      int64   `json:"peakBytes"` // resident meanwhile, caches and the client with it
	FloorPerSecond float64 `json:"floorPerSecond,omitempty"`
	Ratio          float64 `json:"ratio,omitempty"`
}

// ReportFigures are those of reports.
type ReportFigures struct {
	Kinds []ReportKind  `json:"kinds"`
	HTTP  Latency       `json:"http"` // POST /api/v1/reports, standard, one connection
	JSON  Latency       `json:"json"` // GET of a report that is there, as data
	PDF   Latency       `json:"pdf"`  // and as a PDF, set anew under its kept signature
	Batch *BatchFigures `json:"batch"`
}

// ReportKind is one kind of report, within the process.
type ReportKind struct {
	Name      string  `json:"name"`
	Made      Latency `json:"made"`    // read, composed, proven, signed, on file
	Printed   Latency `json:"printed"` // set as a PDF and signed
	Whole     Latency `json:"whole"`
	Verified  Latency `json:"verified"` // the PDF, offline
	JSONBytes int64   `json:"jsonBytes"`
	PDFBytes  int64   `json:"pdfBytes"`
	Unproven  int     `json:"unproven"` // reports without the proof of every record
}

// PageFigures are those of pages.
type PageFigures struct {
	Kinds []PageKind `json:"kinds"`
	HTTPFigures
}

// PageKind is one kind of page or filter: the server's own time, without the network.
type PageKind struct {
	Name   string  `json:"name"`
	Bytes  int     `json:"bytes"` // of the answer, packed, on average
	Server Latency `json:"server"`
}

// SearchFigures are those of the name search.
type SearchFigures struct {
	Names       int          `json:"names"`
	BuildSecs   float64      `json:"buildSeconds"`
	MemoryBytes int64        `json:"memoryBytes"` // heap that the index added
	Kinds       []SearchKind `json:"kinds"`
	Mixed       HTTPFigures  `json:"mixed"` // all kinds over HTTP; the floor writes the same bytes
	Recall      Recall       `json:"recall"`
	TrigramSecs float64      `json:"trigramBuildSeconds"`
	TrigramSize int64        `json:"trigramBytes"`
}

// SearchKind is one kind of query.
type SearchKind struct {
	Name    string   `json:"name"`
	Example string   `json:"example"`
	Direct  Latency  `json:"direct"`
	HTTP    Latency  `json:"http"`
	Trigram *Latency `json:"trigram,omitempty"` // SQLite FTS5 on the same names; none where it cannot answer
}

// Recall counts how often a name with one wrong or missing character is among the first ten hits.
type Recall struct {
	Asked        int     `json:"asked"`
	Share        float64 `json:"share"`
	TrigramAsked int     `json:"trigramAsked"`
	TrigramShare float64 `json:"trigramShare"`
}

// Growth is one call at the largest size against the smallest.
type Growth struct {
	Name    string  `json:"name"`
	P50From float64 `json:"p50FromMs"`
	P50To   float64 `json:"p50ToMs"`
	P50     float64 `json:"p50Ratio"`
	P99From float64 `json:"p99FromMs"`
	P99To   float64 `json:"p99ToMs"`
	P99     float64 `json:"p99Ratio"`
}

// Verdict holds a figure against its aim.
type Verdict struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Aim     float64 `json:"aim"`
	AtLeast bool    `json:"atLeast"` // else at most
	Reached bool    `json:"reached"`
}

// The aims of the performance page.
const (
	aimFilingRatio = 0.5
	aimFilingSpeed = 20_000 // rows/s
	aimQueryRatio  = 0.5
	aimQueryHalf   = 5  // ms, p99
	aimSearch      = 5  // ms, p99
	aimPage        = 10 // ms, p99
	aimRecall      = 0.98
	aimMemory      = 250 // MB for a million names
	aimGrowth      = 1.3
	aimCheckRatio  = 0.5
	aimCheckHalf   = 5   // ms, p99
	aimReport      = 100 // ms, p95, with its PDF
	aimVerify      = 50  // ms, p95, offline
)

// finish compares sizes and judges.
func (r *Report) finish() {
	first, last := r.Stages[0], r.Stages[len(r.Stages)-1]
	if first != last {
		from := first.calls()
		for i, to := range last.calls() {
			a, b := from[i].Latency, to.Latency
			if a.Calls == 0 || b.Calls == 0 || a.P50 == 0 || a.P99 == 0 {
				continue
			}
			r.Growth = append(r.Growth, Growth{Name: to.name, P50From: a.P50, P50To: b.P50, P50: b.P50 / a.P50, P99From: a.P99, P99To: b.P99, P99: b.P99 / a.P99})
		}
	}
	r.judge(last)
}

type call struct {
	name string
	Latency
}

// calls lists the latencies of a stage, the same in every stage of a run.
func (s *Stage) calls() (out []call) {
	if s.Filing.Single != nil {
		out = append(out, call{"单行报送", *s.Filing.Single})
	}
	if q := s.Query; q != nil {
		out = append(out, call{"记录查询，满载", q.Loads[0].Product}, call{"记录最多的主体", q.Heaviest})
	}
	if q := s.Search; q != nil {
		for _, k := range q.Kinds {
			out = append(out, call{"搜索：" + k.Name, k.Direct})
		}
	}
	if c := s.Check; c != nil {
		out = append(out, call{"信用核查，满载", c.Loads[0].Product}, call{"信用核查：记录最多的主体", c.Heaviest})
	}
	if f := s.Report; f != nil {
		for _, k := range f.Kinds {
			out = append(out, call{k.Name, k.Whole})
		}
	}
	for _, p := range []*PageFigures{s.Page, s.List} {
		if p == nil {
			continue
		}
		for _, k := range p.Kinds {
			out = append(out, call{k.Name, k.Server})
		}
	}
	return out
}

func (r *Report) judge(s *Stage) {
	add := func(name string, value float64, unit string, aim float64, atLeast bool) {
		r.Verdicts = append(r.Verdicts, Verdict{name, value, unit, aim, atLeast, value >= aim == atLeast || value == aim})
	}
	if f := &s.Filing; f.Week != nil {
		add("报送速度", f.Week.PerSecond, "行/秒", aimFilingSpeed, true)
		if f.Floor != nil {
			add("报送速度 ÷ 下限", f.Ratio, "倍", aimFilingRatio, true)
		}
	}
	if q := s.Query; q != nil {
		add("记录查询 ÷ 下限", q.best().Ratio, "倍", aimQueryRatio, true)
		add("记录查询，半载 p99", q.Half.Product.P99, "毫秒", aimQueryHalf, false)
	}
	if q := s.Search; q != nil {
		for _, k := range q.Kinds {
			add("搜索 p99："+k.Name, k.Direct.P99, "毫秒", aimSearch, false)
		}
		add("搜索 recall@10", q.Recall.Share, "", aimRecall, true)
		add("名称索引内存", float64(q.MemoryBytes)/1e6, "MB", aimMemory, false)
	}
	if c := s.Check; c != nil {
		add("信用核查 ÷ 下限", c.best().Ratio, "倍", aimCheckRatio, true)
		add("信用核查，半载 p99", c.Half.Product.P99, "毫秒", aimCheckHalf, false)
	}
	if f := s.Report; f != nil {
		for _, k := range f.Kinds {
			add(k.Name+"，含 PDF，p95", k.Whole.P95, "毫秒", aimReport, false)
			add(k.Name+"，离线核验 p95", k.Verified.P95, "毫秒", aimVerify, false)
		}
	}
	if w := s.Windows; w != nil {
		add("并发窗口的差错", float64(w.errors()), "次", 0, false)
	}
	for _, p := range []*PageFigures{s.Page, s.List} {
		if p == nil {
			continue
		}
		for _, k := range p.Kinds {
			add(k.Name+" p99", k.Server.P99, "毫秒", aimPage, false)
		}
	}
	for _, g := range r.Growth {
		add("增长 p50："+g.Name, g.P50, "倍", aimGrowth, false)
	}
}
