package lifecycle

import (
	"context"
	_ "embed"
	"io"
	"slices"

	"github.com/BurntSushi/toml"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/record"
	"gongxin/internal/ruleset"
)

//go:embed data/archive.toml
var shipped []byte

// maxArchive bounds a file; a real one is a few kilobytes.
const maxArchive = 1 << 20

// shortest is the shortest time that an archive is kept, in months: the longest period of showing (three years), so that a slip of the pen destroys nothing that
// may still have to be brought back or proven.
const shortest = 36

// ErrArchive refuses a file of archive periods.
var ErrArchive = fault.New(fault.Invalid, "lifecycle.archive", "档案保存期文件有误", "请对照文件开头的说明修改")

// every stands for all items of failures.
const every = "*"

// Keep says how long what is over is kept.
type Keep struct {
	Item    string   `toml:"item"`  // catalogue code, or * for every item of negative polarity
	After   []string `toml:"after"` // the statuses it is counted from
	Months  int      `toml:"months"`
	Law     string   `toml:"law"`
	Article string   `toml:"article"`
	Sure    string   `toml:"sure"`

	statuses []record.Status
}

// basis names what a destruction rests on.
func (k *Keep) basis() string { return k.Law + k.Article }

// Archive is one file of periods.
type Archive struct {
	rows []Keep
}

// over are the statuses from which an archive is counted.
var over = map[string]record.Status{
	record.Ended.String(): record.Ended, record.Repaired.String(): record.Repaired, record.Annulled.String(): record.Annulled, record.Withdrawn.String(): record.Withdrawn,
}

// LoadArchive reads a file and refuses unknown keys, rows without a law, periods shorter than three years, and two rows for one item and status.
func LoadArchive(r io.Reader) (*Archive, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxArchive+1))
	if err != nil {
		return nil, ErrArchive.With(err)
	}
	if len(text) > maxArchive {
		return nil, ErrArchive.Messagef("档案保存期文件超过 1 MB")
	}
	var f struct {
		Keep []Keep `toml:"keep"`
	}
	meta, err := toml.Decode(string(text), &f)
	if err != nil {
		return nil, ErrArchive.With(err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, ErrArchive.Messagef("档案保存期文件含有未知的键 %s", unknown[0])
	}
	seen := map[string]bool{}
	for i := range f.Keep {
		k := &f.Keep[i]
		switch {
		case k.Item == "" || len(k.After) == 0:
			return nil, ErrArchive.Messagef("第 %d 行没有写明事项或者起算的状态", i+1)
		case k.Law == "" || k.Article == "":
			return nil, ErrArchive.Messagef("第 %d 行没有写明依据的法律和条款", i+1)
		case k.Months < shortest:
			return nil, ErrArchive.Messagef("第 %d 行的保存期短于 %d 个月", i+1, shortest)
		}
		for _, name := range k.After {
			status, ok := over[name]
			if !ok {
				return nil, ErrArchive.Messagef("第 %d 行的状态 %q 不认识", i+1, name)
			}
			if seen[k.Item+" "+name] {
				return nil, ErrArchive.Messagef("事项 %s 的状态 %s 有两行", k.Item, name)
			}
			seen[k.Item+" "+name] = true
			k.statuses = append(k.statuses, status)
		}
	}
	return &Archive{rows: f.Keep}, nil
}

// NewBook makes the series of archive periods. items says whether the catalogue has an item.
func NewBook(d *db.DB, c clock.Clock, items func(code catalog.ItemCode) bool) (*ruleset.Book[*Archive], error) {
	return ruleset.New(ruleset.Config[*Archive]{
		Name: "archive", Load: LoadArchive, Shipped: shipped, DB: d, Clock: c,
		Also: func(_ context.Context, a *Archive) error {
			for i := range a.rows {
				if code := a.rows[i].Item; code != every && !items(catalog.ItemCode(code)) {
					return ErrArchive.Messagef("目录中没有事项 %s", code)
				}
			}
			return nil
		},
	})
}

// of gives the rows that hold for an item: its own, and for what it leaves open those of every failure.
func (a *Archive) of(item *catalog.Item) []Keep {
	var out []Keep
	taken := []record.Status{}
	for i := range a.rows {
		if a.rows[i].Item == string(item.Code) {
			out, taken = append(out, a.rows[i]), append(taken, a.rows[i].statuses...)
		}
	}
	if item.Polarity != catalog.Negative {
		return out
	}
	for i := range a.rows {
		if a.rows[i].Item != every {
			continue
		}
		k := a.rows[i]
		k.statuses = slices.DeleteFunc(slices.Clone(k.statuses), func(s record.Status) bool { return slices.Contains(taken, s) })
		if len(k.statuses) > 0 {
			out = append(out, k)
		}
	}
	return out
}
