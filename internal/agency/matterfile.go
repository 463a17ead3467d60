package agency

import (
	"context"
	"io"

	"github.com/BurntSushi/toml"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
)

// matterLine is one [[matter]] of a file.
type matterLine struct {
	Code       string   `toml:"code"`
	Name       string   `toml:"name"`
	Agency     string   `toml:"agency"` // unified social credit code
	Law        string   `toml:"law"`
	Article    string   `toml:"article"`
	BasisFrom  string   `toml:"basis_from"`
	BasisUntil string   `toml:"basis_until"`
	Items      []string `toml:"items"`
	Kinds      []string `toml:"kinds"`
	ValidFrom  string   `toml:"valid_from"`
	ValidUntil string   `toml:"valid_until"`
}

// maxMatterFile bounds a file of matters, in bytes.
const maxMatterFile = 4 << 20

// Load reads a TOML file of [[matter]] tables and puts every matter on file; it gives how many were new or changed, and how many there were. Every line is
// checked before the first one is written.
func (x *Matters) Load(ctx context.Context, who audit.Who, r io.Reader) (changed, all int, err error) {
	list, err := readMatters(r)
	if err != nil {
		return 0, 0, err
	}
	matters := make([]Matter, len(list))
	seen := map[string]bool{}
	for i, line := range list {
		if matters[i], err = x.fromLine(ctx, &line); err != nil {
			return 0, 0, err
		}
		if err := x.tidy(ctx, &matters[i]); err != nil {
			return 0, 0, err
		}
		if seen[matters[i].Code] {
			return 0, 0, ErrMatter.Messagef("应用事项 %s 在文件中出现两次", matters[i].Code)
		}
		seen[matters[i].Code] = true
	}
	for i := range matters {
		_, new, err := x.Save(ctx, who, matters[i])
		if err != nil {
			return changed, len(matters), err
		}
		if new {
			changed++
		}
	}
	return changed, len(matters), nil
}

func readMatters(r io.Reader) ([]matterLine, error) {
	var f struct {
		Matter []matterLine `toml:"matter"`
	}
	meta, err := toml.NewDecoder(io.LimitReader(r, maxMatterFile)).Decode(&f)
	if err != nil {
		return nil, ErrMatter.Messagef("应用事项文件不是正确的 TOML").With(err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, ErrMatter.Messagef("应用事项文件含有未知的键 %s", unknown[0])
	}
	if len(f.Matter) == 0 {
		return nil, ErrMatter.Messagef("应用事项文件里没有 [[matter]]")
	}
	return f.Matter, nil
}

func (x *Matters) fromLine(ctx context.Context, line *matterLine) (Matter, error) {
	a, err := x.agencies.ByCode(ctx, line.Agency)
	if err != nil {
		return Matter{}, err
	}
	m := Matter{Code: line.Code, Name: line.Name, Agency: a.ID, Law: line.Law, Article: line.Article, Items: line.Items, Kinds: line.Kinds}
	for _, day := range []struct {
		text string
		to   *clock.Date
	}{{line.BasisFrom, &m.BasisFrom}, {line.BasisUntil, &m.BasisUntil}, {line.ValidFrom, &m.ValidFrom}, {line.ValidUntil, &m.ValidUntil}} {
		if day.text == "" {
			continue
		}
		if *day.to, err = clock.ParseDate(day.text); err != nil {
			return Matter{}, ErrMatter.Messagef("应用事项 %q 的日期不正确，请写成 2026-01-31 的样子", line.Code).With(err)
		}
	}
	return m, nil
}
