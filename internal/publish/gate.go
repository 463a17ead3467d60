package publish

import (
	"slices"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/gm"
	"gongxin/internal/ident"
	"gongxin/internal/mask"
	"gongxin/internal/record"
)

// Viewer is who asks and how far the law lets that viewer see. The zero Viewer is everyone: class A and nothing about persons. The other
// reaches are given by consent and by a department's matter; they are made by Disclose alone, after it has checked them, and
// hold for the items that consent or matter names: of every other item such a viewer sees what everyone sees.
type Viewer struct {
	reach   catalog.Class
	own     bool               // the subject itself: everything filed about it
	items   []catalog.ItemCode // what consent or matter names
	classes []catalog.Class    // of a consent: the classes it opens
}

// Everyone is the public.
var Everyone = Viewer{reach: catalog.Public}

// on gives the viewer as it is for one item.
func (v Viewer) on(item catalog.ItemCode) Viewer {
	if v.public() || v.covers(item) {
		return v
	}
	return Everyone
}

// covers reports whether consent or matter names the item; the subject itself needs neither.
func (v Viewer) covers(item catalog.ItemCode) bool { return v.own || slices.Contains(v.items, item) }

// sees reports whether the viewer's reach takes in a class: A for everyone, B with consent, C for a department with a matter. The
// three are nested for data about subjects: who may see C by law may see B and A.
func (v Viewer) sees(c catalog.Class) bool {
	switch c {
	case catalog.Public:
		return true
	case catalog.Authorised:
		return v.own || v.reach == catalog.Shared || (v.reach == catalog.Authorised && slices.Contains(v.classes, c))
	case catalog.Shared:
		return v.own || v.reach == catalog.Shared
	default:
		return false
	}
}

func (v Viewer) public() bool {
	return !v.own && v.reach != catalog.Authorised && v.reach != catalog.Shared
}

// Refusal is why the gate lets a record not pass. The zero value is none.
type Refusal string

// The refusals, in the order in which they are tested.
const (
	Passes       Refusal = ""
	NoItem       Refusal = "no_item"  // the catalogue that it was checked under, or the one in force, does not have the item
	NoBasis      Refusal = "basis"    // no legal basis of the item was in force on that day
	NotInForce   Refusal = "status"   // withdrawn, repaired, annulled, ended, shielded
	AboutPerson  Refusal = "person"   // data about a natural person is never public (Shandong 社会信用条例 art. 20)
	ClassTooHigh Refusal = "class"    // authorised or shared only
	SimpleOnly   Refusal = "simple"   // simple procedure: never public
	BeforeWindow Refusal = "before"   // the publicity window has not begun
	AfterWindow  Refusal = "after"    // the publicity window is over
	NeverPublic  Refusal = "unlisted" // its publicity rule shows it to nobody
	UnknownKind  Refusal = "subject"  // the subject is of no kind that may be shown
)

// Decide is the gate: may this viewer see this version of a record about such a subject on this day? Both the item the record was checked under
// and the one in force today must allow it: a catalogue that narrows an item takes old records out of sight at once.
func Decide(v Viewer, kind catalog.SubjectKind, checked, inForce *catalog.Item, f *record.Facts, today clock.Date) Refusal {
	v = v.on(f.Item)
	switch {
	case v.own:
		return decideOwn(kind, checked)
	case checked == nil || inForce == nil:
		return NoItem
	case !inForce.InForce(today):
		return NoBasis
	case f.Status != record.Active:
		return NotInForce
	case kind == catalog.Person && v.public():
		return AboutPerson
	case !known(kind):
		return UnknownKind
	case !v.sees(f.Class) || !v.sees(checked.Class) || !v.sees(inForce.Class):
		return ClassTooHigh
	case (checked.Polarity == catalog.Negative || inForce.Polarity == catalog.Negative) && over(f, today):
		return AfterWindow // a failure whose period is over is neither shown, nor shared, nor used (Shandong 社会信用条例 art. 38; NDRC Order 36)
	case !v.public():
		return Passes // windows bind publicity; whoever has a reason of their own sees what is in force
	case f.Procedure == record.Simple:
		return SimpleOnly
	case !f.Listed:
		return NeverPublic
	case today < f.PublicFrom:
		return BeforeWindow
	case over(f, today):
		return AfterWindow
	}
	return Passes
}

// over reports whether the last day of a record's period has passed.
func over(f *record.Facts, today clock.Date) bool {
	return !f.PublicUntil.IsZero() && today >= f.PublicUntil
}

// decideOwn lets subjects see everything that is filed about them, also what is withdrawn, what no basis holds any more and what is shown to nobody
// else (个人信息保护法 art. 45): only what cannot be read at all does not pass.
func decideOwn(kind catalog.SubjectKind, checked *catalog.Item) Refusal {
	switch {
	case checked == nil:
		return NoItem
	case !known(kind):
		return UnknownKind
	}
	return Passes
}

func known(kind catalog.SubjectKind) bool {
	switch kind {
	case catalog.LegalEntity, catalog.OtherOrg, catalog.IndividualBusiness, catalog.Person:
		return true
	default:
		return false
	}
}

// fieldAllowed decides on one field of a record that passed: the field's class in both editions, and never a sensitive value in public.
func fieldAllowed(v Viewer, f *catalog.Field, item *catalog.Item, inForce *catalog.Item) bool {
	if v.own {
		return true
	}
	if inForce == nil {
		return false
	}
	if v.public() && (f.Sensitive || f.Personal || personal(f.Role)) {
		return false
	}
	if !v.sees(item.FieldClass(f)) {
		return false
	}
	now, ok := inForce.Field(f.Code)
	return ok && v.sees(inForce.FieldClass(now)) && (!v.public() || !now.Sensitive)
}

// personal roles hold data of a natural person, whatever class a file gives them.
func personal(r catalog.Role) bool {
	switch r {
	case catalog.RolePersonID, catalog.RolePersonIDType, catalog.RoleRepID, catalog.RoleRepIDType:
		return true
	default:
		return false
	}
}

// opener opens a sealed value of a record's field; ok is false when it does not open.
type opener func(field, sealed string) (plain string, ok bool)

// fields makes the visible fields of a body, in the catalogue's order. kind is the subject's: only persons see their own name and number in clear. A sealed
// value is opened for a viewer who is not the public, and masked; what does not open is left out.
func fields(v Viewer, kind catalog.SubjectKind, body map[string]string, item, inForce *catalog.Item, open opener) []FieldView {
	v = v.on(item.Code)
	out := make([]FieldView, 0, len(body))
	for i := range item.Fields {
		f := &item.Fields[i]
		value, ok := body[f.Code]
		if !ok || value == "" || !fieldAllowed(v, f, item, inForce) {
			continue
		}
		sealed := gm.Sealed(value)
		if sealed {
			if v.public() || open == nil {
				continue
			}
			if value, ok = open(f.Code, value); !ok {
				continue
			}
		}
		view := FieldView{Code: f.Code, Name: f.Name, Value: value}
		if !(v.own && kind == catalog.Person && aboutSelf(f.Role)) {
			view.Value, view.Masked = masked(f, value, sealed)
		}
		view.Shown = shown(f, view.Value)
		out = append(out, view)
	}
	return out
}

// aboutSelf are the fields in which a person's own name and document stand.
func aboutSelf(r catalog.Role) bool {
	return r == catalog.RoleName || r == catalog.RolePersonID || r == catalog.RolePersonIDType
}

// masked hides what the catalogue masks, and of a sealed value all but what tells one person from another: a surname, the ends of a number.
func masked(f *catalog.Field, value string, sealed bool) (string, bool) {
	switch {
	case len(f.Mask) == 2:
		return mask.Keep(value, f.Mask[0], f.Mask[1]), true
	case !sealed || f.Role == catalog.RolePersonIDType || f.Role == catalog.RoleRepIDType:
		return value, false
	case f.Role == catalog.RoleName || f.Role == catalog.RoleRep:
		return mask.PersonName(value), true
	default:
		return mask.ID(value), true
	}
}

// shown spells a value out for people.
func shown(f *catalog.Field, value string) string {
	switch {
	case f.Type == catalog.DateType && value == clock.LongTerm.String():
		return "长期"
	case f.Role == catalog.RoleFine || f.Role == catalog.RoleConfiscated:
		return value + "万元"
	default:
		return value
	}
}

// regionName names a division, or repeats its code when the table lacks it.
func regionName(d *ident.Divisions, code string) string {
	if name := d.Name(code); name != "" {
		return name
	}
	return code
}
