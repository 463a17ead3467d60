package app

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gongxin/internal/db"
	"gongxin/internal/flow"
	"gongxin/internal/objection"
	"gongxin/internal/repair"
)

// attachmentsEvery is how often attachments that nothing names are looked for.
const attachmentsEvery = 24 * time.Hour

// swept counts what sweeps of this process took away.
type swept struct{ uploads, files, bytes atomic.Int64 }

// SweepAttachments deletes attachments that no step and no draft names once their time is over.
func (a *App) SweepAttachments(ctx context.Context) (flow.Swept, error) {
	periods, err := flow.DefaultUnnamed()
	if err != nil {
		return flow.Swept{}, err
	}
	s, err := a.Procedures.Flow.SweepFiles(ctx, periods, func(ctx context.Context, q db.Querier, yield func(string)) error {
		return errors.Join(objection.NamedFiles(ctx, q, yield), repair.NamedFiles(ctx, q, yield))
	}, func(ctx context.Context, hash string) (bool, error) {
		if filed, err := a.Ingest.HasFile(ctx, hash); err != nil || filed {
			return false, err
		}
		return a.blobs.Forget(hash, flow.FilesRest)
	})
	a.swept.uploads.Add(int64(s.Uploads))
	a.swept.files.Add(int64(s.Files))
	a.swept.bytes.Add(s.Bytes)
	return s, err
}

// sweepAttachments does so every day until ctx ends.
func (a *App) sweepAttachments(ctx context.Context) {
	a.every(ctx, attachmentsEvery, "attachments", func() error {
		s, err := a.SweepAttachments(ctx)
		if s.Uploads > 0 {
			a.Log.LogAttrs(ctx, slog.LevelInfo, "attachments swept", slog.Int("uploads", s.Uploads), slog.Int("files", s.Files), slog.Int64("bytes", s.Bytes))
		}
		return err
	})
}

// sweptMetrics are the figures of sweeps.
func (a *App) sweptMetrics() []prometheus.Collector {
	counter := func(name, help string, n *atomic.Int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(n.Load()) })
	}
	return []prometheus.Collector{
		counter("gongxin_attachments_swept_total", "Attachments that no step and no draft named, deleted by this process after their period.", &a.swept.uploads),
		counter("gongxin_attachment_bytes_swept_total", "Bytes of contents that went with them.", &a.swept.bytes),
	}
}
