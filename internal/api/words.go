package api

import (
	"errors"
	"io"
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
	validation.MsgExpectedArray = "应为列表"
	validation.MsgExpectedObject = "应为对象"
	validation.MsgExpectedMinItems = "应不少于 %d 个"
	validation.MsgExpectedMaxItems = "应不超过 %d 个"
	validation.MsgExpectedArrayItemsUnique = "不能重复"
	validation.MsgExpectedRequiredProperty = "缺少必填的 %s"
	validation.MsgUnexpectedProperty = "里有这个接口没有的字段"
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
	if f := bodyFault(status, errs); f != nil {
		return problemOf(contextOf(ctx), f)
	}
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
		} else if foreign(message) {
			message = "不符合要求" // words that huma may add some day, or a decoder's, which repeat what was sent
			if place == "body" {
				message = "不是有效的 JSON"
			}
		}
		if d.Message == unknownParameter {
			place = "query" // the name is the caller's text
			p.Fix = "这个接口可用的参数：" + parameterNames(ctx)
		}
		if d.Message == validation.MsgUnexpectedProperty {
			place = "body" // likewise
		}
		p.Errors = append(p.Errors, ProblemDetail{Place: place, Message: message})
	}
	switch {
	case len(p.Errors) > 0 && inBody(p.Errors[0].Place):
		p.Code, p.Fix, p.Detail = errBody.Code, bodyFix(ctx, p.Errors[0]), sentence(p.Errors[0])
	case len(p.Errors) > 0:
		p.Detail = sentence(p.Errors[0])
	case status == http.StatusBadRequest: // only a body that is not there comes without detail
		p.Code, p.Fix, p.Detail = errBody.Code, errBody.Fix, "缺少正文"
	}
	return p
}

// bodyFault finds the fault of a body that could not be read.
func bodyFault(status int, errs []error) error {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return errBodyLarge
	case status == http.StatusRequestTimeout:
		return errSlowBody
	case status == http.StatusUnsupportedMediaType:
		return errJSON
	case errors.Is(errors.Join(errs...), io.ErrUnexpectedEOF):
		return errBroken
	}
	return nil
}

// bodyFix says what to do about a body; who wrote a field that there is not is told which there are.
func bodyFix(ctx huma.Context, d ProblemDetail) string {
	switch {
	case d.Message == validation.MsgUnexpectedProperty && ctx != nil:
		if fields, ok := ctx.Operation().Metadata[fieldsKey].(string); ok {
			return "正文可以写的字段：" + fields
		}
	case d.Message == errTwice.Error():
		return "每个名称只写一次"
	case d.Message == errEncoding.Error():
		return "请把正文转成 UTF-8 再发送，不要用 GBK、GB18030"
	}
	return errBody.Fix
}

func inBody(place string) bool { return place == "body" || strings.HasPrefix(place, "body.") }

func sentence(d ProblemDetail) string {
	where, name, _ := strings.Cut(d.Place, ".")
	switch {
	case where == "body" && name == "":
		return "正文" + d.Message
	case where == "body":
		return "正文的 " + name + " " + d.Message
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

// foreign tells words that are not ours: ours begin in Chinese.
func foreign(message string) bool { return message == "" || message[0] <= 0x7f }
