package app

import (
	"gongxin/internal/config"
	"gongxin/internal/fault"
)

// ErrExposed refuses to serve other machines before it is said how they come: cookies are secured, and browsers kept to TLS, by what the site's address
// says, and passwords would go in clear without anybody having wanted it.
var ErrExposed = fault.New(fault.Invalid, "app.exposed", "监听的地址从别的机器可以访问，却没有写明网站地址 base_url：口令和会话可能不加密传输",
	"由反向代理做 TLS 的，监听 127.0.0.1，base_url 写成 https://…；代理在另一台机器上的，也请写明 base_url；确实不用加密的（只在专用网络里），写明 http://…")

// exposed asks for the site's address where the server can be reached from elsewhere.
func exposed(c config.Config) error {
	if !c.Loopback() && c.BaseURL == "" {
		return ErrExposed
	}
	return nil
}
