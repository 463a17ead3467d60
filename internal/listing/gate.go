package listing

import (
	"context"

	"gongxin/internal/agency"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
)

// Gate holds rows of files that put somebody onto a list to the rule that decisions made here are held to: the list has a basis in force, on the day of listing and
// on the day of receipt, and whoever lists may list. It only reads, so that many may ask it at once.
type Gate struct {
	kinds  *Kinds
	item   *catalog.Item
	on     clock.Date // day of receipt
	filer  string     // code of the unit that files
	units  map[string]bool
	lines  map[lister]Decider
	column map[catalog.Role]*catalog.Field
}

type lister struct{ kind, unit string }

// Gate makes the gate for the rows of an item that a unit files on a day; nil when no row of the item puts anybody onto a list.
func (s *Service) Gate(ctx context.Context, item *catalog.Item, filer *agency.Agency, on clock.Date) (*Gate, error) {
	kinds := s.Kinds.On(on)
	if !kinds.files(item.Code) {
		return nil, nil
	}
	g := &Gate{
		kinds: kinds, item: item, on: on, filer: filer.Code, units: map[string]bool{}, lines: map[lister]Decider{}, column: map[catalog.Role]*catalog.Field{},
	}
	for _, role := range []catalog.Role{catalog.RoleCategory, catalog.RoleDecidedOn, catalog.RoleAuthority, catalog.RoleAuthorityCode, catalog.RoleSource} {
		if f, ok := item.ByRole(role); ok {
			g.column[role] = f
		}
	}
	units, err := s.Agencies.List(ctx)
	if err != nil {
		return nil, err
	}
	codes := make(map[int64]string, len(units))
	for i := range units {
		codes[units[i].ID], g.units[units[i].Code] = units[i].Code, true
	}
	lines, err := s.Deciders(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, d := range lines {
		g.lines[lister{d.Kind, codes[d.Agency]}] = d
	}
	return g, nil
}

// files reports whether records of an item are entries of lists.
func (k *Kinds) files(item catalog.ItemCode) bool {
	for i := range k.list {
		if k.list[i].Item == item && len(k.list[i].Match) > 0 {
			return true
		}
	}
	return false
}

// Refuse gives the fault of a row that may not put anybody onto a list; ok is false when there is none.
func (g *Gate) Refuse(values catalog.Values) (fault catalog.Reason, ok bool) {
	listed := g.item.Date(values, catalog.RoleDecidedOn)
	if listed.IsZero() {
		listed = g.on
	}
	k, known := g.kinds.Of(g.item.Code, g.item.Categories(values))
	if !known || !k.Basis.InForce(listed) || !k.Basis.InForce(g.on) {
		return g.reason(catalog.ReasonListBasis, "", catalog.RoleCategory, catalog.RoleDecidedOn), true
	}
	// What another place has decided is answered for by the unit here that hands it on.
	unit := g.item.Get(values, catalog.RoleAuthorityCode)
	if !g.units[unit] {
		unit = g.filer
	}
	d, may := g.lines[lister{k.Code, unit}]
	if !may || !d.holds(listed) {
		return g.reason(catalog.ReasonListDecider, k.Name, catalog.RoleAuthorityCode, catalog.RoleAuthority, catalog.RoleSource), true
	}
	return catalog.Reason{}, false
}

// reason names the first column that the item has.
func (g *Gate) reason(code int, detail string, roles ...catalog.Role) catalog.Reason {
	for _, role := range roles {
		if f := g.column[role]; f != nil {
			return catalog.NewReason(code, f.Code, f.Name, detail)
		}
	}
	return catalog.NewReason(code, "", "", detail)
}
