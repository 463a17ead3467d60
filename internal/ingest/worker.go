package ingest

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gongxin/internal/fault"
)

// ErrUnfinished refuses an error workbook of a filing that still runs.
var ErrUnfinished = fault.New(fault.Conflict, "ingest.unfinished", "这个批次还在处理，错误表尚不完整", "请在处理完成后下载")

// pollEvery is how often a worker looks for filings that another process acknowledged.
const pollEvery = 2 * time.Second

// Work runs waiting filings until ctx ends, one at a time: checking uses every processor already, and writing has one place. wake
// says that a filing was just acknowledged in this process. Once an hour it sweeps what nobody comes back for.
func (s *Service) Work(ctx context.Context, wake <-chan struct{}, log *slog.Logger) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var swept turn
	for {
		swept = s.sweepDue(ctx, swept, log)
		if err := s.drain(ctx, log); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "filing stopped; it will be taken up again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-tick.C:
		}
	}
}

// drain runs what waits now.
func (s *Service) drain(ctx context.Context, log *slog.Logger) error {
	for {
		ids, err := s.Waiting(ctx)
		if err != nil {
			return err
		}
		ran := false
		for _, id := range ids {
			sub, err := s.Run(ctx, id, nil)
			if errors.Is(err, ErrWorking) {
				continue // another process was faster
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil { // it stays waiting; the others go on
				log.ErrorContext(ctx, "filing stopped; it will be taken up again", slog.String("submission", id), slog.Any("error", err))
				continue
			}
			ran = true
			log.InfoContext(ctx, "filing done", slog.String("submission", sub.ID), slog.String("item", string(sub.Item)), slog.String("state", string(sub.State)),
				slog.Int("rows", sub.Received()), slog.Int("rejected", sub.Rejected))
		}
		if !ran {
			return nil
		}
	}
}
