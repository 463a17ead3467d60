package cntext

import (
	"strings"
	"testing"
	"unicode/utf8"

	pinyin "github.com/mozillazg/go-pinyin"
	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"", ""},
		{"临溪市公安局", "临溪市公安局"},
		{" 临溪市公安局 ", "临溪市公安局"},
		{"\u3000\u00a0临溪市\u3000\u3000公安局\u2003", "临溪市 公安局"},
		{"\ufeff临溪\u200b市\u2060公\u00ad安局", "临溪市公安局"},
		{"罚款\t2000元\r\n没收", "罚款 2000元 没收"},
		{"a \u200b b", "a b"},
		{"\x00a\x1fb\x7fc\u0085d\u009fe", "abc de"},
		{" \u200b ", ""},
		{"a\xffb", "a\ufffdb"},
		{"（一）罚款，２０００元。", "（一）罚款，２０００元。"},
		{"one two", "one two"},
		{"one  two", "one two"},
		{"𠮷野家", "𠮷野家"},
	}
	for _, tt := range tests {
		if got := Clean(tt.in); got != tt.want {
			t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"９１３７０３０３ＭＡ３Ｃ０００１１８", "91370303MA3C000118"},
		{"　２０２６－０３－０２　", "2026-03-02"},
		{"（０５３３）１２３", "(0533)123"},
		{"  x ", "x"},
		{"罚款，2000元。", "罚款,2000元。"}, // the full stop 。 has no half-width form here
	}
	for _, tt := range tests {
		if got := Fold(tt.in); got != tt.want {
			t.Errorf("Fold(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestNameUnifies(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"临溪(青屏)酒业有限公司": {
			"临溪（青屏）酒业有限公司", "临溪(青屏)酒业有限公司", "临溪 （青屏） 酒业有限公司", "临溪〔青屏〕酒业有限公司",
			"临溪【青屏】酒业有限公司", "临\u3000溪（青屏）酒业\u00a0有限公司", "\ufeff临溪（青屏）酒业有限公司 ", "临溪［青屏］酒业有限公司",
		},
		"ABC DEF临溪公司": {"abc  def 临溪公司", "ＡＢＣ　ＤＥＦ临溪公司", "Abc Def临溪公司", "ABC DEF 临溪公司"},
		"7-11便利店":     {"7－11便利店", "７—１１ 便利店", "7‐11便利店"},
		"阿依·古丽饮食店":    {"阿依•古丽饮食店", "阿依・古丽饮食店", "阿依‧古丽饮食店", "阿依 · 古丽饮食店"},
		"临溪长风马术行":     {"临溪⻓⻛⻢术⾏"},
		"MÜLLER'S酒屋":  {"Müller’s酒屋", "müller＇s 酒屋"},
		"":            {"", " ", "\u3000\u200b"},
	}
	for want, spellings := range tests {
		for _, s := range spellings {
			if got := Name(s); got != want {
				t.Errorf("Name(%q) = %q, want %q", s, got, want)
			}
		}
	}
}

// Different names stay different: nothing but width, case, signs and blanks is unified.
func TestNameKeepsApart(t *testing.T) {
	t.Parallel()
	names := []string{"临溪酒业有限公司", "临溪酒业有限责任公司", "临溪酒业", "临溪(青屏)酒业有限公司", "临溪青屏酒业有限公司", "临谿酒业有限公司", "A B公司", "AB公司"}
	seen := make(map[string]string)
	for _, n := range names {
		if other, ok := seen[Name(n)]; ok {
			t.Errorf("%q and %q became one", n, other)
		}
		seen[Name(n)] = n
	}
}

func TestHasForbidden(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "临溪酒业有限公司", "临溪（青屏）A&B酒业", "阿依·古丽", "二○二六", "〇三", "7-11便利店", "㐀㑇", "𠮷野家", "C++工作室", "No.1店", "B级（甲）"} {
		if r, bad := HasForbidden(s); bad {
			t.Errorf("%q: %U is reported", s, r)
		}
	}
	for s, want := range map[string]rune{
		"甲<b>公司": '<', "甲公司＞": '＞', "甲{公司}": '{', "甲|乙": '|', "甲^乙": '^', "甲~乙": '~', "甲～乙": '～', "甲\\乙": '\\', "甲`乙": '`',
		"张*三": '*', "甲?公司": '?', "甲？公司": '？', "甲;--": ';', "甲=乙": '=', "甲\"乙": '"', "$甲": '$',
		"甲\n乙": '\n', "甲\x00": 0, "甲\u200b乙": 0x200b, "甲\ue000乙": 0xe000, "甲\U000f0000": 0xf0000, "甲\ufffd": 0xfffd, "甲\xff": 0xfffd,
		"甲😀": '😀', "甲☎": '☎', "甲✓": '✓', "甲⭐": '⭐', "甲⌚": '⌚', "甲→乙": '→', "甲□乙": '□', "甲\ufe0f": 0xfe0f, "甲ㅤ": 0x3164,
	} {
		if r, bad := HasForbidden(s); !bad || r != want {
			t.Errorf("HasForbidden(%q) = %U, %v; want %U", s, r, bad, want)
		}
	}
}

func TestInitials(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"临溪市公安局": "lxsgaj", "淄博市张店区": "zbszdq", "": "", "（），。": "", "ABC商贸9号": "abcsm9h", "ＡＢ１商贸": "ab1sm",
		"重庆路": "cql", "重工": "zg", "长江": "cj", "成长学校": "czxx", "厦门大厦": "xmds", "临溪农商银行": "lxnsyh", "人民银行行政处": "rmyhxzc",
		"五金行业商行": "wjhysh", "会计师事务所": "kjssws", "会展": "hz", "音乐": "yy", "快乐": "kl", "二〇二六": "elel", "〇三": "ls",
		"西洋参": "xys", "参观": "cg", "嗯哦": "no", "安恩欧": "aeo", "单县": "sx",
	} {
		if got := Initials(s); got != want {
			t.Errorf("Initials(%q) = %q, want %q", s, got, want)
		}
	}
}

// The dictionary has a letter for each of its characters, so none is silently dropped from the index.
func TestDictionaryIsWhole(t *testing.T) {
	t.Parallel()
	for r := range pinyin.PinyinDict {
		if dictionaryLetter(rune(r)) == 0 {
			t.Errorf("%c (%U) has no initial", r, r)
		}
	}
	for r := rune(0x4e00); r <= 0x9fa5; r++ {
		// Characters made in Japan for units of measure have no Chinese reading.
		if Initials(string(r)) == "" && !strings.ContainsRune("兙兡嗧桛烪瓧瓰瓱瓼甅", r) {
			t.Errorf("%c (%U) has no initial", r, r)
		}
	}
}

func TestReadingsFile(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for line := range strings.Lines(readingsFile) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		text, initials, ok := strings.Cut(line, " ")
		if !ok || utf8.RuneCountInString(text) != len(initials) || strings.Trim(initials, "abcdefghijklmnopqrstuvwxyz") != "" || seen[text] {
			t.Errorf("bad or repeated line %q", line)
		}
		if strings.ContainsFunc(text, func(r rune) bool { return !isHan(r) }) {
			t.Errorf("line %q holds more than common ideographs", line)
		}
		seen[text] = true
		if got := Initials(text); got != initials {
			t.Errorf("Initials(%q) = %q, want %q", text, got, initials)
		}
	}
}

func TestCleanInputDoesNotAllocate(t *testing.T) {
	loadedReadings()
	const clean, name = "临溪市青屏区市场监督管理局，罚款 2000 元（大写：贰仟元）。", "临溪(青屏)酒业有限公司"
	for what, f := range map[string]func(){
		"Clean":        func() { _ = Clean(clean) },
		"Fold":         func() { _ = Fold("91370303MA3C000118") },
		"Name":         func() { _ = Name(name) },
		"HasForbidden": func() { _, _ = HasForbidden("临溪（青屏）酒业有限公司") },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", what, n)
		}
	}
}

// text draws strings of what matters here: Han, Latin, signs, blanks, invisible marks, broken bytes.
func text() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{
		"临", "溪", "A", "b", "9", " ", "\u3000", "\u00a0", "\t", "\n", "\u200b", "\ufeff", "\x00", "\x7f",
		"（", "）", "(", "［", "·", "•", "—", "’", "Ａ", "⻓", "⾏", "ü", "😀", "\xff", "\xe4\xb8", "\ufffd", "。", "𠮷",
	})
	return rapid.OneOf(rapid.String(), rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piece, 0, 24).Draw(t, "pieces"), "")
	}))
}

func TestProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkProperties(t, text().Draw(t, "text")) })
}

type fataler interface {
	Fatalf(format string, args ...any)
}

// checkProperties holds what must be true of every text.
func checkProperties(t fataler, s string) {
	for what, f := range map[string]func(string) string{"Clean": Clean, "Fold": Fold, "Name": Name} {
		once := f(s)
		if twice := f(once); twice != once {
			t.Fatalf("%s(%q) = %q, again %q", what, s, once, twice)
		}
		if !utf8.ValidString(once) {
			t.Fatalf("%s(%q) = %q is not UTF-8", what, s, once)
		}
		if strings.TrimSpace(once) != once || strings.Contains(once, "  ") || strings.ContainsAny(once, "\x00\u200b\ufeff\n\t") {
			t.Fatalf("%s(%q) = %q is not clean", what, s, once)
		}
	}
	if isClean(s) != (Clean(s) == s) {
		t.Fatalf("isClean(%q) = %v", s, isClean(s))
	}
	// The fast path and the slow one agree: a text with a blank in front takes the slow one.
	if Name(s) != Name(" "+s) {
		t.Fatalf("Name(%q) = %q, the slow way %q", s, Name(s), Name(" "+s))
	}
	if Name(Fold(s)) != Name(s) {
		t.Fatalf("Name(Fold(%q)) = %q, want %q", s, Name(Fold(s)), Name(s))
	}
	if got := Initials(s); strings.Trim(got, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		t.Fatalf("Initials(%q) = %q", s, got)
	}
	if r, bad := HasForbidden(s); bad && !strings.ContainsRune(s, r) && r != utf8.RuneError {
		t.Fatalf("HasForbidden(%q) = %U, which it does not contain", s, r)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"临溪（青屏）酒业 有限公司", " \u200b ", "\xff\xfe", "Ａ　Ｂ", "⻓⾏", "a b 临 c", "阿依•古丽"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkProperties(t, s) })
}

func BenchmarkClean(b *testing.B) {
	benchmark(b, Clean, map[string]string{
		"name":    "临溪市青屏区长风机械制造有限公司",
		"content": strings.Repeat("对当事人处以罚款 2000 元（大写：贰仟元），并没收违法所得。", 10),
		"dirty":   "\u3000临溪市青屏区长风机械\t制造有限公司 ",
		"code":    "91370303MA3C000118",
	})
}

func BenchmarkName(b *testing.B) {
	benchmark(b, Name, map[string]string{
		"canonical": "临溪市青屏区长风机械制造有限公司",
		"brackets":  "临溪（青屏）长风机械制造有限公司",
	})
}

func BenchmarkInitials(b *testing.B) {
	loadedReadings()
	benchmark(b, Initials, map[string]string{"name": "临溪市青屏区长风机械制造有限公司"})
}

func benchmark(b *testing.B, f func(string) string, inputs map[string]string) {
	for name, s := range inputs {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				_ = f(s)
			}
		})
	}
}
