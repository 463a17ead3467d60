package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
	"gongxin/internal/web/ui"
)

const (
	// recentRows is how many finished filings the desk lists.
	recentRows = 30
	// recentRead is how many filings it reads, so that those that still run are seen behind newer ones.
	recentRead = 100
)

// filingRow is one filing in the desk's lists.
type filingRow struct {
	*ingest.Submission
	itemName string
	unit     agency.Agency
}

func (r *filingRow) link() string { return receiptLink(r.ID) }

func (r *filingRow) fileName() string { return fileName(r.Submission) }

func receiptLink(id string) string { return "/desk/filing/" + id }

// fileName is the sender's name of the file, which may be missing.
func fileName(s *ingest.Submission) string {
	if s.FileName == "" {
		return "（没有文件名）"
	}
	return s.FileName
}

// deskView is the filing desk.
type deskView struct {
	running  []filingRow
	recent   []filingRow
	returned []filingRow // recent ones with refused rows, or refused as a whole, after which nothing of the kind was filed
	waiting  int         // rows in the queue
	form     formView
}

// formView is the form for a filing with what was typed and what is wrong.
type formView struct {
	unit, item                      string
	unitFault, itemFault, fileFault string
	fault                           string // about no field
	units, items                    []ui.Group
	chosen                          *catalog.Item // whose notes stand beside the form
	maxBytes                        int64
}

func (f *formView) bad() bool {
	return f.unitFault != "" || f.itemFault != "" || f.fileFault != "" || f.fault != ""
}

// filing shows the desk: what runs, what came back, the form.
func (c *Console) filing(w http.ResponseWriter, r *http.Request) error {
	form := formView{unit: rememberedUnit(r), item: r.URL.Query().Get("item")}
	if u := r.URL.Query().Get("unit"); u != "" {
		form.unit = u
	}
	return c.desk(w, r, http.StatusOK, form)
}

// desk writes the whole page, or to htmx the form alone.
func (c *Console) desk(w http.ResponseWriter, r *http.Request, status int, form formView) error {
	if err := c.fill(r.Context(), &form); err != nil {
		return err
	}
	if byScript(r) {
		w.Header().Set("X-Form", "1")
		return c.fragment(w, r, status, filingForm(&form))
	}
	v := deskView{form: form}
	var err error
	if v.running, v.recent, err = c.filings(r.Context()); err != nil {
		return err
	}
	v.returned = returned(v.running, v.recent)
	counts, err := c.queueCounts(r.Context(), ingest.QueueFilter{})
	if err != nil {
		return err
	}
	v.waiting = counts[ingest.Waiting]
	p := c.page(r, "数据报送", desks, ui.Link{Label: "数据报送"})
	if len(v.running) > 0 {
		p.Refresh = 3
	}
	return c.show(w, r, status, p, deskPage(&v))
}

// maxReturned is how many returned filings the desk reminds of.
const maxReturned = 5

// returned gives the filings that came back and were not followed by another one of the same unit and item, which would mend them.
func returned(running, recent []filingRow) []filingRow {
	type matter struct {
		unit agency.ID
		item catalog.ItemCode
	}
	followed := map[matter]bool{}
	for i := range running {
		followed[matter{running[i].Agency, running[i].Item}] = true
	}
	var out []filingRow
	for _, r := range recent { // newest first
		m := matter{r.Agency, r.Item}
		if (r.Rejected > 0 || r.State == ingest.Failed) && !followed[m] && !r.DryRun && len(out) < maxReturned {
			out = append(out, r)
		}
		followed[m] = true
	}
	return out
}

// filings gives the recent filings, those that still run apart.
func (c *Console) filings(ctx context.Context) (running, recent []filingRow, err error) {
	list, err := c.recent(ctx, recentRead)
	if err != nil {
		return nil, nil, err
	}
	units := map[agency.ID]agency.Agency{} // the same few file again and again
	for _, s := range list {
		if _, known := units[s.Agency]; !known {
			units[s.Agency] = c.unit(ctx, s.Agency)
		}
		row := filingRow{Submission: s, itemName: c.itemName(s.Edition, s.Item), unit: units[s.Agency]}
		switch {
		case !finished(s):
			running = append(running, row)
		case len(recent) < recentRows:
			recent = append(recent, row)
		}
	}
	return running, recent, nil
}

// running answers the desk's question how far the running filings are. n says how many the desk shows: when fewer are left, the list of
// recent ones comes along.
func (c *Console) running(w http.ResponseWriter, r *http.Request) error {
	running, recent, err := c.filings(r.Context())
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(r.URL.Query().Get("n"))
	return c.fragment(w, r, http.StatusOK, runningPart(running, recent, n != len(running)))
}

// itemNotes answers what stands beside the form for the chosen item.
func (c *Console) itemNotes(w http.ResponseWriter, r *http.Request) error {
	item, _ := c.edition().Item(catalog.ItemCode(r.URL.Query().Get("item")))
	return c.fragment(w, r, http.StatusOK, notes(item))
}

// fill puts the choices into the form.
func (c *Console) fill(ctx context.Context, f *formView) error {
	list, err := c.units(ctx, authz.SubmissionCreate)
	if err != nil {
		return err
	}
	f.units, f.maxBytes = c.unitGroups(list), c.MaxBytes
	if len(f.units) == 1 && len(f.units[0].Options) == 1 && f.unit == "" && f.unitFault == "" {
		f.unit = f.units[0].Options[0].Value // there is nothing to choose
	}
	edition := c.edition()
	f.items = itemGroups(edition)
	if _, ok := edition.Item(catalog.ItemCode(f.item)); !ok && f.itemFault == "" {
		f.item = string(firstItems[0])
	}
	f.chosen, _ = edition.Item(catalog.ItemCode(f.item))
	return nil
}

// unitGroups lays the agencies that may file out by region.
func (c *Console) unitGroups(list []agency.Agency) []ui.Group {
	var out []ui.Group
	for _, a := range list {
		if !a.Active {
			continue
		}
		label := c.RegionName(a.Region)
		i := slices.IndexFunc(out, func(g ui.Group) bool { return g.Label == label })
		if i < 0 {
			out, i = append(out, ui.Group{Label: label}), len(out)
		}
		out[i].Options = append(out[i].Options, ui.Option{Value: a.Code, Label: a.Name})
	}
	return out
}

// firstItems are double publicity, which most clerks come for.
var firstItems = []catalog.ItemCode{"XZCF", "XZXK"}

// itemGroups lays the items out: double publicity first, then the others by category.
func itemGroups(e *catalog.Edition) []ui.Group {
	option := func(item *catalog.Item) ui.Option {
		return ui.Option{Value: string(item.Code), Label: item.Name + "（" + string(item.Code) + "）"}
	}
	first := ui.Group{Label: "双公示"}
	for _, code := range firstItems {
		if item, ok := e.Item(code); ok {
			first.Options = append(first.Options, option(item))
		}
	}
	out := []ui.Group{first}
	for _, item := range e.Items {
		if slices.Contains(firstItems, item.Code) {
			continue
		}
		i := slices.IndexFunc(out, func(g ui.Group) bool { return g.Label == item.Category })
		if i < 0 {
			out, i = append(out, ui.Group{Label: item.Category}), len(out)
		}
		out[i].Options = append(out[i].Options, option(item))
	}
	return out
}

// unitCookie remembers the unit that filed last. It names a department, no person.
const unitCookie = "gx_unit"

func rememberedUnit(r *http.Request) string {
	c, err := r.Cookie(unitCookie)
	if err != nil {
		return ""
	}
	code, problem := ident.ParseUSCC(c.Value)
	if problem != nil {
		return ""
	}
	return string(code)
}

func (c *Console) rememberUnit(w http.ResponseWriter, code string) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure follows the site
		Name: unitCookie, Value: code, Path: "/desk", MaxAge: 365 * 24 * 60 * 60, HttpOnly: true, Secure: c.site.Secure,
		SameSite: http.SameSiteLaxMode,
	})
}

// countBadge is one count of a receipt in words and colour.
type countBadge struct {
	words string
	tone  ui.Tone
}

// countBadges gives the counts that are not nothing.
func countBadges(c ingest.Counts) []countBadge {
	var out []countBadge
	for _, p := range countParts(c) {
		if p.Count > 0 {
			out = append(out, countBadge{p.Label + " " + ui.Num(p.Count), p.Tone})
		}
	}
	if c.Late > 0 {
		out = append(out, countBadge{"迟报 " + ui.Num(c.Late), ui.Warn})
	}
	return out
}

// countParts are the counts that add up to the rows received.
func countParts(c ingest.Counts) []ui.Part {
	return []ui.Part{
		{Label: outcomeWord(accepted), Count: c.Accepted, Tone: ui.Good},
		{Label: outcomeWord(updated), Count: c.Updated, Tone: ui.Accent},
		{Label: outcomeWord(duplicate), Count: c.Duplicate, Tone: ui.Plain},
		{Label: outcomeWord(withdrawn), Count: c.Withdrawn, Tone: ui.Warn},
		{Label: outcomeWord(rejected), Count: c.Rejected, Tone: ui.Bad},
	}
}

// runWords says how far a running filing is.
func runWords(s *ingest.Submission) string {
	if s.RowsDone == 0 {
		return "排队等待处理"
	}
	return "已读 " + strconv.Itoa(progress(s)) + "%，已处理 " + ui.Num(s.RowsDone) + " 行"
}

// runProgress is a running filing's bar; before the first rows are answered its end is not known.
func runProgress(s *ingest.Submission, label string) ui.ProgressSpec {
	spec := ui.ProgressSpec{ID: "p-" + s.ID, Label: label, Words: runWords(s)}
	if s.RowsDone > 0 {
		spec.Done, spec.Total = progress(s), 100
	}
	return spec
}

// poll are the attributes of a part that asks for itself anew each second.
func poll(address string) templ.Attributes {
	return templ.Attributes{"hx-get": address, "hx-trigger": "every 1s", "hx-swap": "outerHTML"}
}

func runningAddress(n int) string { return "/desk/filing/running?n=" + strconv.Itoa(n) }

// itemSelect lets htmx fetch the notes of the item that is chosen.
func itemSelect() templ.Attributes {
	return templ.Attributes{
		"hx-get": "/desk/filing/item", "hx-target": "#item-notes", "hx-swap": "outerHTML", "hx-trigger": "change",
		"hx-disabled-elt": "unset",
	} // the form's own says "find button", and a select has none
}

// requiredColumns names the columns that every row must have a value in.
func requiredColumns(item *catalog.Item) string {
	var names []string
	for i := range item.Fields {
		if item.Fields[i].Required {
			names = append(names, item.Fields[i].Name)
		}
	}
	return strings.Join(names, "、")
}

func templateLink(item *catalog.Item, ext string) string {
	return "/catalog/" + string(item.Code) + "/template." + ext
}

var recentColumns = []ui.Column{
	{Label: "文件", Class: "file"},
	{Label: "单位"},
	{Label: "收到时间", Class: "date"},
	{Label: "结果", Class: "short"},
	{Label: "收到行数", Class: "num"},
	{Label: "其中"},
}

// ingestCounts shortens the name in templates.
type ingestCounts = ingest.Counts

// swapAttributes lets htmx put a part where its namesake stands.
func swapAttributes(swap bool) templ.Attributes {
	if !swap {
		return nil
	}
	return templ.Attributes{"hx-swap-oob": "outerHTML"}
}
