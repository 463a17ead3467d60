package codelist_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/codelist"
)

// What has the form of a code is taken however it is typed; the number of a resident is not, though it has the form.
func TestForm(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]bool{
		"91370303MA3C000118": true, " 91370303ma3c000118 ": true, "９１３７０３０３ＭＡ３Ｃ０００１１８": true, "370303200000010": true, "370303199001010017": false, "11010519491231002x": false,
		"": false, "某公司": false, "91370303MA3C0001189": false, "91370303-MA3C00011": false,
	} {
		if code, ok := codelist.Form(cell); ok != want || (ok && code != strings.ToUpper(code)) {
			t.Errorf("%q: %q, %v", cell, code, ok)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var got []string
	add := func(line int, cells []string) error {
		got = append(got, fmt.Sprint(line, cells))
		return nil
	}
	if err := codelist.Text(strings.NewReader("\ufeff代码,名称\r\n\"A\";B\r\n\nC，D"), add); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0 [代码 名称]", "1 [A B]", "2 []", "3 [C D]"}, got); diff != "" {
		t.Error(diff)
	}
	// Whatever ends the lines, and codes that stand side by side: none is lost. What stands beside a name is a table's.
	const a, b = "91370303MA3C000118", "91990102MA0A00014H"
	got = nil
	if err := codelist.Text(iotest.OneByteReader(strings.NewReader("代码\r"+a+"\r\r\n"+b+"、"+a+"\r甲,"+a+","+b+"\n"+a+" 91990102MA0A00014X\r")), add); err != nil {
		t.Fatal(err)
	}
	want := []string{"0 [代码]", "1 [" + a + "]", "2 []", "3 [" + b + "]", "3 [" + a + "]", "4 [甲 " + a + " " + b + "]", "5 [" + a + " 91990102MA0A00014X]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := codelist.Text(strings.NewReader(strings.Repeat("x", 1<<17)), add); !errors.Is(err, codelist.ErrLine) {
		t.Error(err)
	}
	stop := errors.New("stop")
	if err := codelist.Text(strings.NewReader("a\nb"), func(int, []string) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

func FuzzText(f *testing.F) {
	f.Add("91370303MA3C000118,某公司\n")
	f.Fuzz(func(t *testing.T, text string) {
		err := codelist.Text(strings.NewReader(text), func(_ int, cells []string) error {
			for _, c := range cells {
				if code, ok := codelist.Form(c); ok && (len(code) < 15 || len(code) > 18) {
					t.Errorf("%q is taken for a code", code)
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, codelist.ErrLine) {
			t.Error(err)
		}
	})
}
