package account

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/identity"
	"gongxin/internal/web"
)

// notice says above a form what did not work and what to do.
type notice struct{ title, text, fix string }

// explain turns an error into what its reader may know, with the status of the page; an error of ours is given back. A wait is said in time that
// people count in, and to programs as Retry-After.
func (p *Pages) explain(w http.ResponseWriter, title string, err error) (*notice, int, error) {
	f, ok := known(err)
	if !ok {
		return nil, 0, err
	}
	n := &notice{title: title, text: sentence(f.Message), fix: sentence(f.Fix)}
	var wait *identity.Throttled
	if errors.As(err, &wait) {
		n.text = "尝试次数过多，请等" + waitWords(wait.Wait) + "再试（" + clockWords(p.Clock.Now().Add(wait.Wait)) + " 以后）。"
		w.Header().Set("Retry-After", strconv.FormatInt(seconds(wait.Wait), 10))
		return n, http.StatusTooManyRequests, nil
	}
	return n, web.Status(err), nil
}

// sentence joins parts, each with its full stop.
func sentence(parts ...string) string {
	var b strings.Builder
	for _, s := range parts {
		if s == "" {
			continue
		}
		b.WriteString(s)
		if !strings.HasSuffix(s, "。") {
			b.WriteString("。")
		}
	}
	return b.String()
}

func seconds(d time.Duration) int64 { return max(1, int64((d+time.Second-1)/time.Second)) }

// waitWords says a wait, rounded up: 45 秒, 3 分钟, 1 小时.
func waitWords(d time.Duration) string {
	switch s := seconds(d); {
	case s <= 90:
		return " " + strconv.FormatInt(s, 10) + " 秒"
	case s <= 90*60:
		return " " + strconv.FormatInt((s+59)/60, 10) + " 分钟"
	default:
		return " " + strconv.FormatInt((s+3599)/3600, 10) + " 小时"
	}
}

// clockWords gives a time of day, rounded up to the second.
func clockWords(t time.Time) string {
	return t.Add(time.Second - 1).In(clock.Zone).Format("15:04:05")
}

// moment writes an instant.
func moment(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(clock.Zone).Format("2006-01-02 15:04")
}

var kindWords = map[identity.AccountKind]string{
	identity.StaffAccount: "工作人员", identity.InstitutionAccount: "机构", identity.BusinessAccount: "企业代理人", identity.ResidentAccount: "居民",
}

// methodWords says how a session was opened.
func (p *Pages) methodWords(method string) string {
	name, unified := strings.CutPrefix(method, "oidc:")
	switch {
	case unified:
		return p.providerLabel(name)
	case method == "passkey":
		return "通行密钥"
	case method == "password":
		return "口令"
	}
	return "其他方式"
}

// grantWords says a role with its bounds.
func (p *Pages) grantWords(ctx context.Context, g authz.Grant) string {
	var bounds []string
	if g.Agency != 0 {
		if name := p.Agency(ctx, g.Agency); name != "" {
			bounds = append(bounds, name)
		}
	}
	switch {
	case g.Region != "":
		bounds = append(bounds, p.Region(g.Region))
	case g.Agency == 0 && g.Subject == 0:
		bounds = append(bounds, "全市")
	}
	if len(bounds) == 0 {
		return g.Role.Name()
	}
	return g.Role.Name() + "（" + strings.Join(bounds, "，") + "）"
}

// spaced parts a long code into groups of four, to be read and typed.
func spaced(code string) string {
	var b strings.Builder
	for i, r := range code {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func networkWords(list []netip.Prefix) string {
	if len(list) == 0 {
		return "不限"
	}
	parts := make([]string, len(list))
	for i, n := range list {
		parts[i] = n.String()
		if n.IsSingleIP() {
			parts[i] = n.Addr().String()
		}
	}
	return strings.Join(parts, "、")
}

// doneWords are what a page says after a form that led to it.
var doneWords = map[string]string{
	"password":        "口令已经更换，您在其他地方的登录都已结束",
	"tied":            "统一身份已经关联，以后可以用它登录",
	"ended":           "那一处登录已经结束",
	"others":          "其他登录都已结束",
	"totp":            "动态口令已经启用，您在其他地方的登录都已结束",
	"totp-removed":    "动态口令已经停用",
	"passkey":         "通行密钥已经登记，您在其他地方的登录都已结束",
	"passkey-renamed": "通行密钥已经改名",
	"passkey-removed": "通行密钥已经删除",
	"untied":          "统一身份的关联已经解除，您在其他地方的登录都已结束",
	"closed":          "账号已经注销，登录已结束。认领时交的材料在一小时内删除",
	"key-revoked":     "接口密钥已经停用，立即生效",
}

func doneOf(r *http.Request) string { return doneWords[r.URL.Query().Get("done")] }

// number reads the number in an address.
func number(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, identity.ErrMissing
	}
	return n, nil
}
