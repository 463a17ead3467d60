package me

import (
	"gongxin/internal/catalog"
	"gongxin/internal/mask"
	"gongxin/internal/publish"
)

// foresee says how a record of the own file would look to the grantee of a consent. The gate in publish alone decides what the grantee gets in the end; this
// only foretells it to the one who consents, out of what that one sees anyway, and a test holds both together over every item of the catalogue.
func (c *Centre) foresee(rec *publish.RecordView, kind catalog.SubjectKind) (seenRecord, bool) {
	var checked *catalog.Item
	if e, ok := c.Editions.ByID(rec.Edition); ok {
		checked, _ = e.Item(rec.Item)
	}
	inForce, _ := c.edition().Item(rec.Item)
	if checked == nil || inForce == nil || !inForce.InForce(c.today()) || rec.Status != "active" {
		return seenRecord{}, false
	}
	if !opened(rec.Class) || !opened(checked.Class) || !opened(inForce.Class) {
		return seenRecord{}, false
	}
	out := seenRecord{id: rec.ID, title: checked.Name, class: rec.Class}
	heading, _ := checked.ByRole(catalog.RoleTitle)
	for _, f := range rec.Fields {
		was, ok := checked.Field(f.Code)
		if !ok || !opened(checked.FieldClass(was)) {
			continue
		}
		if now, ok := inForce.Field(f.Code); !ok || !opened(inForce.FieldClass(now)) {
			continue
		}
		if kind == catalog.Person && !f.Masked {
			f = toOthers(was, f)
		}
		if heading != nil && heading.Code == f.Code && f.Shown != "" {
			out.title = f.Shown
		}
		out.fields = append(out.fields, f)
	}
	return out, true
}

// opened says whether a consent given here opens a class.
func opened(class catalog.Class) bool { return class == catalog.Public || class == catalog.Authorised }

// toOthers hides of a person's own name and number what others do not get to see of them.
func toOthers(field *catalog.Field, f publish.FieldView) publish.FieldView {
	switch {
	case field.Role != catalog.RoleName && field.Role != catalog.RolePersonID:
		return f
	case len(field.Mask) == 2:
		f.Value = mask.Keep(f.Value, field.Mask[0], field.Mask[1])
	case field.Role == catalog.RoleName:
		f.Value = mask.PersonName(f.Value)
	default:
		f.Value = mask.ID(f.Value)
	}
	f.Shown, f.Masked = f.Value, true
	return f
}
