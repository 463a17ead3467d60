package db

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/jackc/pgx/v5/pgconn"
)

// brokenLine is the error of a connection to the server that broke off. The driver gives such errors on bare, as "unexpected EOF", which a caller of ours
// whose upload broke off gives as well; under this name they can be told apart.
type brokenLine struct{ err error }

func (b *brokenLine) Error() string { return "db: connection broke off: " + b.err.Error() }
func (b *brokenLine) Unwrap() error { return b.err }

// line is a connection to the server whose errors carry that name. The end of a time limit is the caller's and stays as it is.
type line struct{ net.Conn }

func (l line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	return n, broken(err)
}

func (l line) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	return n, broken(err)
}

func broken(err error) error {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return &brokenLine{err}
}

// lines makes connections of the driver's into such ones.
func lines(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return line{c}, nil
	}
}
