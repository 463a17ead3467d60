package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/publish"
	"gongxin/internal/report"
)

// Problem is the answer to everything that went wrong (RFC 9457).
type Problem struct {
	Type     string          `json:"type" doc:"总是 about:blank；类别看 code" example:"about:blank"`
	Title    string          `json:"title" doc:"状态的含义" example:"请求有误"`
	Status   int             `json:"status" doc:"HTTP 状态码" example:"400"`
	Detail   string          `json:"detail" doc:"发生了什么、依据哪条规则" example:"参数 limit 应为整数"`
	Code     string          `json:"code" doc:"机器可读的代码，不随措辞变化" example:"api.parameter"`
	Fix      string          `json:"fix,omitempty" doc:"怎样处理" example:"请按接口说明修改参数后重试"`
	Missing  string          `json:"missing,omitempty" doc:"查询非公开内容被拒时缺的要素，供程序判断，如 matter_lapsed、consent_revoked；取值见“按事项和授权查询”" example:"consent_revoked"`
	Instance string          `json:"instance" doc:"请求编号，联系本站时请提供" example:"5f2d1c9ab0e34f77"`
	Errors   []ProblemDetail `json:"errors,omitempty" doc:"逐个参数的问题"`

	cause error         // for the log alone
	retry time.Duration // Retry-After; 0 = none
}

// ProblemDetail is what is wrong with one parameter.
type ProblemDetail struct {
	Place   string `json:"place" doc:"参数的位置和名称" example:"query.limit"`
	Message string `json:"message" doc:"应当怎样" example:"应为整数"`
}

// Error gives code and detail, for logs.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus is the status of the answer.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type of problems, whatever was negotiated.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// statusGone is what is noted when the caller has left; nobody reads it.
const statusGone = 499

var titles = map[int]string{
	http.StatusBadRequest:            "请求有误",
	http.StatusUnauthorized:          "请先登录",
	http.StatusForbidden:             "无权访问",
	http.StatusNotFound:              "没有找到",
	http.StatusMethodNotAllowed:      "不支持的操作",
	http.StatusRequestTimeout:        "上传太慢",
	http.StatusConflict:              "当前状态不能这样操作",
	http.StatusRequestEntityTooLarge: "内容太大",
	http.StatusUnsupportedMediaType:  "不支持的内容类型",
	http.StatusTooManyRequests:       "请求太频繁",
	statusGone:                       "请求已取消",
	http.StatusServiceUnavailable:    "暂时无法提供服务",
	http.StatusInternalServerError:   "系统内部错误",
}

// The faults of the edge itself.
var (
	errPath        = fault.New(fault.NotFound, "api.path", "没有这个接口地址", "接口说明见 "+documentPath)
	errMethod      = fault.New(fault.Invalid, "api.method", "这个接口地址不支持该请求方法", "可用的方法见响应头 Allow，接口说明见 "+documentPath)
	errParameter   = fault.New(fault.Invalid, "api.parameter", "参数不符合要求", "请按接口说明（"+documentPath+"）修改参数后重试")
	errText        = fault.New(fault.Invalid, "api.text", "地址中含有不是 UTF-8 的字节或控制字符", "请用 UTF-8 编码，并对地址中的特殊字符作百分号编码")
	errQuery       = fault.New(fault.Invalid, "api.query", "查询参数写法有误", "每个参数写成“名称=值”，用 & 连接，同一个参数只写一次，特殊字符作百分号编码")
	errLarge       = fault.New(fault.TooLarge, "api.too_large", "提交的内容超过大小上限", "请拆分成几个文件分批报送，每个文件都保留表头")
	errSlow        = fault.New(fault.Unavailable, "api.slow", "这次查询用时太长，已经停止", "请稍后再试；筛选范围很大的，请缩小范围")
	errSlowUpload  = fault.New(fault.Invalid, "api.upload_slow", "上传中断：太久没有收到数据", "请检查网络后重新上传；用相同的 Idempotency-Key 重传是安全的")
	errUnsupported = fault.New(fault.Invalid, "api.media_type", "不支持这种内容类型",
		"请用 multipart/form-data、text/csv、application/x-ndjson、application/json 或 application/vnd.openxmlformats-officedocument.spreadsheetml.sheet，并在 Content-Type 中写明；不要压缩正文")
	errBusy = fault.New(fault.Busy, "api.rate", "请求太频繁", "请按 Retry-After 给出的秒数等待后重试")
	errKey  = fault.New(fault.Denied, "api.key", "接口密钥无效、已过期、已停用，或者不能从这个地址使用", "请核对 Authorization: Bearer 后面的密钥；需要更换的，登录网站后重新申领")

	errBody      = fault.New(fault.Invalid, "api.body", "正文不符合要求", "请按接口说明（"+documentPath+"）修改正文后重试")
	errBodyText  = fault.New(fault.Invalid, "api.body_text", "正文的文字里有控制字符", "请去掉换行、制表符等控制字符后重试")
	errBodyLarge = fault.New(fault.TooLarge, "api.body_large", "正文超过这个接口的大小上限（批量核查和批量报告 1 MB，其他 64 KB）", "请缩短或者分几次后重试")
	errJSON      = fault.New(fault.Invalid, "api.json", "这个接口的正文要用 JSON", "请用 UTF-8 编码的 JSON，并写明 Content-Type: application/json")
	errSlowBody  = fault.New(fault.Invalid, "api.body_slow", "太久没有收到正文，已经停止", "请检查网络后重试")
	errBroken    = fault.New(fault.Invalid, "api.body_broken", "正文没有收完就中断了", "请检查网络后重试")

	errInternal = fault.New(fault.Internal, "internal", "系统出了问题，没有完成这次操作", "请稍后再试；如果一直如此，请联系本站并提供请求编号（instance）")
)

// ownStatus are the faults whose status says more than their kind does.
var ownStatus = map[string]int{
	errMethod.Code:      http.StatusMethodNotAllowed,
	errUnsupported.Code: http.StatusUnsupportedMediaType,
	errSlowUpload.Code:  http.StatusRequestTimeout,
	errBusy.Code:        http.StatusTooManyRequests,
	errKey.Code:         http.StatusUnauthorized,

	authz.ErrSignIn.Code: http.StatusUnauthorized,
	errJSON.Code:         http.StatusUnsupportedMediaType,
	errSlowBody.Code:     http.StatusRequestTimeout,

	publish.MissingSignIn.Err().Code: http.StatusUnauthorized,
	publish.MissingRate.Err().Code:   http.StatusTooManyRequests,
	report.ErrPace.Code:              http.StatusTooManyRequests,
}

// statusOf gives the status of a fault. What breaks a rule of the input is 400 throughout; 422 is never used.
func statusOf(f *fault.Error) int {
	if status, ok := ownStatus[f.Code]; ok {
		return status
	}
	switch f.Kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Denied:
		return http.StatusForbidden
	case fault.Busy, fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	default:
		return http.StatusInternalServerError
	}
}

// retryAfter is what callers are asked to wait when a part is busy or not ready.
const retryAfter = 5 * time.Second

// refusedPrefix begins the codes of refused look-ups; what follows is the element that is missing.
const refusedPrefix = "disclosure."

// problemOf turns an error into a problem. The text of an unclassified error stays inside.
func problemOf(ctx context.Context, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	f := classify(ctx, err)
	if f == nil {
		return &Problem{Type: "about:blank", Title: titles[statusGone], Status: statusGone, Detail: titles[statusGone], Code: "api.gone", cause: err}
	}
	status := statusOf(f)
	p = &Problem{Type: "about:blank", Title: titles[status], Status: status, Detail: f.Message, Code: f.Code, Fix: f.Fix, cause: err}
	if missing, ok := strings.CutPrefix(f.Code, refusedPrefix); ok {
		p.Missing = missing
	}
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		p.retry = retryAfter
	}
	if status == http.StatusInternalServerError {
		p.Detail, p.Code, p.Fix = errInternal.Message, errInternal.Code, errInternal.Fix
	}
	return p
}

// classify gives the fault of an error; nil when the caller has left. An error that comes with the end of the context is
// the context's, since database drivers word it as their own.
func classify(ctx context.Context, err error) *fault.Error {
	var known *fault.Error
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &known) && known.Kind != fault.Internal:
		return known
	case errors.As(err, &large):
		return errLarge
	case errors.Is(ctx.Err(), context.Canceled):
		return nil
	case errors.Is(err, context.DeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return errSlow
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSlowUpload
	case db.IsDown(err):
		return db.ErrDown
	}
	return errInternal
}

// requestHeader carries the number that the site's stack gave the request.
const requestHeader = "X-Request-Id"

// settle fills in what only the exchange knows, sets the headers of a problem and logs what is ours to mend.
func (s *server) settle(w http.ResponseWriter, r *http.Request, p *Problem) {
	h := w.Header()
	p.Instance = h.Get(requestHeader)
	h.Set("Cache-Control", "no-store")
	for _, name := range []string{"Content-Disposition", "Content-Length", "ETag", "Last-Modified", "Location"} {
		h.Del(name)
	}
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(p.retry.Seconds())))))
	}
	switch p.Code {
	case authz.ErrSignIn.Code, publish.MissingSignIn.Err().Code:
		h.Set("WWW-Authenticate", "Bearer")
	case errKey.Code:
		h.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	if p.Status == http.StatusRequestEntityTooLarge || p.Status == http.StatusRequestTimeout {
		h.Set("Connection", "close") // the rest of the body is not read
	}
	switch p.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		s.Log.LogAttrs(r.Context(), slog.LevelWarn, "refused", slog.String("request", p.Instance), slog.String("route", r.Pattern),
			slog.String("who", authz.From(r.Context()).String()), slog.String("code", p.Code))
	}
	if p.Status == http.StatusInternalServerError || p.Code == db.ErrDown.Code {
		s.Log.LogAttrs(r.Context(), slog.LevelError, "request failed", slog.String("request", p.Instance),
			slog.String("route", r.Pattern), slog.String("error", causeText(p)))
	}
}

func causeText(p *Problem) string {
	if p.cause == nil {
		return p.Code
	}
	return p.cause.Error()
}

// fail answers an error outside of huma.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(r.Context(), err)
	s.settle(w, r, p)
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the writer swallows a broken connection
}

// finish is huma's last step before an answer is written.
func (s *server) finish(ctx huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*Problem); ok {
		r, w := humago.Unwrap(ctx)
		s.settle(w, r.WithContext(ctx.Context()), p) // who calls stands in the call's own context
	}
	return v, nil
}
