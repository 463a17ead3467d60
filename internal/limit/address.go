package limit

import (
	"net/http"
	"net/netip"
	"strings"

	"gongxin/internal/fault"
)

// ErrProxy refuses a list of proxies that cannot be read.
var ErrProxy = fault.New(fault.Invalid, "limit.proxy", "可信代理的地址无效", "请写 IP 地址或网段，例如 10.0.0.5 或 10.0.0.0/24")

// Proxies are the networks of the reverse proxies before the server. Only they are believed when they say for whom they ask: anybody else could
// write any address into the header.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks.
func ParseProxies(list []string) (Proxies, error) {
	var out Proxies
	for _, s := range list {
		s = strings.TrimSpace(s)
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p.Masked())
			continue
		}
		ip, err := netip.ParseAddr(s)
		if err != nil {
			return nil, ErrProxy.Messagef("可信代理的地址 %q 无效", s)
		}
		ip = ip.Unmap()
		out = append(out, netip.PrefixFrom(ip, ip.BitLen()))
	}
	return out, nil
}

func (p Proxies) trusts(ip netip.Addr) bool {
	for _, n := range p {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

// maxHops bounds how many entries of X-Forwarded-For are read.
const maxHops = 16

// Client gives the address of who asks: that of the connection, or, behind proxies that are trusted, the last address of X-Forwarded-For that is no
// proxy's. What stands left of it was written by somebody who is not trusted. The zero address means unknown.
func (p Proxies) Client(r *http.Request) netip.Addr {
	ip := parseAddr(r.RemoteAddr)
	if !ip.IsValid() || !p.trusts(ip) {
		return ip
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := 0; i < len(hops) && i < maxHops; i++ {
		hop := parseAddr(strings.TrimSpace(hops[len(hops)-1-i]))
		if !hop.IsValid() {
			return ip // what a trusted proxy wrote last is all that is known
		}
		if ip = hop; !p.trusts(ip) {
			return ip
		}
	}
	return ip
}

func parseAddr(s string) netip.Addr {
	ip, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}
		}
		ip = ap.Addr()
	}
	return ip.Unmap().WithZone("")
}

// Network cuts an address to what one client has: an IPv4 address, or an IPv6 network of 64 bits, which is what a single household is
// given. Unknown addresses share one name.
func Network(ip netip.Addr) string {
	if !ip.IsValid() {
		return "unknown"
	}
	if ip.Is4() {
		return ip.String()
	}
	n, err := ip.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return n.String()
}
