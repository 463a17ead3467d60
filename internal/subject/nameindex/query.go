package nameindex

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// How says by which way a hit was found, from best to worst.
type How uint8

// The ways. An exact hit is the whole name, or the name without place words and legal form.
const (
	Exact How = iota + 1
	Code
	Prefix
	Contains
	Words
	Initials
	Fuzzy
	Former // any of these in an earlier name
)

// String gives the word for logs and the API.
func (h How) String() string {
	names := [...]string{"", "exact", "code", "prefix", "contains", "words", "initials", "fuzzy", "former"}
	if int(h) < len(names) {
		return names[h]
	}
	return ""
}

// Limits of a query.
const (
	DefaultLimit = 10
	MaxLimit     = 100
	MaxOffset    = 10000
	MaxRunes     = 100 // characters of a query text
)

// Query is one search.
type Query struct {
	Text   string
	Limit  int    // hits to return: 0 means DefaultLimit, never more than MaxLimit
	Offset int    // hits to skip, up to MaxOffset
	Region string // only entries whose region begins with this
	Kind   uint8  // only entries with one of these kind bits; 0 means all
}

// Result is the answer to a query.
type Result struct {
	Hits []Hit
	// Total counts all hits that paging would reach; above about ten thousand it may be an estimate.
	Total        int
	TotalIsExact bool
	// Reason says in plain words why the answer is empty or narrower than asked; it is safe to show.
	Reason  string
	Elapsed time.Duration
}

// Hit is one entry found.
type Hit struct {
	ID    int64
	Score int // higher is better; equal scores are in order of length, weight, code and ID
	How   How
	Name  string // the name that matched, as it was put: the present one or an earlier one
	// Ranges are the matched runes of Name, as half-open intervals in ascending order.
	Ranges [][2]int
}

// The tiers of the ranking, best first.
const (
	tierCode = iota
	tierCodePrefix
	tierExact
	tierCore
	tierFormerExact
	tierPrefix
	tierEarly
	tierLate
	tierFormer
	tierWords
	tierFormerWords
	tierInitialsPrefix
	tierInitials
	tierFormerInitials
	tierFuzzy
	tierLoose
	tierFormerLoose
)

var tierHow = [...]How{
	Code, Code, Exact, Exact, Former, Prefix, Contains, Contains, Former, Words, Former, Initials, Initials,
	Former, Fuzzy, Fuzzy, Former,
}

var tierScore = [...]int{1000, 980, 960, 940, 920, 900, 880, 860, 800, 700, 680, 600, 580, 560, 400, 200, 180}

// Reasons that a result gives.
const (
	reasonEmpty   = "请输入要查的名称、统一社会信用代码或拼音首字母。"
	reasonOneRune = "只输入了一个字，仅列出以该字开头的名称；请再输入至少一个字。"
	reasonOneKey  = "只输入了一个字母或数字，仅列出以它开头的名称；请再输入至少一个。"
	reasonTooLong = "输入的文字超过 100 个字，无法查询；请只保留名称或代码。"
	reasonTooDeep = "只能翻看前 10000 条结果；请再输入一些文字缩小范围。"
)

// fewHits: typo tolerance and looser matching start only when fewer strict hits than this were found.
const fewHits = 20

// farLength is from which length on a text may have two slips, when with one nothing was found.
const farLength = 8

// plan is a query made ready.
type plan struct {
	text    []uint16   // everything in one piece
	words   [][]uint16 // as separated by blanks and commas
	geo     geo
	core    []uint16
	parts   [][]uint16 // place words and legal form
	latin   bool
	keys    []byte // the initials asked for, when latin
	codes   [][]uint16
	splits  [][][]uint16
	loose   [][][]uint16 // the same for the distinctive part alone
	pattern *pattern
	maxDist int
	sound   []byte // initials of a text in characters

	need     int // hits wanted from every part: offset + limit
	byRegion bool
	region   []uint16
	kind     uint8
}

func isSeparator(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune(",，、;；/|｜／", r)
}

// parse makes the plan of a query; a reason means that there is nothing to look for.
func (ix *Index) parse(q *Query) (*plan, string) {
	if q.Limit <= 0 {
		q.Limit = DefaultLimit
	}
	q.Limit = min(q.Limit, MaxLimit)
	q.Offset = max(q.Offset, 0)
	if q.Offset > MaxOffset {
		return nil, reasonTooDeep
	}
	if len(q.Text) > MaxRunes*utf8.UTFMax*4 || utf8.RuneCountInString(q.Text) > MaxRunes {
		return nil, reasonTooLong
	}
	p := &plan{need: q.Offset + q.Limit, kind: q.Kind, byRegion: q.Region != ""}
	if q.Region != "" {
		p.region = ix.regions.under(q.Region)
	}
	p.text = make([]uint16, 0, MaxRunes)
	for _, w := range strings.FieldsFunc(q.Text, isSeparator) {
		from := len(p.text)
		p.text, _ = foldUnits(p.text, w, MaxRunes, ix.codec.find)
		if word := p.text[from:]; len(word) > 0 {
			p.words = append(p.words, word)
		}
	}
	if len(p.text) == 0 {
		return nil, reasonEmpty
	}
	p.geo = ix.places.geo(p.text)
	p.core = p.text[p.geo.start:p.geo.end]
	p.parts = ix.places.parts(p.text, p.geo)
	p.latin = allLatin(p.text)
	if p.latin {
		p.keys = keysOf(p.text)
	}
	p.codes = codeTexts(p)
	return p, ""
}

func keysOf(us []uint16) []byte {
	out := make([]byte, len(us))
	for i, u := range us {
		out[i] = lowerLetter(byte(u))
	}
	return out
}

// codeTexts finds what may be a code: the whole text, or a full code among the words of a pasted line.
func codeTexts(p *plan) [][]uint16 {
	var out [][]uint16
	if p.latin && len(p.text) >= minCode && len(p.text) <= codeLen {
		out = append(out, p.text)
	}
	for _, w := range p.words {
		for _, run := range latinRuns(w) {
			if len(run) == codeLen && len(run) < len(p.text) {
				out = append(out, run)
			}
		}
	}
	return out
}

// latinRuns cuts the runs of Latin letters and digits out of a text.
func latinRuns(us []uint16) [][]uint16 {
	var out [][]uint16
	for i := 0; i < len(us); {
		j := i
		for j < len(us) && isLatinUnit(us[j]) {
			j++
		}
		if j > i {
			out = append(out, us[i:j])
		}
		i = j + 1
	}
	return out
}

// prepareLoose makes what only the looser stages need.
func (ix *Index) prepareLoose(p *plan) {
	if len(p.words) == 1 && !p.latin {
		p.splits = splits(p)
	}
	if len(p.core) >= 2 && len(p.core) < len(p.text) {
		p.loose = append(cuts(nil, nil, p.core), [][]uint16{p.core})
	}
	if m := len(p.text); m >= 3 && m <= maxPattern && (!p.latin || m >= 5) {
		p.maxDist = 1
		p.pattern = newPattern(p.text)
		p.sound = []byte(ix.opts.Initials(ix.codec.text(p.text)))
	}
}

// splits gives the ways to cut a text into pieces that may stand apart in a name: place words, distinctive part, legal
// form; and one more cut at any place that leaves two characters on either side.
func splits(p *plan) [][][]uint16 {
	var out [][][]uint16
	if len(p.core) >= 2 && len(p.parts) > 0 {
		out = append(out, append(slices.Clone(p.parts), p.core))
	}
	out = cuts(out, nil, p.text)
	if len(p.parts) > 0 {
		out = cuts(out, p.parts, p.core)
	}
	return out
}

// maxCut is the longest text that is cut in two at every place.
const maxCut = 24

func cuts(out [][][]uint16, fixed [][]uint16, us []uint16) [][][]uint16 {
	for i := 2; i+2 <= len(us) && len(us) <= maxCut; i++ {
		out = append(out, append(slices.Clone(fixed), us[:i], us[i:]))
	}
	return out
}
