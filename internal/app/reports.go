package app

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ingest"
	"gongxin/internal/report"
	"gongxin/internal/translog"
)

// openReports builds the maker of reports. The fonts are read when the first PDF is asked for.
func (a *App) openReports(ids *id.Maker) error {
	key, err := gm.OpenSigningKey(filepath.Join(a.keyFolder(), "report.pem"))
	if err != nil {
		return err
	}
	var areas *report.Areas
	if a.Config.Report.Areas != "" {
		if areas, err = withFile(a.Config.Report.Areas, readAreas); err != nil {
			return err
		}
	}
	issuer := a.Config.Report.Issuer
	if issuer == "" {
		issuer = a.Config.City.Name + "公共信用信息平台"
	}
	base := a.Config.BaseURL
	if base == "" && a.Config.Loopback() { // a trial on this machine: its codes lead to this machine
		base = "http://" + a.Config.Listen
	}
	a.reportsWake = make(chan struct{}, 1)
	a.Reports, err = report.New(report.Config{
		DB: a.DB, Clock: a.Clock, Log: a.Log, Acts: a.Trust.Audit, Looks: a.looks(), Authority: a.Trust.Authority, Register: a.Publish, Subjects: a.Subjects, Versions: a.Records,
		Editions: a.Editions, Consents: a.Trust.Consents, Prover: a.reportProver, Ring: a.Trust.Ring, Key: key,
		Fonts: sync.OnceValues(func() (*report.Fonts, error) { return report.LoadFonts(a.Config.Report.Fonts) }),
		Areas: areas, City: a.Config.City.Name, Issuer: issuer, Base: base, Region: a.Divisions.Name,
		Keep: report.Keep{Standard: a.Config.Report.KeepMonths, Others: a.Config.Report.KeepOwnMonths},
		IDs:  ids, Unit: a.Agencies.ByID, Account: a.Trust.Identity.Ordered, Owner: ingest.Owner(id.Random()),
	})
	return err
}

// wakeReports tells the worker that a list of businesses waits.
func (a *App) wakeReports() {
	select {
	case a.reportsWake <- struct{}{}:
	default:
	}
}

// sweepReportsEvery is how often lists and reports whose time is over are looked for.
const sweepReportsEvery = time.Hour

// sweepReports deletes what is kept no longer, until ctx ends.
func (a *App) sweepReports(ctx context.Context) {
	a.every(ctx, sweepReportsEvery, "reports", func() error {
		_, err := a.Reports.SweepJobs(ctx)
		_, pruned := a.Reports.Prune(ctx)
		return errors.Join(err, pruned)
	})
}

func readAreas(r io.Reader) (*report.Areas, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return report.ParseAreas(raw)
}

// reportProver gives the public log where it has been made; a command that knows no city must not give it its name.
func (a *App) reportProver(ctx context.Context) (report.Prover, error) {
	if _, err := translog.PublicKeys(a.keyFolder()); err != nil {
		return nil, err
	}
	log, err := a.publicLog(ctx)
	if err != nil {
		return nil, err
	}
	return log, nil
}

// kindOf says what kind of subject a number is.
func (a *App) kindOf(ctx context.Context, of int64) (catalog.SubjectKind, error) {
	list, err := a.Subjects.ByIDs(ctx, []int64{of})
	if err != nil {
		return "", err
	}
	return list[of].Kind, nil
}
