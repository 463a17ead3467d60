package me

import (
	"errors"
	"strings"

	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/objection"
	"gongxin/internal/repair"
	"gongxin/internal/web/desk"
)

// The fields of the forms by which objections and repairs are asked for.
const (
	slipWant = "want" // what is asked for
	slipPick = "pick" // the records
	slipText = "text" // the account in words
	slipFile = "file" // the attachment
	slipSign = "sign" // the letter's box
)

// slip is a fault that one field of a form is mended by, in words: it stands beside the field, as well as above the form.
type slip struct{ field, words string }

// at gives the words that stand beside a field.
func (s slip) at(field string) string {
	if s.field == field {
		return s.words
	}
	return ""
}

// slipOf finds the field that a refusal is about. Refusals about the whole, such as a record that is gone, have none.
func slipOf(err error) slip {
	f, ok := desk.Refusal(err)
	if !ok {
		return slip{}
	}
	field := ""
	for _, about := range []struct {
		field  string
		faults []*fault.Error
	}{
		{slipWant, []*fault.Error{objection.ErrAsk}},
		{slipPick, []*fault.Error{repair.ErrPicks}},
		{slipText, []*fault.Error{objection.ErrStatement, repair.ErrText, flow.ErrPersonal, flow.ErrText}},
		{slipFile, []*fault.Error{repair.ErrProof}},
		{slipSign, []*fault.Error{repair.ErrSigned}},
	} {
		for _, one := range about.faults {
			if errors.Is(err, one) {
				field = about.field
			}
		}
	}
	if field == "" && strings.HasPrefix(f.Code, "flow.file") {
		field = slipFile
	}
	return slip{field, desk.Words(f)}
}
