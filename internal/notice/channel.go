package notice

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
)

// The kinds of channels.
const (
	Email   = "email"
	Phone   = "sms"     // a telephone number, by the operator's gateway
	Webhook = "webhook" // a system of the recipient
)

// Channel is a way by which a recipient is told beside the page.
type Channel struct {
	ID        int64
	To        Recipient
	Kind      string
	Address   string // masked, as pages show it
	Confirmed bool   // it answered; only then anything goes out by it
	Lost      bool   // the latest message by it did not arrive, and is not tried any more
	MadeAt    time.Time
}

// Faults of channels.
var (
	ErrChannelKind = fault.New(fault.Unavailable, "notice.channel_kind", "本站没有开通这种通知方式", "请改用其他方式，或者在本站查看通知")
	ErrAddress     = fault.New(fault.Invalid, "notice.address", "通知地址的格式不对", "邮箱形如 name@example.cn；手机号为 11 位数字；系统地址以 https:// 开头")
	ErrMany        = fault.New(fault.Conflict, "notice.many", "登记的通知地址太多，最多 5 个", "请先删除不用的")
	ErrCodes       = fault.New(fault.Conflict, "notice.codes", "一天之内登记的邮箱和手机号太多", "请明天再登记；已经登记的不受影响")
	ErrNoChannel   = fault.New(fault.NotFound, "notice.no_channel", "没有这个通知地址", "请刷新后查看")
	ErrCode        = fault.New(fault.Denied, "notice.code", "验证码不对，或者已经失效", "请核对收到的验证码；失效的请删除地址后重新登记")
)

const (
	maxChannels = 5
	codesPerDay = 10 // of one recipient, also for addresses that were removed since: nobody fills a stranger's mailbox with them, or tries codes at leisure
	codeLife    = time.Hour
	codeTries   = 5

	labelAddress = "notice/address"
	labelSecret  = "notice/secret"
	labelCode    = "notice/code"
)

var phoneForm = regexp.MustCompile(`^1[3-9][0-9]{9}$`)

// AddChannel registers an address of a recipient. A code goes to an e-mail address or telephone number, and only after Confirm anything else does. Of a
// webhook it gives the secret that its messages are signed with, this once.
func (s *Service) AddChannel(ctx context.Context, to Recipient, kind, address string) (_ Channel, secret string, err error) {
	address = strings.TrimSpace(address)
	if err := s.checkAddress(ctx, kind, address); err != nil || !to.valid() {
		return Channel{}, "", errors.Join(err, invalidTo(to))
	}
	c := Channel{ID: s.IDs.Next(), To: to, Kind: kind, Address: Masked(kind, address), Confirmed: kind == Webhook, MadeAt: s.now()}
	code := ""
	if kind == Webhook {
		secret = id.Random()
	} else if code, err = newCode(); err != nil {
		return Channel{}, "", err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM notice_channel WHERE to_kind = $1 AND to_id = $2`, to.Kind, to.ID).Scan(&n); err != nil {
			return err
		}
		if n >= maxChannels {
			return ErrMany
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO notice_channel (channel_id, to_kind, to_id, kind, address, secret, code, tries, confirmed_at, made_at, made_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10)`, c.ID, to.Kind, to.ID, kind, s.Ring.Seal(labelAddress, address), s.sealed(labelSecret, secret),
			s.sealed(labelCode, code), confirmedAt(&c), db.Micros(c.MadeAt), s.Who(ctx).String())
		if err != nil {
			return err
		}
		if code != "" {
			if err := s.mayCode(ctx, tx, to); err != nil {
				return err
			}
			if err := s.sendCode(ctx, tx, &c); err != nil {
				return err
			}
		}
		return s.act(ctx, tx, "channel.add", &c)
	})
	if err != nil {
		return Channel{}, "", fmt.Errorf("notice: add channel: %w", err)
	}
	return c, secret, nil
}

func invalidTo(to Recipient) error {
	if to.valid() {
		return nil
	}
	return ErrNotice
}

func confirmedAt(c *Channel) int64 {
	if c.Confirmed {
		return db.Micros(c.MadeAt)
	}
	return 0
}

func (s *Service) sealed(label, plain string) string {
	if plain == "" {
		return ""
	}
	return s.Ring.Seal(label, plain)
}

func (s *Service) checkAddress(ctx context.Context, kind, address string) error {
	switch kind {
	case Email:
		if s.Mail == nil {
			return ErrChannelKind
		}
		a, err := mail.ParseAddress(address)
		if err != nil || a.Name != "" || a.Address != address || len(address) > 254 || strings.ContainsAny(address, "\r\n<>\"") || !ascii(address) {
			return ErrAddress
		}
	case Phone:
		if s.SMS == nil {
			return ErrChannelKind
		}
		if !phoneForm.MatchString(address) {
			return ErrAddress
		}
	case Webhook:
		return s.hooks.check(ctx, address)
	default:
		return ErrChannelKind
	}
	return nil
}

// ascii reports whether a text holds visible ASCII alone: few mail servers take addresses with other characters (RFC 6531), and a refused one would only be found out
// by silence.
func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// newCode makes six digits.
func newCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("notice: code: %w", err)
	}
	return fmt.Sprintf("%06d", n), nil
}

// mayCode refuses a recipient that has had its codes of a day.
func (s *Service) mayCode(ctx context.Context, tx *db.Tx, to Recipient) error {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM notice WHERE to_kind = 'channel' AND topic = $1 AND ref = $2 AND at > $3`, topicCode, to.String(), db.Micros(s.now().AddDate(0, 0, -1))).Scan(&n)
	if err == nil && n >= codesPerDay {
		err = ErrCodes
	}
	return err
}

// sendCode puts the code on its way by the channel itself. The row of the notice stands in nobody's list and does not hold the code: that lies sealed with
// the channel, and the message is written when it is sent. Its ref says who asked for it.
func (s *Service) sendCode(ctx context.Context, tx *db.Tx, c *Channel) error {
	number := s.IDs.Next()
	_, err := tx.ExecContext(ctx, `INSERT INTO notice (notice_id, to_kind, to_id, topic, title, body, link, ref, at, read_at, read_by) VALUES ($1, 'channel', $2, $3, $4, $5, '', $7, $6, $6, '')`,
		number, c.ID, topicCode, "验证通知地址", "", db.Micros(c.MadeAt), c.To.String())
	if err != nil {
		return err
	}
	return s.queue(ctx, tx, number, c.ID, c.MadeAt)
}

// topicCode marks the message with which an address is proved.
const topicCode = "channel.code"

// Confirm proves an address by the code that went there. Five wrong codes or an hour spoil it.
func (s *Service) Confirm(ctx context.Context, to Recipient, channel int64, code string) error {
	wrong := false
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		wrong = false
		var sealed string
		var tries int
		var made, confirmed int64
		err := tx.QueryRowContext(ctx, `SELECT code, tries, made_at, confirmed_at FROM notice_channel WHERE channel_id = $1 AND to_kind = $2 AND to_id = $3`, channel, to.Kind, to.ID).
			Scan(&sealed, &tries, &made, &confirmed)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrNoChannel
		case err != nil:
			return err
		case confirmed != 0:
			return nil
		}
		want, err := s.Ring.Open(labelCode, sealed)
		if err != nil {
			return err
		}
		if tries >= codeTries || s.now().Sub(db.Instant(made)) > codeLife || subtle.ConstantTimeCompare([]byte(want), []byte(strings.TrimSpace(code))) != 1 {
			wrong = true
			_, err := tx.ExecContext(ctx, `UPDATE notice_channel SET tries = tries + 1 WHERE channel_id = $1`, channel)
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE notice_channel SET confirmed_at = $2, code = '' WHERE channel_id = $1`, channel, db.Micros(s.now())); err != nil {
			return err
		}
		return s.act(ctx, tx, "channel.confirm", &Channel{ID: channel, To: to})
	})
	if err != nil {
		return fmt.Errorf("notice: confirm: %w", err)
	}
	if wrong {
		return ErrCode
	}
	return nil
}

// RemoveChannel forgets an address; what has not gone out by it does not.
func (s *Service) RemoveChannel(ctx context.Context, to Recipient, channel int64) error {
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM notice_channel WHERE channel_id = $1 AND to_kind = $2 AND to_id = $3`, channel, to.Kind, to.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNoChannel)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM notice_delivery WHERE channel_id = $1 AND state <> 'sent'`, channel); err != nil {
			return err
		}
		return s.act(ctx, tx, "channel.remove", &Channel{ID: channel, To: to})
	})
	if err != nil {
		return fmt.Errorf("notice: remove channel: %w", err)
	}
	return nil
}

// Forget takes away within tx everything that is kept of a recipient who is there no more: addresses, what was told and what is still on its way.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, to Recipient) error {
	for _, q := range []string{
		`DELETE FROM notice_delivery WHERE channel_id IN (SELECT c.channel_id FROM notice_channel c WHERE c.to_kind = $1 AND c.to_id = $2)
			OR notice_id IN (SELECT n.notice_id FROM notice n WHERE n.to_kind = $1 AND n.to_id = $2)`,
		`DELETE FROM notice WHERE to_kind = 'channel' AND to_id IN (SELECT c.channel_id FROM notice_channel c WHERE c.to_kind = $1 AND c.to_id = $2)`,
		`DELETE FROM notice WHERE to_kind = $1 AND to_id = $2`,
		`DELETE FROM notice_channel WHERE to_kind = $1 AND to_id = $2`,
	} {
		if _, err := tx.ExecContext(ctx, q, to.Kind, to.ID); err != nil {
			return fmt.Errorf("notice: forget: %w", err)
		}
	}
	return nil
}

// Channels gives the addresses of a recipient, masked.
func (s *Service) Channels(ctx context.Context, to Recipient) ([]Channel, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT c.channel_id, c.kind, c.address, c.confirmed_at, c.made_at,
		coalesce((SELECT d.state FROM notice_delivery d WHERE d.channel_id = c.channel_id AND d.state <> 'waiting' ORDER BY d.delivery_id DESC LIMIT 1), '')
		FROM notice_channel c WHERE c.to_kind = $1 AND c.to_id = $2 ORDER BY c.channel_id`, to.Kind, to.ID)
	if err != nil {
		return nil, fmt.Errorf("notice: channels: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Channel
	for rows.Next() {
		c := Channel{To: to}
		var sealed, latest string
		var confirmed, made int64
		if err := rows.Scan(&c.ID, &c.Kind, &sealed, &confirmed, &made, &latest); err != nil {
			return nil, fmt.Errorf("notice: channels: %w", err)
		}
		address, err := s.Ring.Open(labelAddress, sealed)
		if err != nil {
			return nil, fmt.Errorf("notice: channels: %w", err)
		}
		c.Address, c.Confirmed, c.Lost, c.MadeAt = Masked(c.Kind, address), confirmed != 0, latest == Dead, db.Instant(made)
		out = append(out, c)
	}
	return out, rows.Err()
}

// Kinds gives the kinds of channels that can be registered here.
func (s *Service) Kinds() []string {
	var out []string
	if s.Mail != nil {
		out = append(out, Email)
	}
	if s.SMS != nil {
		out = append(out, Phone)
	}
	return append(out, Webhook)
}

// Masked gives an address as pages may show it.
func Masked(kind, address string) string {
	switch kind {
	case Email:
		name, host, _ := strings.Cut(address, "@")
		for _, first := range name {
			return string(first) + "***@" + host
		}
		return "***@" + host
	case Phone:
		if len(address) == 11 {
			return address[:3] + "****" + address[7:]
		}
		return "***"
	default:
		scheme, rest, _ := strings.Cut(address, "://")
		host, _, _ := strings.Cut(rest, "/")
		return scheme + "://" + host + "/…"
	}
}

// confirmed gives the channels by which a notice to a recipient goes out: its own, and those of the accounts that act for it. A unit's whole messages go to the unit's
// own systems alone, so of its staff only mailboxes and telephones are told.
func (s *Service) confirmed(ctx context.Context, q db.Querier, to Recipient) ([]int64, error) {
	out, err := s.channelsOf(ctx, q, to.Kind, []int64{to.ID}, true)
	if err != nil || s.Members == nil || to.Kind == Account {
		return out, err
	}
	members, err := s.Members(ctx, q, to)
	if err != nil {
		return nil, fmt.Errorf("notice: members: %w", err)
	}
	for part := range slices.Chunk(members, 200) {
		more, err := s.channelsOf(ctx, q, Account, part, to.Kind == Subject)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// channelsOf gives the confirmed channels of recipients of a kind.
func (*Service) channelsOf(ctx context.Context, q db.Querier, kind string, to []int64, hooks bool) ([]int64, error) {
	args := []any{kind, Webhook, map[bool]int{true: 1}[hooks]}
	for _, id := range to {
		args = append(args, id)
	}
	rows, err := q.QueryContext(ctx, `SELECT channel_id FROM notice_channel WHERE to_kind = $1 AND to_id IN `+db.In(len(to), 4)+` AND confirmed_at > 0 AND (kind <> $2 OR $3 = 1) ORDER BY channel_id`, args...)
	if err != nil {
		return nil, fmt.Errorf("notice: channels: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []int64
	for rows.Next() {
		var channel int64
		if err := rows.Scan(&channel); err != nil {
			return nil, fmt.Errorf("notice: channels: %w", err)
		}
		out = append(out, channel)
	}
	return out, rows.Err()
}

func (s *Service) act(ctx context.Context, tx *db.Tx, action string, c *Channel) error {
	return s.Acts.WriteAct(ctx, tx, audit.Act{At: s.now(), Who: s.Who(ctx), Action: action, Entity: "channel:" + dec(c.ID), Detail: "to=" + c.To.String() + " kind=" + c.Kind})
}
