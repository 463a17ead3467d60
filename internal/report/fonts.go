package report

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"gongxin/internal/pdf"
)

//go:embed fonts
var fontFiles embed.FS

// Fonts are what reports are set in.
type Fonts struct {
	Regular []*pdf.Font // the first that has a character sets it
	Bold    []*pdf.Font
}

// LoadFonts reads the fonts that the program was built with, and behind them further files for what those lack: TrueType, one after the other.
func LoadFonts(files []string) (*Fonts, error) {
	var f Fonts
	for _, x := range []struct {
		name string
		to   *[]*pdf.Font
	}{{"regular", &f.Regular}, {"bold", &f.Bold}} {
		raw, err := fontFiles.ReadFile("fonts/vendor/" + x.name + ".ttf")
		if errors.Is(err, fs.ErrNotExist) {
			continue // built without; the operator's files may do
		}
		if err != nil {
			return nil, fmt.Errorf("report: fonts: %w", err)
		}
		font, err := pdf.ParseFont(raw)
		if err != nil {
			return nil, fmt.Errorf("report: font %s: %w", x.name, err)
		}
		*x.to = append(*x.to, font)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, ErrFont.Messagef("报告字体文件无法读取").With(err)
		}
		font, err := pdf.ParseFont(raw)
		if err != nil {
			return nil, ErrFont.Messagef("报告字体文件不是带 TrueType 轮廓（glyf）的字体").With(err)
		}
		f.Regular, f.Bold = append(f.Regular, font), append(f.Bold, font)
	}
	if len(f.Regular) == 0 {
		return nil, ErrFont
	}
	return &f, nil
}
