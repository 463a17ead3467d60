package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// Bounds of API keys.
const (
	MaxKeyLife = 366 * 24 * time.Hour // a year
	MaxOverlap = 30 * 24 * time.Hour  // of an old key after its rotation
	maxKeys    = 50                   // of one account
)

// Faults of API keys.
var (
	ErrKey        = fault.New(fault.Denied, "identity.key", "接口密钥无效、已过期或已停用", "请核对密钥；需要新的密钥请在账号页面申领")
	ErrKeyAddress = fault.New(fault.Denied, "identity.key_address", "这把接口密钥不允许从当前网络地址使用", "请从登记的地址调用，或修改密钥的允许地址")
	ErrKeyScopes  = fault.New(fault.Invalid, "identity.key_scopes", "接口密钥的范围不对", "请至少选一项可以用接口密钥做的操作")
	ErrKeyExpiry  = fault.New(fault.Invalid, "identity.key_expiry", "接口密钥必须写明到期时间，最长一年", "请填写一年之内、今天之后的到期时间")
	ErrKeyLabel   = fault.New(fault.Invalid, "identity.key_label", "接口密钥的名称要 1 到 100 个字符", "例如“前置机 1 号”")
	ErrKeyMany    = fault.New(fault.Conflict, "identity.key_many", "一个账号最多有 50 把有效的接口密钥", "请先停用不用的密钥")
	ErrKeyOverlap = fault.New(fault.Invalid, "identity.key_overlap", "更换密钥时，旧密钥最多再用 30 天", "请缩短并用的时间")
)

// KeySpec is what a key is made for.
type KeySpec struct {
	Label    string
	Scopes   []authz.Action // at least one; of those that a key may be used for
	Networks []netip.Prefix // from where; empty = from everywhere
	Expires  time.Time
}

// Key is an API key without its secret.
type Key struct {
	ID      int64
	Account int64
	KeySpec
	CreatedAt time.Time
	RevokedAt time.Time // zero = not revoked
	Successor int64     // key that replaces it; 0 = none
	UsedAt    time.Time // to the minute; zero = never
	UsedFrom  string    // masked address of the last use
}

var keyIDs = base32.HexEncoding.WithPadding(base32.NoPadding)

const keyIDChars = 13

// formatKey writes a key: gxk_, 13 characters of its id, an underscore, 43 of its secret.
func formatKey(id int64, secret string) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(id))
	return keyPrefix + strings.ToLower(keyIDs.EncodeToString(b[:])) + "_" + secret
}

// parseKey reads what formatKey wrote and refuses every other spelling.
func parseKey(raw string) (id int64, hash [sha256.Size]byte, ok bool) {
	if len(raw) != len(keyPrefix)+keyIDChars+1+43 || !strings.HasPrefix(raw, keyPrefix) {
		return 0, hash, false
	}
	text, secret := raw[len(keyPrefix):len(keyPrefix)+keyIDChars], raw[len(keyPrefix)+keyIDChars+1:]
	b, err := keyIDs.DecodeString(strings.ToUpper(text))
	if err != nil || len(b) != 8 {
		return 0, hash, false
	}
	if _, err := base64.RawURLEncoding.Strict().DecodeString(secret); err != nil {
		return 0, hash, false
	}
	id = int64(binary.BigEndian.Uint64(b))
	if id <= 0 || formatKey(id, secret) != raw {
		return 0, hash, false
	}
	return id, sha256.Sum256([]byte(raw)), true
}

func (s *Service) checkSpec(k *KeySpec) error {
	k.Label = strings.TrimSpace(k.Label)
	if checkName(k.Label) != nil {
		return ErrKeyLabel
	}
	if len(k.Scopes) == 0 || slices.ContainsFunc(k.Scopes, func(a authz.Action) bool { return !a.ByKey() }) {
		return ErrKeyScopes
	}
	if now := s.Clock.Now(); !k.Expires.After(now) || k.Expires.Sub(now) > MaxKeyLife {
		return ErrKeyExpiry
	}
	if len(k.Networks) > maxNetworks {
		return ErrNetworks
	}
	for i, p := range k.Networks {
		if !p.IsValid() || p.Bits() == 0 || p.Addr().Is4In6() {
			return ErrNetworks
		}
		k.Networks[i] = p.Masked()
	}
	slices.Sort(k.Scopes)
	k.Scopes = slices.Compact(k.Scopes)
	return nil
}

// mayKeys asks whether the caller may handle the keys of an account: its own, or another's.
func (s *Service) mayKeys(ctx context.Context, q db.Querier, by authz.Actor, account int64) error {
	r, err := s.byID(ctx, q, account)
	if err != nil {
		return err
	}
	scope := authz.Scope{Agency: r.Agency, Region: r.Region, Account: account}
	if by.Kind == authz.Account && by.ID == account {
		return s.allow(by, authz.KeyOwn, scope)
	}
	return s.allow(by, authz.KeyManage, scope)
}

// NewKey makes a key of an account and gives it with its secret, which is not kept.
func (s *Service) NewKey(ctx context.Context, by authz.Actor, account int64, spec KeySpec) (*Key, string, error) {
	spec.Scopes, spec.Networks = slices.Clone(spec.Scopes), slices.Clone(spec.Networks)
	if err := s.checkSpec(&spec); err != nil {
		return nil, "", err
	}
	var k *Key
	var raw string
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.mayKeys(ctx, tx, by, account); err != nil {
			return err
		}
		var err error
		if k, raw, err = s.insertKey(ctx, tx, account, spec); err != nil {
			return err
		}
		return s.act(ctx, tx, by, "key.new", account, keyDetail(k))
	})
	return k, raw, wrap(err, "new key")
}

// keyDetail says in the log of acts which key and for what.
func keyDetail(k *Key) string {
	return "key:" + formatKey(k.ID, "")[len(keyPrefix):len(keyPrefix)+keyIDChars] + " " + joinScopes(k.Scopes)
}

func joinScopes(list []authz.Action) string {
	parts := make([]string, len(list))
	for i, a := range list {
		parts[i] = string(a)
	}
	return strings.Join(parts, " ")
}

func (s *Service) insertKey(ctx context.Context, tx *db.Tx, account int64, spec KeySpec) (*Key, string, error) {
	now := s.Clock.Now()
	var live int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM apikey WHERE account_id = $1 AND revoked_at = 0 AND expires_at > $2`, account, now.UnixMicro()).Scan(&live)
	if err != nil {
		return nil, "", err
	}
	if live >= maxKeys {
		return nil, "", ErrKeyMany
	}
	k := &Key{ID: s.IDs.Next(), Account: account, KeySpec: spec, CreatedAt: now}
	raw := formatKey(k.ID, token(""))
	hash := sha256.Sum256([]byte(raw))
	_, err = tx.ExecContext(ctx, `INSERT INTO apikey (key_id, account_id, label, hash, scopes, networks, created_at, expires_at, revoked_at, successor, used_at, used_address)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, '')`,
		k.ID, account, spec.Label, hash[:], joinScopes(spec.Scopes), formatNetworks(spec.Networks), now.UnixMicro(), spec.Expires.UnixMicro())
	return k, raw, err
}

const keyColumns = `key_id, account_id, label, scopes, networks, created_at, expires_at, revoked_at, successor, used_at, used_address`

func scanKey(row scanner) (*Key, error) {
	var k Key
	var scopes, networks string
	var created, expires, revoked, used int64
	err := row.Scan(&k.ID, &k.Account, &k.Label, &scopes, &networks, &created, &expires, &revoked, &k.Successor, &used, &k.UsedFrom)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrMissing
	}
	if err != nil {
		return nil, err
	}
	for part := range strings.FieldsSeq(scopes) {
		k.Scopes = append(k.Scopes, authz.Action(part))
	}
	if k.Networks, err = ParseNetworks(networks); err != nil {
		return nil, err
	}
	k.CreatedAt, k.Expires, k.RevokedAt, k.UsedAt = instant(created), instant(expires), instant(revoked), instant(used)
	return &k, nil
}

// Keys lists the keys of an account, newest first.
func (s *Service) Keys(ctx context.Context, by authz.Actor, account int64) ([]Key, error) {
	if err := s.mayKeys(ctx, s.DB.Read(), by, account); err != nil {
		return nil, wrap(err, "keys")
	}
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT `+keyColumns+` FROM apikey WHERE account_id = $1 ORDER BY key_id DESC LIMIT 200`, account)
	if err != nil {
		return nil, wrap(err, "keys")
	}
	defer func() { _ = rows.Close() }()
	var out []Key
	for rows.Next() {
		k, err := scanKey(rows)
		if err != nil {
			return nil, wrap(err, "keys")
		}
		k.UsedAt = s.seen.latest(k.ID, k.UsedAt)
		out = append(out, *k)
	}
	return out, wrap(rows.Err(), "keys")
}

// changeKey runs a change of a key that the caller may handle.
func (s *Service) changeKey(ctx context.Context, by authz.Actor, key int64, change func(context.Context, *db.Tx, *Key) error) error {
	account := int64(0)
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		k, err := scanKey(tx.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM apikey WHERE key_id = $1`, key))
		if err != nil {
			return err
		}
		account = k.Account
		if err := s.mayKeys(ctx, tx, by, k.Account); err != nil {
			return err
		}
		if !k.RevokedAt.IsZero() || !k.Expires.After(s.Clock.Now()) {
			return ErrKey
		}
		return change(ctx, tx, k)
	})
	if err == nil {
		s.forget(account)
	}
	return wrap(err, "change key")
}

// RevokeKey ends a key at once.
func (s *Service) RevokeKey(ctx context.Context, by authz.Actor, key int64) error {
	return s.changeKey(ctx, by, key, func(ctx context.Context, tx *db.Tx, k *Key) error {
		if _, err := tx.ExecContext(ctx, `UPDATE apikey SET revoked_at = $2 WHERE key_id = $1`, key, s.Clock.Now().UnixMicro()); err != nil {
			return err
		}
		return s.act(ctx, tx, by, "key.revoke", k.Account, keyDetail(k))
	})
}

// RotateKey makes the key that replaces another, with the same scopes and networks and as long a life; the old one goes on for the overlap.
func (s *Service) RotateKey(ctx context.Context, by authz.Actor, key int64, overlap time.Duration) (next *Key, raw string, err error) {
	if overlap < 0 || overlap > MaxOverlap {
		return nil, "", ErrKeyOverlap
	}
	err = s.changeKey(ctx, by, key, func(ctx context.Context, tx *db.Tx, k *Key) error {
		now := s.Clock.Now()
		if k.Successor != 0 {
			return ErrKey
		}
		spec := k.KeySpec
		spec.Expires = now.Add(min(k.Expires.Sub(k.CreatedAt), MaxKeyLife))
		if next, raw, err = s.insertKey(ctx, tx, k.Account, spec); err != nil {
			return err
		}
		end := k.Expires
		if until := now.Add(overlap); until.Before(end) {
			end = until
		}
		ok, err := changed(ctx, tx, `UPDATE apikey SET expires_at = $2, successor = $3 WHERE key_id = $1 AND successor = 0`, key, end.UnixMicro(), next.ID)
		if err != nil {
			return err
		}
		if !ok {
			return ErrKey
		}
		return s.act(ctx, tx, by, "key.rotate", k.Account, keyDetail(next))
	})
	if err != nil {
		return nil, "", err
	}
	return next, raw, nil
}

// keyEntry is what is kept of a key for a few seconds.
type keyEntry struct {
	Key
	grants []authz.Grant
}

// KeyActor says who stands behind an API key used from an address. The actor's Session is the key's id; a key never has a second factor.
func (s *Service) KeyActor(ctx context.Context, raw, address string) (authz.Actor, error) {
	id, hash, ok := parseKey(raw)
	if !ok {
		return authz.Actor{}, ErrKey
	}
	now := s.Clock.Now()
	e, gen := s.keys.get(hash, now)
	if e == nil {
		var err error
		if e, err = s.loadKey(ctx, id, hash); err != nil {
			return authz.Actor{}, err
		}
		s.keys.put(hash, e.Account, e, now, gen)
	}
	if !e.Expires.After(now) {
		return authz.Actor{}, ErrKey
	}
	if !within(e.Networks, address) {
		return authz.Actor{}, ErrKeyAddress
	}
	if s.seen.touch(e.ID, mark{now, e.UsedAt, false, maskAddress(address)}) {
		s.flushSoon(ctx)
	}
	return authz.Actor{ID: e.Account, Kind: authz.Key, Grants: e.grants, Scopes: e.Scopes, Session: e.ID, Address: address}, nil
}

func (s *Service) loadKey(ctx context.Context, id int64, hash [sha256.Size]byte) (*keyEntry, error) {
	var stored []byte
	q := s.DB.Read()
	err := q.QueryRowContext(ctx, `SELECT k.hash FROM apikey k JOIN account a ON a.account_id = k.account_id WHERE k.key_id = $1 AND k.revoked_at = 0 AND a.state = 'active'`, id).Scan(&stored)
	if errors.Is(err, sql.ErrNoRows) || err == nil && subtle.ConstantTimeCompare(stored, hash[:]) != 1 {
		return nil, ErrKey
	}
	if err != nil {
		return nil, wrap(err, "key")
	}
	k, err := scanKey(q.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM apikey WHERE key_id = $1`, id))
	if err != nil {
		return nil, wrap(err, "key")
	}
	held, err := s.grants(ctx, q, k.Account)
	return &keyEntry{*k, granted(held)}, wrap(err, "key")
}

// KeyExpires gives the instant at which a key ends.
func (s *Service) KeyExpires(ctx context.Context, key int64) (time.Time, error) {
	k, err := scanKey(s.DB.Read().QueryRowContext(ctx, `SELECT `+keyColumns+` FROM apikey WHERE key_id = $1`, key))
	if err != nil {
		return time.Time{}, wrap(err, "key expires")
	}
	return k.Expires, nil
}
