package app

import (
	"context"
	"path/filepath"

	"gongxin/internal/translog"
)

// RunLog brings what was committed into the public log, until ctx ends. Work does so among other things; measurements run it alone.
func (a *App) RunLog(ctx context.Context) error {
	log, err := a.publicLog(ctx)
	if err != nil {
		return err
	}
	return log.Run(ctx, nil)
}

// LogStatus tells how far the public log is.
func (a *App) LogStatus(ctx context.Context) (translog.Status, error) {
	return a.Trust.watch.Status(ctx)
}

// LogKeys gives the public keys of the log, in note format.
func (a *App) LogKeys() ([]string, error) {
	return translog.PublicKeys(filepath.Join(a.Config.Data, "keys"))
}
