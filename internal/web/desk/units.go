package desk

import (
	"context"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// Units gives the units that the caller reaches with an action, in the order of the register.
func Units(ctx context.Context, s *web.Site, units agency.Lister, a authz.Action) ([]agency.Agency, error) {
	return agency.Within(ctx, units, s.Bounds(ctx, a))
}

// Narrow gives the units that a list can be narrowed to, and the numbers of those that it shows: the chosen one, or all that the caller reaches with an
// action. A nil slice shows every unit, an empty one shows none.
func Narrow(ctx context.Context, s *web.Site, units agency.Lister, a authz.Action, chosen string) (options []ui.Option, shown []int64, err error) {
	list, err := Units(ctx, s, units, a)
	if err != nil {
		return nil, nil, err
	}
	shown = []int64{}
	for _, u := range list {
		options = append(options, ui.Option{Value: Dec(u.ID), Label: u.Name})
		if chosen == "" || chosen == Dec(u.ID) {
			shown = append(shown, u.ID)
		}
	}
	if chosen == "" && s.Bounds(ctx, a).All {
		shown = nil
	}
	return options, shown, nil
}

// UnitName gives a unit's name, and says so when the unit is not on file.
func UnitName(ctx context.Context, units *agency.Store, id int64) (string, error) {
	unit, err := units.ByID(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return "（单位信息缺失）", nil
	}
	return unit.Name, err
}

// SubjectName gives a subject's label, and says so when the register knows nothing of the subject yet.
func SubjectName(labels map[int64]string, id int64) string {
	if name := labels[id]; name != "" {
		return name
	}
	return "库中还没有信息的主体"
}
