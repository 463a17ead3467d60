package publish

import (
	"bytes"
	"strings"
	"testing"
)

func TestAdopt(t *testing.T) {
	t.Parallel()
	text, err := DefaultRulesText()
	if err != nil {
		t.Fatal(err)
	}
	r, err := LoadRules(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	other, err := LoadRules(strings.NewReader(string(text) + "\n[[rule]]\nname = \"brandnew\"\nwhy = \"试\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.Text(), text) || r.Has("brandnew") {
		t.Fatal("not as read")
	}
	r.Adopt(other)
	if !r.Has("brandnew") || r.Explain("brandnew") != "试" {
		t.Error("not taken over")
	}
}
