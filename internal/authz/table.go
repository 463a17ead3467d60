package authz

// Reach says how far a row of the table goes.
type Reach uint8

// The reaches. Each but Any meets a zero in the scope with a refusal.
const (
	Any        Reach = iota // everything
	OwnAgency               // things of the grant's unit
	OwnRegion               // things in the grant's subtree of divisions
	OwnSubject              // things about the grant's claimed subject
	OwnAccount              // the actor's own account, or what it submitted
)

// Rule is one row of the permission table: this role may do this, this far.
type Rule struct {
	Action   Action
	Role     Role
	Reach    Reach
	Strong   bool // only in a session with a second factor
	Separate bool // never on what the actor itself submitted, nor on its own account
}

// ID names the row, as "queue.decide/reviewer".
func (r Rule) ID() string { return string(r.Action) + "/" + string(r.Role) }
