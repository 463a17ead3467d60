package identity

import (
	"context"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/db"
)

// Acts writes acts in the transaction of what they record; *audit.Log is the one in use.
type Acts interface {
	WriteAct(ctx context.Context, tx *db.Tx, a audit.Act) error
}

// act records a change of an account, or a sign-in. detail holds no personal data; account 0 is a login that does not exist.
func (s *Service) act(ctx context.Context, tx *db.Tx, by authz.Actor, action string, account int64, detail string) error {
	kind := by.Kind
	if kind == "" {
		kind = authz.Anonymous
	}
	if by.Name != "" { // the operator's command, or the job
		detail = joinDetail(by.Name, detail)
	}
	who := audit.Who{Kind: string(kind), ID: by.ID, Address: maskAddress(by.Address), Session: by.Session}
	return wrap(s.Acts.WriteAct(ctx, tx, audit.Act{At: s.Clock.Now(), Who: who, Action: action, Entity: accountEntity(account), Detail: detail}), "write act")
}

func joinDetail(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}

// visitor is somebody who is not signed in yet.
func visitor(address string) authz.Actor { return authz.Actor{Kind: authz.Anonymous, Address: address} }
