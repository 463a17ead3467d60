package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

// huma takes its words and the shape of its errors from package variables. They are set before the first call is registered; this
// package is the only one that uses huma.
func init() {
	huma.NewErrorWithContext = parameterProblem
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return parameterProblem(nil, status, msg, errs...)
	}
	huma.DefaultArrayNullable = false // a list is never null

	validation.MsgExpectedInteger = "应为整数"
	validation.MsgExpectedNumber = "应为数字"
	validation.MsgExpectedString = "应为文字"
	validation.MsgExpectedBoolean = "应为 true 或 false"
	validation.MsgExpectedOneOf = "应为下列之一：%s"
	validation.MsgExpectedMinimumNumber = "应不小于 %v"
	validation.MsgExpectedMaximumNumber = "应不大于 %v"
	validation.MsgExpectedMinLength = "应不少于 %d 个字符"
	validation.MsgExpectedMaxLength = "应不超过 %d 个字符"
	validation.MsgExpectedBePattern = "应为%s"
	validation.MsgExpectedMatchPattern = "应符合 %s"
}

// fixed are huma's words that no variable holds.
var fixed = map[string]string{
	"invalid integer":                      "应为整数",
	"invalid float":                        "应为数字",
	"invalid boolean":                      "应为 true 或 false",
	"required query parameter is missing":  "必填",
	"required path parameter is missing":   "必填",
	"required header parameter is missing": "必填",
	unknownParameter:                       "没有这个参数",
}

const unknownParameter = "unknown query parameter"

// parameterProblem words what huma found wrong with a call. Values are not repeated: they can hold names and codes.
func parameterProblem(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
	if status >= http.StatusInternalServerError {
		return problemOf(contextOf(ctx), errors.Join(errs...))
	}
	p := problemOf(contextOf(ctx), errParameter)
	for _, err := range errs {
		var d *huma.ErrorDetail
		if !errors.As(err, &d) {
			continue
		}
		place, message := d.Location, d.Message
		if own, ok := fixed[message]; ok {
			message = own
		} else if isASCII(message) {
			message = "不符合要求" // words that huma may add some day
		}
		if d.Message == unknownParameter {
			place = "query" // the name is the caller's text
			p.Fix = "这个接口可用的参数：" + parameterNames(ctx)
		}
		p.Errors = append(p.Errors, ProblemDetail{Place: place, Message: message})
	}
	if len(p.Errors) > 0 {
		p.Detail = sentence(p.Errors[0])
	}
	return p
}

func sentence(d ProblemDetail) string {
	where, name, _ := strings.Cut(d.Place, ".")
	switch {
	case name == "":
		return "查询参数中有这个接口没有的名称"
	case where == "header":
		return "请求头 " + name + " " + d.Message
	case where == "path":
		return "地址中的 " + name + " " + d.Message
	}
	return "参数 " + name + " " + d.Message
}

func parameterNames(ctx huma.Context) string {
	if ctx == nil {
		return "见接口说明"
	}
	var names []string
	for _, p := range ctx.Operation().Parameters {
		if p.In == "query" {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return "无"
	}
	return strings.Join(names, "、")
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 0x7f }) < 0
}
