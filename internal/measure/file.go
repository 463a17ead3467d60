package measure

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/ruleset"
)

// ErrFile refuses a file of the lists of matters.
var ErrFile = fault.New(fault.Invalid, "measure.file", "奖惩清单文件有误", "请按文件中指出的行修改，格式见“联合奖惩”的说明")

// maxMatters bounds a file of the lists of matters; a city has some hundreds.
const maxMatters = 5000

// File is 奖惩对象清单 and 奖惩措施清单 of matters, as an agency keeps them in a file: each [[matter]] with the line on which it begins.
type File struct {
	Matters []MatterLists
	Lines   []int
}

// ReadFile reads a file and refuses, with the line, what is not a list of a matter. Whether lists and measures are in force is asked by Load.
func ReadFile(r io.Reader) (*File, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, ErrFile.With(err)
	}
	if len(text) > maxFile {
		return nil, ErrFile.Messagef("奖惩清单文件超过 %d KB", maxFile>>10)
	}
	var f struct {
		Matter []struct {
			Code     string     `toml:"code"`
			Lists    []string   `toml:"lists"`
			Measures []string   `toml:"measures"`
			Must     bool       `toml:"must"`
			From     clock.Date `toml:"from"`
			Until    clock.Date `toml:"until"`
		} `toml:"matter"`
	}
	if err := ruleset.Decode(text, &f, ErrFile, "奖惩清单文件"); err != nil {
		return nil, err
	}
	if len(f.Matter) == 0 || len(f.Matter) > maxMatters {
		return nil, ErrFile.Messagef("奖惩清单文件有 %d 个 [[matter]]，应为 1 至 %d 个", len(f.Matter), maxMatters)
	}
	out, seen := &File{}, map[string]int{}
	for i, m := range f.Matter {
		line := ruleset.Line(text, "matter", i)
		if first := seen[m.Code]; first != 0 {
			return nil, ErrFile.Messagef("第 %d 行：应用事项 %s 在第 %d 行已经有了", line, m.Code, first)
		}
		seen[m.Code] = line
		out.Matters = append(out.Matters, MatterLists{Matter: m.Code, Lists: m.Lists, Measures: m.Measures, Must: m.Must, From: m.From, Until: m.Until})
		out.Lines = append(out.Lines, line)
	}
	return out, nil
}

// Loaded is what became of one matter of a file.
type Loaded struct {
	MatterLists
	Changed bool
}

// errDry undoes what a dry run did.
var errDry = errors.New("dry run")

// Load puts the lists of a whole file on file, or, when one is refused, none of them; the refusal names its line. dry does everything but keep it.
func (s *Service) Load(ctx context.Context, f *File, dry bool) (out []Loaded, err error) {
	defer fault.Wrap(&err, "measure.Load")
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		out = make([]Loaded, 0, len(f.Matters))
		for i := range f.Matters {
			m := f.Matters[i]
			changed, err := s.saveMatter(ctx, tx, &m)
			if err != nil {
				return atLine(err, f.Lines[i])
			}
			out = append(out, Loaded{m, changed})
		}
		if dry {
			return errDry
		}
		return nil
	})
	if dry && errors.Is(err, errDry) {
		err = nil
	}
	return out, err
}

// atLine puts the line before what a refusal says.
func atLine(err error, line int) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		return fmt.Errorf("line %d: %w", line, err)
	}
	return f.Messagef("第 %d 行：%s", line, f.Message).With(err)
}
