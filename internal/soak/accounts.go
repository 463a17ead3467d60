package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"gongxin/internal/agency"
	"gongxin/internal/app"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/ident"
	"gongxin/internal/identity"
)

// keysName is the file in which the child leaves the keys of the accounts that it opened.
const keysName = "soak-keys.json"

// keys are the API keys with which the load files and asks, and whose they are.
type keys struct {
	Filer    string `json:"filer"`  // files for every department
	Window   string `json:"window"` // asks for a matter
	Bank     string `json:"bank"`   // asks with consents
	WindowID int64  `json:"windowId"`
	BankID   int64  `json:"bankId"`
	BankUnit string `json:"bankUnit"` // unified code of the institution
	Unit     string `json:"unit"`     // of the department whose matter it is, and that files the papers
}

// The matter of the soak and what it covers: one item of each class.
const (
	soakMatter   = "SOAKSP"
	publicItem   = catalog.ItemCode("XZXK") // class A; its papers are filed, corrected and withdrawn
	consentItem  = catalog.ItemCode("HTLY") // class B
	sharedItem   = catalog.ItemCode("XZBC") // class C
	soakUnit     = "临溪市市场监督管理局"             // of the synthetic city
	soakPassword = app.DemoPassword
)

// openKeys opens the accounts of the load, once, and leaves their keys for the parent. The accounts of the window and of the bank are the demo's.
func openKeys(ctx context.Context, a *app.App, path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if _, err := a.DemoAccounts(ctx); err != nil {
		return err
	}
	var k keys
	var err error
	if k.Unit, err = saveMatter(ctx, a); err != nil {
		return err
	}
	if k.Filer, err = openFiler(ctx, a); err != nil {
		return err
	}
	if k.WindowID, _, k.Window, err = keyOfDemo(ctx, a, "window", authz.DiscloseDepartment, authz.MatterRead); err != nil {
		return err
	}
	var bank int64
	if k.BankID, bank, k.Bank, err = keyOfDemo(ctx, a, "bank", authz.DiscloseConsented, authz.ConsentRead); err != nil {
		return err
	}
	unit, err := a.Agencies.ByID(ctx, bank)
	if err != nil {
		return err
	}
	k.BankUnit = unit.Code
	raw, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

// saveMatter sets the matter up and gives the code of its department.
func saveMatter(ctx context.Context, a *app.App) (string, error) {
	units, err := a.Agencies.List(ctx)
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(units, func(u agency.Agency) bool { return u.Name == soakUnit })
	if at < 0 {
		return "", fmt.Errorf("soak: no unit %s", soakUnit)
	}
	_, _, err = a.Trust.Matters.Save(ctx, audit.Who{Kind: string(authz.Local)}, agency.Matter{
		Code: soakMatter, Name: "食品经营许可审查（试验）", Law: "《中华人民共和国食品安全法》", Article: "第三十五条", Agency: units[at].ID,
		Items: []string{string(publicItem), string(sharedItem)}, Kinds: []string{string(catalog.LegalEntity), string(catalog.OtherOrg), string(catalog.IndividualBusiness)},
		BasisFrom: clock.Date(20151001), ValidFrom: clock.Date(20220101),
	})
	return units[at].Code, err
}

// keyLasts is longer than any soak with all its jumps of the clock.
const keyLasts = 300

func openFiler(ctx context.Context, a *app.App) (string, error) {
	units, err := a.Agencies.List(ctx)
	if err != nil {
		return "", err
	}
	by, n := authz.LocalActor("soak"), identity.NewAccount{Kind: identity.StaffAccount, Name: "稳定性试验", HandOut: true, Login: "soak-filer"}
	for _, u := range units {
		n.Agency = u.ID
		n.Grants = append(n.Grants, authz.Grant{Role: authz.FilingClerk, Agency: u.ID})
	}
	account, _, err := a.Trust.Identity.Open(ctx, by, n)
	if err != nil {
		return "", err
	}
	return newKey(ctx, a, account.ID, authz.SubmissionCreate, authz.SubmissionRead, authz.SubmissionErrors, authz.QueueRead)
}

func keyOfDemo(ctx context.Context, a *app.App, login string, scopes ...authz.Action) (account, unit int64, key string, err error) {
	have, err := a.Trust.Identity.Find(ctx, authz.LocalActor("soak"), login)
	if err != nil {
		return 0, 0, "", err
	}
	key, err = newKey(ctx, a, have.ID, scopes...)
	return have.ID, have.Agency, key, err
}

func newKey(ctx context.Context, a *app.App, account int64, scopes ...authz.Action) (string, error) {
	_, key, err := a.Trust.Identity.NewKey(ctx, authz.LocalActor("soak"), account, identity.KeySpec{Label: "soak", Scopes: scopes, Expires: a.Clock.Now().AddDate(0, 0, keyLasts)})
	return key, err
}

// agentLogin names the account that acts for a firm.
func agentLogin(code string) string { return "soak-" + code }

// openAgent opens the account of a firm's agent and lets it claim the firm by the demo's code. It gives the account's number.
func openAgent(ctx context.Context, a *app.App, code string) (int64, error) {
	sub, ok, err := a.Subjects.ByCode(ctx, code)
	if err != nil || !ok {
		return 0, errors.Join(err, fmt.Errorf("soak: firm %s is not on file", code))
	}
	t := &a.Trust
	account, _, err := t.Identity.Open(ctx, authz.LocalActor("soak"), identity.NewAccount{
		Kind: identity.BusinessAccount, Login: agentLogin(code), Name: "试验代理人", Password: soakPassword,
	})
	if err != nil {
		return 0, err
	}
	s, err := t.Identity.SignIn(ctx, identity.Attempt{Login: agentLogin(code), Password: soakPassword, Address: "127.0.0.1", Agent: "soak"})
	if err != nil {
		return 0, err
	}
	actor, err := t.Identity.Actor(ctx, s.Token)
	if err != nil {
		return 0, err
	}
	actor.Address = "127.0.0.1"
	proof := identity.DemoCode{Ring: t.Ring}
	_, _, err = t.Identity.Claim(ctx, actor, identity.ClaimIn{Method: proof.Name(), Code: code, Proof: proof.Code(sub.ID, "")})
	return account.ID, err
}

// agentWord begins the child's answer to "agent CODE".
const agentWord = "agent "

// agent answers the parent with the number of a firm's agent, or why there is none.
func (c Child) agent(ctx context.Context, a *app.App, code string) error {
	account, err := openAgent(ctx, a, code)
	if err != nil {
		_, _ = fmt.Fprintln(c.Out, agentWord+code+" failed")
		return err
	}
	_, err = fmt.Fprintln(c.Out, agentWord+code+" "+strconv.FormatInt(account, 10))
	return err
}

// firmCode makes the unified code of the n-th firm that the soak invents, in the fictional division.
func firmCode(n int) string {
	org := fmt.Sprintf("MA0KK%03d", n)
	first := "91990100" + org + string(ident.OrgCheck(org))
	return first + string(ident.USCCCheck(first))
}
