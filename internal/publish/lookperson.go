package publish

import (
	"context"
	"fmt"

	"gongxin/internal/authz"
	"gongxin/internal/db"
)

// TakePerson counts that whoever the context names looks for a natural person by a document, before it is looked for, and refuses one more than an account may in
// an hour: whether somebody is on file at all is not to be found out by trying numbers.
func (x Looks) TakePerson(ctx context.Context) error {
	who := authz.From(ctx)
	switch {
	case x.Log == nil:
		return ErrNoLog
	case who.Kind == "" || who.Kind == authz.Anonymous:
		return authz.ErrSignIn
	}
	ok := false
	err := x.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		ok, err = x.Log.TakePerson(ctx, tx, who.Who(0), x.Clock.Now(), personsHour)
		return err
	})
	if err != nil {
		return fmt.Errorf("publish: look for a person: %w", err)
	}
	if !ok {
		return MissingRate.Err()
	}
	return nil
}
