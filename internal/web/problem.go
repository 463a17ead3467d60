package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/authz"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/web/ui"
)

// The faults of the edge itself.
var (
	ErrNoPage = fault.New(fault.NotFound, "web.no_page",
		"没有找到这个页面。地址可能输错了，也可能内容已经调整。", "请检查地址，或者从首页重新查找。")
	// ErrNothing answers alike for a number that names nothing and for what is none of the caller's.
	ErrNothing = fault.New(fault.NotFound, "web.nothing",
		"没有找到这一项，或者它不在您的办理范围内。", "请从列表里重新打开；确有工作需要的，请联系安全管理员核对角色和范围。")
	ErrMethod = fault.New(fault.Invalid, "web.method",
		"这个地址不支持这样的操作。", "请从页面上的链接或按钮进入。")
	ErrCrossOrigin = fault.New(fault.Denied, "web.cross_origin",
		"这次提交来自别的网站，为防止冒用，已经拒绝。", "请回到本站页面重新操作。")
	ErrSlow = fault.New(fault.Unavailable, "web.slow",
		"这次查询用时太长，已经停止。", "请稍后再试；如果设了很宽的筛选条件，请缩小范围。")
	ErrTooLarge = fault.New(fault.TooLarge, "web.too_large",
		"提交的内容超过了大小限制。", "请减小后重新提交。")
)

// Status gives the HTTP status of an error.
func Status(err error) int {
	switch {
	case errors.Is(err, ErrMethod):
		return http.StatusMethodNotAllowed
	case errors.Is(err, authz.ErrSignIn), errors.Is(err, ErrCredential):
		return http.StatusUnauthorized
	}
	switch fault.KindOf(classify(err)) {
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

// classify gives the faults that the standard library makes a kind.
func classify(err error) error {
	var known *fault.Error
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &large):
		return ErrTooLarge.With(err)
	case errors.Is(err, context.DeadlineExceeded):
		return ErrSlow.With(err)
	case db.IsDown(err):
		return db.ErrDown.With(err)
	}
	return err
}

var titles = map[int]string{
	http.StatusBadRequest:            "请求有误",
	http.StatusUnauthorized:          "请先登录",
	http.StatusForbidden:             "无权访问",
	http.StatusNotFound:              "没有找到",
	http.StatusMethodNotAllowed:      "不支持的操作",
	http.StatusConflict:              "当前状态不能这样操作",
	http.StatusRequestEntityTooLarge: "内容太大",
	http.StatusServiceUnavailable:    "暂时无法提供服务",
	http.StatusInternalServerError:   "系统内部错误",
}

// Problem answers an error: a page for people, a problem document (RFC 9457) under /api/. The text of an
// unclassified error never leaves; the page then only carries the number of the request.
func (s *Site) Problem(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		s.log().LogAttrs(r.Context(), slog.LevelDebug, "reader left", slog.String("request", RequestID(r.Context())))
		return
	}
	err = classify(err)
	status := Status(err)
	v := ui.ProblemView{
		Status:  strconv.Itoa(status),
		Title:   titles[status],
		Message: "系统出了问题，没有完成这次操作。",
		Fix:     "请稍后再试；如果一直如此，请联系本站并提供请求编号。",
		Request: RequestID(r.Context()),
		Links:   []ui.Link{{Href: "/", Label: "回到首页"}, {Href: "/help", Label: "使用帮助"}},
	}
	var known *fault.Error
	code := internalCode
	if errors.As(err, &known) && known.Kind != fault.Internal {
		v.Message, v.Fix, code = known.Message, known.Fix, known.Code
	}
	if code == internalCode || code == db.ErrDown.Code {
		s.log().LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("request", v.Request), slog.String("route", r.Pattern), slog.String("error", err.Error()))
	}
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		s.log().LogAttrs(r.Context(), slog.LevelWarn, "refused", slog.String("request", v.Request), slog.String("route", r.Pattern),
			slog.String("who", authz.From(r.Context()).String()), slog.String("code", code))
	}
	switch {
	case status == http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case errors.Is(err, authz.ErrFactor):
		v.Links = append([]ui.Link{{Href: or(s.Factor, defaultFactor) + "?" + url.Values{backParam: {backOf(r)}}.Encode(), Label: "去验证"}}, v.Links...)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "10")
	}
	// What the handler had prepared for its own answer is not true of this one.
	for _, k := range []string{"Content-Disposition", "Content-Encoding", "Content-Length", "ETag", "Last-Modified"} {
		w.Header().Del(k)
	}
	w.Header().Set("Cache-Control", "no-store")
	if strings.HasPrefix(r.URL.Path, "/api/") {
		writeProblem(w, status, code, v)
		return
	}
	p := s.Page(r, v.Title)
	p.NoIndex = true
	if p.Desk = len(p.Desks) > 0; p.Desk { // who works at the desks stays there
		p.Section = "desk"
		v.Links = slices.Insert(v.Links, len(v.Links)-2, ui.Link{Href: deskRoot, Label: "回到工作台"})
	}
	if renderErr := s.Render(w, r, status, Frame(p, ui.Problem(v))); renderErr != nil {
		http.Error(w, v.Title, status)
	}
}

// TurnAway answers whom a limit turns away with a page that costs nothing: it asks neither who is there nor a database.
func (s *Site) TurnAway(w http.ResponseWriter, r *http.Request, status int, title, message, fix string) {
	p := &ui.Page{
		Title: title, Product: or(s.Product, "公信"), City: s.City, Service: or(s.Service, "公共信用信息平台"), Prefs: s.PrefsOf(r), Path: "/", NoIndex: true, NoSearch: true,
		Nav: s.Nav, Footer: s.Footer, SourceURL: s.SourceURL, Licence: s.Licence, Assets: s.Assets,
	}
	again := ui.Link{Href: "/", Label: "回到首页"}
	if r.Method == http.MethodGet {
		again = ui.Link{Href: Local(r.URL.RequestURI()), Label: "再试一次"}
	}
	v := ui.ProblemView{Status: strconv.Itoa(status), Title: title, Message: message, Fix: fix, Request: RequestID(r.Context()), Links: []ui.Link{again}}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := Frame(p, ui.Problem(v)).Render(r.Context(), w); err != nil {
		s.log().LogAttrs(r.Context(), slog.LevelDebug, "reader left", slog.String("request", v.Request))
	}
}

// internalCode is the code of everything unclassified, as the interface has it.
const internalCode = "internal"

// problemDocument is a problem in the form that the interface gives it throughout, so that a caller reads one form whoever refused.
type problemDocument struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Code     string `json:"code"`
	Fix      string `json:"fix,omitempty"`
	Instance string `json:"instance"`
}

func writeProblem(w http.ResponseWriter, status int, code string, v ui.ProblemView) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(problemDocument{
		Type: "about:blank", Title: v.Title, Status: status, Detail: v.Message, Code: code, Fix: v.Fix, Instance: v.Request,
	})
}
