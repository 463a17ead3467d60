package publish

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/record"
)

// draw makes a random question to the gate: viewer, subject kind, the item under which a record was checked and the one in force, facts, day.
type question struct {
	viewer           Viewer
	kind             catalog.SubjectKind
	checked, inForce *catalog.Item
	facts            record.Facts
	today            clock.Date
}

var (
	classes = []catalog.Class{catalog.Public, catalog.Authorised, catalog.Shared}
	items   = catalog.Default().Items
)

func drawDay(t *rapid.T, label string) clock.Date {
	d, _ := clock.MakeDate(rapid.IntRange(2024, 2029).Draw(t, label+" year"), rapid.IntRange(1, 12).Draw(t, label+" month"), rapid.IntRange(1, 28).Draw(t, label+" day"))
	return d
}

func drawItem(t *rapid.T, label string) *catalog.Item {
	if rapid.IntRange(0, 9).Draw(t, label+" missing") == 0 {
		return nil
	}
	item := *rapid.SampledFrom(items).Draw(t, label)
	item.Class = rapid.SampledFrom(classes).Draw(t, label+" class")
	if rapid.IntRange(0, 4).Draw(t, label+" lapsed") == 0 {
		item.Basis = []catalog.Basis{{Law: "旧法", Article: "第一条", From: 20100101, To: drawDay(t, label+" until")}}
	}
	return &item
}

func draw(t *rapid.T) question {
	q := question{
		viewer:  drawViewer(t),
		kind:    rapid.SampledFrom([]catalog.SubjectKind{catalog.LegalEntity, catalog.OtherOrg, catalog.IndividualBusiness, catalog.Person, ""}).Draw(t, "kind"),
		checked: drawItem(t, "checked"), inForce: drawItem(t, "in force"), today: drawDay(t, "today"),
	}
	q.facts = record.Facts{
		Item: rapid.SampledFrom(items).Draw(t, "facts item").Code, Class: rapid.SampledFrom(classes).Draw(t, "class"), Status: record.Status(rapid.IntRange(0, 6).Draw(t, "status")),
		Listed: rapid.Bool().Draw(t, "listed"), Procedure: record.Procedure(rapid.IntRange(0, 2).Draw(t, "procedure")), PublicFrom: drawDay(t, "from"),
	}
	if rapid.Bool().Draw(t, "ends") {
		q.facts.PublicUntil = drawDay(t, "until")
	}
	return q
}

// drawViewer makes every viewer that can be made: the public, a consent's or a matter's with the items it names, the subject itself.
func drawViewer(t *rapid.T) Viewer {
	v := Viewer{reach: rapid.SampledFrom(append(classes, "")).Draw(t, "reach"), own: rapid.IntRange(0, 5).Draw(t, "own") == 0}
	for _, item := range items {
		if rapid.Bool().Draw(t, "covers "+string(item.Code)) {
			v.items = append(v.items, item.Code)
		}
	}
	v.classes = rapid.SampledFrom([][]catalog.Class{nil, {catalog.Public}, {catalog.Authorised}, {catalog.Public, catalog.Authorised}}).Draw(t, "classes")
	return v
}

// TestNothingOutsidePasses: for random records, viewers and days nothing outside class, window, status or subject kind ever passes.
func TestNothingOutsidePasses(t *testing.T) {
	t.Parallel()
	passed := 0
	rapid.Check(t, func(t *rapid.T) {
		q := draw(t)
		f := q.facts
		why := Decide(q.viewer, q.kind, q.checked, q.inForce, &f, q.today)
		if why != Passes {
			return
		}
		passed++
		if q.viewer.own {
			if q.checked == nil || q.kind == "" {
				t.Fatal("what cannot be read passed")
			}
			return
		}
		narrow := q.viewer.reach != catalog.Authorised && q.viewer.reach != catalog.Shared
		everyone := narrow || !slices.Contains(q.viewer.items, f.Item)
		switch {
		case q.checked == nil || q.inForce == nil:
			t.Fatal("a record outside the catalogue passed")
		case !q.inForce.InForce(q.today):
			t.Fatal("a record without a legal basis in force passed")
		case f.Status != record.Active:
			t.Fatal("a record that is not in force passed")
		case q.kind == "":
			t.Fatal("a subject of no kind passed")
		case everyone && q.kind == catalog.Person:
			t.Fatal("a person became public")
		case everyone && (f.Class != catalog.Public || q.checked.Class != catalog.Public || q.inForce.Class != catalog.Public):
			t.Fatal("a class that is not public became public")
		case !everyone && q.viewer.reach == catalog.Authorised && !slices.Contains(q.viewer.classes, catalog.Authorised) &&
			(f.Class != catalog.Public || q.checked.Class != catalog.Public || q.inForce.Class != catalog.Public):
			t.Fatal("a consent opened a class that it does not name")
		case q.viewer.reach == catalog.Authorised && (f.Class == catalog.Shared || q.checked.Class == catalog.Shared || q.inForce.Class == catalog.Shared):
			t.Fatal("consent opened what only departments share")
		case everyone && f.Procedure == record.Simple:
			t.Fatal("a simple-procedure penalty became public")
		case everyone && !f.Listed:
			t.Fatal("what no publicity rule shows became public")
		case everyone && q.today < f.PublicFrom:
			t.Fatal("shown before its window")
		case (q.checked.Polarity == catalog.Negative || q.inForce.Polarity == catalog.Negative) && f.PublicUntil != 0 && q.today >= f.PublicUntil:
			t.Fatal("a failure was used after its period")
		case everyone && f.PublicUntil != 0 && q.today >= f.PublicUntil:
			t.Fatal("shown after its window")
		}
	})
	if passed == 0 {
		t.Fatal("no random record passed at all: the test shows nothing")
	}
}

// TestWiderReachSeesNoLess: whoever may see more by law sees at least what everyone sees.
func TestWiderReachSeesNoLess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := draw(t)
		f := q.facts
		if Decide(Everyone, q.kind, q.checked, q.inForce, &f, q.today) != Passes {
			return
		}
		for _, reach := range []catalog.Class{catalog.Authorised, catalog.Shared} {
			if why := Decide(Viewer{reach: reach, items: []catalog.ItemCode{f.Item}, classes: []catalog.Class{catalog.Public, catalog.Authorised}}, q.kind, q.checked, q.inForce, &f, q.today); why != Passes {
				t.Fatalf("reach %s is refused (%s) what everyone sees", reach, why)
			}
		}
	})
}

// TestNoPersonalFieldIsPublic walks every field of every item that ships: what is sensitive, personal or of another class than A never reaches
// everyone, whatever the other edition says.
func TestNoPersonalFieldIsPublic(t *testing.T) {
	t.Parallel()
	shown := 0
	for _, item := range items {
		body := map[string]string{}
		for i := range item.Fields {
			body[item.Fields[i].Code] = "值"
		}
		open := *item
		open.Class = catalog.Public
		for _, v := range fields(Everyone, catalog.LegalEntity, body, item, &open, nil) {
			f, _ := item.Field(v.Code)
			if f.Sensitive || f.Personal || item.FieldClass(f) != catalog.Public || personal(f.Role) {
				t.Errorf("%s %s became public", item.Code, f.Code)
			}
			shown++
		}
	}
	if shown == 0 {
		t.Fatal("no field is public at all: the test shows nothing")
	}
}
