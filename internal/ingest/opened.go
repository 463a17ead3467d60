package ingest

import (
	"gongxin/internal/catalog"
	"gongxin/internal/mask"
)

// Opened is a queued row as a person at the desk sees it: what is about a natural person is masked. There is none without an entry in the access
// log: only Desk.Content and Desk.Contents make one, and what else the desk asks about a row it asks with this.
type Opened struct {
	Person bool          // about a natural person: it can be put under nobody here
	Name   string        // of whom the row is about
	DocNo  string        // of the document
	Fields []OpenedField // those that have a value, in the order of the item
	Leads  []string      // what its subject may be looked for by: the unified code and, when it is no person's, the name

	entry  *QueueEntry
	values catalog.Values
}

// OpenedField is one filled field of an opened row.
type OpenedField struct {
	*catalog.Field
	Value string // masked where it has to be
}

// show decides what a person at the desk sees of a row. Without the edition that the row was checked under nobody knows which value needs a mask,
// and none is shown.
func (s *Service) show(e *QueueEntry, values catalog.Values) Opened {
	o := Opened{entry: e, values: values}
	item := s.itemOf(e.Edition, e.Item)
	if item == nil {
		return o
	}
	o.Person = aboutPerson(item, values)
	for i := range item.Fields {
		if i >= len(values) || values[i] == "" {
			continue
		}
		f := &item.Fields[i]
		shown := shownValue(f, values[i], o.Person)
		o.Fields = append(o.Fields, OpenedField{f, shown})
		switch f.Role {
		case catalog.RoleName:
			o.Name = shown
		case catalog.RoleDocNo:
			o.DocNo = shown
		}
	}
	o.Leads = append(o.Leads, item.Get(values, catalog.RoleUSCC))
	if !o.Person {
		o.Leads = append(o.Leads, item.Get(values, catalog.RoleName))
	}
	return o
}

// itemOf gives the item of the very edition that something was checked under, or nil.
func (s *Service) itemOf(edition string, code catalog.ItemCode) *catalog.Item {
	e, ok := s.Editions.ByID(edition)
	if !ok {
		return nil
	}
	item, _ := e.Item(code)
	return item
}

// personWord is how a row says that it is about a natural person.
const personWord = "自然人"

// aboutPerson says whether a row is about a natural person.
func aboutPerson(item *catalog.Item, values catalog.Values) bool {
	return item.Get(values, catalog.RoleKind) == personWord || item.Get(values, catalog.RolePersonID) != "" ||
		len(item.SubjectKinds) == 1 && item.SubjectKinds[0] == catalog.Person
}

// shownValue masks what is about a natural person. Kinds of documents and other values of lists tell nothing about anybody.
func shownValue(f *catalog.Field, value string, person bool) string {
	if value == "" || f.Type == catalog.Enum || f.Type == catalog.EnumSet || f.Type == catalog.DateType {
		return value
	}
	switch {
	case len(f.Mask) == 2:
		return mask.Keep(value, f.Mask[0], f.Mask[1])
	case f.Type == catalog.IDDoc, f.Sensitive:
		return mask.ID(value)
	case f.Personal, person && f.Role == catalog.RoleName:
		return mask.PersonName(value)
	}
	return value
}
