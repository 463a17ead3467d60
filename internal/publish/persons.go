package publish

import (
	"context"
	"slices"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/fault"
	"gongxin/internal/mask"
	"gongxin/internal/record"
	"gongxin/internal/subject"
)

// MaxNames is how many subjects' labels can be asked for at once.
const MaxNames = 100

// ErrNames refuses a longer list: labels are for a page of a list, not for collecting.
var ErrNames = fault.New(fault.TooLarge, "publish.names", "一次最多显示 100 个主体的名称", "请分页查看")

// Labels gives what internal lists may show of subjects: the name of an organisation, the masked name of a person, never a number. Unknown ids are left out.
func (s *Service) Labels(ctx context.Context, ids []int64) (map[int64]string, error) {
	if len(ids) > MaxNames {
		return nil, ErrNames
	}
	list, err := s.subjects.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]string, len(list))
	for id, sub := range list {
		if sub.Kind != catalog.Person {
			out[id] = sub.Name
			continue
		}
		who, ok, err := s.subjects.Identity(ctx, id)
		if err != nil {
			return nil, err
		}
		if ok {
			out[id] = mask.PersonName(who.Name)
		}
	}
	return out, nil
}

// nameFor puts a person's name into the answer: in clear for the person itself, masked for everybody else.
func (s *Service) nameFor(ctx context.Context, g *grounds, sub *subject.Subject, out *SubjectRef) error {
	if sub.Kind != catalog.Person {
		return nil
	}
	who, ok, err := s.subjects.Identity(ctx, sub.ID)
	if err != nil || !ok {
		return err
	}
	if out.Name = mask.PersonName(who.Name); g.viewer.own {
		out.Name = who.Name
	}
	return nil
}

// firstAgency is the unit of the actor's first grant that has one; 0 = none.
func firstAgency(a authz.Actor) int64 {
	for i := range a.Grants {
		if a.Grants[i].Agency != 0 {
			return a.Grants[i].Agency
		}
	}
	return 0
}

func worksFor(a authz.Actor, agency int64) bool {
	return slices.ContainsFunc(a.Grants, func(g authz.Grant) bool { return g.Agency == agency && agency != 0 })
}

// outside reports that none of the actor's grants in the unit reaches the subject's region. It does not refuse: the watch is told.
func (s *Service) outside(a authz.Actor, agency int64, region string) bool {
	if region == "" {
		return false
	}
	return !slices.ContainsFunc(a.Grants, func(g authz.Grant) bool {
		return g.Agency == agency && (g.Region == "" || s.divisions.Within(region, g.Region))
	})
}

// refs names what an answer held.
func refs(views []RecordView) []audit.Ref {
	out := make([]audit.Ref, 0, len(views))
	for i := range views {
		at, err := record.ParseID(views[i].ID)
		if err == nil { // the view made it
			out = append(out, audit.Ref{Subject: at.Subject, Key: at.Key, Version: views[i].Version})
		}
	}
	return out
}

func contains[T comparable](list []T, x T) bool { return slices.Contains(list, x) }

func itemCodes(list []string) []catalog.ItemCode {
	out := make([]catalog.ItemCode, len(list))
	for i, c := range list {
		out[i] = catalog.ItemCode(c)
	}
	return out
}
