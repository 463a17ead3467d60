package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/fault"
	"gongxin/internal/ingest"
	"gongxin/internal/listing"
	"gongxin/internal/synth"
)

// CityOptions say which synthetic city a demo shows.
type CityOptions struct {
	Seed     uint64  `json:"seed"`
	Subjects int     `json:"subjects"`
	Records  int     `json:"records"`
	Messy    float64 `json:"messy"`
}

// cityState is how far the demo city has been made; it lies in the data folder, so that a killed demo goes on.
type cityState struct {
	CityOptions
	Today clock.Date `json:"today"`
	Files int        `json:"files"` // filed so far
	Done  bool       `json:"done"`
}

// CityProgress is told after each filed file.
type CityProgress func(files, of, rows int)

// ErrOtherCity refuses to mix two cities in one folder.
var ErrOtherCity = fault.New(fault.Conflict, "app.other_city", "该数据目录中已有另一座合成城市（种子或规模不同）", "请用 --data 换一个目录，或删除该目录后重来")

// MakeCity makes the demo city once: it registers the departments and files their files through the intake, in the order and on the days on which
// they would have come in. Killed at any moment it goes on where it stood.
func MakeCity(ctx context.Context, c config.Config, o Options, city CityOptions, progress CityProgress) (err error) {
	if err := c.MakeData(); err != nil {
		return err
	}
	path := filepath.Join(c.Data, "city.json")
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	now := o.Clock.Now()
	state := cityState{CityOptions: city, Today: clock.DateOf(now)}
	raw, err := os.ReadFile(path)
	switch {
	case err == nil:
		var have cityState
		if err := json.Unmarshal(raw, &have); err != nil {
			return fmt.Errorf("app: city.json: %w", err)
		}
		if have.CityOptions != city {
			return ErrOtherCity
		}
		state = have
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("app: city.json: %w", err)
	}
	if state.Done {
		return nil
	}
	made, err := synth.New(synth.Options{Seed: city.Seed, Subjects: city.Subjects, Records: city.Records, Messy: city.Messy, Today: state.Today, Every: synth.Quicker})
	if err != nil {
		return err
	}
	then := clock.NewManual(state.Today.Start())
	o.Clock, o.DB.NoSync = then, true // after a power cut the city is made again
	a, err := Open(ctx, c, o, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.RegisterCity(ctx, made); err != nil {
		return err
	}
	save := func() error { return writeState(path, &state) }
	files := made.Files()
	rows := 0
	for i := range files {
		rows += files[i].Rows
		if i < state.Files {
			continue
		}
		// Ten in the morning, and later for each further file of the day, so that versions come in order. Nothing may be filed in what is still
		// the future, early in the day: what visitors file would lie before it.
		at := files[i].Received.Start().Add(10 * time.Hour).Add(time.Duration(i) * time.Millisecond)
		if latest := now.Add(time.Duration(i-len(files)) * time.Microsecond); at.After(latest) {
			at = latest
		}
		then.Set(at)
		if err := a.fileCity(ctx, made, files[i]); err != nil {
			return err
		}
		state.Files = i + 1
		if progress != nil {
			progress(state.Files, len(files), rows)
		}
		if state.Files%50 == 0 { // what was filed since is found again by its key
			if err := save(); err != nil {
				return err
			}
		}
	}
	state.Done = true
	return save()
}

// RegisterCity registers the departments of a synthetic city, and in the lists of deciders what each of them lists.
func (a *App) RegisterCity(ctx context.Context, city *synth.City) error {
	units := map[string]int64{}
	for _, unit := range city.Agencies() {
		have, err := a.Agencies.Add(ctx, unit.Code, unit.Name, unit.Region)
		if err != nil {
			return err
		}
		units[unit.Code] = have.ID
	}
	kinds, local := a.Lists.Kinds(), authz.With(ctx, authz.LocalActor("city"))
	for _, l := range city.Listers() {
		k, ok := kinds.Of(l.Item, []string{l.Category})
		if !ok {
			continue
		}
		if err := a.Lists.Listing.Empower(local, listing.Decider{Kind: k.Code, Agency: units[l.Code], From: k.Basis.From, Basis: "部门权责清单"}); err != nil {
			return err
		}
	}
	return nil
}

// fileCity files one of the city's files as a department would.
func (a *App) fileCity(ctx context.Context, city *synth.City, spec synth.FileSpec) error {
	r, w := io.Pipe()
	go func() {
		_, err := city.WriteFile(w, spec)
		_ = w.CloseWithError(err)
	}()
	sub, err := a.Ingest.Submit(ctx, ingest.Request{
		Item: string(spec.Item), Unit: spec.UnitCode, FileName: spec.Name, Actor: "demo", Hold: true,
		IdemKey: "city/" + spec.Name, // after a crash the same filing is found again, not filed twice
	}, r)
	_ = r.CloseWithError(context.Canceled) // ends the writer when the intake did not read to the end
	if errors.Is(err, ingest.ErrIdemKey) { // another version of the program began this city and writes other files
		return ErrOtherCity.With(err)
	}
	if err != nil {
		return fmt.Errorf("app: file %s: %w", spec.Name, err)
	}
	if sub, err = a.Ingest.Run(ctx, sub.ID, nil); err != nil {
		return fmt.Errorf("app: file %s: %w", spec.Name, err)
	}
	if sub.State == ingest.Failed {
		return fmt.Errorf("app: file %s was refused: %s %s", spec.Name, sub.Failure.Code, sub.Failure.Message)
	}
	return nil
}

func writeState(path string, s *cityState) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", raw, 0o600); err != nil {
		return fmt.Errorf("app: city.json: %w", err)
	}
	return os.Rename(path+".new", path)
}
