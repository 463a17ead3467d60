package agency_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
)

// units are three: two of a district, and one of the city.
type units struct{}

func (units) List(context.Context) ([]agency.Agency, error) {
	return []agency.Agency{{ID: 3, Region: "370211"}, {ID: 1, Region: "370202"}, {ID: 2, Region: "370202"}}, nil
}

// districts are divisions without any below them.
type districts struct{}

func (districts) Within(code, top string) bool { return code == top }

func TestReach(t *testing.T) {
	t.Parallel()
	x := authz.New(districts{})
	for _, c := range []struct {
		name   string
		grants []authz.Grant
		want   []agency.ID
	}{
		{"the whole city, and what no unit did", []authz.Grant{{Role: authz.Auditor}}, nil},
		{"a district", []authz.Grant{{Role: authz.Auditor, Region: "370202"}}, []agency.ID{1, 2}},
		{"a district without units", []authz.Grant{{Role: authz.Auditor, Region: "370203"}}, []agency.ID{}},
		{"nothing", nil, []agency.ID{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			who := authz.Actor{Kind: authz.Account, ID: 7, Grants: c.grants, Strong: true}
			got, err := agency.Reach(t.Context(), units{}, x.Bounds(who, authz.AccessAudit))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
