package notice

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

// The ways in which a connection to the mail server is secured.
const (
	StartTLS = "starttls" // required: a server that does not offer it gets nothing
	TLS      = "tls"      // from the first byte
	PlainTCP = "none"     // for a server on this machine alone
)

// Mail is how e-mail leaves the house.
type Mail struct {
	Address  string // host:port of the server
	Security string // StartTLS, TLS or PlainTCP
	User     string // "" = the server asks for none
	Password string
	From     string      // address, or "公信 <name@example.cn>"
	TLS      *tls.Config // of tests; nil = the system's roots
}

// ErrMail refuses mail settings that would send in clear.
var ErrMail = fault.New(fault.Invalid, "notice.mail", "邮件设置有误", "请检查 [mail] 一节；取值说明见 docs/operate/config.md")

// Check refuses settings that cannot work, or that would show passwords or messages to the network.
func (m *Mail) Check() error {
	host, _, err := net.SplitHostPort(m.Address)
	if err != nil || host == "" {
		return ErrMail.Messagef("邮件服务器地址无效，格式为 主机:端口")
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		return ErrMail.Messagef("发件人地址无效")
	}
	switch m.Security {
	case StartTLS, TLS:
	case PlainTCP:
		if !loopbackHost(host) {
			return ErrMail.Messagef("邮件服务器不在本机，必须加密传输（starttls 或 tls）")
		}
	default:
		return ErrMail.Messagef("邮件加密方式只能是 starttls、tls 或 none")
	}
	return nil
}

func loopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// send hands one message to the server. Nothing of the address gets into the failure.
func (m *Mail) send(ctx context.Context, delivery int64, to string, t text, now time.Time) *failure {
	from, err := mail.ParseAddress(m.From)
	if err != nil {
		return &failure{code: "mail_from", cause: err}
	}
	c, failed := m.connect(ctx)
	if failed != nil {
		return failed
	}
	defer func() { _ = c.Close() }()
	if err := c.Mail(from.Address); err != nil {
		return later(smtpFailure("mail_from", err)) // our own address is refused: the operator's to mend
	}
	if err := c.Rcpt(to); err != nil {
		return smtpFailure("mail_to", err)
	}
	w, err := c.Data()
	if err != nil {
		return smtpFailure("mail_data", err)
	}
	if _, err := w.Write(compose(from, to, delivery, t, now)); err != nil {
		return smtpFailure("mail_data", err)
	}
	if err := w.Close(); err != nil {
		return smtpFailure("mail_data", err)
	}
	_ = c.Quit() // it has the message: what it says now changes nothing
	return nil
}

// connect opens a session, secured and signed in.
func (m *Mail) connect(ctx context.Context) (*smtp.Client, *failure) {
	host, _, _ := net.SplitHostPort(m.Address)
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if m.TLS != nil {
		secure = m.TLS.Clone()
	}
	if secure.ServerName == "" {
		secure.ServerName = host
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", m.Address)
	if err != nil {
		return nil, &failure{code: "mail_connect", cause: err}
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	conn = &brief{Conn: conn, left: maxTalk}
	if m.Security == TLS {
		conn = tls.Client(conn, secure)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		_ = conn.Close()
		return nil, later(smtpFailure("mail_greeting", err)) // it refuses us, not this message
	}
	if m.Security == StartTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			_ = c.Close()
			return nil, &failure{code: "mail_no_tls"}
		}
		if err := c.StartTLS(secure); err != nil {
			_ = c.Close()
			return nil, &failure{code: "mail_tls", cause: err}
		}
	}
	if m.User != "" {
		if err := c.Auth(smtp.PlainAuth("", m.User, m.Password, host)); err != nil {
			_ = c.Close()
			return nil, &failure{code: "mail_auth", cause: err} // the operator's to mend: the message waits
		}
	}
	return c, nil
}

// aboutMessage is from where on codes of refusal speak of a mailbox or a message; those below speak of the session (530: sign in first), which the operator mends.
const aboutMessage = 550

// smtpFailure tells a refusal for good from one for now.
func smtpFailure(code string, err error) *failure {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return &failure{code: fmt.Sprintf("%s_%d", code, answer.Code), final: answer.Code >= aboutMessage, cause: err}
	}
	return &failure{code: code, cause: err}
}

// later makes a refusal one for now: what it says is not about the recipient, so every message would die of it at its first try.
func later(f *failure) *failure {
	f.final = false
	return f
}

// maxTalk is how much a mail server may say in one session, greeting, handshake and answers together.
const maxTalk = 256 << 10

var errTalk = errors.New("the mail server says too much")

// brief is a connection that ends when the other side has said too much: answers are read to the end of their line, which an evil or broken server never sends.
type brief struct {
	net.Conn
	left int
}

func (b *brief) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTalk
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// compose writes the message as RFC 5322 wants it.
func compose(from *mail.Address, to string, delivery int64, t text, now time.Time) []byte {
	_, domain, _ := strings.Cut(from.Address, "@")
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", sender(from))
	header("To", (&mail.Address{Address: to}).String())
	header("Subject", subject(t.title))
	header("Date", now.In(clock.Zone).Format(time.RFC1123Z))
	header("Message-ID", "<"+dec(delivery)+"@"+domain+">")
	header("Auto-Submitted", "auto-generated")
	if t.stop != "" {
		header("List-Unsubscribe", "<"+t.stop+">")
	}
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "base64")
	b.WriteString("\r\n")
	body := base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(t.long(), "\n", "\r\n")))
	for len(body) > 76 {
		b.WriteString(body[:76] + "\r\n")
		body = body[76:]
	}
	b.WriteString(body + "\r\n")
	return b.Bytes()
}

// sender writes the address with its name, folded as the subject is.
func sender(from *mail.Address) string {
	if from.Name == "" {
		return from.Address
	}
	return subject(from.Name) + "\r\n <" + from.Address + ">"
}

// subject encodes a title in words of at most 75 characters, on lines of their own: also one of ASCII, which else would be taken for an encoded word when it looks
// like one, and get a space where it is folded.
func subject(title string) string {
	const most = 42 // bytes of UTF-8 in one encoded word
	var words []string
	for len(title) > 0 {
		n := min(most, len(title))
		for n < len(title) && !utf8.RuneStart(title[n]) {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(title[:n]))+"?=")
		title = title[n:]
	}
	return strings.Join(words, "\r\n ")
}

// text is what a message says.
type text struct{ title, body, link, name, stop string }

// long is for a page of paper or a screen.
func (t text) long() string {
	var parts []string
	for _, p := range []string{t.body, t.link} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	foot := "本邮件由系统自动发出，请勿回复。不想再收到的，登录网站，在“通知”里删除这个邮箱"
	if t.stop != "" {
		foot += "：" + t.stop
	}
	foot += "。删除以后，通知仍在网站里显示。"
	if t.name != "" {
		foot = t.name + "\n" + foot
	}
	return strings.Join(append(parts, foot), "\n\n") + "\n"
}

// maxText is how many characters of a notice a text message takes: gateways send it in pieces of 67, and each costs.
const maxText = 200

// short is for a text message.
func (t text) short() string {
	out := t.title
	if t.body != "" {
		out = cut(out+"。"+t.body, maxText, "……详见网站")
	}
	if t.link != "" {
		out += " " + t.link
	}
	if t.name != "" {
		out = "【" + t.name + "】" + out
	}
	return out
}

func (s *Service) text(n *Notice) text {
	t := text{title: n.Title, body: n.Body, link: s.link(n.Link), name: s.Name}
	if n.Topic != topicCode { // a code goes to an address that receives nothing yet
		t.stop = s.link(stopPage)
	}
	return t
}

// stopPage is where recipients take their addresses away.
const stopPage = "/account/notices"

func (s *Service) link(page string) string {
	if page == "" || s.Site == "" {
		return ""
	}
	return strings.TrimSuffix(s.Site, "/") + page
}
