package notice

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
)

// The kinds of recipients.
const (
	Subject = "subject" // whoever stands for the subject reads it
	Agency  = "agency"  // whoever works for the unit reads it
	Account = "account"
)

// Recipient is who is told.
type Recipient struct {
	Kind string
	ID   int64
}

// String gives "subject:12".
func (r Recipient) String() string { return r.Kind + ":" + strconv.FormatInt(r.ID, 10) }

func (r Recipient) valid() bool {
	return r.ID > 0 && (r.Kind == Subject || r.Kind == Agency || r.Kind == Account)
}

// Notice is one thing that somebody is told.
type Notice struct {
	ID     int64 // given by Send
	To     Recipient
	Topic  string // "objection.due": what sort of thing, for machines
	Title  string // Chinese; Send cuts it to 100 characters
	Body   string // Chinese, plain text; Send cuts it to 2000; no identity numbers, persons' names masked
	Link   string // page of this site, from its root: /me/cases/12; "" = none
	Ref    string // what it is about, in the sender's words
	At     time.Time
	ReadAt time.Time // zero = unread; of a unit or a subject: when the first of its people read it
}

// Acts puts an act into the log; *audit.Log is one.
type Acts interface {
	WriteAct(ctx context.Context, tx *db.Tx, a audit.Act) error
}

// Config is what a Service is made of. Mail, SMS and Log may be empty.
type Config struct {
	DB    *db.DB
	IDs   *id.Maker
	Clock clock.Clock
	Ring  *gm.KeyRing
	Acts  Acts
	Who   func(ctx context.Context) audit.Who
	Log   *slog.Logger

	Site    string  // address of this site, before the links in messages; "" = links are left out
	Name    string  // of this site, as it stands under messages
	Mail    *Mail   // nil = e-mail addresses cannot be registered
	SMS     *Hook   // gateway for text messages; nil = telephone numbers cannot be registered
	Outward Outward // where webhooks may go
	Owner   string  // this process in leases; "" = made at random

	// Members gives the accounts that act for a subject, or work for a unit: what is sent to it goes out by the addresses that they have registered too. nil = by its own alone.
	Members func(ctx context.Context, q db.Querier, to Recipient) ([]int64, error)

	// Items gives, for a webhook, the whole message of what a notice is about, as it is when it is sent; nil = the notice says everything. It must leave an entry
	// in the access log of what is not public, and say nothing that names a person.
	Items func(ctx context.Context, n Notice) (any, error)
}

// Service sends and keeps notices. It is safe for concurrent use.
type Service struct {
	Config
	hooks *hooks
}

// New makes a Service.
func New(c Config) *Service {
	if c.Owner == "" {
		c.Owner = id.Random()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Config: c, hooks: newHooks(c.Outward, c.Clock)}
}

// Faults of notices.
var (
	ErrNotice   = fault.New(fault.Internal, "notice.notice", "通知没有写明收件人、事由或标题", "请联系系统管理员")
	ErrPersonal = fault.New(fault.Internal, "notice.personal", "通知的文字含有身份证件号码，没有发出", "请联系系统管理员")
	ErrLink     = fault.New(fault.Internal, "notice.link", "通知的链接不是本站的页面", "请联系系统管理员")
	ErrCursor   = fault.New(fault.Invalid, "notice.cursor", "翻页位置无效", "请从第一页重新打开")
)

// Bounds of texts.
const (
	maxTitle = 100
	maxBody  = 2000
)

func (n *Notice) check() error {
	switch {
	case !n.To.valid() || n.Topic == "" || strings.TrimSpace(n.Title) == "", strings.ContainsAny(n.Title, "\r\n"):
		return ErrNotice
	case flow.HasPersonal(n.Title) || flow.HasPersonal(n.Body):
		return ErrPersonal
	case n.Link != "" && !local(n.Link):
		return ErrLink
	}
	return nil
}

// fit brings the texts into their bounds: an act is not undone because the name of a list, or a reason that somebody typed, is longer than a notice.
func (n *Notice) fit() {
	n.Title = cut(n.Title, maxTitle, "…")
	more := "…"
	if n.Link != "" {
		more = "……（全文请在网站上查看）"
	}
	n.Body = cut(n.Body, maxBody, more)
}

// cut gives a text of at most so many characters; one that was longer ends with more.
func cut(text string, most int, more string) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-utf8.RuneCountInString(more)]) + more
}

// local tells a page of this site.
func local(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "//") && !strings.Contains(link, `\`)
}

// Send puts a notice on file within tx, with a delivery for each channel of the recipient that is confirmed. It goes nowhere before the commit.
func (s *Service) Send(ctx context.Context, tx *db.Tx, n Notice) error {
	if err := n.check(); err != nil {
		return err
	}
	n.fit()
	now := s.now()
	if n.ID = s.IDs.Next(); n.At.IsZero() {
		n.At = now
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO notice (notice_id, to_kind, to_id, topic, title, body, link, ref, at, read_at, read_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '')`,
		n.ID, n.To.Kind, n.To.ID, n.Topic, n.Title, n.Body, n.Link, n.Ref, db.Micros(n.At))
	if err != nil {
		return fmt.Errorf("notice: send: %w", err)
	}
	list, err := s.confirmed(ctx, tx, n.To)
	if err != nil {
		return err
	}
	for _, channel := range list {
		if err := s.queue(ctx, tx, n.ID, channel, now); err != nil {
			return err
		}
	}
	return nil
}

// queue makes a delivery of a notice by a channel.
func (s *Service) queue(ctx context.Context, tx *db.Tx, notice, channel int64, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO notice_delivery (delivery_id, notice_id, channel_id, state, attempts, next_at, lease_owner, lease_until, failure, made_at, sent_at)
		VALUES ($1, $2, $3, 'waiting', 0, $4, '', 0, '', $4, 0)`, s.IDs.Next(), notice, channel, db.Micros(now))
	if err != nil {
		return fmt.Errorf("notice: queue: %w", err)
	}
	return nil
}

func (s *Service) now() time.Time { return s.Clock.Now().Truncate(time.Microsecond).UTC() }

func dec(n int64) string { return strconv.FormatInt(n, 10) }
