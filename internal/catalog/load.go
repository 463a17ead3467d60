package catalog

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/fault"
)

//go:embed data
var embedded embed.FS

// Limits of an operator's catalogue.
const (
	maxFiles     = 1000
	maxFileBytes = 1 << 20
)

// Files and folders of an edition.
const (
	editionFile    = "edition.toml"
	prohibitedFile = "prohibited.toml"
	listFolder     = "lists"
	partFolder     = "parts"
	itemFolder     = "items"
)

// LoadError lists everything that is wrong with a catalogue; each fault names its rule.
type LoadError struct{ Faults []*fault.Error }

// Error gives all faults, one a line.
func (e *LoadError) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the faults, so that errors.Is finds each by its code.
func (e *LoadError) Unwrap() []error {
	errs := make([]error, len(e.Faults))
	for i, f := range e.Faults {
		errs[i] = f
	}
	return errs
}

// Load reads an edition from fsys: edition.toml, prohibited.toml and the folders lists, parts and items. A
// catalogue that breaks a rule is refused with a *LoadError that lists every fault.
func Load(fsys fs.FS) (*Edition, error) {
	files, err := readFiles(fsys)
	if err != nil {
		return nil, err
	}
	return build(files)
}

// LoadOver reads what a city adds or changes on top of base: files of fsys stand in for those of the same name.
// The result needs an edition.toml with its own id.
func LoadOver(base *Edition, fsys fs.FS) (*Edition, error) {
	own, err := readFiles(fsys)
	if err != nil {
		return nil, err
	}
	if len(own) == 0 { // base again would pass every check, and the caller would believe that what was meant is loaded
		return nil, errFile.Messagef("这个文件夹里没有目录文件")
	}
	files := maps.Clone(base.files)
	maps.Copy(files, own)
	ed, err := build(files)
	if err != nil {
		return nil, err
	}
	if ed.ID == base.ID && ed.Hash != base.Hash {
		return nil, &LoadError{[]*fault.Error{ErrSameID.Messagef("目录内容有改动，版本号仍是“%s”", ed.ID)}}
	}
	return ed, nil
}

// Default gives the edition that ships with the program.
func Default() *Edition { return defaultEdition() }

var defaultEdition = sync.OnceValue(func() *Edition {
	data, err := fs.Sub(embedded, "data")
	if err != nil {
		panic("catalog: embedded edition: " + err.Error()) // a defect of the build
	}
	ed, err := Load(data)
	if err != nil {
		panic("catalog: embedded edition: " + err.Error()) // a defect of the build, which the tests rule out
	}
	return ed
})

// readFiles takes the catalogue's files from fsys and nothing else.
func readFiles(fsys fs.FS) (map[string][]byte, error) {
	files := make(map[string][]byte)
	for _, pattern := range []string{"*.toml", listFolder + "/*.toml", partFolder + "/*.toml", itemFolder + "/*.toml"} {
		names, err := fs.Glob(fsys, pattern)
		if err != nil {
			return nil, fmt.Errorf("catalog: list files: %w", err)
		}
		if len(files)+len(names) > maxFiles {
			return nil, errFile.Messagef("目录的文件超过%d个", maxFiles)
		}
		for _, name := range names {
			data, err := readFile(fsys, name)
			if err != nil {
				return nil, err
			}
			files[name] = data
		}
	}
	return files, nil
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, errFile.Messagef("读不到文件“%s”", name).With(err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, errFile.Messagef("读不到文件“%s”", name).With(err)
	}
	if len(data) > maxFileBytes {
		return nil, errFile.Messagef("文件“%s”超过1 MB", name)
	}
	return data, nil
}

// builder makes an edition of files and collects what is wrong with them.
type builder struct {
	ed         *Edition
	files      map[string][]byte
	faults     []*fault.Error
	parts      map[string][]Field
	prohibited prohibitions
	order      []ItemCode
	origin     map[ItemCode]string
}

// refuse notes a fault of a rule; what and how name the place.
func (b *builder) refuse(rule *fault.Error, format string, args ...any) {
	b.faults = append(b.faults, rule.Messagef(format, args...))
}

func build(files map[string][]byte) (*Edition, error) {
	b := &builder{
		ed:     &Edition{Lists: make(map[string]*List), byCode: make(map[ItemCode]*Item), files: files, Hash: hashFiles(files)},
		files:  files,
		parts:  make(map[string][]Field),
		origin: make(map[ItemCode]string),
	}
	b.readEdition()
	b.readProhibited()
	b.readLists()
	b.readParts()
	b.readItems()
	for _, it := range b.ed.Items {
		b.checkItem(it, b.origin[it.Code])
	}
	if len(b.faults) == 0 {
		for _, it := range b.ed.Items {
			b.compile(it, b.origin[it.Code])
		}
	}
	if len(b.faults) == 0 {
		for _, it := range b.ed.Items {
			b.tryExample(it, b.origin[it.Code])
		}
	}
	if len(b.faults) > 0 {
		return nil, &LoadError{b.faults}
	}
	return b.ed, nil
}

// decode reads one file strictly: a key that the catalogue does not know is a fault, since it may be a rule
// that its author believes to be in force.
func (b *builder) decode(name string, dst any) bool {
	data, ok := b.files[name]
	if !ok {
		b.refuse(errFile, "缺少文件“%s”", name)
		return false
	}
	meta, err := toml.Decode(string(data), dst)
	if err != nil {
		f := errSyntax.Messagef("文件“%s”不是正确的 TOML", name)
		var parse toml.ParseError
		if errors.As(err, &parse) {
			f = errSyntax.Messagef("文件“%s”第%d行不是正确的 TOML", name, parse.Position.Line)
		}
		b.faults = append(b.faults, f.With(err))
		return false
	}
	for _, key := range meta.Undecoded() {
		b.refuse(errUnknownKey, "文件“%s”有不认识的项“%s”", name, key)
	}
	return true
}

type editionTOML struct {
	ID             string     `toml:"id"`
	EffectiveFrom  clock.Date `toml:"effective_from"`
	Source         string     `toml:"source"`
	Note           string     `toml:"note"`
	Order          []ItemCode `toml:"order"`
	BlankMarks     []string   `toml:"blank_marks"`
	BlankWords     []string   `toml:"blank_words"`
	LongTerm       []string   `toml:"long_term"`
	HeaderPrefixes []string   `toml:"header_prefixes"`
	Chapters       []Chapter  `toml:"chapter"`
	Unused         []struct {
		Headers []string `toml:"headers"`
		Note    string   `toml:"note"`
	} `toml:"unused"`
}

func (b *builder) readEdition() {
	var f editionTOML
	if !b.decode(editionFile, &f) {
		return
	}
	ed := b.ed
	ed.ID, ed.EffectiveFrom, ed.Source, ed.Note, ed.Chapters = f.ID, f.EffectiveFrom, f.Source, f.Note, f.Chapters
	b.order = f.Order
	if !validEditionID(f.ID) {
		b.refuse(errEdition, "版本号“%s”应由1至32位数字、字母、点和连字符组成", f.ID)
	}
	if !f.EffectiveFrom.Valid() {
		b.refuse(errEdition, "版本没有写明生效日期 effective_from")
	}
	for i, c := range f.Chapters {
		if c.No != i+1 || c.Name == "" {
			b.refuse(errEdition, "报告第%d章的序号或者名称不对", i+1)
		}
	}
	ed.blanks = make(map[string]blankUse)
	for use, words := range map[blankUse][]string{blankEverywhere: f.BlankMarks, blankTyped: f.BlankWords} {
		for _, w := range words {
			ed.blanks[w] = use
			ed.maxBlank = max(ed.maxBlank, len([]rune(w)))
		}
	}
	ed.longTerm = make(map[string]bool)
	for _, w := range f.LongTerm {
		ed.longTerm[cntext.Fold(w)] = true
	}
	for _, p := range f.HeaderPrefixes {
		ed.prefixes = append(ed.prefixes, headerKey(p))
	}
	ed.unused = make(map[string]string)
	for _, u := range f.Unused {
		for _, h := range u.Headers {
			ed.unused[headerKey(h)] = u.Note
		}
	}
}

func validEditionID(id string) bool {
	return len(id) > 0 && len(id) <= 32 && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_") == ""
}

// in gives the names of the files of a folder, in order.
func (b *builder) in(folder string) []string {
	var names []string
	for name := range b.files {
		if path.Dir(name) == folder {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (b *builder) readLists() {
	for _, name := range b.in(listFolder) {
		l := &List{}
		if !b.decode(name, l) {
			continue
		}
		if l.Name == "" || l.Title == "" || len(l.Values) == 0 || len(l.Values) > 63 {
			b.refuse(errList, "代码表“%s”要有 name、title 和1至63个值", name)
			continue
		}
		if _, twice := b.ed.Lists[l.Name]; twice {
			b.refuse(errList, "代码表“%s”有两个", l.Name)
			continue
		}
		b.checkList(l)
		b.ed.Lists[l.Name] = l
	}
}

func (b *builder) checkList(l *List) {
	for i := range l.Values {
		v := &l.Values[i]
		if v.Name == "" || cntext.Clean(v.Name) != v.Name {
			b.refuse(errList, "代码表“%s”第%d个值没有名称或者名称里有多余的空白", l.Name, i+1)
		}
		if v.Kind != "" && kindBit(v.Kind) == 0 {
			b.refuse(errKind, "代码表“%s”：主体类型“%s”不认识", l.Name, v.Kind)
		}
		if v.Class != "" && !validClass(v.Class) {
			b.refuse(errClass, "代码表“%s”：公开等级“%s”不认识", l.Name, v.Class)
		}
	}
	if l.Open != "" && l.Index(l.Open) < 0 {
		b.refuse(errList, "代码表“%s”：open 的值“%s”要列在值里", l.Name, l.Open)
	}
	for _, e := range l.Either {
		if len(e.Of) != len(e.Words) || len(e.Of) < 2 {
			b.refuse(errList, "代码表“%s”：合用的旧值要逐个写明新值和判断的词", l.Name)
			continue
		}
		for _, of := range e.Of {
			if l.Index(of) < 0 {
				b.refuse(errList, "代码表“%s”里没有值“%s”", l.Name, of)
			}
		}
	}
	err := l.build(func(spelling string) {
		b.refuse(errList, "代码表“%s”：写法“%s”同时属于两个值", l.Name, spelling)
	})
	if err != nil {
		b.faults = append(b.faults, errList.Messagef("代码表“%s”：form 不是正确的正则表达式", l.Name).With(err))
	}
}

func (b *builder) readParts() {
	for _, name := range b.in(partFolder) {
		var f struct {
			Fields []Field `toml:"field"`
		}
		if b.decode(name, &f) {
			b.parts[strings.TrimSuffix(path.Base(name), ".toml")] = f.Fields
		}
	}
}

type itemTOML struct {
	Item
	Include *include `toml:"include"`
}

func (b *builder) readItems() {
	for _, name := range b.in(itemFolder) {
		var f itemTOML
		if !b.decode(name, &f) {
			continue
		}
		it := &f.Item
		if _, twice := b.ed.byCode[it.Code]; twice {
			b.refuse(errDuplicateItem, "目录项“%s”有两个（%s）", it.Code, name)
			continue
		}
		if f.Include != nil {
			b.include(it, f.Include, name)
		}
		it.Edition = b.ed.ID
		b.ed.Items = append(b.ed.Items, it)
		b.ed.byCode[it.Code] = it
		b.origin[it.Code] = name
	}
	if len(b.ed.Items) == 0 {
		b.refuse(errFile, "目录里没有任何目录项")
	}
	rank := func(code ItemCode) int {
		if i := slices.Index(b.order, code); i >= 0 {
			return i
		}
		return len(b.order)
	}
	slices.SortStableFunc(b.ed.Items, func(x, y *Item) int { return rank(x.Code) - rank(y.Code) })
}

// tryExample checks the item's example as if it had been filed on the day the edition takes effect.
func (b *builder) tryExample(it *Item, file string) {
	if len(it.Example) == 0 {
		return
	}
	v := make(Values, len(it.Fields))
	for code, value := range it.Example {
		v[it.byCode[code]] = value
	}
	want := slices.Clone(v)
	var kind SubjectKind
	for _, r := range it.Check(v, &CheckInput{Received: b.ed.EffectiveFrom, Kind: &kind}) {
		b.refuse(errExample, "%s：示例没有通过检查：%s（%d）", file, r.Message, r.Code)
	}
	for i := range v {
		if v[i] != want[i] {
			b.refuse(errExample, "%s：示例里“%s”不是标准写法", file, it.Fields[i].Code)
		}
	}
}
