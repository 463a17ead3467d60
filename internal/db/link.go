package db

import (
	"net"
	"strings"

	"github.com/jackc/pgx/v5"

	"gongxin/internal/fault"
)

// Link says how the way to a database is protected.
type Link string

// The links, from good to bad.
const (
	LinkLocal     Link = "local"     // a file, or a server on this machine
	LinkVerified  Link = "verified"  // TLS, and the server proves its name (sslmode=verify-full)
	LinkEncrypted Link = "encrypted" // TLS, but whoever answers is believed (require, verify-ca)
	LinkPlain     Link = "plain"     // no TLS, as the address says outright (disable)
	linkFallback  Link = "fallback"  // TLS if the server likes, otherwise none; refused
)

// ErrLink refuses the driver's default for a server elsewhere: it would go on without TLS, and nobody would know.
var ErrLink = fault.New(fault.Invalid, "db.link", "数据库在另一台机器上，地址里没有写明传输怎样加密，可能不加密就连接",
	"请在地址后加 ?sslmode=verify-full；只在专用网络里、确实不用加密的，写明 ?sslmode=disable")

// LinkOf says how the connection to a database would be protected. It connects to nothing.
func LinkOf(url string) (Link, error) {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return LinkLocal, nil
	}
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return "", ErrAddress // the driver's text may hold the password
	}
	return linkOf(cfg), nil
}

func linkOf(cfg *pgx.ConnConfig) Link {
	var plain, tls, blind bool
	look := func(host string, secured, skips bool) {
		if sameMachine(host) {
			return
		}
		plain, tls, blind = plain || !secured, tls || secured, blind || skips
	}
	look(cfg.Host, cfg.TLSConfig != nil, cfg.TLSConfig != nil && cfg.TLSConfig.InsecureSkipVerify)
	for _, f := range cfg.Fallbacks {
		look(f.Host, f.TLSConfig != nil, f.TLSConfig != nil && f.TLSConfig.InsecureSkipVerify)
	}
	switch {
	case plain && tls:
		return linkFallback
	case plain:
		return LinkPlain
	case blind:
		return LinkEncrypted
	case tls:
		return LinkVerified
	}
	return LinkLocal
}

// sameMachine says whether a host is this machine: a socket's folder, or loopback.
func sameMachine(host string) bool {
	if strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
