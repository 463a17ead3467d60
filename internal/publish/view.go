// Package publish keeps the rule that one gate alone decides who sees which field of which record, for what
// purpose, at what moment. Everything that leaves the register — pages, interfaces, statistics, open data — is a view made
// here; no other package returns a record's body.
package publish

import (
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
)

// SubjectRef names a subject where a record or a hit mentions it.
type SubjectRef struct {
	Code   string              `json:"code"`
	Name   string              `json:"name"`
	Kind   catalog.SubjectKind `json:"kind"`
	Region string              `json:"region"`
	Status string              `json:"status"` // active, cancelled, revoked, provisional …
}

// Pair is a label with its value, in the order a page shows them.
type Pair struct {
	Code  string `json:"code"`
	Label string `json:"label"`
	Value string `json:"value"`
}

// SubjectView is what a viewer may see of a subject.
type SubjectView struct {
	SubjectRef
	RegionName  string         `json:"regionName"`
	Provisional bool           `json:"provisional"` // made from a filing; no registration data on file yet
	FormerNames []FormerName   `json:"formerNames,omitempty"`
	Basics      []Pair         `json:"basics,omitempty"` // 法定代表人, 类型, 成立日期, 住所, 登记机关 …
	Chapters    []ChapterCount `json:"chapters"`         // counts per chapter of the standard report, every chapter, zero too
	UpdatedAt   time.Time      `json:"updatedAt"`
}

// FormerName is an earlier name and the day until which it was used.
type FormerName struct {
	Name  string     `json:"name"`
	Until clock.Date `json:"until"`
}

// ChapterCount counts the visible records of one chapter of the standard report.
type ChapterCount struct {
	Chapter int         `json:"chapter"` // 1…10
	Name    string      `json:"name"`
	Count   int         `json:"count"`
	Items   []ItemCount `json:"items"`
}

// ItemCount counts the visible records of one item.
type ItemCount struct {
	Item  catalog.ItemCode `json:"item"`
	Name  string           `json:"name"`
	Count int              `json:"count"`
}

// FieldView is one field that the viewer may see.
type FieldView struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Value  string `json:"value"`
	Shown  string `json:"shown"` // for people: 长期 for 2099-12-31, amounts with 万元, codes spelt out
	Masked bool   `json:"masked,omitempty"`
}

// RecordView is one record as the viewer may see it. It is never made for a record that the gate refuses.
type RecordView struct {
	ID          string           `json:"id"`
	Item        catalog.ItemCode `json:"item"`
	ItemName    string           `json:"itemName"`
	Class       catalog.Class    `json:"class"`
	Status      string           `json:"status"`             // active; to the subject itself also withdrawn, repaired, annulled, ended, shielded
	Disputed    bool             `json:"disputed,omitempty"` // 异议中: an accepted objection is being looked into
	Subject     SubjectRef       `json:"subject"`
	Title       string           `json:"title"` // licence name, document title, …
	DocNo       string           `json:"docNo,omitempty"`
	Categories  []string         `json:"categories,omitempty"` // 罚款、没收违法所得 / 普通 …
	Fields      []FieldView      `json:"fields"`
	DecidedOn   clock.Date       `json:"decidedOn"`
	PublicFrom  clock.Date       `json:"publicFrom,omitzero"`
	PublicUntil clock.Date       `json:"publicUntil,omitzero"` // first day on which it is no longer shown; none = no end
	Authority   string           `json:"authority"`
	Source      Source           `json:"source"`
	Severity    string           `json:"severity,omitempty"` // minor, ordinary, serious
	Simple      bool             `json:"-"`                  // a penalty by the simple procedure: no failure (Shandong 社会信用条例 art. 13), whatever is done with it
	RuleSet     string           `json:"ruleSet,omitempty"`
	WindowWhy   string           `json:"windowWhy,omitempty"` // one sentence: which rule gave the publicity window
	Edition     string           `json:"edition"`             // catalogue edition it was checked under
	Version     int              `json:"version"`
	RecordedAt  time.Time        `json:"recordedAt"`
	Versions    []VersionMark    `json:"versions,omitempty"` // only on the record page
}

// Source is the agency a record came from.
type Source struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// VersionMark is one line of a record's history, without content.
type VersionMark struct {
	Version    int       `json:"version"`
	RecordedAt time.Time `json:"recordedAt"`
	Action     string    `json:"action"` // filed, corrected, withdrawn, …
	Why        string    `json:"why,omitempty"`
}

// ListFilter narrows a public column (行政许可, 行政处罚, …). Zero values do not narrow.
type ListFilter struct {
	Agency   string     // unified code of the source agency
	Region   string     // division code; includes what is below it
	Category string     // one value of the item's category list
	From, To clock.Date // decision dates, both inclusive
}

// ListRow is one line of a public column.
type ListRow struct {
	ID         string           `json:"id"`
	Item       catalog.ItemCode `json:"item"`
	Subject    SubjectRef       `json:"subject"`
	Title      string           `json:"title"`
	DocNo      string           `json:"docNo,omitempty"`
	Categories []string         `json:"categories,omitempty"`
	DecidedOn  clock.Date       `json:"decidedOn"`
	Authority  string           `json:"authority"`
	Region     string           `json:"region"`
	Disputed   bool             `json:"disputed,omitempty"` // 异议中
}

// ListPage is a page of a public column; Next is empty on the last one.
type ListPage struct {
	Rows  []ListRow `json:"items"`
	Next  string    `json:"next,omitempty"`
	About int       `json:"about"` // roughly how many the filter holds; -1 when not known
}

// RecordPage is a page of a public column with whole records, without their history; Next is empty on the last one.
type RecordPage struct {
	Records []RecordView
	Next    string
	About   int // roughly how many the filter holds; -1 when not known
}

// Facet is one value of a filter with its count.
type Facet struct {
	Code  string `json:"code"`
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Facets are the filter values that occur in a column.
type Facets struct {
	Agencies   []Facet `json:"agencies"`
	Regions    []Facet `json:"regions"`
	Categories []Facet `json:"categories"`
}

// Hit is one answer of the public search.
type Hit struct {
	SubjectRef
	RegionName string   `json:"regionName"`
	Former     string   `json:"former,omitempty"` // the earlier name that matched
	How        string   `json:"how"`              // exact, code, prefix, contains, words, initials, fuzzy
	Marks      [][2]int `json:"marks,omitempty"`  // rune ranges of the name that matched
	Records    int      `json:"records"`
}

// SearchPage is a page of search answers.
type SearchPage struct {
	Hits  []Hit  `json:"items"`
	Next  string `json:"next,omitempty"`
	Total int    `json:"total"`
	Exact bool   `json:"exact"` // Total is exact, not a lower bound
	Note  string `json:"note,omitempty"`
}

// Stats are the public figures, computed over what the gate lets through at AsOf.
type Stats struct {
	AsOf      time.Time     `json:"asOf"`
	Subjects  int           `json:"subjects"` // without persons
	Records   int           `json:"records"`
	ByItem    []ItemCount   `json:"byItem"`
	ByRegion  []RegionCount `json:"byRegion"`
	Trend     []MonthCount  `json:"trend"` // last 24 months by decision date, licences and penalties
	ByKind    []Facet       `json:"byKind"`
	Penalties []Facet       `json:"penalties"` // shares of penalty kinds
	Licences  []Facet       `json:"licences"`  // shares of licence categories
	Agencies  []Facet       `json:"agencies"`  // top sources
}

// RegionCount is a row of the district map's table.
type RegionCount struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	Subjects  int    `json:"subjects"`
	Licences  int    `json:"licences"`
	Penalties int    `json:"penalties"`
	Others    int    `json:"others"`
}

// MonthCount is one point of the trend; Month is 2026-03.
type MonthCount struct {
	Month     string `json:"month"`
	Licences  int    `json:"licences"`
	Penalties int    `json:"penalties"`
}
