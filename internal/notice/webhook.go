package notice

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

// Headers of a webhook.
const (
	HeaderDelivery  = "X-Gongxin-Delivery"  // number of the delivery: the same when it is tried again
	HeaderTimestamp = "X-Gongxin-Timestamp" // seconds since 1970
	HeaderSignature = "X-Gongxin-Signature" // v1= and the HMAC-SHA256, in hexadecimal, of timestamp, a full stop and the body
)

// Hook is a gateway of the operator.
type Hook struct {
	URL    string
	Secret string
}

// Outward says where webhooks may go beside https on the public network.
type Outward struct {
	Loopback bool           // this machine too, also by plain http: demo and tests
	Networks []netip.Prefix // private networks that receivers stand in
}

// message is the body of a webhook.
type message struct {
	Delivery string `json:"delivery"`
	Notice   string `json:"notice,omitempty"`
	Topic    string `json:"topic"`
	Title    string `json:"title"`
	Text     string `json:"text"`
	Link     string `json:"link,omitempty"`
	Ref      string `json:"ref,omitempty"`
	To       string `json:"to,omitempty"`
	At       string `json:"at,omitempty"`
	Items    any    `json:"items,omitempty"` // what the notice is about, whole
	Phone    string `json:"phone,omitempty"` // to the gateway for text messages alone
}

// Faults of addresses.
var (
	ErrURL   = fault.New(fault.Invalid, "notice.url", "系统地址无效", "请填写以 https:// 开头的完整地址，不带用户名和密码")
	ErrInner = fault.New(fault.Invalid, "notice.inner", "系统地址指向内部网络，没有登记", "确需使用政务内网地址的，请系统管理员在配置的 notice.networks 中写明网段")
)

// Sign gives the signature of a body at a time, as HeaderSignature carries it.
func Sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// hooks posts webhooks.
type hooks struct {
	outward Outward
	clock   clock.Clock
	client  *http.Client
	resolve func(ctx context.Context, host string) ([]netip.Addr, error)
}

const (
	dialTimeout = 5 * time.Second
	maxAnswer   = 64 << 10
)

func newHooks(o Outward, c clock.Clock) *hooks {
	h := &hooks{outward: o, clock: c}
	h.resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
		return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	}
	dialer := &net.Dialer{Timeout: dialTimeout, Control: h.control}
	h.client = &http.Client{
		Timeout:       sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ // no proxy: the address is checked where the connection is made
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: sendTimeout, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 16 << 10, ForceAttemptHTTP2: true,
		},
	}
	return h
}

// control refuses a connection to an address that may not be reached. It sees the address that the name was resolved to.
func (h *hooks) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !h.allowed(at.Addr()) {
		return ErrInner
	}
	return nil
}

// inner are networks that are not the public one, beside those that netip knows: this network, shared addresses of providers, protocol assignments, examples,
// 6to4 relays, benchmarks, reserved ones; addresses of IPv4 written as IPv6, NAT64, Teredo, 6to4 and documentation, which hide or name others.
var inner = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// allowed reports whether webhooks may go to an address.
func (h *hooks) allowed(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range h.outward.Networks {
		if p.Contains(a) {
			return true
		}
	}
	if a.IsLoopback() {
		return h.outward.Loopback
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range inner {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// check refuses an address when it is registered. The network may answer otherwise later: the connection is checked again.
func (h *hooks) check(ctx context.Context, address string) error {
	u, err := h.parse(address)
	if err != nil {
		return err
	}
	host := u.Hostname()
	addrs := []netip.Addr{}
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, a)
	} else if addrs, err = h.resolve(ctx, host); err != nil {
		return ErrURL.Messagef("系统地址的域名无法解析").With(err)
	}
	for _, a := range addrs {
		if !h.allowed(a) {
			return ErrInner
		}
	}
	return nil
}

func (h *hooks) parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Host == "", u.User != nil, u.Fragment != "", len(address) > 500, strings.ContainsAny(address, " \r\n\t"):
		return nil, ErrURL
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && h.outward.Loopback && loopbackHost(u.Hostname()):
		return u, nil
	}
	return nil, ErrURL
}

// post sends a message, signed. Any 2xx is a receipt; 410 says that nobody is there any more.
func (h *hooks) post(ctx context.Context, address, secret string, m *message) *failure {
	u, err := h.parse(address)
	if err != nil {
		return &failure{code: "hook_url", final: true, cause: err}
	}
	body, err := json.Marshal(m)
	if err != nil {
		return &failure{code: "hook_body", final: true, cause: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return &failure{code: "hook_url", final: true, cause: err}
	}
	at := dec(h.clock.Now().Unix())
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "gongxin")
	req.Header.Set(HeaderDelivery, m.Delivery)
	req.Header.Set(HeaderTimestamp, at)
	req.Header.Set(HeaderSignature, Sign(secret, at, body))
	res, err := h.client.Do(req)
	if errors.Is(err, ErrInner) {
		return &failure{code: "hook_inner", cause: ErrInner}
	}
	if err != nil {
		return &failure{code: "hook_connect", cause: err}
	}
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer) // so that the connection can be used again
	_ = res.Body.Close()
	if res.StatusCode/100 == 2 {
		return nil
	}
	return &failure{code: fmt.Sprintf("hook_%d", res.StatusCode), final: res.StatusCode == http.StatusGone}
}
