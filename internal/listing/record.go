package listing

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"gongxin/internal/agency"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/subject"
)

// Filer files rows of an item in a unit's name through the real intake, once for a key, and returns when they are on file. Each row is a JSON object.
type Filer interface {
	File(ctx context.Context, item catalog.ItemCode, unit, name, key string, rows []byte) error
}

// Whether an entry is also a record of the register.
const (
	filedNone     = 0
	filedWaits    = 1
	filedYes      = 2
	filedWithdraw = 3
	filedGone     = 4
)

// fields says under which codes an item takes what an entry knows. An item that is not here is filed by its own unit; entries about persons never are, for
// their numbers do not leave the register to come in again.
var fields = map[catalog.ItemCode]struct {
	name, kind, code, list, law, cause, docNo, on, body, bodyCode, until, removal, source, sourceCode, person string
}{
	"YZSX": {
		"YZ_XDR_MC", "YZ_XDR_LB", "YZ_XDR_SHXYM", "YZ_MDLB", "YZ_RDYJ", "YZ_LRSY", "YZ_LRWH", "YZ_LRRQ", "YZ_JG", "YZ_JGDM", "YZ_YXQZI", "YZ_YCTJ", "YZ_LYDW", "YZ_LYDWDM", "YZ_FRDB",
	},
	"RYXX": {
		"RY_XDR_MC", "RY_XDR_LB", "RY_XDR_SHXYM", "RY_RYMC", "", "RY_RYNR", "RY_WSH", "RY_JDRQ", "RY_JG", "RY_JGDM", "RY_YXQZI", "", "RY_LYDW", "RY_LYDWDM", "RY_FRDB",
	},
	"JYYC": {
		"JY_MC", "", "JY_SHXYM", "JY_LRYY", "", "JY_LRSY", "JY_LRWH", "JY_LRRQ", "JY_LRJG", "JY_LRJGDM", "", "", "", "", "JY_FRDB",
	},
}

// filesAs says whether entries of a list become records here.
func (k *Kind) filesAs() bool { _, ok := fields[k.Item]; return ok }

// toFile says what a new entry waits for.
func (s *Service) toFile(ctx context.Context, e *Entry) int64 {
	k, err := s.kind(e.Kind)
	if err != nil || s.Filer == nil || !k.filesAs() {
		return filedNone
	}
	subjects, err := s.Subjects.ByIDs(ctx, []int64{e.Subject})
	if err != nil || subjects[e.Subject].Kind == catalog.Person || subjects[e.Subject].Code == "" {
		return filedNone
	}
	return filedWaits
}

// FileDue files entries that began to stand, and withdraws those that ended by a decision, as records of the unit that decided. What fails is tried
// again; the others do not wait for it.
func (s *Service) FileDue(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "listing.FileDue")
	if s.Filer == nil {
		return 0, nil
	}
	var first error
	for after := int64(0); ; {
		due, err := s.query(ctx, s.DB.Read(), `entry_id > $1 AND filed IN (1, 3) ORDER BY entry_id LIMIT 100`, after)
		if err != nil || len(due) == 0 {
			return n, errors.Join(first, err)
		}
		for i := range due {
			after = due[i].ID
			if err := s.fileOne(ctx, &due[i]); err != nil {
				if first == nil || errors.Is(first, ErrRepresentative) { // one that only waits for its registration never hides another's fault
					first = err
				}
				continue
			}
			n++
		}
	}
}

// Row is an entry as a row of its item.
type Row struct {
	Subject int64
	Item    catalog.ItemCode
	Unit    agency.Agency
	List    string            // name of the list
	Values  map[string]string // by field code, with the operation flag
}

// rowFor writes an entry as a row of its item, with an operation flag.
func (s *Service) rowFor(ctx context.Context, e *Entry, flag string) (Row, error) {
	k, err := s.kindOf(e)
	if err != nil {
		return Row{}, err
	}
	subjects, err := s.Subjects.ByIDs(ctx, []int64{e.Subject})
	if err != nil {
		return Row{}, err
	}
	unit, err := s.Agencies.ByID(ctx, e.Agency)
	if err != nil {
		return Row{}, err
	}
	sub := subjects[e.Subject]
	r := Row{Subject: e.Subject, Item: k.Item, Unit: unit, List: k.Name, Values: rowOf(e, k, &sub, &unit, flag)}
	if e.filed == filedWaits && k.names(e.ListedOn) { // a withdrawal only says which record it is about
		err = s.represent(ctx, fields[k.Item].person, &sub, r.Values)
	}
	return r, err
}

func (s *Service) fileOne(ctx context.Context, e *Entry) error {
	done, flag := int64(filedYes), "I"
	if e.filed == filedWithdraw {
		done, flag = filedGone, "D"
	}
	r, err := s.rowFor(ctx, e, flag)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(r.Values)
	if err != nil {
		return fmt.Errorf("listing: row: %w", err)
	}
	// The key holds the content: what was refused for want of something is filed anew once that is known, and what did not change is not.
	hash := sha256.Sum256(raw)
	if err := s.Filer.File(ctx, r.Item, r.Unit.Code, r.List+".ndjson", fmt.Sprintf("listing-%d-%s-%x", e.ID, flag, hash[:6]), raw); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE listing_entry SET filed = $4 WHERE subject_id = $1 AND entry_id = $2 AND filed = $3`, e.Subject, e.ID, e.filed, done)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err != nil || done == filedGone {
			return err
		}
		if n > 0 {
			return s.markFiled(ctx, tx, e.Subject, e.ID)
		}
		// The entry was taken off while its record was being filed: what came onto the file in between has to go again.
		_, err = tx.ExecContext(ctx, `UPDATE listing_entry SET filed = $3 WHERE subject_id = $1 AND entry_id = $2 AND filed = $4 AND state = 'removed' AND removed_why <> 'expired'`,
			e.Subject, e.ID, filedWithdraw, filedNone)
		return err
	})
}

// names reports whether a law in force on the day of listing says that an entry names who represents the business. Without one the entry's record names
// nobody, so that nothing that shows the record can.
func (k *Kind) names(on clock.Date) bool { return k.Representative.InForce(on) }

// represent adds who represents the business, as the business is registered. It does not put that person onto the list.
func (s *Service) represent(ctx context.Context, field string, sub *subject.Subject, row map[string]string) error {
	if s.Representative == nil || field == "" {
		return nil
	}
	name, err := s.Representative(ctx, sub.Code)
	switch {
	case err != nil:
		return err
	case name == "" && sub.Kind == catalog.LegalEntity:
		return ErrRepresentative // it waits for the registration
	case name != "":
		row[field] = name
	}
	return nil
}

// Unfiled reports whether the entry's record is still on its way: to the register, or out of it.
func (e *Entry) Unfiled() bool { return e.filed == filedWaits || e.filed == filedWithdraw }

// rowOf writes an entry as a row of its item.
func rowOf(e *Entry, k *Kind, sub *subject.Subject, unit *agency.Agency, flag string) map[string]string {
	f := fields[k.Item]
	kind := "法人及非法人组织"
	if sub.Kind == catalog.IndividualBusiness {
		kind = "个体工商户"
	}
	list := k.Name
	if len(k.Match) > 0 && k.Match[0] != "*" {
		list = k.Match[0]
	}
	until := "2099-12-31"
	if !e.Until.IsZero() {
		until = lastDay(e.Until).String()
	}
	row := map[string]string{"操作标识": flag}
	for field, value := range map[string]string{
		f.name: sub.Name, f.kind: kind, f.code: sub.Code, f.list: list, f.law: e.Law, f.cause: e.Cause, f.docNo: e.DocNo, f.on: e.ListedOn.String(),
		f.body: unit.Name, f.bodyCode: unit.Code, f.until: until, f.removal: k.Removal, f.source: unit.Name, f.sourceCode: unit.Code,
	} {
		if field != "" {
			row[field] = value
		}
	}
	return row
}

func lastDay(until clock.Date) clock.Date { return until.AddDays(-1) }
