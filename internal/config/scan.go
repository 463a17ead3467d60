package config

import "strings"

// Scan is about the virus scanner that looks at what people upload. Without an address nothing is scanned, and attachments say so.
type Scan struct {
	Address string `toml:"address"` // unix:/path or tcp:host:port of a clamd
}

func (s Scan) check() error {
	if s.Address != "" && !strings.HasPrefix(s.Address, "unix:/") && !strings.HasPrefix(s.Address, "tcp:") {
		return ErrValue.Messagef("scan.address 的格式为 unix:/路径 或者 tcp:地址:端口")
	}
	return nil
}
