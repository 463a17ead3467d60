package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/ingest/parse"
	"gongxin/internal/subject"
)

// Pointer is one number of a queued row and whose it is in the register.
type Pointer struct {
	Field    string            // code of the field that has the number
	Name     string            // the field's Chinese name
	Value    string            // "" for the document of a person
	Subjects []subject.Subject // a person's has neither name nor code
}

// roleOfIdent is where a row has which number.
var roleOfIdent = map[subject.IdentKind]catalog.Role{
	subject.Code: catalog.RoleUSCC, subject.OrgCode: catalog.RoleOrgCode, subject.RegNo: catalog.RoleRegNo, subject.TaxNo: catalog.RoleTaxNo,
	subject.InstNo: catalog.RoleInstNo, subject.SocNo: catalog.RoleSocNo, subject.PersonDoc: catalog.RolePersonID,
}

// Pointers gives the numbers of an opened row in the row's order, each with the subjects that it points at: why a row has reason 1003, and what a
// row of reason 1002 could have been meant for since.
func (d *Desk) Pointers(ctx context.Context, o *Opened) ([]Pointer, error) {
	if o.entry == nil {
		return nil, ErrNoEntry
	}
	row, f, err := d.recheck(ctx, o.entry, o.values, false)
	var known *fault.Error
	if errors.As(err, &known) && known.Code == errRecheck.Code {
		return nil, nil // the rules have changed; its numbers are not what they were
	}
	if err != nil {
		return nil, err
	}
	found, err := d.Subjects.ByIdents(ctx, row.Claim.Idents)
	if err != nil {
		return nil, fmt.Errorf("ingest: pointers: %w", err)
	}
	out := make([]Pointer, 0, len(row.Claim.Idents))
	for _, i := range row.Claim.Idents {
		p := Pointer{Value: i.Value, Subjects: found[i]}
		if field, ok := f.Item.ByRole(roleOfIdent[i.Kind]); ok {
			p.Field, p.Name = field.Code, field.Name
		}
		if i.Kind == subject.PersonDoc {
			p.Value = ""
		}
		out = append(out, p)
	}
	return out, nil
}

// errRecheck refuses a queued row that the rules of today no longer let pass.
var errRecheck = fault.New(fault.Conflict, "ingest.queue_check", "该行按现行规则检查不通过", "请退回报送单位修改后重新报送")

// recheck checks the values of a queued row again under the edition and the day it was filed under; one that is to be put on file must also be allowed there today.
func (s *Service) recheck(ctx context.Context, e *QueueEntry, values catalog.Values, filing bool) (parse.Row, parse.Filing, error) {
	sub, err := s.Get(ctx, e.Submission)
	if err != nil {
		return parse.Row{}, parse.Filing{}, err
	}
	f, err := s.filing(ctx, sub)
	if err != nil {
		return parse.Row{}, parse.Filing{}, err
	}
	f.Refuse = nil
	if filing && s.Forbid != nil {
		unit, err := s.Agencies.ByID(ctx, sub.Agency)
		if err != nil {
			return parse.Row{}, parse.Filing{}, err
		}
		if f.Refuse, err = s.Forbid(ctx, f.Item, &unit, clock.Today(s.Clock)); err != nil {
			return parse.Row{}, parse.Filing{}, err
		}
	}
	row := parse.NewParser(f).Row(parse.Input{N: e.Row, Values: values, Template: sub.Mapping.Template})
	if row.Rejected {
		first := slices.IndexFunc(row.Reasons, func(r catalog.Reason) bool { return r.Severity == catalog.Error })
		return parse.Row{}, parse.Filing{}, errRecheck.Messagef("该行按现行规则检查不通过：%d %s", row.Reasons[first].Code, row.Reasons[first].Message)
	}
	return row, f, nil
}
