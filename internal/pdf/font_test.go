package pdf

import (
	"encoding/binary"
	"errors"
	"os"
	"testing"
)

// vendorFont reads the font that reports are set in; it is absent before `make assets`.
func vendorFont(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("../report/fonts/vendor/" + name + ".ttf")
	if err != nil {
		t.Skip("SKIPPED: the font is not there; run make assets")
	}
	return raw
}

// tinyFont makes a font of five glyphs: .notdef, A, B composed of A, the character 中, and one beyond the basic plane (𠮷).
func tinyFont() []byte {
	u16 := func(list ...int) (out []byte) {
		for _, v := range list {
			out = binary.BigEndian.AppendUint16(out, uint16(v))
		}
		return out
	}
	square := u16(1, 0, 0, 500, 500, 3, 0) // one contour of four points, no instructions
	square = append(square, 1, 1, 1, 1)
	square = append(square, u16(0, 500, 0, -500&0xffff, 0, 0, 500, 0)...)
	composite := u16(0xffff, 0, 0, 500, 500, argsAreWords, 1, 10, 20)
	var glyf []byte
	loca := binary.BigEndian.AppendUint32(nil, 0)
	for _, g := range [][]byte{square, square, composite, square, square} {
		glyf = append(glyf, g...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	}
	head := make([]byte, 54)
	copy(head[18:], u16(1000))
	copy(head[36:], u16(0, -200&0xffff, 1000, 800))
	copy(head[50:], u16(1))
	hhea := make([]byte, 36)
	copy(hhea[4:], u16(800, -200&0xffff))
	copy(hhea[34:], u16(2))
	maxp := append([]byte{0, 1, 0, 0}, u16(5)...)
	hmtx := u16(500, 0, 600, 0, 0, 0, 0) // two full metrics, three bearings
	cmap := u16(0, 1, 3, 10)
	cmap = binary.BigEndian.AppendUint32(cmap, 12)
	cmap = append(cmap, u16(12, 0)...)
	groups := [][3]uint32{{'A', 'B', 1}, {'中', '中', 3}, {'𠮷', '𠮷', 4}}
	cmap = binary.BigEndian.AppendUint32(cmap, uint32(16+12*len(groups)))
	cmap = binary.BigEndian.AppendUint32(cmap, 0)
	cmap = binary.BigEndian.AppendUint32(cmap, uint32(len(groups)))
	for _, g := range groups {
		for _, v := range g {
			cmap = binary.BigEndian.AppendUint32(cmap, v)
		}
	}
	tables := []struct {
		tag  string
		data []byte
	}{{"cmap", cmap}, {"glyf", glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}}
	out := append([]byte{0, 1, 0, 0}, u16(len(tables), 0, 0, 0)...)
	at := 12 + 16*len(tables)
	for _, t := range tables {
		out = append(out, t.tag...)
		for _, v := range []int{0, at, len(t.data)} {
			out = binary.BigEndian.AppendUint32(out, uint32(v))
		}
		at += (len(t.data) + 3) &^ 3
	}
	for _, t := range tables {
		out = append(out, t.data...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	return out
}

func TestFontIsRead(t *testing.T) {
	t.Parallel()
	f, err := ParseFont(tinyFont())
	if err != nil {
		t.Fatal(err)
	}
	for r, want := range map[rune]uint16{'A': 1, 'B': 2, '中': 3, '𠮷': 4, 'C': 0, '国': 0} {
		if got := f.glyph(r); got != want {
			t.Errorf("%c is glyph %d, want %d", r, got, want)
		}
	}
	if f.advance(0) != 500 || f.advance(1) != 600 || f.advance(4) != 600 {
		t.Error("wrong widths")
	}
}

func TestSubsetKeepsWhatGlyphsAreComposedOf(t *testing.T) {
	t.Parallel()
	f, err := ParseFont(tinyFont())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := f.subset([]uint16{0, 2}) // B alone: A follows as its part
	if err != nil {
		t.Fatal(err)
	}
	if checksum(raw) != 0xb1b0afba {
		t.Error("the checksum over the file is wrong")
	}
	tables, err := directory(raw)
	if err != nil {
		t.Fatal(err)
	}
	if n := be16(tables["maxp"], 4); n != 3 {
		t.Fatalf("%d glyphs, want .notdef, B and A", n)
	}
	loca, glyf := tables["loca"], tables["glyf"]
	parts, err := components(glyf[be32(loca, 4):be32(loca, 8)])
	if err != nil || len(parts) != 1 || parts[0].glyph != 2 {
		t.Fatalf("B is composed of %+v (%v), want glyph 2", parts, err)
	}
}

func TestFontsThatCannotBeEmbeddedAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := ParseFont([]byte("OTTO00000000000000")); !errors.Is(err, ErrOutlines) {
		t.Errorf("CFF outlines: %v", err)
	}
	if _, err := ParseFont(nil); !errors.Is(err, ErrFont) {
		t.Errorf("nothing: %v", err)
	}
	raw := tinyFont()
	for n := range raw {
		_, _ = ParseFont(raw[:n]) // must not panic
	}
}

func TestVendorFont(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"regular", "bold"} {
		f, err := ParseFont(vendorFont(t, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range "公信查询期内无相关信息ABCabc0123456789，。（）《》“”—…·￥％" {
			if !f.Has(r) {
				t.Errorf("%s lacks %c", name, r)
			}
		}
		t.Log(f.Name(), f.glyphs, "glyphs")
	}
}

func FuzzFont(f *testing.F) {
	f.Add(tinyFont())
	f.Add(tinyFont()[:200])
	f.Fuzz(func(t *testing.T, raw []byte) {
		font, err := ParseFont(raw)
		if err != nil {
			return
		}
		glyphs := []uint16{0}
		for _, r := range "AB中𠮷国" {
			if g := font.glyph(r); g != 0 {
				glyphs = append(glyphs, g)
			}
			font.advance(font.glyph(r))
		}
		if out, err := font.subset(glyphs); err == nil {
			if _, err := directory(out); err != nil {
				t.Fatal("a subset without a readable directory")
			}
		}
	})
}
