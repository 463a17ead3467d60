package tasks

import (
	"net/http"
	"net/url"
	"slices"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/measure"
	"gongxin/internal/web"
	"gongxin/internal/web/desk"
	"gongxin/internal/web/ui"
)

func (d *Desk) ofMatter() web.Guard {
	return web.Of(authz.MeasureMatter, ofMatter, func(r *http.Request) (authz.Scope, error) {
		m, err := d.Matters.ByCode(r.Context(), r.PathValue("code"))
		if err != nil {
			return authz.Scope{}, err
		}
		return d.scope(r.Context(), m.Agency)
	})
}

// matterView is a matter with the lists it looks at and the measures it may apply.
type matterView struct {
	agency.Matter
	lists, measures []string
	must, has, live bool
	edit            bool
	from, until     clock.Date
}

func (m *matterView) link() string { return mattersPath + "/" + url.PathEscape(m.Code) }

// unitView is an agency with its four lists.
type unitView struct {
	agency.Agency
	decides []string
	matters []matterView
}

type mattersView struct {
	unit  string
	units []ui.Option
	list  []unitView
	done  string
}

// matters shows the four lists of each agency on one page: 应用事项、奖惩对象、奖惩措施、认定.
func (d *Desk) matters(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v := &mattersView{unit: r.URL.Query().Get("unit"), done: doneWords[r.URL.Query().Get("done")]}
	units, err := desk.Units(ctx, d.site, d.Agencies, authz.MeasureRead)
	if err != nil {
		return err
	}
	all, err := d.Matters.List(ctx, 0)
	if err != nil {
		return err
	}
	inUse, err := d.Measures.MattersInUse(ctx)
	if err != nil {
		return err
	}
	deciders, err := d.Lists.Deciders(ctx, "")
	if err != nil {
		return err
	}
	today := clock.Today(d.Clock)
	for _, u := range units {
		one := unitView{Agency: u}
		for _, line := range deciders {
			if line.Agency == u.ID && today >= line.From && (line.Until.IsZero() || today < line.Until) {
				one.decides = append(one.decides, d.listName(line.Kind))
			}
		}
		edit := d.site.May(ctx, authz.MeasureMatter, authz.Scope{Agency: u.ID, Region: u.Region})
		for i := range all {
			if all[i].Agency == u.ID {
				m := d.matterWords(&all[i], inUse, today)
				m.edit = edit
				one.matters = append(one.matters, m)
			}
		}
		if len(one.decides)+len(one.matters) == 0 && v.unit != desk.Dec(u.ID) {
			continue
		}
		v.units = append(v.units, ui.Option{Value: desk.Dec(u.ID), Label: u.Name})
		if v.unit == "" || v.unit == desk.Dec(u.ID) {
			v.list = append(v.list, one)
		}
	}
	return desk.Show(d.site, w, r, http.StatusOK, desk.Page(d.site, r, "四张清单", ui.Link{Label: "四张清单"}), mattersPage(v))
}

func (d *Desk) matterWords(m *agency.Matter, inUse []measure.MatterLists, today clock.Date) matterView {
	v := matterView{Matter: *m}
	base := d.Base()
	for i := range inUse {
		have := &inUse[i]
		if have.Matter != m.Code {
			continue
		}
		v.has, v.must, v.from, v.until = true, have.Must, have.From, have.Until
		v.live = today >= have.From && (have.Until.IsZero() || today < have.Until)
		for _, code := range have.Lists {
			v.lists = append(v.lists, d.listName(code))
		}
		for _, code := range have.Measures {
			if row, ok := base.Row(code); ok && row.Valid(today) {
				v.measures = append(v.measures, row.Content)
			} else {
				v.measures = append(v.measures, code+"（已不在现行清单中，不再适用）")
			}
		}
	}
	return v
}

type editView struct {
	agency.Matter
	unit        string
	lists       []ui.Pick
	measures    []ui.Pick
	must        bool
	from, until string
	fault       *fault.Error
}

func (d *Desk) matter(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	have, ok, err := d.Measures.MatterOf(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	if !ok {
		have.From = clock.Today(d.Clock)
	}
	return d.showMatter(w, r, http.StatusOK, &have, nil)
}

// showMatter shows the form of a matter's lists.
func (d *Desk) showMatter(w http.ResponseWriter, r *http.Request, status int, have *measure.MatterLists, f *fault.Error) error {
	ctx, today := r.Context(), clock.Today(d.Clock)
	m, err := d.Matters.ByCode(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	v := &editView{Matter: m, must: have.Must, from: have.From.String(), fault: f}
	if !have.Until.IsZero() {
		v.until = have.Until.String()
	}
	if v.unit, err = d.unitName(ctx, m.Agency); err != nil {
		return err
	}
	for _, k := range d.Kinds().List() {
		tone := ui.Bad
		if k.Polarity == "incentive" {
			tone = ui.Good
		}
		v.lists = append(v.lists, ui.Pick{Value: k.Code, Label: k.Name, Badge: k.Polarity.Name(), Tone: tone, On: slices.Contains(have.Lists, k.Code)})
	}
	base := d.Base()
	for i := range base.Rows() {
		row := &base.Rows()[i]
		if row.Valid(today) {
			v.measures = append(v.measures, ui.Pick{Value: row.Code, Label: row.Code + " " + row.Content, Badge: base.KindOf(row).Name, Tone: ui.Plain, On: slices.Contains(have.Measures, row.Code)})
		}
	}
	p := desk.Page(d.site, r, "奖惩清单", ui.Link{Href: mattersPath, Label: "四张清单"}, ui.Link{Label: m.Name})
	return desk.Show(d.site, w, r, status, p, matterPage(v))
}

func (d *Desk) saveMatter(w http.ResponseWriter, r *http.Request) error {
	form, err := desk.Form(w, r)
	if err != nil {
		return err
	}
	m := measure.MatterLists{Matter: r.PathValue("code"), Lists: form["lists"], Measures: form["measures"], Must: form.Get("must") == "1"}
	m.From, err = day(form.Get("from"))
	if err == nil {
		m.Until, err = day(form.Get("until"))
	}
	if err == nil {
		err = d.Measures.SaveMatter(r.Context(), m)
	}
	if err == nil {
		return desk.See(w, r, desk.Query(mattersPath, "done", "save"))
	}
	f, known := desk.Refusal(err)
	if !known {
		return err
	}
	return d.showMatter(w, r, web.Status(err), &m, f)
}
