package ident

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"gongxin/internal/clock"
)

// codes draws valid unified codes of every category and province.
func codes() *rapid.Generator[USCC] {
	r, d := DefaultRegistries(), DefaultDivisions()
	var heads []string
	for i := range usccAlphabet {
		for j := range usccAlphabet {
			if r.categories[i][j].name != "" {
				heads = append(heads, usccAlphabet[i:i+1]+usccAlphabet[j:j+1])
			}
		}
	}
	return rapid.Custom(func(t *rapid.T) USCC {
		division := rapid.SampledFrom(d.Children("")).Draw(t, "province")[:2] + rapid.StringMatching(`[0-9]{4}`).Draw(t, "rest")
		body := rapid.StringOfN(rapid.SampledFrom([]rune(usccAlphabet)), 8, 8, -1).
			Filter(func(s string) bool { return s != "00000000" }).Draw(t, "body")
		first17 := rapid.SampledFrom(heads).Draw(t, "head") + division + body + string(OrgCheck(body))
		return USCC(first17 + string(USCCCheck(first17)))
	})
}

func TestEveryMadeCodeParses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := codes().Draw(t, "code")
		got, p := ParseUSCC(string(u))
		if p != nil || got != u {
			t.Fatalf("ParseUSCC(%s) = %q, %v", u, got, p)
		}
		if joined := u.Department() + u.Category() + u.Division() + string(u.OrgCode()) + string(u[17]); joined != string(u) {
			t.Fatalf("parts of %s join to %s", u, joined)
		}
		if KindOf(u) == "" || (KindOf(u) == KindIndividualBusiness) != strings.HasPrefix(string(u), "92") {
			t.Fatalf("KindOf(%s) = %q", u, KindOf(u))
		}
		if o, p := ParseOrgCode(u.OrgCode().Hyphenated()); p != nil || o != u.OrgCode() {
			t.Fatalf("inner code of %s: %q, %v", u, o, p)
		}
	})
}

// GB 32100 reckons modulo the prime 31, larger than any difference of two values, with weights that are
// never 0 and never equal for neighbours: no single mistake and no swap of neighbours passes, without
// exception.
func TestEverySingleMistakeInUSCCIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := codes().Draw(t, "code")
		for i := range len(u) {
			for _, c := range usccAlphabet {
				if byte(c) == u[i] {
					continue
				}
				wrong := string(u[:i]) + string(c) + string(u[i+1:])
				if _, p := ParseUSCC(wrong); p == nil {
					t.Fatalf("%s with position %d as %c passed", u, i+1, c)
				}
			}
			if i > 0 && u[i] != u[i-1] {
				swapped := string(u[:i-1]) + string(u[i]) + string(u[i-1]) + string(u[i+1:])
				if _, p := ParseUSCC(swapped); p == nil {
					t.Fatalf("%s with positions %d and %d swapped passed", u, i, i+1)
				}
			}
		}
	})
}

// GB 11714 reckons modulo 11 over values up to 35, so two characters whose values differ by 11 or 22 stand in
// for one another; every other single mistake is refused.
func TestSingleMistakesInOrgCode(t *testing.T) {
	t.Parallel()
	value := func(c byte) int { return strings.IndexByte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", c) }
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.StringMatching(`[0-9A-Z]{8}`).Filter(func(s string) bool { return s != "00000000" }).Draw(t, "body")
		code := body + string(OrgCheck(body))
		if o, p := ParseOrgCode(code); p != nil || string(o) != code {
			t.Fatalf("ParseOrgCode(%s) = %q, %v", code, o, p)
		}
		for i := range 9 {
			for _, c := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" {
				wrong := code[:i] + string(c) + code[i+1:]
				_, p := ParseOrgCode(wrong)
				blind := wrong == code || i < 8 && (value(byte(c))-value(code[i]))%11 == 0 && wrong != placeholderOrgCode
				if (p == nil) != blind {
					t.Fatalf("%s for %s: %v", wrong, code, p)
				}
			}
		}
	})
}

func TestSingleMistakesInCitizenIDAndRegNo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		birth := clock.Date(19000101).AddDays(rapid.IntRange(0, 46000).Draw(t, "birth"))
		y, m, d := birth.YMD()
		first17 := rapid.SampledFrom([]string{"370303", "110105", "990102", "429004", "830000"}).Draw(t, "division") +
			pad(y, 4) + pad(m, 2) + pad(d, 2) + pad(rapid.IntRange(0, 999).Draw(t, "sequence"), 3)
		id := first17 + string(CitizenCheck(first17))
		c, p := ParseCitizenID(id, today)
		if p != nil || string(c) != id || c.Birth() != birth || c.Division() != id[:6] || (c.Sex() == Male) != (id[16]%2 == 1) {
			t.Fatalf("citizen ID of %v: %v", birth, p)
		}
		everyOtherDigit(id, func(wrong string) {
			if _, p := ParseCitizenID(wrong, today); p == nil {
				t.Fatalf("%s for %s passed", wrong, id)
			}
		})

		first14 := rapid.StringMatching(`[0-9]{13}[1-9]`).Draw(t, "registration")
		no := first14 + string(RegNoCheck(first14))
		if r, p := ParseRegNo(no); p != nil || string(r) != no {
			t.Fatalf("ParseRegNo(%s): %v", no, p)
		}
		everyOtherDigit(no, func(wrong string) {
			if _, p := ParseRegNo(wrong); p == nil {
				t.Fatalf("%s for %s passed", wrong, no)
			}
		})
	})
}

// everyOtherDigit calls f with s where each position in turn holds each digit that it does not hold.
func everyOtherDigit(s string, f func(wrong string)) {
	for i := range len(s) {
		for c := byte('0'); c <= '9'; c++ {
			if c != s[i] {
				f(s[:i] + string(c) + s[i+1:])
			}
		}
	}
}

func pad(n, width int) string {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i], n = byte('0'+n%10), n/10
	}
	return string(b)
}

// disguise writes an identifier as it comes out of spreadsheets and forms.
func disguise(t *rapid.T, s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteString(rapid.SampledFrom([]string{"", "", "", " ", "\u3000", "\u00a0", "\u200b", "\t"}).Draw(t, "blank"))
		switch rapid.IntRange(0, 2).Draw(t, "form") {
		case 1:
			r += '！' - '!'
		case 2:
			b.WriteString(strings.ToLower(string(r)))
			continue
		}
		b.WriteRune(r)
	}
	return b.String() + rapid.SampledFrom([]string{"", "\ufeff", "\r\n"}).Draw(t, "end")
}

func TestNormalising(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := codes().Draw(t, "code")
		in := disguise(t, string(u))
		if got, p := ParseUSCC(in); p != nil || got != u {
			t.Fatalf("ParseUSCC(%q) = %q, %v; want %s", in, got, p, u)
		}
		in = disguise(t, "11010519491231002X")
		if got, p := ParseCitizenID(in, today); p != nil || got != "11010519491231002X" {
			t.Fatalf("ParseCitizenID(%q) = %v", in, p)
		}
		in = disguise(t, "MA3C0001-1")
		if got, p := ParseOrgCode(in); p != nil || got != "MA3C00011" {
			t.Fatalf("ParseOrgCode(%q) = %q, %v", in, got, p)
		}
		in = disguise(t, "370303200000010")
		if got, p := ParseRegNo(in); p != nil || got != "370303200000010" {
			t.Fatalf("ParseRegNo(%q) = %q, %v", in, got, p)
		}
	})
}

// checkParse holds what is true of every answer: a value in normal form that reads back, or a problem that
// says something without repeating the number.
func checkParse(t *testing.T, s, value string, p *Problem, again func(string) (string, *Problem)) {
	t.Helper()
	if p == nil {
		if back, p := again(value); p != nil || back != value || fold(value) != value {
			t.Fatalf("%q gave %q, which reads back as %q, %v", s, value, back, p)
		}
		return
	}
	if value != "" || p.Code < 2101 || p.Code > 2117 || p.Message == "" || p.Fix == "" || !utf8.ValidString(p.Error()) {
		t.Fatalf("%q: %q, %+v", s, value, p)
	}
	if folded := fold(s); len(folded) >= 8 && strings.Contains(p.Error(), folded) {
		t.Fatalf("%q: the sentence repeats the number: %s", s, p.Error())
	}
}

func addSeeds(f *testing.F) {
	for _, s := range []string{
		"91370303MA3C000118", "91350100M0001TGQXM", "94370303MA3C00011Y", "９１３７０３０３ＭＡ３Ｃ０００１１８", "MA3C0001-1", "MA3C00011",
		"370303200000010", "11010519491231002x", "370303900101001", "3.70303E+17", "", "\xff", "9137030\u200b3MA3C000118", "000000000", "91370303MA3C0O0118",
	} {
		f.Add(s)
	}
}

func FuzzParseUSCC(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		parse := func(s string) (string, *Problem) {
			u, p := ParseUSCCWith(s, func(string) bool { return true })
			return string(u), p
		}
		value, p := parse(s)
		checkParse(t, s, value, p, parse)
	})
}

func FuzzParseOrgCode(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		parse := func(s string) (string, *Problem) { o, p := ParseOrgCode(s); return string(o), p }
		value, p := parse(s)
		checkParse(t, s, value, p, parse)
	})
}

func FuzzParseRegNo(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		parse := func(s string) (string, *Problem) { r, p := ParseRegNo(s); return string(r), p }
		value, p := parse(s)
		checkParse(t, s, value, p, parse)
	})
}

func FuzzParseCitizenID(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		parse := func(s string) (string, *Problem) { c, p := ParseCitizenID(s, today); return string(c), p }
		value, p := parse(s)
		checkParse(t, s, value, p, parse)
		if c := CitizenID(value); p == nil && (c.Birth() == 0 || c.Birth() > today || c.Sex() == SexUnknown) {
			t.Fatal("a number without birth or sex was accepted")
		}
		// Values that never were parsed are harmless too.
		_, _, _ = CitizenID(s).Birth(), CitizenID(s).Sex(), CitizenID(s).Division()
		_, _, _ = USCC(s).OrgCode().Hyphenated(), KindOf(USCC(s)), DefaultDivisions().Path(s)
	})
}

func FuzzLoadTables(f *testing.F) {
	f.Add(registriesFile)
	f.Add(divisionsFile)
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := LoadRegistries(strings.NewReader(s)); err == nil {
			_ = r.KindOf("91370303MA3C000118")
		}
		d, err := LoadDivisions(strings.NewReader(s))
		if err != nil {
			return
		}
		for code := range d.table {
			if len(d.Path(code)) == 0 || !d.HasPrefix(code) && !d.IsLocal(code) || !d.Within(code, code) {
				t.Fatalf("%s is in the table, but path %v", code, d.Path(code))
			}
		}
	})
}

func TestNormalInputDoesNotAllocate(t *testing.T) {
	allowed := func(string) bool { return true }
	for what, f := range map[string]func(){
		"ParseUSCC":      func() { _, _ = ParseUSCC("91370303MA3C000118") },
		"ParseUSCCWith":  func() { _, _ = ParseUSCCWith("91350100M0001TGQXM", allowed) },
		"ParseOrgCode":   func() { _, _ = ParseOrgCode("MA3C00011") },
		"ParseRegNo":     func() { _, _ = ParseRegNo("370303200000010") },
		"ParseCitizenID": func() { _, _ = ParseCitizenID("11010519491231002X", today) },
		"KindOf":         func() { _ = KindOf("91370303MA3C000118") },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", what, n)
		}
	}
}

func BenchmarkParseUSCC(b *testing.B) {
	for name, s := range map[string]string{"normal": "91370303MA3C000118", "spaced": " 91370303ma3c000118 ", "wrong": "91370303MA3C000119"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = ParseUSCC(s)
			}
		})
	}
}

func BenchmarkParseCitizenID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = ParseCitizenID("11010519491231002X", today)
	}
}
