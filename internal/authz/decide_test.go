package authz

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gongxin/internal/fault"
	"gongxin/internal/ident"
)

var testAuthority = New(ident.DefaultDivisions())

func account(id int64, strong bool, grants ...Grant) Actor {
	return Actor{ID: id, Kind: Account, Strong: strong, Grants: grants}
}

const (
	city     = "990100"
	district = "990102"
	other    = "990103"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	clerk, reviewer := Grant{Role: FilingClerk, Agency: 7}, Grant{Role: Reviewer, Agency: 7}
	approver, operator := Grant{Role: ListApprover}, Grant{Role: OfficeOperator}
	for _, c := range []struct {
		name string
		who  Actor
		act  Action
		s    Scope
		ok   bool
		rule string
		why  string // part of the sentence
		code string // of the error
	}{
		{"anyone reads", Actor{}, SubjectRead, Scope{}, true, "subject.read/everyone", "任何人可以", ""},
		{"anyone files", Actor{}, SubmissionCreate, Scope{Agency: 7}, false, "", "要先登录", "authz.sign_in"},
		{"an account without number", Actor{Kind: Account, Grants: []Grant{clerk}}, SubmissionCreate, Scope{Agency: 7}, false, "", "要先登录", "authz.sign_in"},
		{"unknown action", account(1, true, clerk), "no.such", Scope{}, false, "", "没有这项操作", "authz.denied"},
		{"clerk files", account(1, false, clerk), SubmissionCreate, Scope{Agency: 7}, true, "submission.create/filing_clerk", "本单位", ""},
		{"clerk files for another", account(1, false, clerk), SubmissionCreate, Scope{Agency: 8}, false, "submission.create/filing_clerk", "只限本单位", "authz.denied"},
		{"clerk files for nobody", account(1, false, clerk), SubmissionCreate, Scope{}, false, "submission.create/filing_clerk", "只限本单位", "authz.denied"},
		{"window officer files", account(1, false, Grant{Role: WindowOfficer, Agency: 7}), SubmissionCreate, Scope{Agency: 7}, false, "", "报送员", "authz.denied"},
		{"reviewer decides", account(1, false, reviewer), QueueDecide, Scope{Agency: 7, Author: 2}, true, "queue.decide/reviewer", "", ""},
		{"reviewer decides on the own filing", account(1, false, reviewer, clerk), QueueDecide, Scope{Agency: 7, Author: 1}, false, "queue.decide/reviewer", "不能自己", "authz.denied"},
		{"reviewer decides, nobody knows whose", account(1, false, reviewer), QueueDecide, Scope{Agency: 7}, false, "queue.decide/reviewer", "谁提交", "authz.denied"},
		{"reviewer decides on a command's filing", account(1, false, reviewer), QueueDecide, Scope{Agency: 7, Author: NoAccount}, true, "queue.decide/reviewer", "", ""},
		{"office decides in its district", account(1, false, Grant{Role: OfficeOperator, Region: district}), QueueDecide, Scope{Agency: 7, Region: district, Author: 2}, true, "queue.decide/office_operator", "", ""},
		{"office decides elsewhere", account(1, false, Grant{Role: OfficeOperator, Region: district}), QueueDecide, Scope{Agency: 7, Region: other, Author: 2}, false, "queue.decide/office_operator", "本辖区", "authz.denied"},
		{"city office decides in a district", account(1, false, Grant{Role: OfficeOperator, Region: city}), QueueDecide, Scope{Region: district, Author: 2}, true, "queue.decide/office_operator", "", ""},
		{"district office drafts for the city", account(1, true, Grant{Role: OfficeOperator, Region: district}), CatalogDraft, Scope{}, false, "catalog.draft/office_operator", "", "authz.denied"},
		{"approver approves", account(1, true, approver), CatalogApprove, Scope{Author: 2}, true, "catalog.approve/list_approver", "", ""},
		{"approver without factor", account(1, false, approver), CatalogApprove, Scope{Author: 2}, false, "catalog.approve/list_approver", "第二因素", "authz.factor"},
		{"author approves", account(1, true, approver, operator), CatalogApprove, Scope{Author: 1}, false, "catalog.approve/list_approver", "不能自己", "authz.denied"},
		{"command approves", LocalActor("catalog"), CatalogApprove, Scope{Author: 2}, false, "", "命令行不能代替", "authz.denied"},
		{"command files", LocalActor("import"), SubmissionCreate, Scope{Agency: 7}, true, "submission.create/operator", "", ""},
		{"scheduler applies", SystemActor("approval"), DraftApply, Scope{}, true, "draft.apply/scheduler", "", ""},
		{"scheduler files", SystemActor("approval"), SubmissionCreate, Scope{Agency: 7}, false, "", "定时任务不能", "authz.denied"},
		{"administrator without factor", account(1, false, Grant{Role: SecurityAdmin}), AccountManage, Scope{Account: 2}, false, "", "第二因素", "authz.factor"},
		{"administrator without factor enrols", account(1, false, Grant{Role: SecurityAdmin}), FactorEnrol, Scope{Account: 1}, true, "factor.enrol/signed_in", "", ""},
		{"administrator changes another", account(1, true, Grant{Role: SecurityAdmin}), AccountManage, Scope{Account: 2}, true, "account.manage/security_admin", "", ""},
		{"administrator changes itself", account(1, true, Grant{Role: SecurityAdmin}), AccountManage, Scope{Account: 1}, false, "account.manage/security_admin", "不能自己", "authz.denied"},
		{"own sessions", account(1, false), SessionOwn, Scope{Account: 1}, true, "session.own/signed_in", "", ""},
		{"another's sessions", account(1, false), SessionOwn, Scope{Account: 2}, false, "session.own/signed_in", "本账号", "authz.denied"},
		{"resident reads own", account(1, false, Grant{Role: Resident, Subject: 5}), DiscloseOwn, Scope{Subject: 5}, true, "disclosure.own/resident", "", ""},
		{"resident reads another", account(1, false, Grant{Role: Resident, Subject: 5}), DiscloseOwn, Scope{Subject: 6}, false, "disclosure.own/resident", "", "authz.denied"},
		{"a grant that nobody can hold", account(1, true, Grant{Role: Operator}, Grant{Role: Scheduler}), BackupRestore, Scope{}, false, "", "", "authz.denied"},
	} {
		d := testAuthority.Decide(c.who, c.act, c.s)
		if d.Allowed != c.ok || d.Rule != c.rule || !strings.Contains(d.Why, c.why) || d.Why == "" {
			t.Errorf("%s: %+v", c.name, d)
		}
		var f *fault.Error
		switch err := d.Err(); {
		case c.ok && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case !c.ok && (!errors.As(err, &f) || f.Code != c.code || f.Kind != fault.Denied || f.Message != d.Why || f.Fix == ""):
			t.Errorf("%s: error %v, want code %s", c.name, err, c.code)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	clerk := []Grant{{Role: FilingClerk, Agency: 7}}
	for _, c := range []struct {
		name string
		who  Actor
		act  Action
		ok   bool
	}{
		{"within its scopes", Actor{ID: 1, Kind: Key, Grants: clerk, Scopes: []Action{SubmissionCreate}}, SubmissionCreate, true},
		{"outside its scopes", Actor{ID: 1, Kind: Key, Grants: clerk, Scopes: []Action{SubmissionRead}}, SubmissionCreate, false},
		{"no scopes at all", Actor{ID: 1, Kind: Key, Grants: clerk, Scopes: []Action{}}, SubmissionCreate, false},
		{"the account's whole", Actor{ID: 1, Kind: Key, Grants: clerk}, SubmissionCreate, true},
		{"nothing that needs a person", Actor{ID: 1, Kind: Key, Grants: clerk}, AccountOwn, false},
		{"of an administrator", Actor{ID: 1, Kind: Key, Strong: true, Grants: []Grant{{Role: SystemAdmin}}}, MetricsRead, false},
		{"public without a scope", Actor{ID: 1, Kind: Key, Scopes: []Action{}}, RecordRead, true},
	} {
		if d := testAuthority.Decide(c.who, c.act, Scope{Agency: 7, Account: 1}); d.Allowed != c.ok {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

func TestActorNames(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]Actor{
		"anonymous": {}, "account:42": account(42, false), "key:42": {ID: 42, Kind: Key},
		"local:import": LocalActor("import"), "system:backup": SystemActor("backup"), "system": {Kind: System},
	} {
		if got := a.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	ctx := With(context.Background(), account(42, false))
	if From(ctx).ID != 42 || From(context.Background()).SignedIn() {
		t.Error("the context carries the wrong actor")
	}
}

func BenchmarkDecide(b *testing.B) {
	many := account(1, true, Grant{Role: FilingClerk, Agency: 3}, Grant{Role: Reviewer, Agency: 4}, Grant{Role: OfficeOperator, Region: district})
	for _, c := range []struct {
		name string
		who  Actor
		act  Action
		s    Scope
	}{
		{"public", Actor{}, RecordRead, Scope{}},
		{"allowed", many, QueueDecide, Scope{Agency: 9, Region: "990102", Author: 2}},
		{"refused", many, QueueDecide, Scope{Agency: 9, Region: "990103", Author: 2}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				testAuthority.Decide(c.who, c.act, c.s)
			}
		})
	}
}
