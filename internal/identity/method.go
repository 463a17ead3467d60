package identity

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"gongxin/internal/gm"
)

// ClaimAsk is what a method is asked to prove.
type ClaimAsk struct {
	Account  int64
	Kind     AccountKind
	Subject  int64
	Person   string // keyed hash of a person's document
	Proof    string
	Evidence string
}

// ClaimMethod proves that an account acts for a subject, or is a person. Prove gives ClaimApproved when it is proven, ClaimPending when
// somebody has to review it, and a fault when it is not.
type ClaimMethod interface {
	Name() string
	Prove(ctx context.Context, ask ClaimAsk) (ClaimState, error)
}

// DemoCode proves a claim by a code that the demo city shows. It must not be offered anywhere else.
type DemoCode struct{ Ring *gm.KeyRing }

// Name gives "demo".
func (DemoCode) Name() string { return "demo" }

// Code gives the code of eight digits of a subject, or of a person, by the keyed hash that DocHash gives.
func (d DemoCode) Code(subject int64, person string) string {
	sum := d.Ring.Digest([]byte("claim-demo"), []byte(strconv.FormatInt(subject, 10)), []byte(person))
	return fmt.Sprintf("%08d", binary.BigEndian.Uint64(sum[:8])%100_000_000)
}

// Prove compares the code.
func (d DemoCode) Prove(_ context.Context, ask ClaimAsk) (ClaimState, error) {
	subject := ask.Subject
	if ask.Person != "" {
		subject = 0
	}
	if subtle.ConstantTimeCompare([]byte(d.Code(subject, ask.Person)), []byte(strings.TrimSpace(ask.Proof))) != 1 {
		return "", ErrProof
	}
	return ClaimApproved, nil
}

// Licence proves a claim by a picture of the licence, or of the document, that the office looks at. The file is kept sealed before the claim is made.
type Licence struct{}

// Name gives "licence".
func (Licence) Name() string { return "licence" }

// Prove asks for a review.
func (Licence) Prove(_ context.Context, ask ClaimAsk) (ClaimState, error) {
	if len(ask.Evidence) < 64 || len(ask.Evidence) > 200 || strings.ContainsAny(ask.Evidence, "/\\. \n") {
		return "", ErrProof.Messagef("没有收到证照的图片")
	}
	return ClaimPending, nil
}

// DocHash gives the keyed hash of a resident's document, as methods are given it.
func (s *Service) DocHash(docKind, number string) string {
	return s.keyed("person", docKind, strings.ToUpper(strings.TrimSpace(number)))
}
