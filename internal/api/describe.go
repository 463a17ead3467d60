package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const aboutWords = `公共信用信息平台的开放接口。公开查询不需要身份；其余的用接口密钥（Authorization: Bearer 密钥），登录网站后申领。密钥写明能做哪些操作、到期时间和允许的地址。

- 列表的回答是 {"items": […], "next": "…"}，最后一页没有 next；翻页时把 next 原样写进 cursor。
- 出错的回答都是 application/problem+json（RFC 9457）：code 供程序判断，detail 说明发生了什么，fix 说明怎样处理，instance 是请求编号。参数有误一律回答 400，不使用 422。
- 日期写成 2026-03-02（中国日期），时刻写成 RFC 3339；publicUntil 是不再公示的第一天。编号都是文字，有的超过 JavaScript 能准确表示的整数。
- 不认识的查询参数和正文字段会被拒绝，避免写错的条件被悄悄忽略。
- 请求过于频繁时回答 429，Retry-After 给出应等待的秒数。
- 公开日志停滞、公示因此暂停期间，每个回答（包括出错的）都带响应头 Gongxin-Paused-Since，写明自何时起：此后变更的记录暂不出现在公开的回答里。
- 注明“不收接口密钥”的，只能由登录的账号在本站页面里调用（Sec-Fetch-Site: same-origin），其他网站不能借用登录。`

const purposeWords = `不写 matter、consent 的，回答公开的内容，不问是谁。

写了 matter（本单位的应用事项）或者 consent 和 purpose（主体的授权书和用途）的，要用接口密钥，回答按事项或授权能看到的内容，disclosure 说明依据和查询日志的编号。每次调用都是一次查询，逐次记录，主体本人看得到；按授权查询的每次用掉一次，翻页也算。要素不齐的回答 403，missing 是缺的要素；被拒的查询也有记录。`

const disclosureWords = `按应用事项（matter）或者主体的授权（consent 和 purpose）查一个主体。单位按统一社会信用代码，自然人按完整的证件类型和号码；不能按姓名查，也不能一次查几个人。

查询条件写在正文里，不进地址和访问日志。每次调用都是一次查询，先记入查询日志再回答，receipt 是日志的编号；因此没有 Idempotency-Key，重发就是再查一次。被拒的回答 403（没有这个主体为 404，次数到上限为 429），missing 是缺的要素；被拒的查询也有记录。`

const missingWords = `凭应用事项或主体的授权看公开以外的内容。被拒时 missing 是缺的要素：
sign_in 没有身份；role 没有权限；factor 没有第二因素；purpose 没有写明事项或授权；subject 没有这个主体；record 没有这条记录；item 目录没有这个事项；rate 次数到上限；
matter 没有这个应用事项；matter_agency 不是本单位的；matter_lapsed 不在有效期；matter_basis 依据未生效、已失效或不一致；matter_item 没有列出这个信息事项；matter_kind 不包括这类主体；
consent 没有这份授权书；consent_grantee 不是授权给本单位的；consent_purpose 用途不一致；consent_revoked 已撤销；consent_early 未生效；consent_expired 已到期；consent_used 次数用完；consent_item 没有列出这个信息事项；disabled 没有开通。`

const consentWords = `账号要认领了主体（企业代理人）或者验证了身份（居民）。授权书写明给谁、哪些事项、什么用途、多久、几次，由平台签名，可以随时撤销。`

const receiptFileWords = `整个回答存成文件就是回执，不联网也能用平台公钥核验：signature 签住 document 的全部内容。`

const accessWords = `写明哪个单位、凭什么事项或授权、看了哪些记录；被拒的也在。依法推迟显示的，到期后出现在原来的位置，并写明依据。`

const auditWords = `审计员只看到本辖区各单位的查询，全市的审计员看到全部，包括还没有向主体显示的。查阅日志本身也记录在操作日志里。`

const queueWords = `match 归到 subject 名下并入库，refuse 退回。报送这一批的人不能自己认定；自然人的信息不能归到任何单位。`

const selfWords = `不带密钥的回答 anonymous；密钥无效的回答 401，可以用来检查密钥。密钥只能在网站的页面上申领、更换和停用。`

const sessionWords = `不收接口密钥：由登录的账号在本站页面里调用。`

// keyScheme names API keys in the document.
const keyScheme = "key"

// describeGuard says of a call whether it needs a key, may have one, or takes none.
func describeGuard(op *huma.Operation, g guard) {
	key := map[string][]string{keyScheme: {}}
	switch {
	case g.kind == forPurpose && g.action.Public():
		op.Security = []map[string][]string{{}, key}
	case g.action.Public():
	case g.action.ByKey():
		op.Security = []map[string][]string{key}
	default:
		op.Description = strings.TrimPrefix(op.Description+"\n\n"+sessionWords, "\n\n")
	}
}

// examples are bodies that can be sent as they are, by operation.
var examples = map[string]any{
	"disclose": map[string]any{"subject": "91990102MA0A00014H", "matter": "SPJY-XK", "items": []string{"XZCF"}},
	"grant-consent": map[string]any{
		"grantee": "91990102MA0A00014H", "items": []string{"XYPJ", "XZJF"}, "purpose": "credit", "until": "2026-12-31", "uses": 2,
	},
	"check":              map[string]any{"subject": "91990102MA0A00014H", "matter": "SPJY-XK"},
	"check-feedback":     map[string]any{"result": "noted"},
	"revoke-consent":     map[string]any{"why": "贷款已还清"},
	"handle-alert":       map[string]any{"reason": "核对了窗口登记，确为集中办理，未见异常"},
	"decide-queue-entry": map[string]any{"decision": "match", "subject": "91990102MA0A00014H", "note": "核对营业执照副本，代码有误"},
	"undo-queue-entry":   map[string]any{"note": "原匹配有误"},
}

// describeRequests gives bodies their examples, and the names of the schemas that bodies are made of: what is sent keeps to them strictly.
func describeRequests(doc *huma.OpenAPI) map[string]bool {
	names := map[string]bool{}
	var walk func(s *huma.Schema)
	walk = func(s *huma.Schema) {
		if s == nil {
			return
		}
		if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok && !names[name] {
			names[name] = true
			walk(doc.Components.Schemas.Map()[name])
		}
		walk(s.Items)
		for _, p := range s.Properties {
			walk(p)
		}
	}
	for _, item := range doc.Paths {
		if item.Post == nil || item.Post.RequestBody == nil {
			continue
		}
		media := item.Post.RequestBody.Content["application/json"]
		if media == nil {
			continue
		}
		walk(media.Schema)
		if example, ok := examples[item.Post.OperationID]; ok {
			media.Example = example
		}
	}
	return names
}
