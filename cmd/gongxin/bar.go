package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"gongxin/internal/ingest"
)

// bar shows how far a filing has come: a line that is rewritten on a terminal, a plain line every few seconds elsewhere.
type bar struct {
	w        io.Writer
	terminal bool
	start    time.Time
	last     time.Time
}

func newBar(w io.Writer) *bar {
	f, ok := w.(*os.File)
	now := time.Now()
	return &bar{w: w, terminal: ok && term.IsTerminal(int(f.Fd())), start: now, last: now}
}

const barWidth = 24

func (b *bar) show(p ingest.Progress) {
	now := time.Now()
	every := 5 * time.Second
	if b.terminal {
		every = 100 * time.Millisecond
	}
	if now.Sub(b.last) < every {
		return
	}
	b.last = now
	share := 0.0
	if p.TotalBytes > 0 {
		share = min(1, float64(p.Bytes)/float64(p.TotalBytes))
	}
	rate := float64(p.Rows) / max(now.Sub(b.start).Seconds(), 0.001)
	line := fmt.Sprintf("%3.0f%%  %d 行，退回 %d，%.0f 行/秒", share*100, p.Rows, p.Counts.Rejected, rate)
	if b.terminal {
		full := int(share * barWidth)
		_, _ = fmt.Fprintf(b.w, "\r[%s%s] %s\x1b[K", strings.Repeat("█", full), strings.Repeat("·", barWidth-full), line)
		return
	}
	_, _ = fmt.Fprintln(b.w, line)
}

func (b *bar) end() {
	if b.terminal {
		_, _ = fmt.Fprint(b.w, "\r\x1b[K")
	}
}
