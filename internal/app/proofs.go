package app

import (
	"context"

	"gongxin/internal/translog"
	"gongxin/internal/web"
	pages "gongxin/internal/web/proofs"
)

// prover proves by the public log, which is opened when it is first needed.
type prover struct{ a *App }

// Bundle makes a bundle of proofs ready.
func (p prover) Bundle(ctx context.Context, ask translog.BundleAsk) (*translog.Bundle, error) {
	log, err := p.a.publicLog(ctx)
	if err != nil {
		return nil, err
	}
	return log.Bundle(ctx, ask)
}

// verifyPages hangs in the page that verifies proofs.
func (a *App) verifyPages(site *web.Site, rt *web.Router) {
	pages.New(pages.Deps{Site: site, Keys: func(ctx context.Context) ([]string, error) {
		log, err := a.publicLog(ctx)
		if err != nil {
			return nil, err
		}
		return log.Verifiers(), nil
	}}).Routes(rt)
}
