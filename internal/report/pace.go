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

// pace turns a stranger away who asks too often. Calls from this very machine are the operator's, or come through a proxy that was not named: everybody's.
func (s *Service) pace(o *Order, now time.Time) error {
	if o.Who.SignedIn() || o.Who.Address == "" {
		return nil
	}
	client := o.Who.Address
	if at, err := netip.ParseAddr(client); err == nil {
		if at = at.Unmap().WithZone(""); at.IsLoopback() {
			return nil
		}
		client = limit.Network(at)
	}
	if s.strangers.Take(client, now) > 0 {
		return ErrPace
	}
	return nil
}
