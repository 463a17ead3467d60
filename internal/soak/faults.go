package soak

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// A kind of fault. do is done to the running server, and lasts until it returns.
type kind struct {
	name string
	do   func(*run, context.Context) error
}

// kinds gives the faults by their kind: each kind comes equally often, and its forms in turn. On SQLite the database dies with the server.
func (r *run) kinds() [][]kind {
	full := func(command string) func(*run, context.Context) error {
		return func(r *run, ctx context.Context) error { return r.fillDisk(ctx, command) }
	}
	disk := []kind{{"磁盘写满再释放", full("full 512")}} // nothing can be written
	if r.pg == nil {
		// Received files still fit, the database's log does not.
		disk = append(disk, kind{"数据库文件不能再写，再释放", full("full 262144")})
	}
	all := [][]kind{
		{{"kill -9 服务", (*run).killServer}, {"kill -9 服务两次，第二次在启动中", (*run).killTwice}},
		disk,
		{{"时钟拨快 49 小时后拨回，其间 kill -9 服务", (*run).jumpForward}, {"时钟拨慢 30 小时后拨回", (*run).jumpBack}},
	}
	if r.pg != nil {
		all = append(all,
			[]kind{{"kill -9 数据库", (*run).killDatabase}, {"同时 kill -9 服务和数据库", (*run).killBoth}},
			[]kind{{"快速重启数据库", (*run).restartDatabase}})
	}
	return all
}

// faults does one fault after each interval, every kind once before any comes again.
func (r *run) faults(ctx context.Context) error {
	kinds, turn := r.kinds(), 0
	var left []int
	for {
		r.tell()
		pause(ctx, r.o.Every)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the time is up
		}
		if len(left) == 0 {
			left = r.random.Perm(len(kinds))
			turn++
		}
		forms := kinds[left[0]]
		left = slices.Delete(left, 0, 1)
		// A fault that has begun is done to its end, also when the time is up meanwhile.
		if err := r.fault(context.WithoutCancel(ctx), forms[(turn-1)%len(forms)]); err != nil {
			return err
		}
	}
}

// fault does one fault and measures how long the server takes to be ready again.
func (r *run) fault(ctx context.Context, k kind) error {
	f := Fault{Kind: k.name, At: time.Since(r.begun).Seconds(), Recovery: -1}
	defer func() { r.report.Faults = append(r.report.Faults, f) }()
	if err := k.do(r, ctx); err != nil {
		return fmt.Errorf("soak: %s: %w", k.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := r.srv.ready(ctx); err != nil {
		r.load.problem("“%s”之后服务没有恢复", k.name)
		return nil //nolint:nilerr // found, and the rest goes on
	}
	f.Recovery = time.Since(r.lifted).Seconds()
	return nil
}

// recoveries sums the faults up by their kind, in the order in which they first came.
func recoveries(faults []Fault) []Recovery {
	var out []Recovery
	times := map[string][]float64{}
	for _, f := range faults {
		if _, known := times[f.Kind]; !known {
			out = append(out, Recovery{Kind: f.Kind})
		}
		times[f.Kind] = append(times[f.Kind], f.Recovery)
	}
	for i := range out {
		all := slices.Sorted(slices.Values(times[out[i].Kind]))
		n := len(all)
		out[i].Times, out[i].Median, out[i].Worst = n, (all[(n-1)/2]+all[n/2])/2, all[n-1]
		if all[0] < 0 {
			out[i].Worst = -1
		}
	}
	return out
}

func (r *run) tell() {
	if r.o.Progress != nil {
		share := time.Since(r.begun).Seconds() / r.o.Duration.Seconds()
		filed, problems := r.load.sofar()
		r.o.Progress(share, fmt.Sprintf("已确认 %d 个批次，故障 %d 次，问题 %d 处", filed, len(r.report.Faults), problems))
	}
}

func (r *run) killServer(ctx context.Context) error {
	r.srv.kill()
	r.lifted = time.Now()
	return r.srv.start(ctx)
}

// killTwice kills the server again while it is starting.
func (r *run) killTwice(ctx context.Context) error {
	r.srv.kill()
	starting, cancel := context.WithTimeout(ctx, time.Duration(50+r.random.IntN(400))*time.Millisecond)
	err := r.srv.start(starting)
	cancel()
	if err == nil || r.srv.cmd.ProcessState == nil {
		r.srv.kill()
	}
	r.lifted = time.Now()
	return r.srv.start(ctx)
}

func (r *run) killDatabase(ctx context.Context) error {
	r.lifted = time.Now()
	return r.pg.kill(ctx)
}

func (r *run) restartDatabase(ctx context.Context) error {
	r.lifted = time.Now()
	return r.pg.restart(ctx)
}

func (r *run) killBoth(ctx context.Context) error {
	r.srv.kill()
	r.lifted = time.Now()
	if err := r.pg.kill(ctx); err != nil {
		return err
	}
	return r.srv.start(ctx)
}

// faultLasts is how long a fault that is no blow holds on.
func (r *run) faultLasts() time.Duration { return min(20*time.Second, r.o.Every/2) }

func (r *run) fillDisk(ctx context.Context, command string) error {
	if err := r.srv.tell(command); err != nil {
		return err
	}
	pause(ctx, r.faultLasts())
	r.lifted = time.Now()
	return r.srv.tell("free")
}

func (r *run) jumpForward(ctx context.Context) error {
	if err := r.srv.tell("clock 49h"); err != nil {
		return err
	}
	pause(ctx, r.faultLasts())
	r.srv.kill() // what it held is held until a time that is now far away
	r.lifted = time.Now()
	return r.srv.start(ctx)
}

func (r *run) jumpBack(ctx context.Context) error {
	if err := r.srv.tell("clock -30h"); err != nil {
		return err
	}
	pause(ctx, r.faultLasts())
	r.lifted = time.Now()
	return r.srv.tell("clock 0s")
}
