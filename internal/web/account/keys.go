package account

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/identity"
	"gongxin/internal/web/ui"
)

// keysView is the account's API keys and the form for a new one.
type keysView struct {
	tabs                                             []ui.Tab
	list                                             []keyRow
	scopes                                           []scopeRow
	label, expires, networks                         string
	first, last                                      string // days that the expiry may have
	labelFault, scopesFault, expiresFault, netsFault string
	done                                             string
	notice                                           *notice
}

// bad reports whether the form came back.
func (v *keysView) bad() bool {
	return v.labelFault+v.scopesFault+v.expiresFault+v.netsFault != "" || v.notice != nil
}

type keyRow struct {
	identity.Key
	word  string
	tone  ui.Tone
	alive bool // may be revoked
	fresh bool // may be replaced: nothing replaces it yet
}

func (k *keyRow) scopeWords() string {
	parts := make([]string, len(k.Scopes))
	for i, a := range k.Scopes {
		parts[i] = a.Label()
	}
	return strings.Join(parts, "；")
}

type scopeRow struct {
	action authz.Action
	on     bool
}

// keyDays is how long a new key is proposed to live.
const keyDays = 180

// maxKeyDays is the longest life in days: a key lives through its last day and identity allows 366 days.
const maxKeyDays = 365

func (p *Pages) keys(w http.ResponseWriter, r *http.Request) error {
	v := &keysView{done: doneOf(r), expires: clock.Today(p.Clock).AddDays(keyDays).String()}
	return p.showKeys(w, r, http.StatusOK, v)
}

func (p *Pages) showKeys(w http.ResponseWriter, r *http.Request, status int, v *keysView) error {
	who, now := authz.From(r.Context()), p.Clock.Now()
	list, err := p.Accounts.Keys(r.Context(), who, who.ID)
	if err != nil {
		return err
	}
	for i := range list {
		v.list = append(v.list, keyRowOf(list[i], now))
	}
	chosen := v.scopes
	v.scopes = nil
	for _, a := range p.offered(who) {
		on := slices.ContainsFunc(chosen, func(s scopeRow) bool { return s.action == a })
		v.scopes = append(v.scopes, scopeRow{a, on})
	}
	today := clock.DateOf(now)
	v.tabs, v.first, v.last = p.tabs(who, keysPath), today.AddDays(1).String(), today.AddDays(maxKeyDays).String()
	return p.show(w, r, status, p.ownPage(r, "接口密钥"), keysPage(v))
}

func keyRowOf(k identity.Key, now time.Time) keyRow {
	row := keyRow{Key: k, word: "有效", tone: ui.Good, alive: true, fresh: k.Successor == 0}
	switch {
	case !k.RevokedAt.IsZero():
		row.word, row.tone, row.alive = "已停用", ui.Plain, false
	case !k.Expires.After(now):
		row.word, row.tone, row.alive = "已到期", ui.Plain, false
	case k.Successor != 0:
		row.word, row.tone = "已更换，到期前并用", ui.Warn
	}
	row.fresh = row.fresh && row.alive
	return row
}

// offered gives the actions that a key of the account could be used for. What everyone may do needs no key.
func (p *Pages) offered(who authz.Actor) []authz.Action {
	key := authz.Actor{ID: who.ID, Kind: authz.Key, Grants: who.Grants}
	var out []authz.Action
	for _, a := range authz.Actions() {
		if a.ByKey() && !a.Public() && p.Authority.Could(key, a).Allowed {
			out = append(out, a)
		}
	}
	return out
}

// newKey makes a key and shows it this once.
func (p *Pages) newKey(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	v := &keysView{label: strings.TrimSpace(r.PostForm.Get("label")), expires: strings.TrimSpace(r.PostForm.Get("expires")), networks: r.PostForm.Get("networks")}
	for _, s := range r.PostForm["scope"] {
		v.scopes = append(v.scopes, scopeRow{authz.Action(s), true})
	}
	who := authz.From(r.Context())
	spec := p.spec(v, who)
	if v.bad() {
		return p.showKeys(w, r, http.StatusBadRequest, v)
	}
	k, raw, err := p.Accounts.NewKey(r.Context(), who, who.ID, spec)
	if err != nil {
		return p.keyRefused(w, r, err, v)
	}
	return p.showNewKey(w, r, &newKeyView{key: keyRowOf(*k, p.Clock.Now()), raw: raw})
}

// spec reads the form; what is wrong stands beside its field.
func (p *Pages) spec(v *keysView, who authz.Actor) identity.KeySpec {
	spec := identity.KeySpec{Label: v.label}
	if v.label == "" {
		v.labelFault = sentence(identity.ErrKeyLabel.Message, identity.ErrKeyLabel.Fix)
	}
	offered := p.offered(who)
	for _, s := range v.scopes {
		if slices.Contains(offered, s.action) {
			spec.Scopes = append(spec.Scopes, s.action)
		} else {
			v.scopesFault = "所选的范围超出了本账号的权限。"
		}
	}
	if len(v.scopes) == 0 {
		v.scopesFault = "请至少选一项。"
	}
	day, err := clock.ParseDate(v.expires)
	today := clock.Today(p.Clock)
	if err != nil || !day.Valid() || day <= today || today.DaysUntil(day) > maxKeyDays {
		v.expiresFault = sentence(identity.ErrKeyExpiry.Message, identity.ErrKeyExpiry.Fix)
	} else {
		spec.Expires = day.AddDays(1).Start() // through the day
	}
	if spec.Networks, err = identity.ParseNetworks(v.networks); err != nil {
		v.netsFault = sentence(identity.ErrNetworks.Message, identity.ErrNetworks.Fix)
	}
	return spec
}

func (p *Pages) keyRefused(w http.ResponseWriter, r *http.Request, err error, v *keysView) error {
	n, status, hidden := p.explain(w, "没有办成", err)
	if hidden != nil {
		return hidden
	}
	switch {
	case errors.Is(err, identity.ErrKeyLabel):
		v.labelFault = n.text + n.fix
	case errors.Is(err, identity.ErrKeyScopes):
		v.scopesFault = n.text + n.fix
	case errors.Is(err, identity.ErrKeyExpiry):
		v.expiresFault = n.text + n.fix
	default:
		v.notice = n
	}
	if v.expires == "" {
		v.expires = clock.Today(p.Clock).AddDays(keyDays).String()
	}
	return p.showKeys(w, r, status, v)
}

// newKeyView shows a key, once.
type newKeyView struct {
	key   keyRow
	raw   string
	until string // how long the key that it replaces goes on; "" when it replaces none
}

func (v *newKeyView) facts() []ui.Fact {
	return []ui.Fact{
		{Label: "名称", Value: v.key.Label},
		{Label: "到期", Value: moment(v.key.Expires)},
		{Label: "可以用来", Value: v.key.scopeWords(), Wide: true},
		{Label: "允许的地址", Value: networkWords(v.key.Networks), Wide: true},
	}
}

func (p *Pages) showNewKey(w http.ResponseWriter, r *http.Request, v *newKeyView) error {
	return p.show(w, r, http.StatusOK, p.ownPage(r, "新的接口密钥"), newKeyPage(v))
}

// overlaps are how long an old key may go on beside the new one, in days.
var overlaps = []ui.Option{{Value: "7", Label: "再用 7 天"}, {Value: "1", Label: "再用 1 天"}, {Value: "30", Label: "再用 30 天"}, {Value: "0", Label: "立即停用"}}

func (p *Pages) rotateKey(w http.ResponseWriter, r *http.Request) error {
	if err := form(w, r); err != nil {
		return err
	}
	key, err := number(r)
	days, bad := strconv.Atoi(r.PostForm.Get("overlap"))
	if bad != nil || days < 0 || days > 30 {
		err = errors.Join(err, identity.ErrKeyOverlap)
	}
	if err != nil {
		return p.keyRefused(w, r, err, &keysView{})
	}
	overlap := time.Duration(days) * 24 * time.Hour
	next, raw, err := p.Accounts.RotateKey(r.Context(), authz.From(r.Context()), key, overlap)
	if err != nil {
		return p.keyRefused(w, r, err, &keysView{})
	}
	v := &newKeyView{key: keyRowOf(*next, p.Clock.Now()), raw: raw, until: "旧密钥已经停用。"}
	if days > 0 {
		v.until = "旧密钥最迟用到 " + moment(p.Clock.Now().Add(overlap)) + "，请在这之前换好。"
	}
	return p.showNewKey(w, r, v)
}

func (p *Pages) revokeKey(w http.ResponseWriter, r *http.Request) error {
	key, err := number(r)
	if err == nil {
		err = p.Accounts.RevokeKey(r.Context(), authz.From(r.Context()), key)
	}
	if err != nil {
		return p.keyRefused(w, r, err, &keysView{})
	}
	return redirect(w, r, keysPath+"?done=key-revoked")
}

// scopeAttributes tie the fault to the group of boxes.
func scopeAttributes(v *keysView) templ.Attributes {
	if v.scopesFault == "" {
		return nil
	}
	return templ.Attributes{"aria-describedby": "scope-fault"}
}
