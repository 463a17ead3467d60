package me

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/translog"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// Prover gives a subject the proof of its own records, each time logged as a reading; *publish.Service is one.
type Prover interface {
	Prove(ctx context.Context, ask publish.ProofAsk) (*translog.Bundle, error)
}

// proofTime bounds the making and sending of a bundle, proofsAtOnce how many are made at once.
const (
	proofTime    = 5 * time.Minute
	proofsAtOnce = 4
)

var (
	errProofBusy = fault.New(fault.Busy, "me.proofs", "同时下载证明包的人太多", "请过一分钟再试")
	errNoProofs  = publish.ErrNoProofs
)

// proofView is the form by which a bundle is chosen.
type proofView struct {
	around
	items     []ui.Option
	item      string
	asOf      string
	asOfFault string
	last      string // the newest day that can be asked about
}

// proof explains the bundle and lets one choose what goes into it.
func (c *Centre) proof(w http.ResponseWriter, r *http.Request) error {
	v, err := c.proofForm(r)
	if err != nil {
		return err
	}
	return c.showProof(w, r, http.StatusOK, v)
}

func (c *Centre) showProof(w http.ResponseWriter, r *http.Request, status int, v *proofView) error {
	return c.show(w, r, status, c.page(r, "记录的证明", ui.Link{Label: "记录的证明"}), proofPage(v))
}

func (c *Centre) proofForm(r *http.Request) (*proofView, error) {
	a, err := c.around(r, "proof", "/me/proof")
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	v := &proofView{around: a, item: q.Get("item"), asOf: q.Get("asOf"), last: c.today().AddDays(-1).String()}
	for _, item := range c.edition().Items {
		v.items = append(v.items, ui.Option{Value: string(item.Code), Label: item.Name})
	}
	return v, nil
}

// ofText names the subject in the form, for agents of several.
func (v *proofView) ofText() string { return strconv.FormatInt(v.subject, 10) }

// moment reads the day by whose end something was in the log; none is none.
func (v *proofView) moment(today clock.Date) time.Time {
	if v.asOf == "" {
		return time.Time{}
	}
	day, err := clock.ParseDate(v.asOf)
	if err != nil || day >= today {
		v.asOfFault = "请选择今天以前的日期，例如 " + v.last + "；要到现在为止的，不用填。"
		return time.Time{}
	}
	return day.AddDays(1).Start()
}

// bundle hands out the proof as a file. The reading is on file in the access log before the first byte leaves.
func (c *Centre) bundle(w http.ResponseWriter, r *http.Request) error {
	if c.Proofs == nil {
		return errNoProofs
	}
	v, err := c.proofForm(r)
	if err != nil {
		return err
	}
	asOf := v.moment(c.today())
	if v.asOfFault != "" {
		return c.showProof(w, r, http.StatusBadRequest, v)
	}
	if v.item != "" && c.item(catalog.ItemCode(v.item), "") == nil {
		return errNotMine
	}
	select {
	case c.proving <- struct{}{}:
		defer func() { <-c.proving }()
	default:
		return errProofBusy
	}
	ctx, cancel := context.WithTimeout(r.Context(), proofTime)
	defer cancel()
	_ = http.NewResponseController(w).SetWriteDeadline(clock.System{}.Now().Add(proofTime)) // a recorder in a test has none
	bundle, err := c.Proofs.Prove(ctx, publish.ProofAsk{Who: v.who, Subject: v.subject, Item: catalog.ItemCode(v.item), AsOf: asOf})
	if err != nil {
		return err
	}
	name := "gongxin-proof-"
	if v.item != "" {
		name += v.item + "-"
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+c.now().In(clock.Zone).Format("20060102")+`.json"`)
	h.Set("Cache-Control", "no-store")
	out := &begun{w: w}
	if err := bundle.Write(ctx, out); err != nil {
		if out.any {
			panic(http.ErrAbortHandler) // nobody takes a torn file for a whole one
		}
		return err
	}
	return nil
}

// begun notes whether anything left.
type begun struct {
	w   http.ResponseWriter
	any bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.any = true
	return b.w.Write(p)
}

// proofRoutes hangs the proofs in.
func (c *Centre) proofRoutes(rt *web.Router, guard web.Guard) {
	rt.Handle("GET /me/proof", guard, c.site.Handle(c.proof))
	rt.Handle("GET /me/proof/bundle.json", guard, c.site.Stream(c.bundle))
}
