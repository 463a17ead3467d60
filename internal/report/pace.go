package report

import (
	"net/netip"
	"time"

	"gongxin/internal/fault"
	"gongxin/internal/limit"
)

// strangers is how often somebody who is not signed in may have reports made, by network address: everyone may, but each report is proven, signed and kept,
// and a script could fill the disk with them.
var strangers = limit.Rate{PerSecond: 0.5, Burst: 30}

// ErrPace turns away whoever has reports made faster than people read them.
var ErrPace = fault.New(fault.Busy, "report.pace", "生成报告太频繁", "请过几秒钟再试；要很多主体的报告，请登录后批量生成，或者使用开放数据")

// guesses is how often codes are checked for one network: far more than people type from paper, and so few that nobody finds a code of ten characters by trying.
var guesses = limit.Rate{PerSecond: 2, Burst: 60}

// ErrGuess turns away whoever checks codes faster than people type them.
var ErrGuess = fault.New(fault.Busy, "report.guess", "核验太频繁", "请过几秒钟再试；要核验很多份报告的，请离线运行 gongxin verify")

// pace turns a stranger away who asks too often.
func (s *Service) pace(o *Order, now time.Time) error {
	if !o.Who.SignedIn() && tooFast(s.strangers, o.Who.Address, now) {
		return ErrPace
	}
	return nil
}

// tooFast reports whether a network has asked too often. Calls from this very machine are the operator's, or come through a proxy that was not named: everybody's.
func tooFast(l *limit.Limiter, client string, now time.Time) bool {
	if client == "" {
		return false
	}
	if at, err := netip.ParseAddr(client); err == nil {
		if at = at.Unmap().WithZone(""); at.IsLoopback() {
			return false
		}
		client = limit.Network(at)
	}
	return l.Take(client, now) > 0
}
