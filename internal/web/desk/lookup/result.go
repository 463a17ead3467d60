package lookup

import (
	"errors"
	"net/http"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// result is what came of a question.
type result struct {
	answer  *publish.Answer
	refusal *fault.Error
}

// refusedPrefix begins the codes of refusals that Disclose has put into the access log.
const refusedPrefix = "disclosure."

// take keeps the answer or the refusal; what is neither goes to the error page.
func (v *result) take(answer *publish.Answer, err error) (int, error) {
	if err == nil {
		v.answer = answer
		return http.StatusOK, nil
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		return 0, err
	}
	v.refusal = f
	return web.Status(err), nil
}

// said is the answer in one sentence; "" before anything was asked.
func (v *result) said() string {
	switch {
	case v.refusal != nil:
		return "没有作答：" + v.refusal.Message
	case v.answer == nil:
		return ""
	case len(v.answer.Records) == 0:
		return "未命中：本次可查的范围内没有记录"
	case v.answer.Next != "":
		return "命中 " + ui.Num(len(v.answer.Records)) + " 项以上"
	default:
		return "命中 " + ui.Num(len(v.answer.Records)) + " 项"
	}
}

// parts count the hits by item, in the order of their first.
func (v *result) parts() string {
	var names []string
	counts := map[string]int{}
	for i := range v.answer.Records {
		name := v.answer.Records[i].ItemName
		if counts[name]++; counts[name] == 1 {
			names = append(names, name)
		}
	}
	for i, name := range names {
		names[i] = name + " " + ui.Num(counts[name]) + " 项"
	}
	return strings.Join(names, "，")
}

// missing names the element for lack of which the question was refused.
func (v *result) missing() string {
	code, logged := strings.CutPrefix(v.refusal.Code, refusedPrefix)
	if !logged {
		return ""
	}
	return missingWords[publish.Missing(code)]
}

// logged says that the refusal stands in the access log.
func (v *result) logged() bool {
	return strings.HasPrefix(v.refusal.Code, refusedPrefix) && v.refusal.Code != publish.MissingDisabled.Err().Code
}

// missingWords name the elements as an officer knows them.
var missingWords = map[publish.Missing]string{
	publish.MissingSignIn: "登录", publish.MissingRole: "查询的角色", publish.MissingFactor: "第二步验证", publish.MissingPurpose: "应用事项，或者主体的授权", publish.MissingSubject: "能对应上的主体",
	publish.MissingRecord: "这条记录", publish.MissingItem: "目录中的事项", publish.MissingRate: "本小时的查询次数", publish.MissingMatter: "应用事项", publish.MissingAgency: "本单位的应用事项",
	publish.MissingLapsed: "在有效期内的应用事项", publish.MissingBasis: "今天有效的法律依据", publish.MissingCovered: "应用事项列出的信息事项", publish.MissingKind: "应用事项包括的主体种类",
	publish.MissingConsent: "该主体的授权书", publish.MissingGrantee: "给本单位的授权", publish.MissingAim: "与授权书一致的用途", publish.MissingRevoked: "未撤销的授权",
	publish.MissingEarly: "已经生效的授权", publish.MissingExpired: "有效期内的授权", publish.MissingUses: "授权的剩余次数", publish.MissingGiven: "授权书列出的信息事项",
}

func classWord(c catalog.Class) (string, ui.Tone) {
	switch c {
	case catalog.Public:
		return "甲类 社会公开", ui.Plain
	case catalog.Authorised:
		return "乙类 授权查询", ui.Warn
	case catalog.Shared:
		return "丙类 部门共享", ui.Accent
	default:
		return string(c), ui.Plain
	}
}

var kindWords = map[string]string{
	string(catalog.LegalEntity): "法人", string(catalog.OtherOrg): "非法人组织", string(catalog.IndividualBusiness): "个体工商户", string(catalog.Person): "自然人",
}

var severityWords = map[string]string{"minor": "轻微失信", "ordinary": "一般失信", "serious": "严重失信"}

// whoFacts say whom the answer is about, on what it stands and where it is on file.
func (v *result) whoFacts() []ui.Fact {
	a := v.answer
	facts := []ui.Fact{{Label: "主体", Value: a.Subject.Name, Note: desk.Word(kindWords, string(a.Subject.Kind))}}
	if a.Subject.Code != "" {
		facts = append(facts, ui.Fact{Label: "统一社会信用代码", Value: a.Subject.Code, Code: true})
	}
	return append(facts,
		ui.Fact{Label: "查询依据", Value: a.Basis, Wide: true}, ui.Fact{Label: "查询时间", Value: desk.Exact(a.AsOf)},
		ui.Fact{Label: "查询回执编号", Value: desk.Dec(a.Entry), Code: true})
}

// recordFacts are what an officer reads first of a record.
func recordFacts(rec *publish.RecordView) []ui.Fact {
	facts := []ui.Fact{{Label: "决定日期", Value: desk.Dash(rec.DecidedOn.String())}, {Label: "认定单位", Value: desk.Dash(rec.Authority)}, {Label: "来源", Value: desk.Dash(rec.Source.Name)}}
	if rec.DocNo != "" {
		facts = append(facts, ui.Fact{Label: "文号", Value: rec.DocNo})
	}
	facts = append(facts, ui.Fact{Label: "入库时间", Value: desk.Moment(rec.RecordedAt)})
	if rec.Class == catalog.Public && rec.Subject.Kind != catalog.Person && !rec.PublicUntil.IsZero() {
		facts = append(facts, ui.Fact{Label: "公示至", Value: rec.PublicUntil.AddDays(-1).String()})
	}
	return facts
}

func fieldFacts(rec *publish.RecordView) []ui.Fact {
	facts := make([]ui.Fact, 0, len(rec.Fields))
	for i := range rec.Fields {
		f := ui.Fact{Label: rec.Fields[i].Name, Value: desk.Dash(rec.Fields[i].Shown)}
		if rec.Fields[i].Masked {
			f.Note = "（已遮盖）"
		}
		facts = append(facts, f)
	}
	return facts
}
