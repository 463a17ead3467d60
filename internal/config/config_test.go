package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gongxin.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func none(string) string { return "" }

func TestEnvironmentGoesOverTheFile(t *testing.T) {
	t.Parallel()
	path := write(t, "database = 'a.db'\nlisten = '127.0.0.1:1'\n[city]\nname = '临溪市'\n")
	c, err := Load(path, func(k string) string {
		return map[string]string{"GONGXIN_DATABASE": "postgres://x/y"}[k]
	})
	if err != nil {
		t.Fatal(err)
	}
	if c, err = c.Defaults(); err != nil {
		t.Fatal(err)
	}
	if c.Database != "postgres://x/y" || c.Listen != "127.0.0.1:1" || c.City.Name != "临溪市" || c.Data != "data" {
		t.Fatalf("wrong precedence: %+v", c)
	}
}

func TestUnknownKeysAndBadValuesAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := Load(write(t, "databse = 'a.db'\n"), none); !errors.Is(err, ErrUnknown) {
		t.Fatalf("a misspelt key must be refused, have %v", err)
	}
	if _, err := Load(write(t, "= 1"), none); !errors.Is(err, ErrFile) {
		t.Fatalf("broken TOML must be refused, have %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.toml"), none); !errors.Is(err, ErrFile) {
		t.Fatal("a missing file must be refused")
	}
	if _, err := (Config{Listen: "8080"}).Defaults(); !errors.Is(err, ErrListen) {
		t.Fatal("an address without a port must be refused")
	}
	if _, err := (Config{Limits: Limits{UploadMB: -1}}).Defaults(); !errors.Is(err, ErrValue) {
		t.Fatal("a negative limit must be refused")
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]bool{"127.0.0.1:8080": true, "[::1]:80": true, "localhost:1": true, "0.0.0.0:8080": false, ":8080": false, "10.0.0.1:80": false, "x": false} {
		if got := (Config{Listen: listen}).Loopback(); got != want {
			t.Errorf("%s: loopback %v, want %v", listen, got, want)
		}
	}
}
