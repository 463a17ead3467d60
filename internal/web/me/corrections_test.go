package me

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/correction"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

// chains answers the receipts that a test puts there.
type chains struct {
	list    []correction.Receipt
	key     int64
	subject int64
	next    string
}

func (c *chains) Receipts(_ context.Context, subject, key int64, cursor string, _ int) ([]correction.Receipt, string, error) {
	c.subject, c.key = subject, key
	if cursor != "" && cursor != c.next {
		return nil, "", correction.ErrCursor
	}
	return c.list, c.next, nil
}

func (c *chains) Unapplied(context.Context, int64) (int, int, error) { return 3, 1, nil }

func TestReceipts(t *testing.T) {
	t.Parallel()
	c := &chains{next: "a.b.c"}
	var at int64
	w := newWorld(t, func(d *Deps) {
		d.Parts = []Part{Corrections(CorrectionDeps{Receipts: c, Positions: func(_ context.Context, list []correction.Receipt) ([]int64, error) {
			out := make([]int64, len(list))
			for i := range out {
				out[i] = at
			}
			return out, nil
		}})}
	})
	b := w.agent(t, "agent1", uscc(1))
	list, err := w.records.OfSubject(ctx, record.Query{Subject: w.firm})
	must(t, err)
	kept, gone := record.ID{}, record.ID{}
	for _, v := range list {
		switch {
		case v.Item == "XZCF" && v.NaturalKey == "1":
			kept = v.ID
		case v.Status == record.Withdrawn:
			gone = v.ID
		}
	}
	unit, bank, own, stranger := notice.Recipient{Kind: notice.Agency, ID: w.unit.ID}, notice.Recipient{Kind: notice.Agency, ID: w.bank.ID},
		notice.Recipient{Kind: notice.Account, ID: b.actor(t).ID}, notice.Recipient{Kind: notice.Account, ID: 424242}
	stop := func(to notice.Recipient) correction.Notice {
		return correction.Notice{Does: correction.Stop, To: to, What: []string{"check"}, Copies: 2, HandedAt: today.Add(-240 * time.Hour), At: today.Add(-200 * time.Hour), Due: 20261112}
	}
	applied, report := stop(unit), stop(own)
	applied.Applied, applied.Note = today.Add(-190*time.Hour), "已从窗口系统删除"
	report.What, report.Due = []string{"report"}, 0
	other := report
	other.To = stranger
	c.list = []correction.Receipt{
		{
			Change: correction.Change{ID: 5, Record: gone, Version: 2, Status: record.Withdrawn, Does: correction.Stop, Item: "XZCF", ChangedAt: today.Add(-201 * time.Hour), Basis: "行政处罚法第四十八条", Why: "报错了单位"},
			To:     []correction.Notice{applied, stop(bank), report, other, other},
		},
		{Change: correction.Change{ID: 4, Record: kept, Version: 2, Status: record.Active, Does: correction.Replace, Item: "XZCF", ChangedAt: today.Add(-300 * time.Hour)}},
	}
	at = 4711
	page := text(b.get(t, "/me/corrections", http.StatusOK))
	for _, want := range []string{
		"更正回执", firmName, "行政处罚：已由来源单位撤回", "报错了单位", "行政处罚法第四十八条", "第 4711 条", "临溪市市场监督管理局", "按应用事项核查，共 2 次", "落实", "已从窗口系统删除", "临溪银行", "逾期未确认", "1 家逾期未确认",
		"您自己的账号", "不代表单位的账号 2 个", "已告知", "行政处罚：已更正", "没有单位取得过", "变更清单", "打印本页", "下一页",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "424242") || c.subject != w.firm || c.key != 0 {
		t.Errorf("the page names an account, or is about %d, %d", c.subject, c.key)
	}
	at = -1
	if page := text(b.get(t, "/me/corrections?cursor=a.b.c", http.StatusOK)); !strings.Contains(page, "正在写入公开日志") || !strings.Contains(page, "回到第一页") {
		t.Errorf("%s", page)
	}
	b.get(t, "/me/corrections?cursor=x", http.StatusBadRequest)
	b.get(t, "/me/corrections?record="+kept.String(), http.StatusOK)
	if c.key != kept.Key {
		t.Errorf("asked about %d", c.key)
	}
	if home := b.get(t, "/me", http.StatusOK); !strings.Contains(home, "1 项逾期未确认") || !strings.Contains(home, "/me/corrections") {
		t.Error("the overview does not lead to the receipts")
	}
	if page := b.get(t, "/me/file/"+gone.String(), http.StatusOK); !strings.Contains(page, "/me/corrections?record="+gone.String()) {
		t.Error("a record that has changed does not lead to its receipt")
	}
	if page := b.get(t, "/me/file/"+kept.String(), http.StatusOK); strings.Contains(page, "/me/corrections?record=") {
		t.Error("a record that never changed leads to a receipt")
	}

	// Nobody reads another's: neither by its subject's number nor by its record's.
	of := "/me/corrections?of=" + strconv.FormatInt(w.firm, 10)
	w.agent(t, "agent2", uscc(2)).get(t, of, http.StatusNotFound)
	w.resident(t, "resident1").get(t, of, http.StatusNotFound)
	w.agent(t, "agent3", uscc(2)).get(t, "/me/corrections?record="+kept.String(), http.StatusNotFound)
	c.list, c.next = nil, ""
	if page := b.get(t, "/me/corrections", http.StatusOK); !strings.Contains(page, "记录没有变更过") {
		t.Error("no words for nothing")
	}
}
