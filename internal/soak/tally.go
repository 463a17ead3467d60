package soak

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// The kinds of requests, as the report names them.
const (
	kindFile     = "报送：合成城市的文件"
	kindNew      = "报送：新记录"
	kindCorrect  = "报送：更正"
	kindWithdraw = "报送：撤回"
	kindReceipt  = "看回执"
	kindHome     = "公开：首页"
	kindSearch   = "公开：检索"
	kindSubject  = "公开：主体"
	kindColumn   = "公开：栏目"
	kindStats    = "公开：统计"
	kindRecord   = "公开：一条记录"
	kindQueue    = "看待认定的行"
	kindMatter   = "按事项查（丙类）"
	kindNoMatter = "按事项查，应当被拒"
	kindConsent  = "凭授权查（乙类）"
	kindNoGrant  = "凭授权查，应当被拒"
	kindGrant    = "授权"
	kindRevoke   = "撤销授权"
	kindOwn      = "看本企业档案"
	kindSignIn   = "登录"
	kindLog      = "看日志检查点"
)

// Requests counts the requests of one kind by what became of them: "200", a status with the code of the fault, or why there was no answer.
type Requests struct {
	Kind     string         `json:"kind"`
	Sent     int            `json:"sent"`
	Answered int            `json:"answered"`
	ByAnswer map[string]int `json:"by_answer"`
	Latency  Latency        `json:"latency_ms"`
}

// tally counts requests.
type tally struct {
	mu sync.Mutex
	by map[string]*count
}

type count struct {
	answers map[string]int
	ms      []float64
}

// add counts a request by its answer.
func (t *tally) add(kind string, status int, raw []byte, err error, begun time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[string]*count{}
	}
	c := t.by[kind]
	if c == nil {
		c = &count{answers: map[string]int{}}
		t.by[kind] = c
	}
	c.answers[cause(status, raw, err)]++
	if err == nil {
		c.ms = append(c.ms, float64(time.Since(begun).Microseconds())/1000)
	}
}

// report gives the counts in the order of their names.
func (t *tally) report() []Requests {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []Requests
	for _, kind := range slices.Sorted(maps.Keys(t.by)) {
		c, sent := t.by[kind], 0
		for _, n := range c.answers {
			sent += n
		}
		out = append(out, Requests{Kind: kind, Sent: sent, Answered: len(c.ms), ByAnswer: maps.Clone(c.answers), Latency: latency(c.ms)})
	}
	return out
}

// cause names what became of a request, without anything that tells requests apart.
func cause(status int, raw []byte, err error) string {
	var timeout net.Error
	switch {
	case err == nil && status < 400:
		return strconv.Itoa(status)
	case err == nil:
		var p struct {
			Code string `json:"code"`
		}
		if json.Unmarshal(raw, &p) == nil && p.Code != "" {
			return strconv.Itoa(status) + " " + p.Code
		}
		return strconv.Itoa(status)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "没有回答：服务不在"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "没有回答：超时"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "没有回答：连接中断"
	}
	return "没有回答：其他"
}

// missing gives the element that a refusal says is missing.
func missing(raw []byte) string {
	var p struct {
		Missing string `json:"missing"`
	}
	_ = json.Unmarshal(raw, &p) // what is no problem names nothing
	return p.Missing
}

// unsure reports whether nobody knows if the server did what it was asked.
func unsure(status int, err error) bool {
	return err != nil || status >= http.StatusInternalServerError
}

func latency(ms []float64) Latency {
	if len(ms) == 0 {
		return Latency{}
	}
	ms = slices.Sorted(slices.Values(ms))
	at := func(p float64) float64 { return ms[min(len(ms)-1, int(p*float64(len(ms))))] }
	return Latency{P50: at(0.5), P99: at(0.99), Max: ms[len(ms)-1]}
}
