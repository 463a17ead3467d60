package me

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/web/ui"
)

// fileShown is how many records a page of the file holds; each page is one reading in the log.
const fileShown = 100

// lastChapter is where a record goes whose item names no chapter of the standard report: 其他信息.
const lastChapter = 9

// fileView is the own file, or one item of it.
type fileView struct {
	around
	answer   *publish.Answer
	item     string // name of the one item that is shown; "" = all
	whole    bool   // this page holds everything
	chapters []chapterView
	pager    ui.PagerSpec
}

type chapterView struct {
	no    int
	name  string
	count int
	items []itemView
}

type itemView struct {
	code     catalog.ItemCode
	name     string
	negative bool
	records  []recordRow
}

// recordRow is one record of the file.
type recordRow struct {
	*publish.RecordView
	href    string
	visible string // who can see it
	person  bool   // it is about a natural person: whatever its class, it is never public
}

// class says how a record is disclosed. What the catalogue makes public is public of businesses only.
func (row *recordRow) class() (string, ui.Tone) {
	if row.person && row.Class == catalog.Public {
		return "不向社会公开", ui.Plain
	}
	return word(classWords, row.Class), classTone(row.Class)
}

// file answers the own file in full. The reading is on file in the access log before the page is written.
func (c *Centre) file(w http.ResponseWriter, r *http.Request) error {
	a, err := c.around(r, "file", "/me/file")
	if err != nil {
		return err
	}
	q := r.URL.Query()
	a.keeps = true
	v := &fileView{around: a}
	ask := c.ownAsk(&a)
	item := catalog.ItemCode(q.Get("item"))
	if ask.Cursor, ask.Limit = q.Get("cursor"), fileShown; item != "" {
		ask.Items = []catalog.ItemCode{item}
	}
	if v.answer, err = c.Files.Disclose(r.Context(), ask); err != nil {
		return err
	}
	if item != "" {
		v.item = c.itemName(item)
	}
	v.whole = item == "" && ask.Cursor == "" && v.answer.Next == ""
	listed, err := c.listed(r.Context(), &a, item)
	if err != nil {
		return err
	}
	v.chapters = c.chapters(v, listed)
	if ask.Cursor != "" {
		v.pager.First = v.link("/me/file", "item", string(item))
	}
	if v.answer.Next != "" {
		v.pager.Next = v.link("/me/file", "item", string(item), "cursor", v.answer.Next)
	}
	return c.show(w, r, http.StatusOK, c.page(r, "信用档案", ui.Link{Label: "信用档案"}), filePage(v))
}

// ownAsk is the question of a subject about itself.
func (*Centre) ownAsk(a *around) publish.Ask {
	return publish.Ask{Who: a.who, Subject: publish.Whom{ID: a.subject}, Purpose: publish.Purpose{Own: true}}
}

// chapters lays the records out as the portal's page of a subject does: by chapter of the standard report, and by item within. When everything is on
// the page, chapters without a record stand too, so that their emptiness can be seen.
func (c *Centre) chapters(v *fileView, listed map[string]bool) []chapterView {
	edition := c.edition()
	byNo := map[int]*chapterView{}
	add := func(no int) *chapterView {
		if byNo[no] == nil {
			byNo[no] = &chapterView{no: no, name: edition.ChapterName(no)}
		}
		return byNo[no]
	}
	if v.whole {
		for no := 1; no <= lastChapter; no++ {
			add(no)
		}
	}
	for i := range v.answer.Records {
		rec := &v.answer.Records[i]
		no, negative := lastChapter, false
		if item := c.item(rec.Item, rec.Edition); item != nil {
			if item.Chapter >= 1 && item.Chapter <= lastChapter {
				no = item.Chapter
			}
			negative = item.Polarity == catalog.Negative
		}
		ch := add(no)
		ch.count++
		at := slices.IndexFunc(ch.items, func(it itemView) bool { return it.code == rec.Item })
		if at < 0 {
			at = len(ch.items)
			ch.items = append(ch.items, itemView{code: rec.Item, name: rec.ItemName, negative: negative})
		}
		ch.items[at].records = append(ch.items[at].records, c.recordRow(&v.around, rec, v.answer.Subject.Kind, listed[rec.ID]))
	}
	out := make([]chapterView, 0, len(byNo))
	for no := 1; no <= lastChapter; no++ {
		if ch := byNo[no]; ch != nil {
			out = append(out, *ch)
		}
	}
	return out
}

func (c *Centre) recordRow(a *around, rec *publish.RecordView, kind catalog.SubjectKind, listed bool) recordRow {
	return recordRow{RecordView: rec, href: a.link("/me/file/" + rec.ID), visible: visibleTo(rec, kind, c.today(), listed), person: kind == catalog.Person}
}

// listed tells which of the subject's records the publicity rules show today. Of a person they show none.
func (c *Centre) listed(ctx context.Context, a *around, item catalog.ItemCode) (map[string]bool, error) {
	if a.resident() {
		return nil, nil //nolint:nilnil // none is no error
	}
	list, err := c.Records.OfSubject(ctx, record.Query{Subject: a.subject, Item: item, ListedOn: c.today()})
	if err != nil {
		return nil, err
	}
	out := make(map[string]bool, len(list))
	for i := range list {
		out[list[i].ID.String()] = true
	}
	return out, nil
}

// recordView is one record with its history.
type recordView struct {
	around
	recordRow
	negative bool
	public   bool // everyone can see it on the portal now
	past     bool // an earlier version is shown
	asked    int
	newest   int
	history  []versionLine
	acts     []ui.Link       // what parts can do about it
	known    map[string]bool // guides whose part has spoken
}

// versionLine is one version of a record.
type versionLine struct {
	number    int
	when, why string
	what      string
	href      string
	on        bool // it is the one that is shown
}

// record answers one record of the own file, in the version that is asked for.
func (c *Centre) record(w http.ResponseWriter, r *http.Request) error {
	a, err := c.around(r, "file", "/me/file")
	if err != nil {
		return err
	}
	at, err := record.ParseID(r.PathValue("record"))
	if err != nil {
		return errNotMine
	}
	v := &recordView{around: a}
	ask := c.ownAsk(&a)
	ask.Record = at.String()
	var marks []record.Mark
	if at.Subject == a.subject { // asking for another's record is refused by Disclose, which logs it
		if marks, err = c.Records.History(r.Context(), at); err != nil {
			return err
		}
		if err := v.choose(r.URL.Query().Get("version"), marks, &ask); err != nil {
			return err
		}
	}
	answer, err := c.Files.Disclose(r.Context(), ask)
	if err != nil {
		return err
	}
	if len(answer.Records) != 1 {
		return errNotMine
	}
	if err := c.fillRecord(r.Context(), v, answer, marks); err != nil {
		return err
	}
	page := c.page(r, v.Title, ui.Link{Href: a.link("/me/file"), Label: "信用档案"}, ui.Link{Label: v.ItemName})
	return c.show(w, r, http.StatusOK, page, recordPage(v))
}

// choose settles which version is shown: the newest, or an earlier one as it was known when it came in.
func (v *recordView) choose(version string, marks []record.Mark, ask *publish.Ask) error {
	if len(marks) == 0 {
		return nil // Disclose refuses it
	}
	v.newest = marks[len(marks)-1].Number
	v.asked = v.newest
	if version == "" || version == strconv.Itoa(v.newest) {
		return nil
	}
	i := slices.IndexFunc(marks, func(m record.Mark) bool { return strconv.Itoa(m.Number) == version })
	if i < 0 {
		return errNotMine
	}
	v.asked, v.past, ask.AsOf = marks[i].Number, true, marks[i].RecordedAt
	return nil
}

// fillRecord puts what was disclosed, and its history, into the page.
func (c *Centre) fillRecord(ctx context.Context, v *recordView, answer *publish.Answer, marks []record.Mark) error {
	rec := &answer.Records[0]
	if item := c.item(rec.Item, rec.Edition); item != nil {
		v.negative = item.Polarity == catalog.Negative
	}
	if rec.Class == catalog.Public && answer.Subject.Kind != catalog.Person {
		_, err := c.Files.Record(ctx, rec.ID, time.Time{})
		v.public = err == nil // whatever else it is, the public page is not there
	}
	v.recordRow = c.recordRow(&v.around, rec, answer.Subject.Kind, v.public)
	if v.past {
		v.public, v.visible = false, "这是旧版本，现在只有您自己能看到"
	}
	if !v.past {
		var err error
		if v.acts, v.known, err = c.acts(ctx, v.place(), rec); err != nil {
			return err
		}
	}
	for i := len(marks) - 1; i >= 0; i-- {
		m := marks[i]
		version := strconv.Itoa(m.Number)
		v.history = append(v.history, versionLine{
			number: m.Number, when: moment(m.RecordedAt), what: word(actionWords, m.Action), why: m.Why, on: m.Number == v.asked,
			href: v.link("/me/file/"+rec.ID, "version", version),
		})
	}
	return nil
}

// guide leads to a guide. Only a record that everyone can see may be named in its address.
func (v *recordView) guide(path string) string {
	if !v.public {
		return path
	}
	return path + "?record=" + url.QueryEscape(v.ID)
}

// mainFacts are what a record says in short.
func (row *recordRow) mainFacts() []ui.Fact {
	facts := make([]ui.Fact, 0, 7)
	add := func(label, value, note string) {
		if value != "" {
			facts = append(facts, ui.Fact{Label: label, Value: value, Note: note})
		}
	}
	add("文书号", row.DocNo, "")
	add("决定日期", row.DecidedOn.String(), "")
	add("决定机关", row.Authority, "")
	add("数据来源", row.Source.Name, "")
	add("入库时间", moment(row.RecordedAt), "")
	facts = append(facts, ui.Fact{Label: "谁能看到", Value: row.visible, Wide: true})
	return facts
}

// allFacts are all fields of the record.
func allFacts(fields []publish.FieldView) []ui.Fact {
	facts := make([]ui.Fact, len(fields))
	for i := range fields {
		f := &fields[i]
		facts[i] = ui.Fact{Label: f.Name, Value: f.Shown, Wide: longValue(f.Shown)}
		if f.Masked {
			facts[i].Note = "涉及其他个人的部分已隐去"
		}
	}
	return facts
}

// keptFacts say where a record is from, why and until when it is shown, and how it is called.
func (row *recordRow) keptFacts() []ui.Fact {
	class, _ := row.class()
	from, until := windowLabels(row.person)
	facts := []ui.Fact{
		{Label: "谁能看到", Value: row.visible, Wide: true},
		{Label: "披露方式", Value: class},
		{Label: "数据来源单位", Value: dash(row.Source.Name)},
		{Label: from, Value: day(row.PublicFrom)},
		{Label: until, Value: dash(lastDay(row.PublicUntil)), Note: row.WindowWhy},
		{Label: "入库时间", Value: moment(row.RecordedAt)},
		{Label: "目录事项", Value: row.ItemName, Link: "/catalog/" + url.PathEscape(string(row.Item)), Note: "目录版本 " + row.Edition},
		{Label: "记录编号", Value: row.ID, Code: true},
	}
	if row.Severity != "" {
		facts = append(facts, ui.Fact{Label: "失信程度", Value: word(severityWords, row.Severity)})
	}
	return facts
}

// windowLabels name the days of a record's period: of a business it is shown to everyone in it, of a person it is used in it and never shown.
func windowLabels(person bool) (from, until string) {
	if person {
		return "期限自", "期限至"
	}
	return "公示自", "公示至"
}

func day(d clock.Date) string { return dash(d.String()) }
