// Package fault holds the one vocabulary of errors: every error that may leave the program says
// what happened and what to do next in words that are safe to show, and carries a kind from which the
// edge derives a status. An error without a kind is internal and its text never leaves.
package fault

import (
	"errors"
	"fmt"
)

// Kind says who can do something about an error, and so which status it has outside.
type Kind uint8

// The kinds. The zero value is Internal: an error nobody classified is ours.
const (
	Internal    Kind = iota // a defect or a broken machine; the text stays inside
	Invalid                 // the input breaks a rule; the sender mends it
	NotFound                // no such thing, or none that this viewer may know of
	Conflict                // the state does not allow the step
	Denied                  // the actor may not do or see this
	Busy                    // try the same again later
	Unavailable             // a part that the answer needs is down or not ready
	TooLarge                // over a stated limit
)

// String names the kind for logs.
func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case NotFound:
		return "not_found"
	case Conflict:
		return "conflict"
	case Denied:
		return "denied"
	case Busy:
		return "busy"
	case Unavailable:
		return "unavailable"
	case TooLarge:
		return "too_large"
	default:
		return "internal"
	}
}

// Error is an error with a kind, a stable code for machines, a sentence for people and the fix.
// Message and Fix never contain names, identity numbers or row contents.
type Error struct {
	Kind    Kind
	Code    string // "catalog.no_basis": package and rule, stable
	Message string // what happened and by which rule, in Chinese
	Fix     string // what to do next, in Chinese; may be empty
	Err     error  // the cause; never shown outside
}

// Error gives code and sentence; the cause follows for logs.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Message
	if e.Fix != "" {
		s += "（" + e.Fix + "）"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is compares by code, so that a sentinel matches its copies with a cause or another sentence.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// New makes an error of a kind.
func New(kind Kind, code, message, fix string) *Error {
	return &Error{Kind: kind, Code: code, Message: message, Fix: fix}
}

// With returns a copy of e that carries its cause.
func (e *Error) With(cause error) *Error {
	c := *e
	c.Err = cause
	return &c
}

// Messagef returns a copy of e with another sentence.
func (e *Error) Messagef(format string, args ...any) *Error {
	c := *e
	c.Message = fmt.Sprintf(format, args...)
	return &c
}

// KindOf finds the kind of err; an unclassified error is Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Wrap adds the operation and its keys to *errp, once per boundary; use it deferred. The arguments are
// keys (ids, item codes), never data.
func Wrap(errp *error, format string, args ...any) {
	if *errp != nil {
		*errp = fmt.Errorf(fmt.Sprintf(format, args...)+": %w", *errp)
	}
}
