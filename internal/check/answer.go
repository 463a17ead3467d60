package check

import (
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
)

// Outcome says whether anything was found that speaks for or against the subject.
type Outcome string

// The outcomes.
const (
	None Outcome = "none"
	Hit  Outcome = "hit"
)

// Polarity says whether a finding speaks against the subject, for it, or only about it.
type Polarity string

// The polarities.
const (
	Adverse   Polarity = "adverse"
	Incentive Polarity = "incentive"
	Neutral   Polarity = "neutral"
)

// Word gives the polarity in Chinese.
func (p Polarity) Word() string {
	switch p {
	case Adverse:
		return "失信"
	case Incentive:
		return "守信"
	default:
		return "其他"
	}
}

// Answer is what a check answers. Its JSON is kept as it is and given again byte for byte.
type Answer struct {
	Receipt  string    `json:"receipt" doc:"回执编号，也是查询日志中这一笔的编号；凭它可以原样再取"`
	Result   string    `json:"result" doc:"一句话的结果"`
	Outcome  Outcome   `json:"outcome" enum:"none,hit" doc:"none 未命中，hit 命中"`
	Subject  Party     `json:"subject" doc:"主体；自然人的姓名已遮盖"`
	Matter   string    `json:"matter" doc:"应用事项的代码"`
	Basis    string    `json:"basis" doc:"查询依据：法律和条款"`
	Hits     []Finding `json:"hits" doc:"失信和守信记录，按决定日期从新到旧"`
	Others   []Finding `json:"others" doc:"应用事项列出的其他信息，如登记、许可、适用简易程序的处罚，不算命中"`
	Lists    []Listed  `json:"lists" doc:"所在的名单"`
	Measures []Measure `json:"measures" doc:"本事项可以采取的措施；是否采取由办理人员依法决定并说明理由"`
	More     bool      `json:"more,omitempty" doc:"记录太多，没有全部列出"`
	AsOf     time.Time `json:"asOf" doc:"回答的是哪一时刻已知的内容"`
}

// Party is the subject of a check.
type Party struct {
	Code   string              `json:"code" doc:"统一社会信用代码；自然人没有"`
	Name   string              `json:"name" doc:"名称；自然人的姓名已遮盖"`
	Kind   catalog.SubjectKind `json:"kind" doc:"主体种类"`
	Region string              `json:"region" doc:"行政区划代码"`
	Status string              `json:"status" doc:"状态"`
}

// Origin is the unit that a record came from.
type Origin struct {
	Code string `json:"code" doc:"统一社会信用代码"`
	Name string `json:"name" doc:"名称"`
}

// Finding is one record that the matter opens to whoever asked.
type Finding struct {
	Record      string           `json:"record" doc:"记录编号"`
	Item        catalog.ItemCode `json:"item" doc:"信息事项代码"`
	ItemName    string           `json:"itemName" doc:"信息事项名称"`
	Title       string           `json:"title" doc:"标题"`
	Polarity    Polarity         `json:"polarity" enum:"adverse,incentive,neutral" doc:"adverse 失信，incentive 守信，neutral 其他"`
	List        string           `json:"list,omitempty" doc:"这条记录是哪个名单的条目（名单代码）"`
	DocNo       string           `json:"docNo,omitempty" doc:"文号"`
	Categories  []string         `json:"categories,omitempty" doc:"类别"`
	Severity    string           `json:"severity,omitempty" doc:"失信程度：minor 轻微，ordinary 一般，serious 严重"`
	Authority   string           `json:"authority,omitempty" doc:"认定单位"`
	Source      Origin           `json:"source" doc:"来源单位"`
	DecidedOn   clock.Date       `json:"decidedOn" doc:"决定日期"`
	PublicUntil clock.Date       `json:"publicUntil,omitzero" doc:"不再公示的第一天；没有截止的不写"`
	Basis       string           `json:"basis" doc:"收集和使用这类信息的依据"`
	Fields      []Field          `json:"fields" doc:"这次可以看到的内容；按目录规定已遮盖"`
	Disputed    bool             `json:"disputed,omitempty" doc:"异议中：已受理对它的异议，还没有处理完"`
	Version     int              `json:"version" doc:"版本"`
	RecordedAt  time.Time        `json:"recordedAt" doc:"入库时间"`
}

// Field is one field of a record as the asker may see it.
type Field struct {
	Code   string `json:"code" doc:"字段代码"`
	Name   string `json:"name" doc:"字段名称"`
	Value  string `json:"value" doc:"给人看的写法"`
	Masked bool   `json:"masked,omitempty" doc:"已遮盖"`
}

// Listed is a list on which the subject stands: by an entry made here, or by a record of the unit that keeps the list.
type Listed struct {
	List      string     `json:"list" doc:"名单代码"`
	Name      string     `json:"name" doc:"名单名称"`
	Polarity  Polarity   `json:"polarity" enum:"adverse,incentive" doc:"adverse 惩戒，incentive 激励"`
	DecidedOn clock.Date `json:"decidedOn" doc:"列入日期"`
	Until     clock.Date `json:"until,omitzero" doc:"不再在名单上的第一天；没有期限的不写"`
	Unit      string     `json:"unit" doc:"认定单位"`
	Basis     string     `json:"basis" doc:"设列依据"`
	Entry     string     `json:"entry,omitempty" doc:"名单条目编号"`
	Record    string     `json:"record,omitempty" doc:"作为依据的记录"`
	Disputed  bool       `json:"disputed,omitempty" doc:"异议中：列入有人提出异议，还没有处理完"`
}

// shown gives the list's name with what has to stand beside it.
func (l *Listed) shown() string {
	if l.Disputed {
		return l.Name + "（异议中）"
	}
	return l.Name
}

// Measure is what the matter's lists and the base list allow; nothing applies it by itself.
type Measure struct {
	Code     string   `json:"code" doc:"措施代码"`
	Kind     string   `json:"kind" doc:"措施种类"`
	Content  string   `json:"content" doc:"措施内容"`
	Basis    string   `json:"basis" doc:"法律依据"`
	Body     string   `json:"body" doc:"实施主体"`
	List     string   `json:"list" doc:"因为哪个名单"`
	Polarity Polarity `json:"polarity" enum:"adverse,incentive" doc:"adverse 惩戒，incentive 激励"`
}
