package check

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

// How long a ticket may be opened, and how long the page that it opened works without a question and at all.
const (
	ticketLife = 2 * time.Minute
	pageIdle   = 30 * time.Minute
	pageLife   = 4 * time.Hour
)

// Faults of checks in other systems' pages.
var (
	ErrEmbedKey     = fault.New(fault.Denied, "check.embed_key", "嵌入的核查窗口只能用接口密钥开", "请由业务系统的服务器用本单位的接口密钥申请")
	ErrEmbedOrigin  = fault.New(fault.Denied, "check.embed_origin", "这个网站不在本单位允许嵌入的名单里", "请系统管理员用 gongxin embed add 登记网站的来源（如 https://banshi.example.gov.cn）")
	ErrOrigin       = fault.New(fault.Invalid, "check.origin", "网站来源的写法不对", "写成 https://主机名，可以带端口，不写路径；只有本机（localhost、127.0.0.1）可以用 http")
	ErrEmbedOfficer = fault.New(fault.Invalid, "check.embed_officer", "没有写明业务系统的办理人员编号，或者写法不对", "用 1 至 40 个字母、数字或 . _ - @，不要用身份证件号码")
	ErrEmbedGone    = fault.New(fault.NotFound, "check.embed_gone", "这个核查窗口已经失效", "请回到业务系统重新打开；每次打开都用新的票据")
)

// EmbedOrder asks for a page of checks in another system.
type EmbedOrder struct {
	Who     authz.Actor // behind a key
	Matter  string
	Basis   string
	Officer string // how the other system names its case-worker
	Origin  string // of the site that will frame the page
}

// Ticket opens one page, once.
type Ticket struct {
	Token   string // not kept
	Origin  string
	Expires time.Time
}

// Embedded is a page of checks in another system, as it stands.
type Embedded struct {
	Origin  string
	Officer string
	Token   string // for the page's next question; not kept
	Matter  agency.Matter

	id  int64
	who authz.Actor
}

// officerForm is what a case-worker's id looks like; a document's number is none.
var officerForm = regexp.MustCompile(`^[0-9A-Za-z._@-]{1,40}$`)

// hostForm is what may stand in an origin, and so in a header of ours.
var hostForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?$`)

// ParseOrigin gives an origin as browsers write it: scheme, host, and a port that is not the scheme's own.
func ParseOrigin(text string) (string, error) {
	u, err := url.Parse(strings.ToLower(strings.TrimSpace(text)))
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" || u.Path != "" && u.Path != "/" || !hostForm.MatchString(u.Host) {
		return "", ErrOrigin
	}
	loopback := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1"
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return "", ErrOrigin
	}
	host := u.Host
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		host = u.Hostname()
	}
	return u.Scheme + "://" + host, nil
}

// newToken makes a token of 256 bits and what is kept of it.
func newToken() (token, hash string) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, hashOf(token)
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Embed gives a ticket for a page of checks in another system. What would refuse every check in it refuses it, and that refusal is in the access log.
func (s *Service) Embed(ctx context.Context, o EmbedOrder) (*Ticket, error) {
	if !o.Who.SignedIn() {
		return nil, publish.MissingSignIn.Err()
	}
	if o.Who.Kind != authz.Key {
		return nil, ErrEmbedKey
	}
	if o.Officer = cntext.Clean(o.Officer); !officerForm.MatchString(o.Officer) || personal(o.Officer) {
		return nil, ErrEmbedOfficer
	}
	origin, err := ParseOrigin(o.Origin)
	if err != nil {
		return nil, err
	}
	m, err := s.opened(ctx, o.Who, authz.CheckMake, o.Matter, o.Basis)
	if err != nil {
		return nil, err
	}
	if err := s.mayFrame(ctx, m.Agency, origin); err != nil {
		return nil, err
	}
	e := &Embedded{id: s.IDs.Next(), Origin: origin, Officer: o.Officer, Matter: *m, who: o.Who}
	now := s.Clock.Now().UTC().Truncate(time.Microsecond)
	t := &Ticket{Origin: origin, Expires: now.Add(ticketLife)}
	hash := ""
	t.Token, hash = newToken()
	return t, s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO check_embed (embed_id, ticket, form, key_id, agency_id, matter, basis, officer, origin, created_at, expires_at, opened_at, until)
			VALUES ($1, $2, '', $3, $4, $5, $6, $7, $8, $9, $10, 0, 0)`,
			e.id, hash, o.Who.Session, m.Agency, m.Code, o.Basis, o.Officer, origin, now.UnixMicro(), t.Expires.UnixMicro())
		if err != nil {
			return err
		}
		return s.Log.WriteAct(ctx, tx, audit.Act{
			At: now, Who: o.Who.Who(m.Agency), Action: "check.embed", Entity: "check_embed:" + strconv.FormatInt(e.id, 10), Detail: "matter=" + m.Code + " origin=" + origin + " officer=" + o.Officer,
		})
	})
}

// opened gives a matter for which somebody may do what concerns checks. A refusal is put on file by asking for nobody, which names the element that is missing.
func (s *Service) opened(ctx context.Context, who authz.Actor, act authz.Action, matter, basis string) (*agency.Matter, error) {
	m, err := s.Matters.ByCode(ctx, matter)
	if err == nil {
		if err = s.may(ctx, who, act, m.Agency); err == nil { // a key may be given for checks without what they read
			err = s.may(ctx, who, authz.DiscloseDepartment, m.Agency)
		}
		if err == nil && m.Missing(clock.Today(s.Clock)) != "" {
			err = ErrNoMatter
		}
	}
	if err == nil && basis != "" && basis != m.Basis() {
		err = ErrNoMatter
	}
	if err == nil {
		return &m, nil
	}
	_, refused := s.Discloser.Disclose(ctx, s.question(&Ask{Who: who, Matter: matter, Basis: basis}, nil))
	if refused != nil && !errors.Is(refused, publish.MissingSubject.Err()) {
		return nil, refused
	}
	return nil, err
}

// OpenEmbed turns a ticket into its page. A ticket opens one page: whoever comes second, or late, or when the key was revoked, finds nothing. The page that is
// given back with ErrEmbedGone says at most which site may show that.
func (s *Service) OpenEmbed(ctx context.Context, ticket string) (*Embedded, error) {
	now := s.Clock.Now().UTC().Truncate(time.Microsecond)
	e, row, err := s.embedded(ctx, "ticket", ticket)
	switch {
	case err != nil:
		return e, err
	case row == nil:
		return e, ErrEmbedGone
	}
	if row.opened != 0 || now.UnixMicro() >= row.expires {
		return e, ErrEmbedGone
	}
	if err := s.stands(ctx, e, row); err != nil {
		return e, err
	}
	hash := ""
	e.Token, hash = newToken()
	return e, s.turn(ctx, `UPDATE check_embed SET ticket = '', form = $2, opened_at = $3, until = $4 WHERE embed_id = $1 AND ticket = $5 AND opened_at = 0`,
		e.id, hash, now.UnixMicro(), now.Add(pageIdle).UnixMicro(), hashOf(ticket))
}

// NextEmbed takes the token of a page's form and gives the page with the next one. Each token counts once.
func (s *Service) NextEmbed(ctx context.Context, token, address string) (*Embedded, error) {
	now := s.Clock.Now().UTC().Truncate(time.Microsecond)
	e, row, err := s.embedded(ctx, "form", token)
	switch {
	case err != nil:
		return e, err
	case row == nil:
		return e, ErrEmbedGone
	}
	if now.UnixMicro() >= row.until {
		return e, ErrEmbedGone
	}
	if err := s.stands(ctx, e, row); err != nil {
		return e, err
	}
	e.who.Address = address
	until := min(now.Add(pageIdle).UnixMicro(), row.opened+pageLife.Microseconds())
	hash := ""
	e.Token, hash = newToken()
	return e, s.turn(ctx, `UPDATE check_embed SET form = $2, until = $3 WHERE embed_id = $1 AND form = $4`, e.id, hash, until, hashOf(token))
}

// CheckEmbedded checks a subject in a page, under the key that asked for the page; the answer is tied to the page in the transaction that keeps it.
func (s *Service) CheckEmbedded(ctx context.Context, e *Embedded, whom publish.Whom) (*Given, error) {
	ask := Ask{Who: e.who, Subject: whom, Matter: e.Matter.Code}
	if err := s.permit(ctx, &ask); err != nil {
		return nil, err
	}
	k := s.keeper(&ask, 1)
	k.after = func(ctx context.Context, tx *db.Tx, answered []int) error {
		if len(answered) == 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO check_embed_use (receipt_id, embed_id) VALUES ($1, $2)`, k.rows[0].receipt, e.id)
		return err
	}
	if _, err := s.Discloser.Disclose(ctx, s.question(&ask, k)); err != nil {
		return nil, typed(err, ask.Subject.Code)
	}
	return k.rows[0].given, nil
}

// FeedbackEmbedded records what was done with an answer of this very page.
func (s *Service) FeedbackEmbedded(ctx context.Context, e *Embedded, n Note) error {
	ok, err := s.usedIn(ctx, e.id, n.Receipt)
	if err != nil {
		return err
	}
	if !ok {
		return ErrNone
	}
	return s.Feedback(ctx, e.who, n)
}

// AgainEmbedded gives an answer of this very page once more.
func (s *Service) AgainEmbedded(ctx context.Context, e *Embedded, receipt string) (*Given, error) {
	ok, err := s.usedIn(ctx, e.id, receipt)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrNone
	}
	return s.Again(ctx, e.who, receipt)
}

// stands holds a page against today: the key, the matter, the site. Each may have ended since the page was asked for.
func (s *Service) stands(ctx context.Context, e *Embedded, row *embedRow) error {
	if s.Key == nil {
		return ErrEmbedGone
	}
	var err error
	if e.who, err = s.Key(ctx, row.key); err != nil {
		if fault.KindOf(err) == fault.Denied {
			return ErrEmbedGone.With(err)
		}
		return err
	}
	m, err := s.opened(ctx, e.who, authz.CheckMake, row.matter, row.basis)
	if err != nil {
		return err
	}
	e.Matter = *m
	return s.mayFrame(ctx, row.agency, row.origin)
}

// Origins lists the sites that may frame a unit's checks.
func (s *Service) Origins(ctx context.Context, unit int64) ([]string, error) {
	return s.origins(ctx, unit)
}

func (s *Service) mayFrame(ctx context.Context, unit int64, origin string) error {
	list, err := s.origins(ctx, unit)
	if err != nil {
		return err
	}
	if !slices.Contains(list, origin) {
		return ErrEmbedOrigin
	}
	return nil
}

// SetOrigin lets a site frame a unit's checks, or no longer. Pages that are open there end with their next question.
func (s *Service) SetOrigin(ctx context.Context, who authz.Actor, unit int64, text string, may bool) (origin string, err error) {
	if origin, err = ParseOrigin(text); err != nil {
		return "", err
	}
	u, err := s.Agencies.ByID(ctx, unit)
	if err != nil {
		return "", err
	}
	if err := s.Authority.Decide(who, authz.SettingManage, authz.Scope{}).Err(); err != nil {
		return "", err
	}
	return origin, s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := s.Clock.Now().UTC().Truncate(time.Microsecond)
		ended, action := int64(0), "check.embed_allow"
		if !may {
			ended, action = now.UnixMicro(), "check.embed_end"
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO check_embed_origin (agency_id, origin, added_at, ended_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (agency_id, origin) DO UPDATE SET ended_at = excluded.ended_at`, u.ID, origin, now.UnixMicro(), ended)
		if err != nil {
			return err
		}
		return s.Log.WriteAct(ctx, tx, audit.Act{At: now, Who: who.Who(u.ID), Action: action, Entity: "agency:" + strconv.FormatInt(u.ID, 10), Detail: "origin=" + origin})
	})
}
