package lists

import (
	"context"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/listing"
	"gongxin/internal/subject"
)

// Sealer hides what goes through the browser between two steps; *gm.KeyRing does.
type Sealer interface {
	Seal(label, plain string) string
	Open(label, sealed string) (string, error)
}

// A person is found by its document with the whole number and by nothing else, once: the number is not repeated on any page. From the first step to the second goes
// a sealed note of who was found, for this account and for a while.
const (
	labelFound = "lists/person"
	foundLife  = 30 * time.Minute
)

// Faults of proposing persons.
var (
	errNoPerson  = fault.New(fault.NotFound, "lists.person", "库中没有这个证件号码的自然人", "请核对证件类型和完整的号码")
	errBoth      = fault.New(fault.Invalid, "lists.both", "同时填写了统一社会信用代码和证件号码", "企业、机构填统一社会信用代码，自然人填证件号码")
	errFoundGone = fault.New(fault.Invalid, "lists.found", "核对已经过期", "请重新填写证件号码")
)

// person finds whom the form is about. Who looks is counted first and stands in the access log before anything is shown.
func (d *Desk) person(ctx context.Context, v *newView, unit int64, k *listing.Kind) (subject.Subject, error) {
	if err := d.mayList(ctx, k, unit); err != nil {
		return subject.Subject{}, err
	}
	if v.found != "" {
		return d.reopen(ctx, v.found)
	}
	if err := d.Looks.TakePerson(ctx); err != nil {
		return subject.Subject{}, err
	}
	sub, ok, err := d.Register.ByPerson(ctx, v.docKind, strings.ToUpper(v.number))
	if err != nil {
		return sub, err
	}
	if !ok {
		return sub, errNoPerson
	}
	if err := d.Looks.Record(ctx, audit.Access{Who: audit.Who{Agency: unit}, Subject: sub.ID, What: "listing", Basis: k.Basis.String()}); err != nil {
		return sub, err
	}
	v.found = d.Seal.Seal(labelFound, strings.Join([]string{
		strconv.FormatInt(sub.ID, 10), strconv.FormatInt(authz.From(ctx).ID, 10), strconv.FormatInt(d.Clock.Now().Add(foundLife).Unix(), 10),
	}, " "))
	return sub, nil
}

// mayList refuses a unit that could list nobody there today: without the power and a basis in force there is no reason to look for a person.
func (d *Desk) mayList(ctx context.Context, k *listing.Kind, unit int64) error {
	today := clock.Today(d.Clock)
	if !k.Basis.InForce(today) {
		return listing.ErrBasis
	}
	lines, err := d.Lists.Deciders(ctx, k.Code)
	if err != nil {
		return err
	}
	for i := range lines {
		if l := &lines[i]; l.Agency == unit && today >= l.From && (l.Until.IsZero() || today < l.Until) {
			return nil
		}
	}
	return listing.ErrDecider
}

// reopen gives who was found in the first step, to the same account and not for ever.
func (d *Desk) reopen(ctx context.Context, sealed string) (sub subject.Subject, err error) {
	plain, err := d.Seal.Open(labelFound, sealed)
	if err != nil {
		return sub, errFoundGone
	}
	parts := strings.Fields(plain)
	if len(parts) != 3 || parts[1] != strconv.FormatInt(authz.From(ctx).ID, 10) {
		return sub, errFoundGone
	}
	until, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || d.Clock.Now().Unix() > until {
		return sub, errFoundGone
	}
	id, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return sub, errFoundGone
	}
	list, err := d.Register.ByIDs(ctx, []int64{id})
	if err != nil {
		return sub, err
	}
	sub, ok := list[id]
	if !ok {
		return sub, errNoPerson
	}
	return sub, nil
}
