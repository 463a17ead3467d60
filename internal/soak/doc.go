// Package soak keeps the rule that what the server has acknowledged is there afterwards, whatever was done to it meanwhile. It starts a server of its
// own, and on request a PostgreSQL of its own, files and reads through HTTP as departments and citizens do, kills server and database without warning,
// takes the disk away, moves the clock, and then looks behind the product's back for every filing that was acknowledged.
//
// Besides the synthetic city's files the load has firms of its own, whose licences it files, corrects and withdraws; a window that asks for a matter, a bank
// that asks with consents which agents of the firms give and revoke, and the agents' own files. Of each answer beyond the public it keeps the number that the
// server gave, and holds the access log against what it was told: an entry for every answer and refusal, none for what nobody asked. It keeps every checkpoint of
// the public log that it saw, and at the end lets the log be verified whole, by code that shares nothing with its writer.
//
// The faults are made thus. A kill is SIGKILL. A full disk is a limit on the size of the files that the server may write (RLIMIT_FSIZE, lifted
// again without a restart): writing then fails with EFBIG where a full disk gives ENOSPC; no file system has to be made, which would need
// root. A clock jump moves the clock that the register is given, by days forwards and back; the kernel's clock and the timers of the
// process stay, and the database has no clock of its own in any statement.
package soak

import (
	"time"

	"gongxin/internal/fault"
)

// Faults of the soak itself.
var (
	ErrChild    = fault.New(fault.Denied, "soak.child", "这个命令只能由 gongxin soak 启动", "请使用 gongxin soak")
	ErrNoServer = fault.New(fault.Unavailable, "soak.no_postgres", "本机没有 PostgreSQL 服务器程序（initdb、postgres）", "请安装 PostgreSQL，或用 --postgres-bin 指明程序所在的目录")
	ErrStart    = fault.New(fault.Unavailable, "soak.start", "被测的服务没有启动", "请查看报告目录中的 server.log")
	ErrFailed   = fault.New(fault.Conflict, "soak.failed", "发现问题：已确认的写入丢失，或登记簿前后不一致", "报告中列出了全部问题")
)

// Options bound a run.
type Options struct {
	Program  string        // the binary whose server is put under load
	Dir      string        // of data, logs and the report; made new
	Engine   string        // sqlite or postgres
	Bin      string        // folder of PostgreSQL's programs; empty = look for them
	Duration time.Duration // of the load
	Every    time.Duration // between two faults
	Filers   int
	Readers  int
	Seed     uint64
	Progress func(share float64, text string)
}

// Report is what a run found.
type Report struct {
	Engine     string     `json:"engine"`
	Program    string     `json:"program"`
	Seed       uint64     `json:"seed"`
	Begun      time.Time  `json:"begun"`
	Seconds    float64    `json:"seconds"` // of load
	CPUs       int        `json:"cpus"`
	Passed     bool       `json:"passed"`
	Faults     []Fault    `json:"faults"`
	Recoveries []Recovery `json:"recoveries"`
	Filings    Filings    `json:"filings"`
	Looks      Looks      `json:"looks"`
	Requests   []Requests `json:"requests"`
	Log        LogSeen    `json:"log"`
	Versions   int64      `json:"versions"` // on file at the end
	Leaves     int64      `json:"leaves"`   // queued for the log
	Drain      float64    `json:"drain_seconds"`
	Checked    []string   `json:"checked"`
	Problems   []string   `json:"problems"`
	Unchecked  []string   `json:"unchecked"` // what could not be looked at, and why
}

// Fault is one thing done to the server.
type Fault struct {
	Kind     string  `json:"kind"`
	At       float64 `json:"at_seconds"`
	Recovery float64 `json:"recovery_seconds"` // until the server said it was ready again, -1 if it never did
}

// Recovery sums up how long the server took after the faults of one kind, in seconds.
type Recovery struct {
	Kind   string  `json:"kind"`
	Times  int     `json:"times"`
	Median float64 `json:"median_seconds"`
	Worst  float64 `json:"worst_seconds"` // -1 if it did not come back once
}

// Filings counts what was filed.
type Filings struct {
	Acknowledged int `json:"acknowledged"`
	Rows         int `json:"rows"`
	Repeated     int `json:"repeated"` // requests sent again: no answer, an error of the server, or too many at once
}

// Looks counts what was asked beyond the public.
type Looks struct {
	Answered   int `json:"answered"` // for a matter or with a consent
	Refused    int `json:"refused"`
	Own        int `json:"own"`        // readings of the own file
	Unanswered int `json:"unanswered"` // of all of them
}

// Latency holds milliseconds of answered requests.
type Latency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// LogSeen says what was seen of the public log.
type LogSeen struct {
	Served      bool  `json:"served"`
	Checkpoints int   `json:"checkpoints"` // different ones seen while the load ran
	Size        int64 `json:"size"`        // of the last one
}
