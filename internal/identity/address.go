package identity

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/fault"
)

// parseAddress reads an address with or without a port, as a server's RemoteAddr has it.
func parseAddress(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.WithZone("").Unmap(), true
	}
	if p, err := netip.ParseAddrPort(s); err == nil {
		return p.Addr().WithZone("").Unmap(), true
	}
	return netip.Addr{}, false
}

// maskAddress writes an address as it is kept and listed: 203.0.113.*, 2001:db8:1::*.
func maskAddress(address string) string {
	a, ok := parseAddress(address)
	switch {
	case !ok:
		return ""
	case a.Is4():
		b := a.As4()
		return strconv.Itoa(int(b[0])) + "." + strconv.Itoa(int(b[1])) + "." + strconv.Itoa(int(b[2])) + ".*"
	default:
		return strings.TrimSuffix(netip.PrefixFrom(a, 48).Masked().Addr().String(), "::") + "::*"
	}
}

// ErrNetworks refuses a list of networks.
var ErrNetworks = fault.New(fault.Invalid, "identity.networks", "允许的网络地址写法不对",
	"请写成 203.0.113.0/24 或单个地址，多个之间用逗号隔开，最多 32 个；不能写 0.0.0.0/0 这样的全部地址")

const maxNetworks = 32

// ParseNetworks reads a list of networks and addresses, parted by commas or white space. The result is in normal form, without repeats.
func ParseNetworks(text string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n，、", r) }) {
		p, ok := parseNetwork(part)
		if !ok || p.Bits() == 0 || len(out) == maxNetworks {
			return nil, ErrNetworks
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

func parseNetwork(s string) (netip.Prefix, bool) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, false
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, false
	}
	return p.Masked(), true
}

func formatNetworks(list []netip.Prefix) string {
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = p.String()
	}
	return strings.Join(parts, " ")
}

// within says whether an address lies in one of the networks; an empty list allows every address, an address that cannot be read none.
func within(list []netip.Prefix, address string) bool {
	if len(list) == 0 {
		return true
	}
	a, ok := parseAddress(address)
	return ok && slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}
