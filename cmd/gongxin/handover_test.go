package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/pquerna/otp/totp"

	"gongxin/internal/app"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/correction"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/identity"
	"gongxin/internal/listing"
)

// office is a unit with a clerk who leaves, a colleague, a reviewer with a second factor, and one of another unit.
type office struct {
	left, next, stranger int64
	codes                []string
	cases                []int64
}

const officePassword = "临江仙月下独酌七十二"

func newOffice(t *testing.T, url, dir string) (o office) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	a, err := (&Env{Context: ctx, CLI: &CLI{Database: url, Data: dir}}).openApp(app.Options{})
	must(err)
	defer func() { must(a.Close()) }()
	here, err := a.Agencies.Add(ctx, "11990102MB0000019H", "甲局", "990102")
	must(err)
	there, err := a.Agencies.Add(ctx, "11990103MB00000190", "乙局", "990103")
	must(err)
	open := func(login string, unit int64, region string, role authz.Role) int64 {
		t.Helper()
		acc, _, err := a.Trust.Identity.Open(ctx, authz.LocalActor("test"), identity.NewAccount{
			Kind: identity.StaffAccount, Login: login, Name: "测试" + login, Agency: unit, Region: region, Password: officePassword, Grants: []authz.Grant{{Role: role, Agency: unit}},
		})
		must(err)
		return acc.ID
	}
	o.left, o.next = open("clerk1", here.ID, "990102", authz.FilingClerk), open("clerk2", here.ID, "990102", authz.FilingClerk)
	o.stranger = open("clerk3", there.ID, "990103", authz.FilingClerk)
	open("chief", here.ID, "990102", authz.Reviewer)
	s, err := a.Trust.Identity.SignIn(ctx, identity.Attempt{Login: "chief", Password: officePassword, Address: "127.0.0.1"})
	must(err)
	chief, err := a.Trust.Identity.Actor(ctx, s.Token)
	must(err)
	setup, err := a.Trust.Identity.BeginTOTP(ctx, chief)
	must(err)
	code, err := totp.GenerateCode(setup.Secret, a.Clock.Now())
	must(err)
	_, o.codes, err = a.Trust.Identity.ConfirmTOTP(ctx, chief, setup.Ceremony, code)
	must(err)
	clerk := authz.With(ctx, authz.Actor{ID: o.left, Kind: authz.Account, Grants: []authz.Grant{{Role: authz.FilingClerk, Agency: here.ID}}})
	system := authz.With(ctx, authz.SystemActor("corrections"))
	for i, kind := range []string{listing.FlowKind, listing.FlowKind, correction.FlowKind} {
		as := clerk
		if kind == correction.FlowKind {
			as = system
		}
		must(a.DB.Tx(as, func(ctx context.Context, tx *db.Tx) error {
			c, err := a.Procedures.Flow.Open(ctx, tx, flow.NewCase{Kind: kind, Ref: strconv.Itoa(i + 1), Agency: here.ID, Region: "990102", Title: "样本", Input: flow.Input{Reason: "样本的原因"}})
			if err != nil {
				return err
			}
			o.cases = append(o.cases, c.ID)
			return nil
		}))
	}
	for _, id := range o.cases {
		must(a.DB.Tx(clerk, func(ctx context.Context, tx *db.Tx) error {
			_, err := a.Procedures.Flow.Assign(ctx, tx, id, spelt(o.left), "")
			return err
		}))
	}
	return o
}

// Everything that somebody who left was dealing with is previewed, then moves in one act, whatever the procedure; nothing moves to strangers, and nothing without a reason.
func TestHandoverCommand(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		dir := t.TempDir()
		o := newOffice(t, url, dir)
		run := func(code bool, args ...string) (handed, error) {
			t.Helper()
			secret := officePassword + "\n"
			if code {
				secret += o.codes[0] + "\n"
				o.codes = o.codes[1:]
			}
			path := filepath.Join(t.TempDir(), "secrets")
			if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
				t.Fatal(err)
			}
			var cli struct {
				Handover HandoverCmd `cmd:""`
			}
			parser, err := kong.New(&cli)
			if err != nil {
				t.Fatal(err)
			}
			k, err := parser.Parse(append([]string{"handover", "--as", "chief", "--secrets", path}, args...))
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			var out bytes.Buffer
			var h handed
			if err := k.Run(&Env{Context: ctx, CLI: &CLI{Database: url, Data: dir, JSON: true}, Out: &out, Msg: &bytes.Buffer{}}); err != nil {
				return h, err
			}
			return h, json.Unmarshal(out.Bytes(), &h)
		}
		n := func(id int64) string { return strconv.FormatInt(id, 10) }
		for name, c := range map[string]struct {
			code bool
			args []string
			want string
		}{
			"to oneself":       {false, []string{"--from", n(o.left), "--to", n(o.left)}, "handover.account"},
			"no reason":        {false, []string{"--from", n(o.left), "--to", n(o.next), "--yes"}, "handover.reason"},
			"no second factor": {false, []string{"--from", n(o.left), "--to", n(o.next)}, "sign.factor"},
			"to a stranger":    {true, []string{"--from", n(o.left), "--to", n(o.stranger)}, "handover.nobody"},
			"of who has none":  {true, []string{"--from", n(o.next), "--to", n(o.left)}, "handover.nothing"},
			"a deputy's day":   {true, []string{"--from", n(o.left), "--to", n(o.next), "--deputy", "明天"}, "handover.day"},
		} {
			_, err := run(c.code, c.args...)
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		h, err := run(true, "--from", n(o.left), "--to", n(o.next))
		if err != nil || h.Done || h.Moved != 0 || len(h.Shares) != 2 || h.Shares[0].Moves+h.Shares[1].Moves != 3 || h.Shares[0].Strange+h.Shares[1].Strange != 0 {
			t.Errorf("the preview: %+v %v", h, err)
		}
		if _, err := run(true, "--from", n(o.left), "--to", n(o.next), "--deputy", clock.Today(clock.System{}).AddDays(3).String()); err != nil {
			t.Errorf("a deputy: %v", err)
		}
		if h, err = run(true, "--from", n(o.left), "--to", n(o.next), "--reason", "调离岗位", "--yes"); err != nil || !h.Done || h.Moved != 3 || h.Left != 0 {
			t.Errorf("handed over: %+v %v", h, err)
		}
		var f *fault.Error
		if _, err = run(true, "--from", n(o.left), "--to", n(o.next)); !errors.As(err, &f) || f.Code != "handover.nothing" {
			t.Errorf("once more: %v", err)
		}
	})
}
