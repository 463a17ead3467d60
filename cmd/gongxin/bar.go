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

// line shows how far long work has come: a line that is rewritten on a terminal, a plain line every few seconds elsewhere.
type line struct {
	w        io.Writer
	terminal bool
	each     bool // a line for everything that is shown
	start    time.Time
	last     time.Time
}

func newLine(w io.Writer) *line {
	f, ok := w.(*os.File)
	now := time.Now()
	return &line{w: w, terminal: ok && term.IsTerminal(int(f.Fd())), start: now, last: now}
}

const barWidth = 24

func (b *line) show(share float64, text string) {
	now := time.Now()
	every := 5 * time.Second
	if b.terminal {
		every = 100 * time.Millisecond
	}
	if now.Sub(b.last) < every && !b.each {
		return
	}
	b.last = now
	share = min(1, max(0, share))
	text = fmt.Sprintf("%3.0f%%  %s", share*100, text)
	if b.terminal {
		full := int(share * barWidth)
		_, _ = fmt.Fprintf(b.w, "\r[%s%s] %s\x1b[K", strings.Repeat("█", full), strings.Repeat("·", barWidth-full), text)
		return
	}
	_, _ = fmt.Fprintln(b.w, text)
}

func (b *line) end() {
	if b.terminal {
		_, _ = fmt.Fprint(b.w, "\r\x1b[K")
	}
}

// count shows how much is done where nobody knows how much there is.
func (b *line) count(text string) {
	now := time.Now()
	if every := 5 * time.Second; !b.terminal && now.Sub(b.last) < every {
		return
	}
	b.last = now
	if b.terminal {
		_, _ = fmt.Fprintf(b.w, "\r%s\x1b[K", text)
		return
	}
	_, _ = fmt.Fprintln(b.w, text)
}

// filing shows the progress of a filing.
func (b *line) filing(p ingest.Progress) {
	share := 0.0
	if p.TotalBytes > 0 {
		share = float64(p.Bytes) / float64(p.TotalBytes)
	}
	rate := float64(p.Rows) / max(time.Since(b.start).Seconds(), 0.001)
	b.show(share, fmt.Sprintf("%d 行，退回 %d，%.0f 行/秒", p.Rows, p.Counts.Rejected, rate))
}
