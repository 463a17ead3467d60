package pgtemp_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"gongxin/internal/db/dbtest/pgtemp"
)

func TestServer(t *testing.T) {
	t.Parallel()
	s, err := pgtemp.Start(t.Context())
	if errors.Is(err, pgtemp.ErrNoServer) && os.Getenv("GONGXIN_TEST_PG") != "required" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	c, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	var listen string
	if err := c.QueryRow(t.Context(), `SELECT current_setting('listen_addresses')`).Scan(&listen); err != nil || listen != "" {
		t.Errorf("listens on %q (%v), want a socket only", listen, err)
	}
	if err := c.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}

	u, err := url.Parse(s.URL("x"))
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	s.Stop()
	if _, err := os.Stat(u.Query().Get("host")); !os.IsNotExist(err) {
		t.Errorf("the folder is still there (%v)", err)
	}
}
