package notices

import (
	"net/http"
	"strconv"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/fault"
	"gongxin/internal/notice"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

// UndeliveredPath is the operators' page of what could not be delivered. It shows neither addresses nor texts.
const UndeliveredPath = "/desk/notices"

// undeliveredShown is how many are on a page.
const undeliveredShown = 50

func (p *Pages) undeliveredRoutes(rt *web.Router) {
	operate, s := web.Anywhere(authz.NoticeOperate), p.Site
	rt.Handle("GET "+UndeliveredPath, operate, s.Handle(p.undelivered))
	rt.Handle("POST "+UndeliveredPath+"/retry", operate, s.Handle(p.retry))
}

type undeliveredView struct {
	list    []notice.Delivery
	waiting int
	dead    int
	pager   ui.PagerSpec
	later   bool
	done    string
	refused *fault.Error
}

func (p *Pages) undelivered(w http.ResponseWriter, r *http.Request) error {
	v := &undeliveredView{}
	if n, err := strconv.Atoi(r.URL.Query().Get("retried")); err == nil && n > 0 {
		v.done = "已重新排队 " + strconv.Itoa(n) + " 条，几秒后发送"
	}
	return p.showUndelivered(w, r, http.StatusOK, v)
}

func (p *Pages) showUndelivered(w http.ResponseWriter, r *http.Request, status int, v *undeliveredView) (err error) {
	ctx := r.Context()
	after, _ := desk.Number(r.URL.Query().Get("after"))
	v.later = after > 0
	if v.waiting, v.dead, err = p.Notices.Backlog(ctx); err != nil {
		return err
	}
	list, err := p.Notices.DeadLetters(ctx, after, undeliveredShown+1)
	if err != nil {
		return err
	}
	if v.list = list; len(list) > undeliveredShown {
		v.list = list[:undeliveredShown]
		v.pager.Next = desk.Query(UndeliveredPath, "after", desk.Dec(v.list[undeliveredShown-1].ID))
	}
	if v.later {
		v.pager.First = UndeliveredPath
	}
	return desk.Show(p.Site, w, r, status, desk.Page(p.Site, r, "未送达的通知", ui.Link{Label: "未送达的通知"}), undeliveredPage(v))
}

// retry puts one delivery into the queue again, or those of the page.
func (p *Pages) retry(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	n := 0
	for _, text := range form["id"] {
		id, ok := desk.Number(text)
		if !ok {
			return desk.ErrForm
		}
		err := p.Notices.Retry(r.Context(), id)
		if f, ok := desk.Refusal(err); ok { // retried meanwhile, or the channel is gone
			if len(form["id"]) == 1 {
				return p.showUndelivered(w, r, web.Status(err), &undeliveredView{refused: f})
			}
			continue
		}
		if err != nil {
			return err
		}
		n++
	}
	return desk.See(w, r, desk.Query(UndeliveredPath, "retried", strconv.Itoa(n)))
}

// topicWords name what a notice is about; the rest of a topic belongs to its feature.
var topicWords = map[string]string{
	"flow": "办理期限", "measure": "联合奖惩", "check": "信用核查", "objection": "异议", "repair": "信用修复", "correction": "更正通知", "listing": "名单", "lifecycle": "公示期", "channel": "地址验证码", "declaration": "自主申报",
}

func topicWord(topic string) string {
	feature, _, _ := strings.Cut(topic, ".")
	return desk.Word(topicWords, feature)
}

var whomWords = map[string]string{notice.Subject: "主体", notice.Agency: "单位", notice.Account: "账号", "channel": "通知地址"}

// failureWords say why something was not delivered, and what an operator can do.
var failureWords = map[string][2]string{
	"sealed":        {"地址解不开", "密钥环里缺少当时的密钥，请从备份恢复密钥"},
	"channel_off":   {"这种通知方式已经关闭", "请检查配置 [notice]"},
	"mail_connect":  {"连不上邮件服务器", "请检查 notice.mail.server 和网络"},
	"mail_no_tls":   {"邮件服务器不支持加密", "请改用支持 STARTTLS 或 TLS 的端口"},
	"mail_tls":      {"邮件服务器的证书不可信", "请检查证书和服务器名称"},
	"mail_auth":     {"邮件服务器不接受用户名和口令", "请检查 notice.mail.user 和口令文件"},
	"mail_from":     {"发件人地址无效", "请检查 notice.mail.from"},
	"mail_greeting": {"邮件服务器没有应答，或者答的不是邮件协议", "请检查 notice.mail.server 的端口和加密方式"},
	"mail_to":       {"邮件服务器中途断开", "请检查邮件服务器和网络"},
	"mail_data":     {"邮件服务器中途断开", "请检查邮件服务器和网络"},
	"hook_items":    {"消息的内容暂时取不出来", "请查看服务日志"},
	"hook_url":      {"接收系统的地址无效", "请让接收单位重新登记地址"},
	"hook_body":     {"消息无法写出", "请联系维护者"},
	"not_theirs":    {"收信人已经不再代表这个主体或者单位", "不用处理；通知仍在网站里显示"},
	"hook_inner":    {"接收系统在没有登记的内部网络", "确属政务内网的，请在 notice.networks 写明网段"},
	"hook_connect":  {"连不上接收系统", "请让接收单位检查系统是否在运行"},
}

// failureWord says why, and what to do. Codes with a number carry the answer of the other side.
func failureWord(code string) (why, fix string) {
	if w, ok := failureWords[code]; ok {
		return w[0], w[1]
	}
	switch kind, answer, ok := cutLast(code); {
	case ok && (kind == "mail_from" || kind == "mail_greeting" || kind == "mail_to" && answer < "550"):
		return "邮件服务器回答 " + answer + "，不替本站发信", "请检查 notice.mail 的服务器、用户名和发件人地址"
	case ok && kind == "hook":
		return "接收系统回答 " + answer, "请让接收单位检查接收系统"
	case ok && strings.HasPrefix(kind, "mail"):
		return "邮件服务器回答 " + answer, "地址不存在或者被拒收的，请本人改用其他地址"
	case code == "":
		return "原因不明", "请查看服务日志"
	}
	return code, "请查看服务日志"
}

func cutLast(code string) (kind, answer string, ok bool) {
	i := strings.LastIndexByte(code, '_')
	if i < 0 {
		return code, "", false
	}
	if _, err := strconv.Atoi(code[i+1:]); err != nil {
		return code, "", false
	}
	return code[:i], code[i+1:], true
}
