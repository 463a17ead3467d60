package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/publish"
)

// maxPerItem bounds the records of one item that a report lists; the summary counts all.
const maxPerItem = 500

// material is everything that a report is composed of: the same material gives the same bytes.
type material struct {
	order   Order
	number  string
	code    string
	at      time.Time // issued, and as known then
	city    string
	issuer  string
	base    string // address of the site
	edition *catalog.Edition
	byID    func(edition string) (*catalog.Edition, bool)
	areas   *Areas

	subject publish.SubjectRef
	region  string
	former  []publish.FormerName
	records []publish.RecordView
	basis   string
	items   []catalog.ItemCode // that a consent opens; nil = all
	cut     bool               // there are more records than were read
}

// compose makes the document; proofs come after it.
func compose(m *material) (*Document, error) {
	d := &Document{
		Format: Format, Number: m.number, Code: m.code, Kind: m.order.Kind, Title: titles[m.order.Kind], Layout: "V2.0", City: m.city, Issuer: m.issuer,
		IssuedAt: m.at, AsOf: m.at, Edition: m.edition.ID, From: m.order.From, To: m.order.To, Purpose: m.order.Use, Basis: m.basis,
		Subject: Subject{Code: m.subject.Code, Name: m.subject.Name, Kind: m.subject.Kind}, Labels: []string{}, Basics: []Fact{}, consented: m.order.Purpose.Consent != 0,
	}
	if m.base != "" {
		d.VerifyURL = m.base + "/verify/report?number=" + m.number + "&code=" + m.code
	}
	truncated := m.cut
	if m.order.Kind == Special {
		if err := m.special(d); err != nil {
			return nil, err
		}
	} else {
		truncated = m.chapters(d) || truncated
	}
	m.head(d)
	d.Notes = notes(d, truncated)
	if m.order.Kind == Person && m.items != nil {
		d.Notes = append(d.Notes, "本报告凭本人的授权生成，只列授权书开放的事项和信息类别："+m.opened()+"。其余的有没有信息，本报告不说明。")
	}
	return d, nil
}

// The items whose records make the labels of the head.
const (
	honours catalog.ItemCode = "RYXX"
	serious catalog.ItemCode = "YZSX"
)

// head fills in labels and basics.
func (m *material) head(d *Document) {
	if m.subject.Kind == catalog.Person {
		d.Basics = append(d.Basics, Fact{"姓名", m.subject.Name}, Fact{"主体类别", subjectKinds[m.subject.Kind]})
		return
	}
	status := statusWords[m.subject.Status]
	if status == "" {
		status = m.subject.Status
	}
	d.Labels = append(d.Labels, status)
	for i := range m.records {
		switch r := &m.records[i]; {
		case !m.stands(r):
		case r.Item == honours:
			d.Labels = append(d.Labels, "守信激励对象")
		case r.Item == serious:
			d.Labels = append(d.Labels, "失信惩戒对象")
		}
	}
	slices.Sort(d.Labels[1:])
	d.Labels = slices.Compact(d.Labels)
	d.Basics = append(d.Basics, Fact{"名称", m.subject.Name}, Fact{"统一社会信用代码", m.subject.Code})
	d.Basics = append(d.Basics, m.registered()...)
	d.Basics = append(d.Basics, Fact{"主体类别", subjectKinds[m.subject.Kind]})
	if m.region != "" {
		d.Basics = append(d.Basics, Fact{"所在地", m.region})
	}
	for _, n := range m.former {
		d.Basics = append(d.Basics, Fact{"曾用名", n.Name})
	}
}

// registered gives what the head of a report shows of the registration, in the layout's order: who is in charge, the type, since when, where.
func (m *material) registered() []Fact {
	for i := range m.records {
		r := &m.records[i]
		item := m.item(r)
		if item == nil || !item.Establishes || r.Status != active {
			continue
		}
		var out []Fact
		for _, want := range []func(*catalog.Field) bool{
			func(f *catalog.Field) bool { return f.Role == catalog.RoleRep },
			func(f *catalog.Field) bool { return f.Role == catalog.RoleCategory },
			func(f *catalog.Field) bool { return f.Role == catalog.RoleValidFrom },
			func(f *catalog.Field) bool { return f.Name == "住所" },
		} {
			for _, f := range r.Fields {
				if spec, ok := item.Field(f.Code); ok && f.Shown != "" && want(spec) {
					out = append(out, Fact{m.basicLabel(spec), f.Shown})
				}
			}
		}
		return out
	}
	return nil
}

// basicLabel is how the layout calls a field of the registration.
func (m *material) basicLabel(f *catalog.Field) string {
	switch {
	case f.Role == catalog.RoleRep && m.subject.Kind == catalog.IndividualBusiness:
		return "经营者"
	case f.Role == catalog.RoleRep:
		return "法定代表人/负责人"
	case f.Role == catalog.RoleCategory && strings.HasPrefix(m.subject.Code, "91"): // registered as an enterprise (GB 32100)
		return "企业类型"
	}
	return f.Name
}

// item gives the item that a record was checked under.
func (m *material) item(r *publish.RecordView) *catalog.Item {
	if e, ok := m.byID(r.Edition); ok {
		if item, ok := e.Item(r.Item); ok {
			return item
		}
	}
	item, _ := m.edition.Item(r.Item)
	return item
}

// licences is the item that only persons' reports have a chapter of their own for: 职称和职业资格.
const licences catalog.ItemCode = "ZYZG"

// adviceNo is the chapter that the standard numbers last. What an edition of the catalogue has behind it (公共信用信息地方补充内容: items that a place's own
// regulations add) stands behind it in the report too, without a number.
const adviceNo = 10

// chapters lays the records out in the chapters of the standard, every one of them, and reports whether some are left out for their number.
func (m *material) chapters(d *Document) (truncated bool) {
	byItem := map[catalog.ItemCode][]publish.RecordView{}
	adverse := 0
	for _, r := range m.records {
		byItem[r.Item] = append(byItem[r.Item], r)
		if item := m.item(&r); item != nil && item.Polarity == catalog.Negative {
			adverse++
		}
	}
	advised := false
	advise := func() {
		if !advised {
			d.Chapters = append(d.Chapters, Chapter{Number: adviceNo, Numeral: numeral(adviceNo), Name: "信用状况提升建议", Lines: advice(adverse)})
			advised = true
		}
	}
	for _, c := range m.edition.Chapters {
		if c.No >= adviceNo {
			advise()
		}
		if c.No == adviceNo {
			continue
		}
		if c.No == 9 && m.subject.Kind == catalog.Person {
			own := Chapter{Number: 0, Name: "职称和职业资格信息"}
			truncated = m.fill(d, &own, byItem, func(i *catalog.Item) bool { return i.Code == licences }) || truncated
		}
		chapter := Chapter{Number: c.No, Numeral: numeral(c.No), Name: c.Name}
		truncated = m.fill(d, &chapter, byItem, func(i *catalog.Item) bool {
			return i.Chapter == c.No && (i.Code != licences || m.subject.Kind != catalog.Person)
		}) || truncated
	}
	advise()
	return truncated
}

// fill puts the records of a chapter's items into it.
func (m *material) fill(d *Document, c *Chapter, byItem map[catalog.ItemCode][]publish.RecordView, in func(*catalog.Item) bool) (truncated bool) {
	total := 0
	for _, item := range m.edition.Items {
		list := byItem[item.Code]
		if len(list) == 0 || !in(item) {
			continue
		}
		out := Item{Code: item.Code, Name: item.Name, Count: len(list)}
		total += len(list)
		if len(list) > maxPerItem {
			list, truncated = list[:maxPerItem], true
		}
		for i := range list {
			out.Records = append(out.Records, m.record(&list[i]))
		}
		c.Items = append(c.Items, out)
	}
	if total == 0 {
		c.Empty = m.empty(in)
	}
	d.Summary = append(d.Summary, SummaryLine{Chapter: c.Number, Name: c.Name, Count: total})
	d.Chapters = append(d.Chapters, *c)
	return truncated
}

// opened names the items that a consent opens.
func (m *material) opened() string {
	var names []string
	for _, item := range m.edition.Items {
		if slices.Contains(m.items, item.Code) {
			names = append(names, item.Name)
		}
	}
	return strings.Join(names, "、")
}

// empty is the sentence of a chapter without content. Where a consent opens only a part, nobody may read more out of it than that.
func (m *material) empty(in func(*catalog.Item) bool) string {
	if m.items == nil {
		return noneFound
	}
	open, closed := 0, 0
	for _, item := range m.edition.Items {
		switch {
		case !in(item):
		case slices.Contains(m.items, item.Code):
			open++
		default:
			closed++
		}
	}
	switch {
	case open == 0 && closed > 0:
		return notOpen
	case closed > 0:
		return noneOpen
	}
	return noneFound
}

// record takes over what the gate gave of a record, without identity numbers and without what only repeats the subject.
func (m *material) record(r *publish.RecordView) Record {
	out := Record{
		ID: r.ID, Version: r.Version, Title: r.Title, Mark: m.mark(r), DecidedOn: r.DecidedOn, PublicUntil: r.PublicUntil, Source: r.Source,
		RecordedAt: r.RecordedAt.UTC(), Fields: []Field{}, repaired: r.Status == repaired,
	}
	item := m.item(r)
	for _, f := range r.Fields {
		if item == nil {
			break // what nobody can say the meaning of is not printed
		}
		spec, ok := item.Field(f.Code)
		if !ok || f.Value == "" || identity(spec) || !item.Establishes && repeats(spec) {
			continue
		}
		if spec.Role == catalog.RoleProcedure {
			out.Procedure = f.Shown
		}
		out.Fields = append(out.Fields, Field{Code: f.Code, Name: f.Name, Value: f.Value, Shown: f.Shown, Masked: f.Masked})
	}
	arrange(string(r.Item), out.Fields)
	return out
}

// identity are fields that no report shows, masked or not: numbers of documents of persons.
func identity(f *catalog.Field) bool {
	switch f.Role {
	case catalog.RolePersonID, catalog.RolePersonIDType, catalog.RoleRepID, catalog.RoleRepIDType:
		return true
	}
	return f.Type == catalog.IDDoc
}

// repeats are fields that say only whom the record is about.
func repeats(f *catalog.Field) bool {
	switch f.Role {
	case catalog.RoleName, catalog.RoleKind, catalog.RoleUSCC, catalog.RoleRegNo, catalog.RoleOrgCode, catalog.RoleTaxNo, catalog.RoleInstNo, catalog.RoleSocNo,
		catalog.RoleRep, catalog.RoleDisclosure:
		return true
	}
	return false
}

// special lists, by area, what the period holds, and says of every area chosen whether that is nothing.
func (m *material) special(d *Document) error {
	areas, err := m.areas.pick(m.order.Areas)
	if err != nil {
		return err
	}
	byArea := map[string]map[catalog.ItemCode][]Record{}
	for i := range m.records {
		r := &m.records[i]
		if !m.counts(r) {
			continue
		}
		name := r.Authority
		if name == "" {
			name = r.Source.Name
		}
		area := m.areas.Of(name, r.Source.Code)
		if byArea[area] == nil {
			byArea[area] = map[catalog.ItemCode][]Record{}
		}
		byArea[area][r.Item] = append(byArea[area][r.Item], m.record(r))
	}
	for i, a := range areas {
		c := Chapter{Number: i + 1, Name: a.Name + "领域"}
		s := Statement{Field: a.Code, Name: a.Name}
		for _, code := range m.areas.Items {
			list := byArea[a.Code][code]
			if len(list) == 0 {
				continue
			}
			item, ok := m.edition.Item(code)
			if !ok {
				continue
			}
			c.Items = append(c.Items, Item{Code: code, Name: item.Name, Count: len(list), Records: list})
			s.Count += len(list)
			for i := range list {
				if list[i].repaired {
					s.Repaired++
				}
			}
		}
		s.Text = m.sentence(&s)
		d.Statement = append(d.Statement, s)
		if s.Count > 0 {
			d.Summary = append(d.Summary, SummaryLine{Chapter: c.Number, Name: c.Name, Count: s.Count})
			d.Chapters = append(d.Chapters, c)
		}
	}
	if d.Summary == nil {
		d.Summary, d.Chapters = []SummaryLine{}, []Chapter{}
	}
	return nil
}

func (m *material) sentence(s *Statement) string {
	period := fmt.Sprintf("%s 至 %s 期间，", m.order.From, m.order.To)
	switch {
	case s.Count == 0 && m.order.Purpose.Consent != 0:
		return period + "未发现该主体在" + s.Name + "领域有现在有效的违法违规记录。"
	case s.Count == 0:
		return period + "未发现该主体在" + s.Name + "领域有违法违规记录。"
	case s.Repaired == s.Count:
		return period + fmt.Sprintf("该主体在%s领域有记录 %d 条，均已修复。", s.Name, s.Count)
	case s.Repaired > 0:
		return period + fmt.Sprintf("该主体在%s领域有记录 %d 条，其中 %d 条已修复。", s.Name, s.Count, s.Repaired)
	}
	return period + fmt.Sprintf("该主体在%s领域有记录 %d 条。", s.Name, s.Count)
}

// counts reports whether a special report takes a record in: one of its items, decided within the period, in force, repaired or at the end of its publicity;
// what was annulled or withdrawn, or is shielded, is not printed. Of judgments only those of the kind that the rules name.
func (m *material) counts(r *publish.RecordView) bool {
	switch {
	case !slices.Contains(m.areas.Items, r.Item):
		return false
	case r.Status != active && r.Status != repaired && r.Status != ended:
		return false
	case r.DecidedOn < m.order.From || r.DecidedOn > m.order.To:
		return false
	case r.Item == "SFPJ":
		return slices.Contains(r.Categories, m.areas.JudgmentKind)
	}
	return true
}

// The states of a record that a report may speak of; every other one is never printed.
const (
	active   = "active"
	repaired = "repaired"
	ended    = "ended"
)

// stands reports whether a record is in force and its publicity, if it has an end, not over.
func (m *material) stands(r *publish.RecordView) bool {
	return r.Status == active && (r.PublicUntil.IsZero() || clock.DateOf(m.at) < r.PublicUntil)
}

// disputed is what stands beside a record that an objection is being looked into about.
const disputed = "异议中"

// mark is what stands beside a record: that it was repaired, that its publicity is over, that somebody objects to it.
func (m *material) mark(r *publish.RecordView) string {
	var list []string
	switch {
	case r.Status == repaired:
		list = append(list, "已修复")
	case !m.stands(r):
		list = append(list, "公示期满")
	}
	if r.Disputed {
		list = append(list, disputed)
	}
	return strings.Join(list, "、")
}

func chinaTime(t time.Time) string { return t.In(clock.Zone).Format("2006-01-02 15:04:05") }
