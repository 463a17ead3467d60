package identity

import (
	"context"
	"encoding/base64"
	"encoding/json"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// PasskeySite says for which site passkeys are made. They work only there.
type PasskeySite struct {
	ID      string   // domain, such as credit.example.gov.cn
	Name    string   // shown by the browser
	Origins []string // https://credit.example.gov.cn
}

// passkeyLibrary is the library set up for the site; nil inside when there are no passkeys.
type passkeyLibrary struct{ *webauthn.WebAuthn }

func newPasskeyLibrary(site PasskeySite) (passkeyLibrary, error) {
	if site.ID == "" {
		return passkeyLibrary{}, nil
	}
	if site.Name == "" {
		site.Name = "公信"
	}
	lib, err := webauthn.New(&webauthn.Config{
		RPID: site.ID, RPDisplayName: site.Name, RPOrigins: site.Origins, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired},
	})
	if err != nil {
		return passkeyLibrary{}, fault.New(fault.Invalid, "identity.passkey_site", "通行密钥的网站设置无效", "请检查网站域名和网址").With(err)
	}
	return passkeyLibrary{lib}, nil
}

// Faults of passkeys.
var (
	ErrPasskeysOff = fault.New(fault.Unavailable, "identity.passkeys_off", "本站没有启用通行密钥", "请管理员在配置中填写网站地址（base_url）")
	ErrPasskey     = fault.New(fault.Denied, "identity.passkey", "通行密钥没有通过验证", "请在本网站重新操作；仍不行请改用口令登录")
	ErrPasskeyName = fault.New(fault.Invalid, "identity.passkey_name", "通行密钥的名称要 1 到 50 个字符", "例如“办公室电脑”")
	ErrPasskeyMany = fault.New(fault.Conflict, "identity.passkey_many", "一个账号最多登记 20 把通行密钥", "请先删除不用的")
)

const maxPasskeys = 20

// Ceremony is a challenge for the browser. Options are the JSON that navigator.credentials takes; Token is given back with the answer.
type Ceremony struct {
	Token   string
	Options json.RawMessage
}

// holder is an account as the library sees it: by a random handle, never by name.
type holder struct {
	r    *record
	keys []webauthn.Credential
}

func (h *holder) WebAuthnID() []byte                         { return []byte(h.r.handle) }
func (h *holder) WebAuthnName() string                       { return h.r.Login }
func (h *holder) WebAuthnDisplayName() string                { return h.r.Name }
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

func (s *Service) holder(ctx context.Context, r *record) (*holder, error) {
	rows, err := s.DB.Read().QueryContext(ctx, `SELECT sealed FROM credential_passkey WHERE account_id = $1 ORDER BY passkey_id`, r.ID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	h := &holder{r: r}
	for rows.Next() {
		var sealed string
		if err := rows.Scan(&sealed); err != nil {
			return nil, err
		}
		text, err := s.Ring.Open("passkey/"+accountEntity(r.ID), sealed)
		if err != nil {
			return nil, err
		}
		var key webauthn.Credential
		if err := json.Unmarshal([]byte(text), &key); err != nil {
			return nil, err
		}
		h.keys = append(h.keys, key)
	}
	return h, rows.Err()
}

func (s *Service) ceremony(ctx context.Context, purpose string, account int64, options any, state *webauthn.SessionData) (*Ceremony, error) {
	opt, err := json.Marshal(options)
	if err != nil {
		return nil, wrap(err, purpose)
	}
	kept, err := json.Marshal(state)
	if err != nil {
		return nil, wrap(err, purpose)
	}
	raw, err := s.keepCeremony(ctx, purpose, account, string(kept))
	return &Ceremony{Token: raw, Options: opt}, err
}

// recall takes the state of a challenge out of the database.
func (s *Service) recall(ctx context.Context, purpose string, account int64, raw string) (webauthn.SessionData, error) {
	var state webauthn.SessionData
	text, err := s.take(ctx, purpose, account, raw)
	if err == nil {
		err = wrap(json.Unmarshal([]byte(text), &state), purpose)
	}
	return state, err
}

// BeginPasskey gives the challenge for a new passkey of the caller.
func (s *Service) BeginPasskey(ctx context.Context, a authz.Actor) (*Ceremony, error) {
	if s.passkeys.WebAuthn == nil {
		return nil, ErrPasskeysOff
	}
	r, err := s.mayEnrol(ctx, a)
	if err != nil {
		return nil, err
	}
	h, err := s.holder(ctx, r)
	if err != nil {
		return nil, wrap(err, "begin passkey")
	}
	if len(h.keys) >= maxPasskeys {
		return nil, ErrPasskeyMany
	}
	have := make([]protocol.CredentialDescriptor, len(h.keys))
	for i := range h.keys {
		have[i] = h.keys[i].Descriptor()
	}
	options, state, err := s.passkeys.BeginRegistration(h, webauthn.WithExclusions(have))
	if err != nil {
		return nil, wrap(err, "begin passkey")
	}
	return s.ceremony(ctx, "passkey-enrol", a.ID, options, state)
}

// FinishPasskey enrols a passkey from the browser's answer. As with ConfirmTOTP the session becomes strong.
func (s *Service) FinishPasskey(ctx context.Context, a authz.Actor, ceremony string, answer []byte, label string) (*Session, []string, error) {
	if s.passkeys.WebAuthn == nil {
		return nil, nil, ErrPasskeysOff
	}
	label, err := passkeyLabel(label)
	if err != nil {
		return nil, nil, err
	}
	r, err := s.mayEnrol(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	state, err := s.recall(ctx, "passkey-enrol", a.ID, ceremony)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, nil, ErrPasskey.With(err)
	}
	h, err := s.holder(ctx, r)
	if err != nil {
		return nil, nil, wrap(err, "enrol passkey")
	}
	key, err := s.passkeys.CreateCredential(h, state, parsed)
	if err != nil {
		return nil, nil, ErrPasskey.With(err)
	}
	text, err := json.Marshal(key)
	if err != nil {
		return nil, nil, wrap(err, "enrol passkey")
	}
	r.Passkeys++
	out, codes, err := s.enrolled(ctx, a, r, passkeyFactor, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO credential_passkey (passkey_id, account_id, raw_id, sealed, label, created_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
			s.IDs.Next(), a.ID, rawID(key.ID), s.Ring.Seal("passkey/"+accountEntity(a.ID), string(text)), label, s.Clock.Now().UnixMicro())
		return err
	})
	if db.IsUnique(err) {
		return nil, nil, ErrPasskey
	}
	return out, codes, err
}

func rawID(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

// BeginPasskeySignIn gives the challenge for signing in with a passkey, without a login.
func (s *Service) BeginPasskeySignIn(ctx context.Context, in Attempt) (*Ceremony, error) {
	if s.passkeys.WebAuthn == nil {
		return nil, ErrPasskeysOff
	}
	if err := s.admit(ctx, s.gate(gateLoad, network(in.Address))); err != nil {
		return nil, err
	}
	options, state, err := s.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, wrap(err, "begin passkey")
	}
	return s.ceremony(ctx, "passkey-sign-in", 0, options, state)
}

// SignInPasskey signs in with a passkey. The device verified its user (PIN, finger or face) and is in hand, so that this is both factors.
func (s *Service) SignInPasskey(ctx context.Context, ceremony string, answer []byte, in Attempt) (*Session, error) {
	if s.passkeys.WebAuthn == nil {
		return nil, ErrPasskeysOff
	}
	state, err := s.recall(ctx, "passkey-sign-in", 0, ceremony)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, ErrPasskey.With(err)
	}
	var h *holder
	find := func(_, handle []byte) (webauthn.User, error) {
		r, err := s.scanAccount(s.DB.Read().QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account a WHERE a.handle = $1 AND a.state = 'active'`, string(handle)))
		if err != nil {
			return nil, err
		}
		h, err = s.holder(ctx, r)
		return h, err
	}
	_, key, err := s.passkeys.ValidatePasskeyLogin(find, state, parsed)
	if err != nil {
		return nil, ErrPasskey.With(err)
	}
	if err := s.checkKey(ctx, h, key, true, in); err != nil {
		return nil, err
	}
	var out *Session
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.usedKey(ctx, tx, h.r, key); err != nil {
			return err
		}
		if err := s.release(ctx, tx, s.gate(gateLoad, network(in.Address))); err != nil {
			return err
		}
		var err error
		out, err = s.begin(ctx, tx, h.r, proof{}, start{method: "passkey", stage: stageOpen, strong: true, Attempt: in})
		return err
	})
	return out, wrap(err, "sign in")
}

// checkKey refuses a passkey that may have been copied, and one whose device did not verify its user where that is the only proof.
func (s *Service) checkKey(ctx context.Context, h *holder, key *webauthn.Credential, verified bool, in Attempt) error {
	switch {
	case verified && !key.Flags.UserVerified:
		return ErrPasskey
	case key.Authenticator.CloneWarning:
		if err := s.refuse(ctx, h.r.ID, in, "passkey counter went back"); !isSignIn(err) {
			return err
		}
		return ErrPasskey
	}
	return nil
}

func isSignIn(err error) bool { return err == nil || fault.KindOf(err) == fault.Denied }

// usedKey keeps the counter of a passkey.
func (s *Service) usedKey(ctx context.Context, tx *db.Tx, r *record, key *webauthn.Credential) error {
	text, err := json.Marshal(key)
	if err != nil {
		return err
	}
	ok, err := changed(ctx, tx, `UPDATE credential_passkey SET sealed = $3, used_at = $4 WHERE account_id = $1 AND raw_id = $2`,
		r.ID, rawID(key.ID), s.Ring.Seal("passkey/"+accountEntity(r.ID), string(text)), s.Clock.Now().UnixMicro())
	if err == nil && !ok { // removed a moment ago
		err = ErrPasskey
	}
	return err
}

// BeginPasskeyFactor gives the challenge for a passkey as second factor of a waiting session.
func (s *Service) BeginPasskeyFactor(ctx context.Context, raw string) (*Ceremony, error) {
	if s.passkeys.WebAuthn == nil {
		return nil, ErrPasskeysOff
	}
	e, r, err := s.waiting(ctx, raw)
	if err != nil {
		return nil, err
	}
	h, err := s.holder(ctx, r)
	if err != nil || len(h.keys) == 0 {
		return nil, firstOfErrors(wrap(err, "begin passkey"), ErrPasskey)
	}
	options, state, err := s.passkeys.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationPreferred))
	if err != nil {
		return nil, wrap(err, "begin passkey")
	}
	return s.ceremony(ctx, "passkey-factor", e.account, options, state)
}

func firstOfErrors(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// SignInPasskeyFactor completes a waiting session with a passkey; possession is enough beside the password.
func (s *Service) SignInPasskeyFactor(ctx context.Context, raw, ceremony string, answer []byte, in Attempt) (*Session, error) {
	if s.passkeys.WebAuthn == nil {
		return nil, ErrPasskeysOff
	}
	e, r, err := s.waiting(ctx, raw)
	if err != nil {
		return nil, err
	}
	state, err := s.recall(ctx, "passkey-factor", r.ID, ceremony)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, ErrPasskey.With(err)
	}
	h, err := s.holder(ctx, r)
	if err != nil {
		return nil, wrap(err, "second factor")
	}
	key, err := s.passkeys.ValidateLogin(h, state, parsed)
	if err != nil {
		return nil, ErrPasskey.With(err)
	}
	if err := s.checkKey(ctx, h, key, false, in); err != nil {
		return nil, err
	}
	return s.complete(ctx, e, r, proof{use: func(ctx context.Context, tx *db.Tx) error { return s.usedKey(ctx, tx, r, key) }}, in)
}
