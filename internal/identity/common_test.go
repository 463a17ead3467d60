package identity

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write data/common.bin from data/common.txt")

// TestCommonList holds the embedded list to the patterns it is made from.
func TestCommonList(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("data/common.txt")
	if err != nil {
		t.Fatal(err)
	}
	hashes := expandAll(string(text))
	want := make([]byte, 0, builtBytes*len(hashes))
	for _, h := range hashes {
		want = append(want, binary.BigEndian.AppendUint64(nil, h)[:builtBytes]...)
	}
	if *update {
		if err := os.WriteFile("data/common.bin", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(want, commonBytes) {
		t.Fatalf("data/common.bin is not what data/common.txt says; run go test ./internal/identity -run TestCommonList -update")
	}
	t.Logf("%d passwords, %d bytes", len(hashes), len(want))
}

var braces = regexp.MustCompile(`\{([^{}]+)\}`)

// expandAll gives the sorted hashes of everything that the patterns say.
func expandAll(text string) []uint64 {
	sets := map[string][]string{}
	var out []uint64
	for _, line := range strings.Split(text, "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "# "):
		case strings.HasPrefix(line, "set "):
			name, words, _ := strings.Cut(strings.TrimPrefix(line, "set "), " = ")
			sets[name] = strings.Fields(words)
		default:
			expand(line, sets, func(p string) {
				if utf8.RuneCountInString(p) >= 10 {
					out = append(out, commonHash(p))
				}
			})
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func expand(line string, sets map[string][]string, yield func(string)) {
	at := braces.FindStringSubmatchIndex(line)
	if at == nil {
		yield(line)
		return
	}
	inner := line[at[2]:at[3]]
	words, ok := sets[inner]
	if !ok {
		words = strings.Split(inner, "|")
	}
	for _, w := range words {
		expand(line[:at[0]]+w+line[at[1]:], sets, yield)
	}
}

// TestOperatorsList reads an operator's file in both forms and refuses what stands in it.
func TestOperatorsList(t *testing.T) {
	t.Parallel()
	c, err := openCommon("")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"linxi-river-77", "purple monkey dishwasher"} {
		if c.has(p) {
			t.Fatalf("%q is common before the file is read", p)
		}
	}
	// the second in the form in which lists of leaked passwords are published
	file := "linxi-river-77\r\n\n" + sha1Line("purple monkey dishwasher") + ":42\n"
	if err := c.read(strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"linxi-river-77", "LINXI-RIVER-77", "!linxi-river-77!", "purple monkey dishwasher"} {
		if !c.has(p) {
			t.Errorf("%q passes although the operator's file has it", p)
		}
	}
	if c.has("another quite long one") {
		t.Error("a password that is in no list is called common")
	}
}

func sha1Line(p string) string { return fmt.Sprintf("%X", sha1.Sum([]byte(p))) }
