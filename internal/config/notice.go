package config

import "net/netip"

// Notice says how notices leave the house, beside the pages that show them.
type Notice struct {
	Mail     Mail     `toml:"mail"`
	SMS      Gateway  `toml:"sms"`
	Networks []string `toml:"networks"` // private networks in which systems of recipients stand
}

// Mail is the server that sends e-mail. Without a server none is sent.
type Mail struct {
	Server       string `toml:"server"`   // host:port
	Security     string `toml:"security"` // starttls, tls, or none on this machine
	User         string `toml:"user"`
	PasswordFile string `toml:"password_file"` // the password stands in no configuration
	From         string `toml:"from"`
}

// Gateway sends text messages. Without an address none are sent.
type Gateway struct {
	URL        string `toml:"url"`
	SecretFile string `toml:"secret_file"` // what its messages are signed with
}

// Prefixes gives Networks.
func (n Notice) Prefixes() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range n.Networks {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, ErrValue.Messagef("notice.networks 的每一项都应是网段，例如 10.20.0.0/16").With(err)
		}
		out = append(out, p)
	}
	return out, nil
}

func (n Notice) check() error {
	if _, err := n.Prefixes(); err != nil {
		return err
	}
	if n.Mail.Server != "" && n.Mail.From == "" {
		return ErrValue.Messagef("写了 notice.mail.server，也要写发件人 notice.mail.from")
	}
	if n.Mail.User != "" && n.Mail.PasswordFile == "" {
		return ErrValue.Messagef("写了 notice.mail.user，也要写口令文件 notice.mail.password_file")
	}
	if (n.SMS.URL == "") != (n.SMS.SecretFile == "") {
		return ErrValue.Messagef("notice.sms.url 和 notice.sms.secret_file 要么都写，要么都不写")
	}
	return nil
}
