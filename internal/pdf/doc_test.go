package pdf

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
)

var at = time.Date(2026, 11, 18, 2, 0, 0, 0, time.UTC)

func parsed(t testing.TB, raw []byte) *Font {
	t.Helper()
	f, err := ParseFont(raw)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func vendorFonts(t testing.TB) Options {
	t.Helper()
	return Options{
		Title: "公共信用信息报告", Author: "临溪市", Subject: "报告", Creator: "公信", At: at, Header: "公共信用信息报告", HeaderEnd: "2026111810000000000001", Footer: "第一页",
		Watermark: "2026111810000000000001", Regular: []*Font{parsed(t, vendorFont(t, "regular"))}, Bold: []*Font{parsed(t, vendorFont(t, "bold"))},
	}
}

// sample fills a document with every kind of thing, and a table that goes over pages.
func sample(b *Builder, rows int) {
	b.Heading(1, "公共信用信息报告")
	b.Corner(Modules{Size: 21, Black: func(x, y int) bool { return (x+y)%3 == 0 }}, 80*Pt, "核验网址的二维码", "扫码核验")
	b.Table(Table{Columns: []int{1, 3}, Width: 380 * Pt, Rows: [][]Cell{
		{{Text: "报告编号", Label: true}, {Text: "2026111810000000000001"}},
		{{Text: "主体名称", Label: true}, {Text: "临溪市示例食品有限公司"}},
	}})
	b.Skip(40 * Pt)
	b.Heading(2, "一、登记注册基础信息")
	b.Para(strings.Repeat("本报告如实载明依法归集的公共信用信息，不作评价，不打分。", 12), Style{After: 4 * Pt})
	b.Heading(3, "行政处罚")
	t := Table{Columns: []int{1, 2, 5}, Head: []string{"序号", "决定日期", "内容"}}
	for i := range rows {
		t.Rows = append(t.Rows, []Cell{{Text: fmt.Sprint(i + 1)}, {Text: "2026-03-02"}, {Text: strings.Repeat("罚款2000元，", i%7+1)}})
	}
	t.Rows = append(t.Rows, []Cell{{Text: "长"}, {Text: "2026-03-02", Span: 2}}, []Cell{{Text: "尾"}, {Text: ""}, {Text: strings.Repeat("很长的违法事实。", 900)}})
	b.Table(t)
}

func built(t testing.TB, o Options, rows int, s *Signer) []byte {
	t.Helper()
	b := New(o)
	sample(b, rows)
	b.Attach("report.json", "application/json", "报告的数据", []byte(`{"a":1}`))
	if s != nil {
		b.Sign(*s)
	}
	raw, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestSameInputSameBytes(t *testing.T) {
	t.Parallel()
	o := vendorFonts(t)
	if !bytes.Equal(built(t, o, 50, nil), built(t, o, 50, nil)) {
		t.Fatal("the bytes differ")
	}
}

func TestTextComesOutAsItWentIn(t *testing.T) {
	t.Parallel()
	f, err := Open(built(t, vendorFonts(t), 60, nil))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := f.Pages()
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 3 {
		t.Fatalf("%d pages; the table goes over several", len(pages))
	}
	all := squeeze(strings.Join(pages, ""))
	for _, want := range []string{"公共信用信息报告", "临溪市示例食品有限公司", "2026111810000000000001", "扫码核验", strings.Repeat("罚款2000元，", 7), strings.Repeat("很长的违法事实。", 900)} {
		if !strings.Contains(all, want) {
			t.Errorf("%.40q is missing", want)
		}
	}
	if strings.Count(all, "决定日期") != 1 {
		t.Error("a repeated head is an artifact; it must be read once")
	}
	data, err := f.Attachment("report.json")
	if err != nil || string(data) != `{"a":1}` {
		t.Errorf("attachment: %s, %v", data, err)
	}
	if _, err := f.Attachment("other"); err == nil {
		t.Error("an attachment that is not there")
	}
}

func TestCatalogSaysWhatReadersNeed(t *testing.T) {
	t.Parallel()
	f, err := Open(built(t, vendorFonts(t), 3, nil))
	if err != nil {
		t.Fatal(err)
	}
	root, err := f.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	if lang, _ := root["Lang"].(Str); Text(lang) != "zh-CN" {
		t.Errorf("language %q", Text(lang))
	}
	if mark, _ := root["MarkInfo"].(Dict); mark["Marked"] != true {
		t.Error("not marked as tagged")
	}
	info, err := f.dict(f.Trailer["Info"])
	if err != nil {
		t.Fatal(err)
	}
	if title, _ := info["Title"].(Str); Text(title) != "公共信用信息报告" {
		t.Errorf("title %q", Text(title))
	}
}

// Every element's marked pieces lead back to it through the parent tree, and every role is one of the standard's.
func TestStructureTree(t *testing.T) {
	t.Parallel()
	f, err := Open(built(t, vendorFonts(t), 60, nil))
	if err != nil {
		t.Fatal(err)
	}
	root, _ := f.Catalog()
	tree, err := f.dict(root["StructTreeRoot"])
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := f.dict(tree["ParentTree"])
	if err != nil {
		t.Fatal(err)
	}
	nums, _ := numbers["Nums"].(Array)
	pagesOf := map[any]float64{}
	pages, _ := f.dict(root["Pages"])
	for i, p := range pages["Kids"].(Array) {
		pagesOf[p] = float64(i)
	}
	roles := map[Name]int{}
	var walk func(r any, parent any)
	walk = func(r, parent any) {
		e, err := f.dict(r)
		if err != nil {
			t.Fatal(err)
		}
		role, _ := e["S"].(Name)
		roles[role]++
		if e["P"] != parent {
			t.Fatalf("%s: wrong parent", role)
		}
		if role == "Figure" && e["Alt"] == nil {
			t.Error("a figure without words")
		}
		kids, _ := e["K"].(Array)
		for _, k := range kids {
			page, mcid := e["Pg"], 0.0
			switch v := k.(type) {
			case Ref:
				walk(v, r)
				continue
			case float64:
				mcid = v
			case Dict:
				page, mcid = v["Pg"], v["MCID"].(float64)
			}
			list := nums[int(pagesOf[page])*2+1].(Array)
			if list[int(mcid)] != r {
				t.Fatalf("%s: page %v piece %v leads elsewhere", role, page, mcid)
			}
		}
	}
	walk(tree["K"], root["StructTreeRoot"])
	for _, want := range []Name{"Document", "H1", "H2", "H3", "P", "Table", "THead", "TBody", "TR", "TH", "TD", "Figure"} {
		if roles[want] == 0 {
			t.Errorf("no %s", want)
		}
	}
}

func TestMissingGlyphIsAnError(t *testing.T) {
	t.Parallel()
	b := New(Options{Regular: []*Font{parsed(t, tinyFont())}})
	b.Para("AB中国", Style{})
	_, err := b.Bytes()
	var missing *MissingGlyph
	if !errors.As(err, &missing) || missing.Rune != '国' || !strings.Contains(err.Error(), "U+56FD") {
		t.Fatalf("got %v, want U+56FD named", err)
	}
}

func TestFurtherFontsSetWhatTheFirstLacks(t *testing.T) {
	t.Parallel()
	o := vendorFonts(t)
	if o.Regular[0].Has('𠮷') {
		t.Log("the font has 𠮷 itself")
	}
	o.Regular = []*Font{parsed(t, tinyFont()), o.Regular[0]}
	o.Watermark, o.Header, o.HeaderEnd, o.Footer = "", "", "", ""
	b := New(o)
	b.Para("A国𠮷中B", Style{})
	raw, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(raw)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := f.Pages()
	if err != nil || strings.TrimSpace(pages[0]) != "A国𠮷中B" {
		t.Fatalf("%q, %v", pages, err)
	}
}

func signer(t testing.TB) (Signer, *ecdsa.PublicKey) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return Signer{KeyID: "0123456789abcdef", Name: "临溪市", Reason: "出具", At: at, Sign: func(m []byte) ([]byte, error) { return key.SignWithSM2(rand.Reader, nil, m) }}, &key.PublicKey
}

// holds checks a file's signature.
func holds(raw []byte, key *ecdsa.PublicKey) error {
	f, err := Open(raw)
	if err != nil {
		return err
	}
	s, err := f.Signature()
	if err != nil {
		return err
	}
	if !sm2.VerifyASN1WithSM2(key, nil, s.Message, s.DER) {
		return ErrSigned
	}
	return nil
}

// No byte of a signed file can change, wherever it stands.
func TestSignatureCoversEveryByte(t *testing.T) {
	t.Parallel()
	s, key := signer(t)
	raw := signedTiny(t, s)
	if err := holds(raw, key); err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for _, change := range []byte{1, 0x20, 0x80} {
			other := bytes.Clone(raw)
			other[i] ^= change
			if holds(other, key) == nil {
				t.Fatalf("byte %d (%q) changed to %q is not noticed", i, raw[i], other[i])
			}
		}
	}
	for _, n := range []int{0, 1, len(raw) - 1, len(raw) / 2} {
		if holds(raw[:n], key) == nil {
			t.Fatal("a part holds")
		}
	}
	if holds(append(bytes.Clone(raw), '\n'), key) == nil || holds(append(bytes.Clone(raw), raw...), key) == nil {
		t.Fatal("what is added is not noticed")
	}
}

// signedTiny is a signed file of a few kilobytes.
func signedTiny(t testing.TB, s Signer) []byte {
	t.Helper()
	font := parsed(t, tinyFont())
	for _, r := range "0123456789第页共，" { // the foot's characters, drawn as the box
		font.put(int(r), 1)
	}
	font.put(' ', 1)
	b := New(Options{Title: "AB", At: at, Regular: []*Font{font}})
	b.Para("AB中", Style{})
	b.Attach("report.json", "application/json", "", []byte(`{"a":1}`))
	b.Sign(s)
	raw, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Debian's poppler reads the files too, where it is installed.
func TestPoppler(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("SKIPPED: pdftotext is not installed")
	}
	s, _ := signer(t)
	path := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(path, built(t, vendorFonts(t), 20, &s), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"-raw", "-layout", "-nopgbrk"} {
		out, err := exec.Command(tool, how, path, "-").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "临溪市示例食品有限公司") || strings.Contains(string(out), "Error") {
			t.Fatalf("%s %v", out, err)
		}
		// Nothing of the watermark stands among the lines: outside of the number itself the page has no line of its pieces.
		for line := range strings.SplitSeq(string(out), "\n") {
			if line = strings.TrimSpace(line); len(line) == 1 && line[0] >= '0' && line[0] <= '9' && how == "-layout" {
				t.Fatalf("%s: a line of %q", how, line)
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	s, _ := signer(f)
	raw := signedTiny(f, s)
	f.Add(raw)
	f.Add(raw[:len(raw)/2])
	f.Add([]byte("%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		file, err := Open(raw)
		if err != nil {
			return
		}
		_, _ = file.Pages()
		_, _ = file.Attachment("report.json")
		_, _ = file.Signature()
	})
}

func BenchmarkReport(b *testing.B) {
	o := vendorFonts(b)
	s, _ := signer(b)
	b.ReportAllocs()
	for b.Loop() {
		built(b, o, 100, &s)
	}
}

func BenchmarkOpenAndCheck(b *testing.B) {
	s, key := signer(b)
	raw := built(b, vendorFonts(b), 100, &s)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if err := holds(raw, key); err != nil {
			b.Fatal(err)
		}
	}
}
