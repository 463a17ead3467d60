package app

import (
	"context"
	"log/slog"
	"slices"

	"gongxin/internal/gm"
	"gongxin/internal/sealed"
)

// texts are the columns of free text that rest sealed.
func (a *App) texts() []*sealed.Texts {
	p, l := &a.Procedures, &a.Lists
	return slices.Concat([]*sealed.Texts{p.Flow.Texts(), p.Objections.Texts(), l.Listing.Texts()}, l.Measures.Texts(), p.Repairs.Texts(), p.Declarations.Texts())
}

// TextResealers are the stores of free text, for the exchange of keys.
func (a *App) TextResealers() []gm.Resealer {
	var out []gm.Resealer
	for _, t := range a.texts() {
		out = append(out, t)
	}
	return out
}

// SealTexts seals what was written before texts rested sealed, in bounded batches, beside the work of the day; it gives how many rows.
func (a *App) SealTexts(ctx context.Context) (n int, err error) {
	if n, err = a.Procedures.Repairs.SealLetters(ctx); err != nil {
		return n, err
	}
	for _, t := range a.texts() {
		done, err := t.SealOld(ctx)
		if n += done; err != nil {
			return n, err
		}
	}
	return n, nil
}

// sealTexts does so once after a start.
func (a *App) sealTexts(ctx context.Context) {
	n, err := a.SealTexts(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		a.Log.LogAttrs(ctx, slog.LevelError, "texts are not all sealed", slog.Int("sealed", n), slog.String("error", err.Error()))
	case n > 0:
		a.Log.LogAttrs(ctx, slog.LevelInfo, "texts sealed", slog.Int("rows", n))
	}
}
