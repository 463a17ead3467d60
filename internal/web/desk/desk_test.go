package desk

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
	"gongxin/internal/web"
)

// Whoever holds a role is offered the desks that open to it, and no other.
func TestLinks(t *testing.T) {
	t.Parallel()
	site := &web.Site{Authority: authz.New(ident.DefaultDivisions())}
	for role, want := range map[authz.Role][]string{
		authz.FilingClerk:        {"/desk/filing", "/desk/queue"},
		authz.WindowOfficer:      {"/desk/lookup", "/desk/lookup/consent"},
		authz.InstitutionOfficer: {"/desk/lookup/consent"},
		authz.ListApprover:       {"/desk/drafts"},
		authz.SecurityAdmin:      {"/desk/people"},
		authz.Auditor:            {"/desk/drafts", "/desk/audit/alerts", "/desk/audit/access", "/desk/audit/acts", "/desk/people"},
		authz.AuditAdmin:         {"/desk/audit/alerts", "/desk/audit/acts", "/desk/audit/secrecy", "/desk/people"},
		authz.Resident:           nil,
	} {
		ctx := authz.With(context.Background(), authz.Actor{ID: 1, Kind: authz.Account, Strong: true, Grants: []authz.Grant{{Role: role, Agency: 7, Subject: 9}}})
		var got []string
		for _, l := range Links(ctx, site) {
			got = append(got, l.Href)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", role, diff)
		}
	}
	if got := Links(context.Background(), site); len(got) != 0 {
		t.Errorf("nobody is offered %v", got)
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err error
		ok  bool
	}{
		{fault.New(fault.Conflict, "x.y", "不行", "改一改"), true},
		{fault.New(fault.Denied, "x.own", "不能办自己的", ""), true},
		{fault.New(fault.Internal, "x.z", "坏了", ""), false},
		{authz.ErrDenied, false},
		{authz.ErrFactor, false},
		{authz.ErrSignIn, false},
		{context.Canceled, false},
		{nil, false},
	} {
		if f, ok := Refusal(c.err); ok != c.ok || ok && f == nil {
			t.Errorf("%v: %v %v", c.err, f, ok)
		}
	}
	if got := Words(fault.New(fault.Invalid, "a", "缺少日期", "请填写日期。")); got != "缺少日期。请填写日期。" {
		t.Error(got)
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	post := func(body string) (url.Values, error) {
		r := httptest.NewRequest(http.MethodPost, "/x?q=1", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return Form(httptest.NewRecorder(), r)
	}
	if got, err := post("a=+b+&q=2"); err != nil || got.Get("a") != "b" || got.Get("q") != "2" {
		t.Errorf("%v %v", got, err)
	}
	for _, body := range []string{"a=%ff", "a=%zz"} {
		if _, err := post(body); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", body, err)
		}
	}
	if _, err := post("a=" + strings.Repeat("x", maxForm)); web.Status(err) != http.StatusRequestEntityTooLarge {
		t.Errorf("a large form: %v", err)
	}
}

func FuzzCut(f *testing.F) {
	f.Add("临溪市", 2)
	f.Add("\xff\xfe", 1)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if n < 0 || n > 1000 {
			return
		}
		if got := Cut(s, n); len([]rune(got)) > n {
			t.Errorf("%d characters", len([]rune(got)))
		}
	})
}
