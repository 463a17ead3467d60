package soak

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"gongxin/internal/app"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/synth"
)

// markName is the file by which a data folder is known to belong to a soak: without it the child does not start, so that nobody can move the
// clock of a real register.
const markName = "soak.mark"

// Child is the server under test, run by the parent in a process of its own.
type Child struct {
	Config  config.Config
	Version string
	In      io.Reader // commands of the parent, a line each; its end ends the server
	Out     io.Writer // says where it listens
	Log     *slog.Logger
}

// jumpClock is the machine's clock, moved.
type jumpClock struct{ offset atomic.Int64 }

// Now gives the moved moment.
func (c *jumpClock) Now() time.Time {
	return clock.System{}.Now().Add(time.Duration(c.offset.Load()))
}

// Serve serves until the parent ends it or is gone.
func (c Child) Serve(ctx context.Context) (err error) {
	if _, err := os.Stat(filepath.Join(c.Config.Data, markName)); err != nil || !c.Config.Loopback() {
		return ErrChild
	}
	ignoreFileLimit()
	c.Config.Limits.PerSecond = -1 // one key asks here for everybody
	moved := &jumpClock{}
	a, err := app.Open(ctx, c.Config, app.Options{Demo: true, Version: c.Version, Clock: moved, Log: c.Log}, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := register(ctx, a); err != nil {
		return err
	}
	if err := openKeys(ctx, a, filepath.Join(c.Config.Data, keysName)); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel()
		for lines := bufio.NewScanner(c.In); lines.Scan(); {
			if err := c.obey(ctx, a, lines.Text(), moved); err != nil {
				c.Log.ErrorContext(ctx, "soak command", slog.Any("error", err))
			}
		}
	}()
	return a.Serve(ctx, true, func(address string) { _, _ = fmt.Fprintln(c.Out, "listening", address) })
}

// obey does what the parent says: "clock 49h" moves the clock to so much from the true time, "full 512" lets no file be written beyond so many bytes, "free"
// gives the disk back, "agent CODE" opens an account that acts for a firm.
func (c Child) obey(ctx context.Context, a *app.App, line string, moved *jumpClock) error {
	word, value, _ := strings.Cut(line, " ")
	switch word {
	case "clock":
		d, err := time.ParseDuration(value)
		if err != nil {
			return err
		}
		moved.offset.Store(int64(d))
		return nil
	case "full":
		most, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return err
		}
		return limitFiles(most)
	case "free":
		return freeFiles()
	case "agent":
		return c.agent(ctx, a, value)
	}
	return fmt.Errorf("unknown command %q", word)
}

// register puts the city's departments on file, once.
func register(ctx context.Context, a *app.App) error {
	have, err := a.Agencies.List(ctx)
	if err != nil || len(have) > 0 {
		return err
	}
	city, err := synth.New(cityOptions(1, clock.Today(a.Clock)))
	if err != nil {
		return err
	}
	return a.RegisterCity(ctx, city)
}

// cityOptions say which city files; the departments are the same in each.
func cityOptions(seed uint64, today clock.Date) synth.Options {
	return synth.Options{Seed: seed, Subjects: 5000, Records: 200_000, Messy: 0.02, Today: today, Every: synth.Monthly}
}
