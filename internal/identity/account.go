package identity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
)

// AccountKind says whose account it is. It bounds the roles that it can be given.
type AccountKind string

// The kinds.
const (
	StaffAccount       AccountKind = "staff"       // 单位工作人员
	InstitutionAccount AccountKind = "institution" // 机构
	BusinessAccount    AccountKind = "business"    // 企业代理人
	ResidentAccount    AccountKind = "resident"    // 居民
)

// allows says whether an account of the kind may hold a role.
func (k AccountKind) allows(r authz.Role) bool {
	switch k {
	case StaffAccount:
		return (r.Staff() || r.Watches()) && r != authz.InstitutionOfficer
	case InstitutionAccount:
		return r == authz.InstitutionOfficer
	case BusinessAccount:
		return r == authz.BusinessAgent
	case ResidentAccount:
		return r == authz.Resident
	default:
		return false
	}
}

func (k AccountKind) valid() bool {
	return k == StaffAccount || k == InstitutionAccount || k == BusinessAccount || k == ResidentAccount
}

// State says whether an account may be used.
type State string

// The states.
const (
	Active   State = "active"
	Disabled State = "disabled"
	Closed   State = "closed" // by its owner; nothing of it is left but its number
)

// Account is an account without its secrets. Login and Name are personal data: they are for its owner and for those who manage accounts.
type Account struct {
	ID         int64
	Kind       AccountKind
	Login      string
	Name       string
	Agency     int64
	Region     string
	State      State
	Password   bool // has one
	PasswordAt time.Time
	MustChange bool // the password was handed out by somebody else
	TOTP       bool
	Passkeys   int
	Recovery   int // recovery codes that are not used up
	CreatedAt  time.Time
	ChangedAt  time.Time
	LoginAt    time.Time // last sign-in; zero = never
}

// factor says whether the account has a second factor.
func (a *Account) factor() bool { return a.TOTP || a.Passkeys > 0 }

// record is an account with what proves it.
type record struct {
	Account
	hash   string // opened; "" = no password
	handle string
}

const accountColumns = `a.account_id, a.kind, a.sealed, a.handle, a.agency_id, a.region, a.state, a.password, a.password_at, a.must_change, a.created_at, a.changed_at, a.login_at,
	(SELECT count(*) FROM credential_totp t WHERE t.account_id = a.account_id AND t.confirmed_at > 0),
	(SELECT count(*) FROM credential_passkey p WHERE p.account_id = a.account_id),
	(SELECT count(*) FROM credential_recovery c WHERE c.account_id = a.account_id AND c.used_at = 0)`

type scanner interface{ Scan(dest ...any) error }

type sealedNames struct {
	Login string `json:"l"`
	Name  string `json:"n"`
}

func (s *Service) scanAccount(row scanner) (*record, error) {
	var r record
	var names sealedNames
	var sealed, password string
	var passwordAt, created, changedAt, login int64
	var must, totp int
	err := row.Scan(&r.ID, &r.Kind, &sealed, &r.handle, &r.Agency, &r.Region, &r.State, &password, &passwordAt, &must, &created, &changedAt, &login, &totp, &r.Passkeys, &r.Recovery)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrMissing
	}
	if err != nil {
		return nil, err
	}
	if names, err = s.openNames(r.ID, sealed); err != nil {
		return nil, fmt.Errorf("open account %d: %w", r.ID, err)
	}
	if password != "" {
		if r.hash, err = s.Ring.Open("password/"+accountEntity(r.ID), password); err != nil {
			return nil, fmt.Errorf("open password of account %d: %w", r.ID, err)
		}
	}
	r.Login, r.Name, r.Password = names.Login, names.Name, password != ""
	r.MustChange, r.TOTP = must == 1, totp > 0
	r.PasswordAt, r.CreatedAt, r.ChangedAt, r.LoginAt = instant(passwordAt), instant(created), instant(changedAt), instant(login)
	return &r, nil
}

// openNames opens login and name; a closed account has none.
func (s *Service) openNames(account int64, sealed string) (n sealedNames, err error) {
	if sealed == "" {
		return sealedNames{Name: closedName}, nil
	}
	text, err := s.Ring.Open(accountEntity(account), sealed)
	if err == nil {
		err = json.Unmarshal([]byte(text), &n)
	}
	return n, err
}

func (s *Service) byID(ctx context.Context, q db.Querier, account int64) (*record, error) {
	return s.scanAccount(q.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account a WHERE a.account_id = $1`, account))
}

func (s *Service) byLogin(ctx context.Context, q db.Querier, key string) (*record, error) {
	return s.scanAccount(q.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account a WHERE a.login = $1`, key))
}

func (s *Service) sealNames(account int64, n sealedNames) string {
	text, _ := json.Marshal(n) // two strings always marshal
	return s.Ring.Seal(accountEntity(account), string(text))
}

func (s *Service) loginKey(login string) string {
	return s.keyed("login", foldLogin(login))
}

// foldLogin gives the form in which logins are compared.
func foldLogin(login string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(login)))
}

// Faults of accounts.
var (
	ErrLogin     = fault.New(fault.Invalid, "identity.login", "登录名要 3 到 64 个字符，只用字母、汉字、数字和 . _ - @", "请换一个登录名；不要用身份证件号码")
	ErrLoginUsed = fault.New(fault.Conflict, "identity.login_used", "这个登录名已经有人使用", "请换一个登录名")
	ErrName      = fault.New(fault.Invalid, "identity.name", "姓名或名称要 1 到 100 个字符，不能有控制字符", "请检查填写的内容")
	ErrKind      = fault.New(fault.Invalid, "identity.kind", "账号种类不对", "账号种类是 staff（工作人员）、institution（机构）、business（企业代理人）、resident（居民）之一")
	ErrRoleKind  = fault.New(fault.Invalid, "identity.role_kind", "这种账号不能授予这个角色", "工作角色授予工作人员账号；企业代理人和居民的角色要经本人认领取得")
	ErrOwn       = fault.New(fault.Denied, "identity.own", "不能管理自己的账号", "请由另一位安全管理员办理")
)

func checkLogin(login string) error {
	n, digits := 0, 0
	for _, r := range login {
		n++
		switch {
		case r >= '0' && r <= '9':
			digits++
		case unicode.IsLetter(r) || strings.ContainsRune("._-@", r):
		default:
			return ErrLogin
		}
	}
	if n < 3 || n > 64 || digits >= 15 { // fifteen and more digits are a number of a document
		return ErrLogin
	}
	return nil
}

func checkName(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > 100 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return ErrName
	}
	return nil
}

// NewAccount is what an account is opened with. Without a password it can be entered only by unified identity.
type NewAccount struct {
	Kind     AccountKind
	Login    string
	Name     string
	Agency   int64
	Region   string
	Grants   []authz.Grant
	Password string // chosen by its owner
	HandOut  bool   // make a temporary password instead, to be changed at the first sign-in
}

// Open opens an account and gives the temporary password when one was asked for. A signed-in manager or an operator may open every kind; anyone
// may open a resident's or a business's own, without grants.
func (s *Service) Open(ctx context.Context, by authz.Actor, n NewAccount) (*Account, string, error) {
	own := (n.Kind == ResidentAccount || n.Kind == BusinessAccount) && len(n.Grants) == 0 && !n.HandOut && n.Password != ""
	if own && !by.SignedIn() && by.Kind != authz.Local {
		if err := s.allow(by, authz.AccountOpen, authz.Scope{}); err != nil {
			return nil, "", err
		}
		if err := s.admit(ctx, s.gate(gateOpen, network(by.Address))); err != nil {
			return nil, "", err
		}
	} else if err := s.allow(by, authz.AccountManage, authz.Scope{Region: n.Region, Agency: n.Agency, Author: authz.NoAccount}); err != nil {
		return nil, "", err
	}
	for _, g := range n.Grants {
		if err := s.mayGrant(by, g); err != nil {
			return nil, "", err
		}
	}
	return s.open(ctx, by, n)
}

func (s *Service) open(ctx context.Context, by authz.Actor, n NewAccount) (*Account, string, error) {
	n.Login, n.Name = foldLogin(n.Login), strings.TrimSpace(n.Name)
	if err := errors.Join(checkLogin(n.Login), checkName(n.Name), s.checkGrants(n.Kind, n.Grants)); err != nil {
		return nil, "", firstFault(err)
	}
	temp, hash := "", ""
	if n.HandOut {
		temp = temporary()
		n.Password = temp
	} else if n.Password != "" {
		if err := s.checkPassword(n.Password, n.Login, n.Name); err != nil {
			return nil, "", err
		}
	}
	if n.Password != "" {
		var err error
		if hash, err = s.hasher.hash(ctx, n.Password); err != nil {
			return nil, "", err
		}
	}
	account := s.IDs.Next()
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.insertAccount(ctx, tx, account, n, hash); err != nil {
			return err
		}
		if err := s.act(ctx, tx, by, "account.open", account, string(n.Kind)); err != nil {
			return err
		}
		for _, g := range n.Grants {
			if err := s.insertGrant(ctx, tx, by, account, g, 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", wrap(err, "open account")
	}
	r, err := s.byID(ctx, s.DB.Read(), account)
	if err != nil {
		return nil, "", wrap(err, "open account")
	}
	return &r.Account, temp, nil
}

func (s *Service) insertAccount(ctx context.Context, tx *db.Tx, account int64, n NewAccount, hash string) error {
	now := s.Clock.Now().UnixMicro()
	_, err := tx.ExecContext(ctx, `INSERT INTO account (account_id, kind, login, sealed, handle, agency_id, region, state, password, password_at, must_change, created_at,
		changed_at, login_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0) ON CONFLICT (login) DO NOTHING`,
		account, string(n.Kind), s.loginKey(n.Login), s.sealNames(account, sealedNames{n.Login, n.Name}), id.Random()+id.Random(), n.Agency, n.Region,
		string(Active), s.sealHash(account, hash), now, bit(n.HandOut), now, now)
	if err != nil {
		return err
	}
	// A login that is taken changes nothing; that it is new is seen by reading it back.
	var have int64
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM account WHERE account_id = $1`, account).Scan(&have); err != nil {
		return err
	}
	if have == 0 {
		return ErrLoginUsed
	}
	return nil
}

func (s *Service) sealHash(account int64, hash string) string {
	if hash == "" {
		return ""
	}
	return s.Ring.Seal("password/"+accountEntity(account), hash)
}

// firstFault gives the first of joined errors: one reason at a time is what a person can act on.
func firstFault(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return err
}
