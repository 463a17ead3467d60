package me

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/consent"
	"gongxin/internal/fault"
	"gongxin/internal/identity"
	"gongxin/internal/publish"
	"gongxin/internal/web/ui"
)

// The words of the codes that stores keep; an unknown code is shown as it is, so that nothing disappears.

func word[K ~string](table map[K]string, code K) string {
	if w, ok := table[code]; ok {
		return w
	}
	return string(code)
}

var kindWords = map[catalog.SubjectKind]string{
	catalog.LegalEntity: "法人", catalog.OtherOrg: "非法人组织", catalog.IndividualBusiness: "个体工商户", catalog.Person: "自然人",
}

var statusWords = map[string]string{
	"active": "存续", "cancelled": "已注销", "revoked": "已吊销", "moved": "已迁出", "provisional": "登记信息待补", "unknown": "登记信息待补",
}

var classWords = map[catalog.Class]string{catalog.Public: "社会公开", catalog.Authorised: "授权查询", catalog.Shared: "部门共享"}

func classTone(c catalog.Class) ui.Tone {
	switch c {
	case catalog.Public:
		return ui.Accent
	case catalog.Authorised:
		return ui.Warn
	default:
		return ui.Plain
	}
}

var severityWords = map[string]string{"minor": "轻微失信", "ordinary": "一般失信", "serious": "严重失信"}

var recordWords = map[string]string{"active": "有效", "withdrawn": "已撤回", "repaired": "已修复", "annulled": "已撤下", "ended": "已期满", "shielded": "重整期间屏蔽", "destroyed": "已销毁"}

var actionWords = map[string]string{
	"filed": "报送入库", "corrected": "更正", "updated": "更正", "withdrawn": "撤回", "restored": "恢复", "repaired": "信用修复", "ended": "期满停止公示和使用",
	"annulled": "撤下", "shielded": "重整期间屏蔽", "destroyed": "内容依规定销毁",
}

var claimWords = map[identity.ClaimState]string{
	identity.ClaimPending: "审核中", identity.ClaimApproved: "已通过", identity.ClaimRejected: "未通过", identity.ClaimEnded: "已结束",
}

func claimTone(s identity.ClaimState) ui.Tone {
	switch s {
	case identity.ClaimPending:
		return ui.Accent
	case identity.ClaimApproved:
		return ui.Good
	case identity.ClaimRejected:
		return ui.Bad
	default:
		return ui.Plain
	}
}

func methodWord(m string) string {
	switch {
	case m == methodDemo:
		return "演示验证码"
	case m == methodLicence:
		return "证照审核"
	case strings.HasPrefix(m, "oidc:"):
		return "统一身份认证"
	default:
		return m
	}
}

var consentWords = map[string]string{
	consent.Live: "有效", consent.Early: "未到生效时间", consent.Expired: "已过期", consent.UsedUp: "次数已用完", consent.Revoked: "已撤销",
}

func consentTone(state string) ui.Tone {
	switch state {
	case consent.Live:
		return ui.Good
	case consent.Early:
		return ui.Accent
	default:
		return ui.Plain
	}
}

// lookWord names a kind of look-up; a refused look at what is somebody else's is kept by its action.
func lookWord(what string) string {
	if a := authz.Action(what); lookWords[what] == "" && a.Known() {
		return a.Label()
	}
	return word(lookWords, what)
}

var lookWords = map[string]string{
	audit.Own: "查看本人档案", "subject": "查询全部有关记录", "record": "查询一条记录", "consented": "凭授权查询", "check": "按应用事项核查", "check_again": "再看核查结果", "claim": "审核认领时查看材料", "queue": "核对报送的记录归到哪个主体", "report": "信用报告", "objection": "办理您的异议", "listing": "查看名单条目", "order": "查看联合奖惩指令", "task": "查看联合奖惩任务", "correction": "查看更正告知", consent.LookKind: "审计时查看您的授权书", "repair": "办理信用修复", "declaration": "审查您的自主申报",
}

func purposeName(list []consent.Purpose, code string) string {
	for _, p := range list {
		if p.Code == code {
			return p.Name
		}
	}
	return code
}

// visibleTo says in a sentence who can see a record today beside its subject. listed says that the publicity rules show it at all, which its dates do not tell:
// penalties of the simple procedure have a window too.
func visibleTo(v *publish.RecordView, kind catalog.SubjectKind, today clock.Date, listed bool) string {
	switch {
	case v.Status != "active":
		return "这条记录已经不再使用，只有您自己能看到"
	case v.Class == catalog.Shared:
		return "只在有办理事项和法律依据的部门之间共享，不公开，也不能授权给别人"
	case v.Class == catalog.Authorised:
		return "不公开；经您授权的单位、有办理事项和法律依据的部门可以查询"
	case kind == catalog.Person:
		return "自然人的信息不向社会公开；经您授权的单位、有办理事项和法律依据的部门可以查询"
	case v.PublicFrom.IsZero():
		return "按公示规则不向社会公示"
	case today < v.PublicFrom:
		return "自 " + v.PublicFrom.String() + " 起向社会公示"
	case !listed && (v.PublicUntil.IsZero() || today < v.PublicUntil):
		return "按公示规则不向社会公示"
	case v.PublicUntil.IsZero():
		return "向社会公示，没有截止日期"
	case today >= v.PublicUntil:
		return "公示期已满，自 " + v.PublicUntil.String() + " 起不再公示"
	default:
		return "向社会公示，到 " + lastDay(v.PublicUntil) + "为止"
	}
}

// lastDay writes the last day on which something is shown, when until is the first day on which it is not; "" = it has no end.
func lastDay(until clock.Date) string {
	if until.IsZero() {
		return ""
	}
	return until.AddDays(-1).String() + "（含当日）"
}

// moment writes an instant in China's time to the minute.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(clock.Zone).Format("2006-01-02 15:04")
}

// sentence is a fault in the words that stand beside a field, with what to do.
func sentence(err error) string {
	var known *fault.Error
	if !errors.As(err, &known) || known.Kind == fault.Internal {
		return ""
	}
	words := strings.TrimRight(known.Message, "。") + "。"
	if known.Fix != "" {
		words += strings.TrimRight(known.Fix, "。") + "。"
	}
	return words
}

func byteSize(n int64) string {
	if n >= 1<<20 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/(1<<20)), ".0") + " MB"
	}
	return fmt.Sprintf("%d KB", max(1, n>>10))
}

// longValue says whether a value needs the whole width of a list of facts.
func longValue(s string) bool {
	n := 0
	for range s {
		if n++; n > 24 {
			return true
		}
	}
	return false
}

func dash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}
