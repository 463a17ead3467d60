package me

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"gongxin/internal/authz"
	"gongxin/internal/publish"
	"gongxin/internal/web"
	"gongxin/internal/web/ui"
)

// remarks is a part such as another feature adds.
func remarks() Part {
	return Part{
		Name: "remarks", Label: "意见", Path: "/me/remarks", Words: "对一条记录提出意见。", Guide: "/guide/objection",
		For:   func(p Place) bool { return !p.Resident },
		Count: func(_ context.Context, p Place) (string, error) { return p.Name + "有 2 件", nil },
		OfRecord: func(_ context.Context, p Place, r *publish.RecordView) (ui.Link, error) {
			if r.Status != "active" {
				return ui.Link{}, nil
			}
			return ui.Link{Href: p.Link("/me/remarks/new", "record", r.ID), Label: "对它提出意见"}, nil
		},
		Routes: func(c *Centre, rt *web.Router) {
			rt.Handle("GET /me/remarks", c.Mine(authz.DiscloseOwn), c.Handle(func(w http.ResponseWriter, r *http.Request) error {
				p, err := c.Place(r, "remarks", "/me/remarks")
				if err != nil {
					return err
				}
				return c.Show(w, r, http.StatusOK, p, Sheet{Title: "意见一览", Lead: "提过的意见。"}, ui.Empty("还没有提过意见", ""))
			}))
		},
	}
}

func TestPart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *Deps) { d.Parts = []Part{remarks()} })
	b := w.agent(t, "agent1", uscc(1), uscc(2))
	home := b.get(t, "/me", http.StatusOK)
	for _, want := range []string{"对一条记录提出意见。", firmName + "有 2 件", "/me/remarks?of="} {
		if !strings.Contains(home, want) {
			t.Errorf("the overview lacks %q", want)
		}
	}
	if strings.Contains(home, `class="door" href="/guide/objection"`) || !strings.Contains(home, `class="door" href="/guide/repair"`) {
		t.Error("the guide stands beside the part that takes its place, or the other guide is gone")
	}
	if page := b.get(t, "/me/remarks", http.StatusOK); !strings.Contains(page, "意见一览") || !strings.Contains(page, firmName) || !strings.Contains(page, "还没有提过意见") {
		t.Errorf("page: %s", text(page))
	}
	b.get(t, "/me/remarks?of=99", http.StatusNotFound)
	record := mustRecord(t, w, w.firm)
	if page := b.get(t, "/me/file/"+record, http.StatusOK); !strings.Contains(page, "/me/remarks/new?of=") || strings.Contains(page, ">提出异议</a>") {
		t.Errorf("record: %s", text(page))
	}
	r := w.resident(t, "resident1")
	if home := r.get(t, "/me", http.StatusOK); strings.Contains(home, "对一条记录提出意见。") || !strings.Contains(home, `class="door" href="/guide/objection"`) {
		t.Error("a resident has the part of businesses")
	}
}
