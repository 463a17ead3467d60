package check

import (
	"errors"
	"unicode/utf8"

	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/ident"
	"gongxin/internal/publish"
)

// typed adds to the answer that nobody has a code what is wrong with the code itself, where that can be told from it. What was written is not repeated.
func typed(err error, code string) error {
	var f *fault.Error
	if code == "" || !errors.Is(err, publish.MissingSubject.Err()) || !errors.As(err, &f) {
		return err
	}
	code = cntext.Fold(code)
	_, problem := ident.ParseUSCC(code)
	if problem == nil {
		return err
	}
	said, fix := problem.Message, problem.Fix
	switch {
	case flow.HasPersonal(code):
		said, fix = "填的是证件号码，不是统一社会信用代码", "核查自然人请填证件类型和完整的证件号码，应用事项要包括自然人"
	case utf8.RuneCountInString(code) != len(code):
		said, fix = "不能按名称核查", "请填 18 位统一社会信用代码"
	}
	out := f.Messagef("%s：%s", f.Message, said)
	out.Fix = fix
	return out
}
