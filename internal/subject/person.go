package subject

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
)

// Labels under which persons are sealed and found.
const (
	sealLabel   = "subject"
	personLabel = "person-doc"
	nameLabel   = "person-name"
	tokenSep    = "." // not in a token's alphabet
)

// Identity is who a person is, in clear. It must not leave the program but masked, or to the person itself.
type Identity struct {
	DocKind string `json:"docKind"`
	Number  string `json:"number"`
	Name    string `json:"name"`
}

// ByPerson gives the subject of a person's document, by its whole number; there is no other way to look a person up.
func (s *Store) ByPerson(ctx context.Context, docKind, number string) (Subject, bool, error) {
	for token := range strings.SplitSeq(s.PersonIdent(docKind, number).Value, tokenSep) {
		list, err := s.list(ctx, s.db.Read(), `SELECT `+columns+` FROM subject WHERE subject_id = (
			SELECT subject_id FROM subject_identifier WHERE kind = 'person' AND token = $1 AND dup = 0)`, token)
		if err != nil {
			return Subject{}, false, wrap(err, "subject: by person")
		}
		if len(list) > 0 {
			return list[0], true, nil
		}
	}
	return Subject{}, false, nil
}

// Identity opens who a person is; ok is false when the subject is no person on file.
func (s *Store) Identity(ctx context.Context, id int64) (who Identity, ok bool, err error) {
	var sealed string
	err = s.db.Read().QueryRowContext(ctx, `SELECT sealed FROM subject_sealed WHERE subject_id = $1`, id).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return Identity{}, false, nil
	}
	if err != nil {
		return Identity{}, false, wrap(err, "subject: identity")
	}
	who, err = s.open(sealed)
	return who, err == nil, wrap(err, "subject: identity")
}

func (s *Store) open(sealed string) (who Identity, err error) {
	plain, err := s.ring.Open(sealLabel, sealed)
	if err != nil {
		return who, err
	}
	if json.Unmarshal([]byte(plain), &who) != nil {
		return who, errors.New("unreadable identity") // the cause would quote it
	}
	return who, nil
}

// sameName reports whether a name is the one behind a key; for persons under any token key.
func (s *Store) sameName(kind catalog.SubjectKind, name, key string) bool {
	if kind != catalog.Person {
		return cntext.Name(name) == key
	}
	return slices.Contains(s.ring.Tokens(nameLabel, cntext.Name(name)), key)
}

// settle replaces identifiers that hold a person's tokens under several keys by the one that is on file, or the one that is written when none is.
func (s *Store) settle(ctx context.Context, tx *db.Tx, claims []Claim) ([]Claim, error) {
	var asked []Ident
	for i := range claims {
		for _, ident := range claims[i].Idents {
			if ident.Kind == PersonDoc && strings.Contains(ident.Value, tokenSep) {
				for token := range strings.SplitSeq(ident.Value, tokenSep) {
					asked = append(asked, Ident{PersonDoc, token})
				}
			}
		}
	}
	if len(asked) == 0 {
		return claims, nil
	}
	found, err := s.find(ctx, tx, asked, map[int64]*Subject{})
	if err != nil {
		return nil, err
	}
	out := slices.Clone(claims)
	for i := range out {
		for j, ident := range out[i].Idents {
			if ident.Kind != PersonDoc || !strings.Contains(ident.Value, tokenSep) {
				continue
			}
			tokens := strings.Split(ident.Value, tokenSep)
			settled := tokens[0]
			for _, t := range tokens {
				if len(found[Ident{PersonDoc, t}]) > 0 {
					settled = t
					break
				}
			}
			out[i].Idents = slices.Clone(out[i].Idents)
			out[i].Idents[j].Value = settled
		}
	}
	return out, nil
}

// Resealer reseals persons' identities after the sealing key was rotated, and writes their tokens anew while the token key is exchanged:
// before the new token key is promoted every person gets a token under it beside the old one; afterwards the old tokens go and
// the names' keys follow. It implements gm.Resealer.
type Resealer struct{ store *Store }

// Resealer gives the resealer of this store.
func (s *Store) Resealer() *Resealer { return &Resealer{s} }

// Name says what is resealed.
func (*Resealer) Name() string { return "自然人身份" }

// sealedPerson is one row of the walk.
type sealedPerson struct {
	id     int64
	sealed string
}

func (s *Store) sealedAfter(ctx context.Context, q db.Querier, after int64, limit int) ([]sealedPerson, error) {
	query, args := `SELECT subject_id, sealed FROM subject_sealed WHERE subject_id > $1 ORDER BY subject_id LIMIT $2+0`, []any{after, limit}
	if n, _ := s.ring.TokenKeys(); n == 1 {
		query = `SELECT subject_id, sealed FROM subject_sealed WHERE subject_id > $1 AND substr(sealed, 1, length($3)) <> $3 ORDER BY subject_id LIMIT $2+0`
		args = append(args, s.ring.Prefix())
	}
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []sealedPerson
	for rows.Next() {
		var p sealedPerson
		if err := rows.Scan(&p.id, &p.sealed); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// Stale counts the persons whose seal is not under the current key; while the token key is exchanged, the persons who miss a token under the newest or
// still have one under an older.
func (r *Resealer) Stale(ctx context.Context) (int64, error) {
	s := r.store
	var n int64
	if keys, _ := s.ring.TokenKeys(); keys == 1 {
		err := s.db.Read().QueryRowContext(ctx, `SELECT count(*) FROM subject_sealed WHERE substr(sealed, 1, length($1)) <> $1`, s.ring.Prefix()).Scan(&n)
		return n, wrap(err, "subject: stale")
	}
	err := s.db.ReadTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for after := int64(0); ; {
			list, err := s.sealedAfter(ctx, tx, after, 1000)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, p := range list {
				after = p.id
				work, err := s.plan(ctx, tx, p)
				if err != nil {
					return err
				}
				if work.any() || work.clash {
					n++
				}
			}
		}
	})
	return n, wrap(err, "subject: stale")
}

// work is what resealing one person takes.
type work struct {
	id     int64
	sealed string   // "" = as it is
	add    string   // token to add
	drop   []string // tokens to remove
	name   string   // name key, once new rows are written under the newest token key
	rename bool     // the current row's name key is an older one
	clash  bool     // the newest token is another subject's: two rows for one person, which only people can settle
}

func (w *work) any() bool { return w.sealed != "" || w.add != "" || len(w.drop) > 0 || w.rename }

// plan finds out what a person's rows lack.
func (s *Store) plan(ctx context.Context, tx *db.Tx, p sealedPerson) (w work, err error) {
	w.id = p.id
	if !s.ring.UnderCurrent(p.sealed) {
		if w.sealed, err = s.ring.Reseal(sealLabel, p.sealed); err != nil {
			return w, err
		}
	}
	keys, promoted := s.ring.TokenKeys()
	if keys == 1 {
		return w, nil
	}
	who, err := s.open(p.sealed)
	if err != nil {
		return w, err
	}
	tokens := s.ring.Tokens(personLabel, who.DocKind+"\x00"+strings.ToUpper(who.Number))
	found, err := s.find(ctx, tx, idents(tokens), map[int64]*Subject{})
	if err != nil {
		return w, err
	}
	switch newest := found[Ident{PersonDoc, tokens[0]}]; {
	case len(newest) == 0:
		w.add = tokens[0]
	case !has(newest, p.id):
		w.clash = true // dropping its older token would leave it without any
		return w, nil
	}
	if !promoted {
		return w, nil
	}
	for _, t := range tokens[1:] {
		if has(found[Ident{PersonDoc, t}], p.id) {
			w.drop = append(w.drop, t)
		}
	}
	sub, err := s.load(ctx, tx, []int64{p.id})
	if err != nil {
		return w, err
	}
	w.name = s.ring.Token(nameLabel, cntext.Name(who.Name))
	w.rename = sub[p.id].NameKey != w.name && s.sameName(catalog.Person, who.Name, sub[p.id].NameKey)
	return w, nil
}

func idents(tokens []string) []Ident {
	out := make([]Ident, len(tokens))
	for i, t := range tokens {
		out[i] = Ident{PersonDoc, t}
	}
	return out
}

// Reseal does up to limit persons behind a place in one transaction. A place is the number of the last person.
func (r *Resealer) Reseal(ctx context.Context, after string, limit int) (next string, done int, err error) {
	s := r.store
	from := int64(0)
	if after != "" {
		if from, err = strconv.ParseInt(after, 10, 64); err != nil {
			return "", 0, fmt.Errorf("subject: reseal: unreadable place")
		}
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		next, done = "", 0
		list, err := s.sealedAfter(ctx, tx, from, limit)
		if err != nil {
			return err
		}
		for _, p := range list {
			w, err := s.plan(ctx, tx, p)
			if err != nil {
				return err
			}
			if !w.any() {
				continue
			}
			done++
			if err := s.apply(ctx, tx, &w); err != nil {
				if db.IsUnique(err) { // another run gave the token since we looked
					err = errors.Join(db.ErrRetry, err)
				}
				return err
			}
		}
		if len(list) == limit {
			next = strconv.FormatInt(list[len(list)-1].id, 10)
		}
		return nil
	})
	return next, done, wrap(err, "subject: reseal")
}

func (s *Store) apply(ctx context.Context, tx *db.Tx, w *work) error {
	if w.sealed != "" {
		if _, err := tx.ExecContext(ctx, `UPDATE subject_sealed SET sealed = $2 WHERE subject_id = $1`, w.id, w.sealed); err != nil {
			return err
		}
	}
	if w.add != "" {
		_, err := tx.ExecContext(ctx, `INSERT INTO subject_identifier (kind, token, dup, subject_id, created_at)
			SELECT 'person', $1, 0, subject_id, created_at FROM subject WHERE subject_id = $2`, w.add, w.id)
		if err != nil {
			return err
		}
	}
	for _, t := range w.drop {
		if _, err := tx.ExecContext(ctx, `DELETE FROM subject_identifier WHERE kind = 'person' AND token = $1 AND subject_id = $2`, t, w.id); err != nil {
			return err
		}
	}
	if !w.rename {
		return nil
	}
	old := s.currentNameKey(ctx, tx, w.id)
	if _, err := tx.ExecContext(ctx, `UPDATE subject SET name_key = $2 WHERE subject_id = $1`, w.id, w.name); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE subject_name SET name_key = $2 WHERE subject_id = $1 AND name_key = $3`, w.id, w.name, old)
	return err
}

// currentNameKey gives the name key of the current row, "" when it cannot be read: then the next statement meets the same error.
func (s *Store) currentNameKey(ctx context.Context, tx *db.Tx, id int64) string {
	sub, err := s.load(ctx, tx, []int64{id})
	if err != nil {
		return ""
	}
	return sub[id].NameKey
}

// CodeOf gives the unified code of a subject, "" for a person; ok is false when it is not on file.
func (s *Store) CodeOf(ctx context.Context, id int64) (code string, ok bool, err error) {
	list, err := s.ByIDs(ctx, []int64{id})
	if err != nil {
		return "", false, err
	}
	sub, ok := list[id]
	return sub.Code, ok, nil
}
