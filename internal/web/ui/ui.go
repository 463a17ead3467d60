// Package ui keeps the rule that there is one set of tokens and one component for each thing: pages are put
// together from these parts and carry no styling of their own. Every part works without JavaScript, says in words what
// it says in colour, and knows nothing of the domain: it takes strings, counts and links.
//
// The style sheets stand in static/css, one file per cascade layer, and are served as one file.
package ui

import "strconv"

// Theme is a reader's choice of colours; the empty one follows the system.
type Theme string

// The themes.
const (
	ThemeSystem Theme = ""
	ThemeLight  Theme = "light"
	ThemeDark   Theme = "dark"
)

// Prefs are a reader's choices that the server renders.
type Prefs struct {
	Theme Theme
	Large bool // 大字版
}

// Link is an address with its words.
type Link struct {
	Href  string
	Label string
}

// NavItem is one entry of the main navigation.
type NavItem struct {
	Href    string
	Label   string
	Section string // marks the entry of the page that is shown
}

// DeskGroup is a part of the desks' head: a few places under one word. The places of the one that is On stand below the groups.
type DeskGroup struct {
	Label  string
	Places []DeskPlace
	On     bool
}

// DeskPlace is a page of the desks. The one whose page is shown is On.
type DeskPlace struct {
	Href, Label string
	On          bool
}

// Page is what the frame around a page needs to know.
type Page struct {
	Title       string // of the page; the product's name is added
	Description string
	Product     string // 公信
	City        string // 临溪市
	Service     string // what the site is: 公共信用信息平台
	Nav         []NavItem
	Section     string // NavItem.Section of this page
	Crumbs      []Link // from the home page down; the last one is this page and has no Href
	Prefs       Prefs
	Path        string // path and query of this page, to come back to after a switch
	HeaderQuery string // what stands in the search box of the header
	NoSearch    bool   // the page has its own search box
	NoIndex     bool
	HTMX        bool        // load htmx: the desks only
	Desk        bool        // a staff desk: denser and wider
	Desks       []DeskGroup // the head of the desks, instead of Nav; empty for whoever works at none
	Refresh     int         // seconds after which a reader without JavaScript gets the page anew; 0 = never
	Charts      bool        // load the chart scripts
	AsOf        string
	Edition     string // of the catalogue
	Footer      []Link
	SourceURL   string // where the program's source is published; may be empty
	Licence     string // of the program
	Account     Account
	Notice      *Notice // what every reader must know today; nil = nothing
	Assets      *Assets
}

// Notice is a message of the whole installation, shown above the content of every page.
type Notice struct {
	Title string
	Lines []string
}

// Account is the header's part about who is signed in. Without links and name it is left out.
type Account struct {
	Name    string // of the one who is signed in; "" for a reader
	Links   []Link // sign in, or the own desk and account
	SignOut string // address that a form posts to, to sign out; "" leaves the button out
}

func (p *Page) fullTitle() string {
	site := p.Product + " · " + p.City
	if p.Title == "" {
		return site + p.Service
	}
	return p.Title + " · " + site
}

func (p *Page) size() string {
	if p.Prefs.Large {
		return "large"
	}
	return ""
}

// Num writes a count with separators of thousands: 1,234,567.
func Num(n int) string {
	s := strconv.Itoa(n)
	neg := n < 0
	if neg {
		s = s[1:]
	}
	if len(s) <= 3 {
		return strconv.Itoa(n)
	}
	b := make([]byte, 0, len(s)+len(s)/3+1)
	if neg {
		b = append(b, '-')
	}
	for i := range len(s) {
		if i > 0 && (len(s)-i)%3 == 0 {
			b = append(b, ',')
		}
		b = append(b, s[i])
	}
	return string(b)
}

// Percent writes part of whole with one decimal, "—" when there is no whole.
func Percent(part, whole int) string {
	if whole <= 0 {
		return "—"
	}
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 1, 64) + "%"
}

// Tone is the weight of a message or badge. Its words carry the meaning; the colour only repeats it.
type Tone string

// The tones.
const (
	Plain  Tone = "plain"
	Accent Tone = "accent"
	Good   Tone = "good"
	Warn   Tone = "warn"
	Bad    Tone = "bad"
)

func (t Tone) word() string {
	switch t {
	case Good:
		return "成功"
	case Warn:
		return "注意"
	case Bad:
		return "错误"
	default:
		return "提示"
	}
}

// DeadlineTone and its words: how urgent a number of working days left is.
func deadlineTone(days int) Tone {
	switch {
	case days < 0:
		return Bad
	case days <= 1:
		return Warn
	default:
		return Plain
	}
}

func deadlineWords(days int) string {
	switch {
	case days < 0:
		return "已逾期 " + strconv.Itoa(-days) + " 个工作日"
	case days == 0:
		return "今天到期"
	default:
		return "还剩 " + strconv.Itoa(days) + " 个工作日"
	}
}
