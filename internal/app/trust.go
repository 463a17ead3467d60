package app

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/approval"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/config"
	"gongxin/internal/consent"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/identity"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/subject"
	"gongxin/internal/translog"
	"gongxin/internal/web/account"
)

// Trust is who may do what, who looked, and the proof that nothing changed quietly.
type Trust struct {
	Authority *authz.Authority
	Audit     *audit.Log
	Identity  *identity.Service
	Matters   *agency.Matters
	Consents  *consent.Store
	Drafts    *approval.Service
	Ring      *gm.KeyRing

	watch      *translog.Watch
	consentKey *gm.SigningKey
	appliers   map[approval.Kind]approval.Applier
}

// openTrust builds what accounts, disclosure and the public log need. The stores of the register are there already.
func (a *App) openTrust(ids *id.Maker, ring *gm.KeyRing) (err error) {
	t := &a.Trust
	t.Ring, t.Authority = ring, authz.New(a.Divisions)
	t.Audit = audit.New(audit.Config{DB: a.DB, IDs: ids, Clock: a.Clock, Calendar: a.Calendar})
	a.refusals = newRefusals(a)
	providers, err := a.providers()
	if err != nil {
		return err
	}
	if t.Identity, err = a.accounts(ids, providers); err != nil {
		return err
	}
	t.Matters = agency.NewMatters(a.Agencies, t.Audit, func(item string) bool {
		_, ok := a.Editions.Current(clock.Today(a.Clock)).Item(catalog.ItemCode(item))
		return ok
	})
	if t.consentKey, err = gm.OpenSigningKey(filepath.Join(a.keyFolder(), "consent.pem")); err != nil {
		return err
	}
	t.Consents = consent.NewStore(consent.Config{
		DB: a.DB, IDs: ids, Clock: a.Clock, Log: t.Audit, Key: t.consentKey, Agencies: a.Agencies, Editions: a.Editions, Authority: t.Authority, Subjects: a.Subjects,
	})
	t.Drafts = a.drafts(ids)
	t.watch = translog.NewWatch(a.DB, a.Clock, a.pauseAfter())
	return nil
}

func (a *App) pauseAfter() time.Duration {
	return time.Duration(a.Config.Transparency.PauseMinutes) * time.Minute
}

// publicLog opens the public log, and makes its keys when there are none. Only who serves or works does so: a command that knows no city must not
// give the log its name.
func (a *App) publicLog(ctx context.Context) (*translog.Log, error) {
	a.logOnce.Do(func() {
		c := a.Config.Transparency
		a.log, a.logErr = translog.Open(ctx, translog.Config{
			DB: a.DB, Dir: filepath.Join(a.Config.Data, "log"), Keys: a.keyFolder(), Origin: translog.Origin(a.Config.City.Code), Clock: a.Clock, Log: a.Log,
			PauseAfter: a.pauseAfter(), Witnesses: a.witnesses(), WitnessQuorum: c.Quorum, WitnessRequired: c.Required, Owners: a.Records.Owners,
		})
	})
	return a.log, a.logErr
}

func (a *App) keyFolder() string { return filepath.Join(a.Config.Data, "keys") }

// accounts builds the keeper of accounts. The demo's codes prove claims in the demo alone.
func (a *App) accounts(ids *id.Maker, providers []identity.Provider) (*identity.Service, error) {
	methods := []identity.ClaimMethod{identity.Licence{}}
	var hashing identity.Hashing // zero: what passwords deserve
	if a.options.Demo {
		methods = append(methods, identity.DemoCode{Ring: a.Trust.Ring})
		hashing = identity.Hashing{MemoryKiB: 8 << 10, Passes: 1, Lanes: 1} // the demo prints its password
	}
	retention, err := a.retention()
	if err != nil {
		return nil, err
	}
	return identity.New(identity.Config{
		DB: a.DB, Clock: a.Clock, IDs: ids, Ring: a.Trust.Ring, Acts: a.Trust.Audit, Authority: a.Trust.Authority, Registry: registry{a.Subjects}, Log: a.Log,
		Passwords: identity.PasswordPolicy{Words: a.contextWords(), CommonFile: a.Config.Accounts.CommonPasswords}, Hashing: hashing,
		Passkeys: a.passkeys(), Providers: providers, Methods: methods, Issuer: "公信·" + a.Config.City.Name,
		Evidence: evidence{a.blobs, a.scan()}, Retention: retention, Closing: a.forgetAccount,
	})
}

// contextWords are names that everybody connects with this site; no password may rest on one alone. docs/security/accounts.md lists them.
func (a *App) contextWords() []string {
	words := []string{a.Config.City.Name, "gongxin", "公信", "xinyong", "信用中国", "信用平台", "公共信用信息平台", "credit"}
	if u, err := url.Parse(a.Config.BaseURL); err == nil && u.Host != "" {
		words = append(words, u.Hostname())
		words = append(words, strings.Split(u.Hostname(), ".")[0])
	}
	return words
}

// retention says how long the evidence of claims is kept: the city's file, or what ships.
func (a *App) retention() (*identity.Retention, error) {
	if a.Config.Accounts.Retention == "" {
		return identity.DefaultRetention(), nil
	}
	return withFile(a.Config.Accounts.Retention, identity.LoadRetention)
}

// passkeys are bound to the site's domain, so that there are none before base_url is set; but a demo on loopback has the browser's localhost.
func (a *App) passkeys() identity.PasskeySite {
	base := a.Config.BaseURL
	if base == "" && a.Config.Loopback() {
		_, port, _ := strings.Cut(a.Config.Listen, ":")
		base = "http://localhost:" + port
	}
	u, err := url.Parse(base)
	if base == "" || err != nil || u.Hostname() == "" {
		return identity.PasskeySite{}
	}
	return identity.PasskeySite{ID: u.Hostname(), Name: "公信·" + a.Config.City.Name, Origins: []string{u.Scheme + "://" + u.Host}}
}

func (a *App) witnesses() []translog.Witness {
	var out []translog.Witness
	for _, w := range a.Config.Transparency.Witnesses {
		out = append(out, translog.Witness{Key: w.Key, URL: w.URL})
	}
	return out
}

// providers reads the secrets of unified identity from their files.
func (a *App) providers() ([]identity.Provider, error) {
	var out []identity.Provider
	for _, p := range a.Config.Accounts.OIDC {
		secret, err := os.ReadFile(p.SecretFile)
		if err != nil {
			return nil, config.ErrValue.Messagef("统一身份认证 %s 的密钥文件无法读取", p.Name).With(err)
		}
		out = append(out, identity.Provider{
			Name: p.Name, Label: p.Label, Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: strings.TrimSpace(string(secret)),
			RedirectURL: strings.TrimSuffix(a.Config.BaseURL, "/") + account.CallbackPath(p.Name), Scopes: p.Scopes,
			Claims: identity.ClaimMap{Name: p.NameClaim, DocKind: p.DocKind, DocNumber: p.DocClaim, BusinessCode: p.BusinessCode},
			Create: identity.AccountKind(p.Create), StrongACR: p.StrongACR,
		})
	}
	return out, nil
}

// drafts knows what can be drafted and approved.
func (a *App) drafts(ids *id.Maker) *approval.Service {
	s := approval.New(approval.Config{DB: a.DB, IDs: ids, Clock: a.Clock, Authority: a.Trust.Authority, Acts: a.Trust.Audit})
	a.Trust.appliers = map[approval.Kind]approval.Applier{
		approval.Catalog:  &catalog.Editions{DB: a.DB, Store: a.Editions, Clock: a.Clock, Fits: a.checkPublicity},
		approval.Calendar: &catalog.Years{DB: a.DB, Clock: a.Clock, Changed: a.refreshCalendar},
		approval.Rules:    &publish.RuleSets{DB: a.DB, Rules: a.rules, Clock: a.Clock, Used: a.publicityUsed},
	}
	maps.Copy(a.Trust.appliers, a.Lists.appliers())
	a.Trust.appliers[approval.Archive] = a.Lifecycle.archive
	for kind, applier := range a.Trust.appliers {
		s.Register(kind, applier)
	}
	return s
}

// publicityUsed names the publicity rules that the editions in force and to come ask for.
func (a *App) publicityUsed() []string {
	var out []string
	seen := map[string]bool{}
	for _, e := range a.Editions.All() {
		for _, item := range e.Items {
			if !seen[item.Publicity] {
				seen[item.Publicity] = true
				out = append(out, item.Publicity)
			}
		}
	}
	return out
}

// disclosure is what publish needs to show more than the public may see.
func (a *App) disclosure() publish.Disclosure {
	t := &a.Trust
	return publish.Disclosure{DB: a.DB, Log: t.Audit, Authority: t.Authority, Matters: t.Matters, Consents: t.Consents, Ring: t.Ring}
}

// looks puts on file who reads what is not public and comes by no disclosure.
func (a *App) looks() publish.Looks {
	return publish.Looks{DB: a.DB, Log: a.Trust.Audit, Clock: a.Clock}
}

// registry finds the subjects that accounts claim.
type registry struct{ subjects *subject.Store }

// Business finds a subject by its unified code.
func (r registry) Business(ctx context.Context, code string) (int64, string, bool, error) {
	sub, ok, err := r.subjects.ByCode(ctx, code)
	if err != nil || !ok || sub.Kind == catalog.Person {
		return 0, "", false, err
	}
	return sub.ID, sub.Region, true, nil
}

// Person finds a natural person by the full number of a document.
func (r registry) Person(ctx context.Context, docKind, number string) (int64, bool, error) {
	sub, ok, err := r.subjects.ByPerson(ctx, docKind, number)
	return sub.ID, ok, err
}

// proofs finds what proofs are asked for: what the public may see of records, and nothing of sets.
type proofs struct{ a *App }

// Locate finds a version of a public record.
func (p proofs) Locate(ctx context.Context, number string, version int) (translog.Location, error) {
	at, err := record.ParseID(number)
	if err != nil {
		return translog.Location{}, err
	}
	if _, err := p.a.Publish.Record(ctx, number, time.Time{}); err != nil { // what the public may not see has no proof here
		return translog.Location{}, err
	}
	return p.a.Records.Locate(ctx, at, version)
}

// Subject refuses: a proof over a subject's set tells how many versions it has, which is given with a report or to the subject, not to
// everyone.
func (proofs) Subject(context.Context, string) (int64, error) { return 0, translog.ErrNoLog }

// keepTrust runs what accounts and rules need now and then, until ctx ends.
func (a *App) keepTrust(ctx context.Context) {
	t := &a.Trust
	last := a.Clock.Now()
	a.every(ctx, time.Minute, "trust", func() error {
		_, drafts := t.Drafts.ApplyDue(ctx)
		rules := a.rules.Refresh(ctx, a.DB.Read(), clock.Today(a.Clock))
		keys := t.Ring.Refresh()
		var swept, pruned, expired error
		if now := a.Clock.Now(); now.Sub(last) >= time.Hour {
			last = now
			swept, pruned = t.Identity.Sweep(ctx), t.Audit.Prune(ctx)
			_, expired = t.Identity.ExpireEvidence(ctx)
		}
		return errors.Join(drafts, rules, keys, swept, pruned, expired)
	})
}
