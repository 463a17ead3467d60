package subject

import (
	"context"
	"errors"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// Claim is what a row says of its subject.
type Claim struct {
	Kind        catalog.SubjectKind
	Idents      []Ident // in normal form; the ones that identify by themselves first
	Name        string
	Region      string // of a subject that has to be made
	Sealed      string // sealed identity of a person that has to be made
	FindOnly    bool   // never make a subject: the row withdraws something
	Establish   bool   // the row establishes its subject (DJJC): it may change name, kind, region, status and add old numbers
	Status      Status // only with Establish
	Since       clock.Date
	FormerNames []string
}

// inner gives the organisation code inside the unified code: its positions 9 to 17 (GB 32100).
func (c *Claim) inner() (Ident, bool) {
	if len(c.Idents) == 0 || c.Idents[0].Kind != Code || len(c.Idents[0].Value) != 18 {
		return Ident{}, false
	}
	return Ident{OrgCode, c.Idents[0].Value[8:17]}, true
}

// Link says how a claim was answered.
type Link uint8

// The links. Only the first three give a subject.
const (
	Linked       Link = iota + 1 // an identifier gave the subject, the name agrees
	LinkedFormer                 // an identifier gave the subject, the name is one it had earlier
	Created                      // a code nobody had yet: a provisional subject (or, establishing, a full one)
	Contradicts                  // rule 1001: the name is not the one registered to the code
	Nobody                       // no identifier that links
	Ambiguous                    // identifiers point at different subjects
)

// Answer is a claim's link with its subject.
type Answer struct {
	Link    Link
	Subject Subject
	Fresh   bool // made by this Resolve: no record is about it yet
}

// Resolve answers claims in their order within tx, so that a subject made by one is found by the next, and writes what they establish.
// A concurrent writer's conflict comes back as db.ErrRetry.
func (s *Store) Resolve(ctx context.Context, tx *db.Tx, claims []Claim, at time.Time) ([]Answer, error) {
	claims, err := s.settle(ctx, tx, claims)
	if err != nil {
		return nil, wrap(err, "subject: resolve")
	}
	r := resolver{store: s, at: at, changed: map[int64]bool{}, fresh: map[int64]bool{}}
	if err := r.read(ctx, tx, claims); err != nil {
		return nil, wrap(err, "subject: resolve")
	}
	out := make([]Answer, len(claims))
	for i := range claims {
		out[i] = r.answer(&claims[i])
		out[i].Fresh = r.fresh[out[i].Subject.ID]
	}
	if err := r.write(ctx, tx); err != nil {
		if db.IsUnique(err) { // another writer made the same subject since we looked
			err = errors.Join(db.ErrRetry, err)
		}
		return nil, wrap(err, "subject: resolve")
	}
	return out, nil
}

// resolver holds what one Resolve has read and what it will write.
type resolver struct {
	store    *Store
	at       time.Time
	idents   map[Ident][]int64
	subjects map[int64]*Subject
	names    map[int64][]Name
	order    []int64 // subjects made or changed, in order
	fresh    map[int64]bool
	changed  map[int64]bool
	newIdent [][]any
	newName  [][]any
	newSeal  [][]any
}

func (r *resolver) read(ctx context.Context, tx *db.Tx, claims []Claim) error {
	all := make([]Ident, 0, len(claims)*2)
	for i := range claims {
		all = append(all, claims[i].Idents...)
	}
	r.subjects = make(map[int64]*Subject, len(claims))
	var err error
	if r.idents, err = r.store.find(ctx, tx, all, r.subjects); err != nil {
		return err
	}
	if err := r.readInner(ctx, tx, claims); err != nil {
		return err
	}
	return r.readNames(ctx, tx, claims)
}

// readInner reads who has the organisation codes inside codes that nobody has yet: a subject made for such a code gets it too.
func (r *resolver) readInner(ctx context.Context, tx *db.Tx, claims []Claim) error {
	var inner []Ident
	for i := range claims {
		if code, ok := claims[i].inner(); ok && !claims[i].FindOnly && len(r.idents[claims[i].Idents[0]]) == 0 {
			inner = append(inner, code)
		}
	}
	found, err := r.store.find(ctx, tx, inner, r.subjects)
	if err != nil {
		return err
	}
	for ident, ids := range found {
		r.idents[ident] = ids
	}
	return nil
}

// readNames reads the earlier names of subjects whose current name is not the one a claim states, and of those that are established anew.
func (r *resolver) readNames(ctx context.Context, tx *db.Tx, claims []Claim) error {
	seen := map[int64]bool{}
	var ids []int64
	for i := range claims {
		c := &claims[i]
		for _, ident := range c.Idents {
			for _, id := range r.idents[ident] {
				sub := r.subjects[id]
				if sub != nil && !seen[id] && (c.Establish || !r.store.sameName(sub.Kind, c.Name, sub.NameKey)) {
					seen[id] = true
					ids = append(ids, id)
				}
			}
		}
	}
	var err error
	r.names, err = r.store.names(ctx, tx, ids)
	return err
}

func (r *resolver) answer(c *Claim) Answer {
	sub, link := r.identify(c)
	switch {
	case link == Nobody && !c.FindOnly && len(c.Idents) > 0 && c.Idents[0].Kind.strong():
		return Answer{Link: Created, Subject: *r.create(c)}
	case link != Linked:
		return Answer{Link: link}
	case c.Establish && !c.FindOnly:
		r.establish(sub, c)
		return Answer{Link: Linked, Subject: *sub}
	}
	if r.store.sameName(sub.Kind, c.Name, sub.NameKey) {
		return Answer{Link: Linked, Subject: *sub}
	}
	for _, n := range r.names[sub.ID] {
		if r.store.sameName(sub.Kind, c.Name, n.Key) {
			return Answer{Link: LinkedFormer, Subject: *sub}
		}
	}
	return Answer{Link: Contradicts, Subject: *sub}
}

// identify finds the one subject that the claim's identifiers give.
func (r *resolver) identify(c *Claim) (*Subject, Link) {
	var sub *Subject
	for _, ident := range c.Idents {
		ids := r.idents[ident]
		if len(ids) == 0 {
			continue
		}
		if sub == nil && len(ids) == 1 {
			sub = r.subjects[ids[0]]
			continue
		}
		if sub != nil && has(ids, sub.ID) {
			continue
		}
		if c.Establish && len(c.Idents) > 0 && c.Idents[0].Kind.strong() {
			continue // registration states the code; an old number that others have too does not move anything
		}
		return nil, Ambiguous
	}
	if sub == nil {
		return nil, Nobody
	}
	// An unknown code that identifies by itself is never overruled by an old number.
	if first := c.Idents[0]; first.Kind.strong() && !has(r.idents[first], sub.ID) {
		if c.Establish {
			return nil, Nobody
		}
		return nil, Ambiguous
	}
	return sub, Linked
}

func has(ids []int64, id int64) bool {
	for _, i := range ids {
		if i == id {
			return true
		}
	}
	return false
}

func (r *resolver) create(c *Claim) *Subject {
	sub := &Subject{ID: r.store.ids.Next(), Kind: c.Kind, Region: c.Region, Status: Unknown, Provisional: true, CreatedAt: r.at, ChangedAt: r.at}
	sub.NameKey = r.store.nameKey(c.Kind, c.Name)
	if c.Kind == catalog.Person {
		r.newSeal = append(r.newSeal, []any{sub.ID, c.Sealed})
	} else {
		sub.Name, sub.Code = c.Name, c.Idents[0].Value
	}
	r.subjects[sub.ID] = sub
	r.fresh[sub.ID] = true
	r.order = append(r.order, sub.ID)
	r.addIdent(c.Idents[0], sub.ID)
	if inner, ok := c.inner(); ok {
		r.addIdent(inner, sub.ID)
	}
	if c.Establish {
		r.establish(sub, c)
	}
	if len(r.names[sub.ID]) == 0 {
		r.addName(sub, c.Name, c.Since)
	}
	return sub
}

// establish lets a registration row set the subject's data, keeping every name and number it had.
func (r *resolver) establish(sub *Subject, c *Claim) {
	for _, former := range c.FormerNames {
		if former != "" && !r.hasName(sub, former) {
			r.addName(sub, former, 0)
		}
	}
	key := r.store.nameKey(c.Kind, c.Name)
	if names := r.names[sub.ID]; len(names) == 0 || names[len(names)-1].Key != key {
		r.addName(sub, c.Name, c.Since)
	}
	for _, ident := range c.Idents[1:] {
		if !has(r.idents[ident], sub.ID) {
			r.addIdent(ident, sub.ID)
		}
	}
	next := *sub
	next.Kind, next.Name, next.NameKey, next.Status, next.Provisional = c.Kind, c.Name, key, c.Status, false
	if c.Region != "" {
		next.Region = c.Region
	}
	if next != *sub {
		next.ChangedAt = r.at
		*sub = next
		if !r.fresh[sub.ID] && !r.changed[sub.ID] {
			r.changed[sub.ID] = true
			r.order = append(r.order, sub.ID)
		}
	}
}

func (r *resolver) hasName(sub *Subject, name string) bool {
	key := r.store.nameKey(sub.Kind, name)
	for _, n := range r.names[sub.ID] {
		if n.Key == key {
			return true
		}
	}
	return false
}

func (r *resolver) addName(sub *Subject, name string, since clock.Date) {
	n := Name{Name: name, Key: r.store.nameKey(sub.Kind, name), Since: since, RecordedAt: r.at}
	if sub.Kind == catalog.Person {
		n.Name = ""
	}
	if r.names == nil {
		r.names = map[int64][]Name{}
	}
	r.names[sub.ID] = append(r.names[sub.ID], n)
	r.newName = append(r.newName, []any{sub.ID, int64(len(r.names[sub.ID])), n.Name, n.Key, int64(since), "", r.at.UnixMicro()})
}

func (r *resolver) addIdent(i Ident, subject int64) {
	dup := len(r.idents[i])
	r.idents[i] = append(r.idents[i], subject)
	r.newIdent = append(r.newIdent, []any{string(i.Kind), i.Value, int64(dup), subject, r.at.UnixMicro()})
}

func (r *resolver) write(ctx context.Context, tx *db.Tx) error {
	var inserts [][]any
	for _, id := range r.order {
		sub := r.subjects[id]
		if r.fresh[id] {
			inserts = append(inserts, []any{
				sub.ID, string(sub.Kind), sub.Code, sub.Name, sub.NameKey, sub.Region, string(sub.Status), bit(sub.Provisional),
				sub.CreatedAt.UnixMicro(), sub.ChangedAt.UnixMicro(),
			})
			continue
		}
		_, err := tx.ExecContext(ctx, `UPDATE subject SET kind = $2, name = $3, name_key = $4, region = $5, status = $6, provisional = $7, changed_at = $8 WHERE subject_id = $1`,
			sub.ID, string(sub.Kind), sub.Name, sub.NameKey, sub.Region, string(sub.Status), bit(sub.Provisional), sub.ChangedAt.UnixMicro())
		if err != nil {
			return err
		}
	}
	for _, load := range []struct {
		table   string
		columns []string
		rows    [][]any
	}{
		{"subject", []string{"subject_id", "kind", "code", "name", "name_key", "region", "status", "provisional", "created_at", "changed_at"}, inserts},
		{"subject_identifier", []string{"kind", "token", "dup", "subject_id", "created_at"}, r.newIdent},
		{"subject_name", []string{"subject_id", "seq", "name", "name_key", "since", "source", "recorded_at"}, r.newName},
		{"subject_sealed", []string{"subject_id", "sealed"}, r.newSeal},
	} {
		if len(load.rows) == 0 {
			continue
		}
		i := 0
		_, err := tx.CopyFrom(ctx, load.table, load.columns, func() ([]any, error) {
			if i == len(load.rows) {
				return nil, nil
			}
			i++
			return load.rows[i-1], nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
