package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
	"gongxin/internal/measure"
	"gongxin/internal/translog"
)

// useCase is a matter for which departments check: what it rests on and what it opens.
type useCase struct {
	code, name, law, article string
	items                    []string
}

// useCases are of the kinds that windows handle most.
var useCases = []useCase{
	{"BENCH-SPXK", "食品经营许可审查", "《中华人民共和国食品安全法》", "第三十五条", []string{"XZCF", "XZXK", "SXBZXR", "YZSX", "SFPJ"}},
	{"BENCH-ZFCG", "政府采购供应商资格审查", "《中华人民共和国政府采购法》", "第二十二条", []string{"XZCF", "SXBZXR", "YZSX", "JYYC"}},
	{"BENCH-ZTB", "招标投标资格审查", "《中华人民共和国招标投标法》", "第二十六条", []string{"XZCF", "XZXK", "SXBZXR", "YZSX", "XZQZ"}},
}

// counter is a window: an account of a unit, the matter that it asks for, and what it shows who it is with.
type counter struct {
	unit    agency.ID
	account int64
	matter  string
	key     string // of the interface; "" = it works on the desk
	session string // token of the session on the desk
}

const (
	counterLasts = 300 * 24 * time.Hour // longer than any run
	counterPass  = "quiet-harbour-seven-stones"
)

// openCounters opens windows of departments, one account each; of every desks-th, one works on the desk's pages, the others over the interface. What a run
// opened before is not opened again.
func (r *runner) openCounters(ctx context.Context, n, desks int) error {
	if len(r.counters) >= n {
		return nil
	}
	units, err := r.app.Agencies.List(ctx)
	if err != nil {
		return err
	}
	if len(units) == 0 {
		return errors.New("no unit is registered")
	}
	units = units[:min(len(units), len(useCases))]
	if len(r.counters) == 0 {
		if err := r.openMatters(ctx, units); err != nil {
			return err
		}
	}
	for i := len(r.counters); i < n; i++ {
		at := i % len(units)
		c, err := r.openCounter(ctx, units[at], i, desks > 0 && i%desks == desks-1)
		if err != nil {
			return fmt.Errorf("window %d: %w", i, err)
		}
		c.matter = useCases[at].code
		r.counters = append(r.counters, c)
	}
	return nil
}

// openMatters puts the matters on file, with the lists that they look at and the measures that they may apply.
func (r *runner) openMatters(ctx context.Context, units []agency.Agency) error {
	local := authz.With(ctx, authz.LocalActor("bench"))
	for i, u := range units {
		x := &useCases[i]
		_, _, err := r.app.Trust.Matters.Save(ctx, audit.Who{Kind: string(authz.Local)}, agency.Matter{
			Code: x.code, Name: x.name, Agency: u.ID, Law: x.law, Article: x.article, BasisFrom: 20151001, ValidFrom: 20220101, Items: x.items,
			Kinds: []string{string(catalog.LegalEntity), string(catalog.OtherOrg), string(catalog.IndividualBusiness)},
		})
		if err != nil {
			return err
		}
		err = r.app.Lists.Measures.SaveMatter(local, measure.MatterLists{
			Matter: x.code, Lists: []string{"YZSX-SCJG", "SXBZXR", "JYYC", "SX-SXDX"}, Measures: []string{"CF-11-03", "CF-24-01", "JL-91-01"}, Must: true, From: 20220101,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) openCounter(ctx context.Context, unit agency.Agency, n int, desk bool) (c counter, err error) {
	by, login := authz.LocalActor("bench"), fmt.Sprintf("bench-window-%d", n)
	c.unit = unit.ID
	a := identity.NewAccount{
		Kind: identity.StaffAccount, Login: login, Name: "测量用窗口", Agency: unit.ID, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: unit.ID}},
	}
	if desk {
		a.Password = counterPass
	}
	account, _, err := r.app.Trust.Identity.Open(ctx, by, a)
	if err != nil {
		return c, err
	}
	c.account = account.ID
	if desk {
		s, err := r.app.Trust.Identity.SignIn(ctx, identity.Attempt{Login: login, Password: counterPass, Address: "127.0.0.1", Agent: "bench"})
		if err != nil {
			return c, err
		}
		c.session = s.Token
		return c, nil
	}
	_, c.key, err = r.app.Trust.Identity.NewKey(ctx, by, account.ID, identity.KeySpec{
		Label: "bench", Expires: r.clock.Now().Add(min(counterLasts, identity.MaxKeyLife-time.Hour)),
		Scopes: []authz.Action{authz.CheckMake, authz.CheckRead, authz.CheckFeedback, authz.DiscloseDepartment},
	})
	return c, err
}

// longestLog is how long a run waits for the public log to take in what was filed.
const longestLog = 30 * time.Minute

// running brings what was filed into the public log and keeps it running, as in service, until stop is called.
func (r *runner) running(ctx context.Context) (stop func(), err error) {
	inner, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.app.RunLog(inner)
	}()
	stop = func() { cancel(); <-done }
	if err := r.sequenced(ctx); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// sequenced waits until the log and the subjects' sets hold everything.
func (r *runner) sequenced(ctx context.Context) error {
	for began := time.Now(); ; {
		st, err := r.app.LogStatus(ctx)
		if err != nil {
			return err
		}
		newest, err := translog.Newest(ctx, r.app.DB.Read())
		if err != nil {
			return err
		}
		if st.Pending == 0 && (newest == 0 || st.Size > 0) && st.Checkpoint == st.Size {
			return nil
		}
		if time.Since(began) > longestLog {
			return fault.New(fault.Unavailable, "bench.log", "公开日志迟迟没有收完报送的记录", "请查看磁盘和数据库是否正常")
		}
		r.Progress("等公开日志收完", 0)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
