package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/ident"
	"gongxin/internal/ingest"
)

// unlinked is a penalty of an individual business that the register does not know.
func unlinked(t *testing.T, n int) string {
	t.Helper()
	fourteen := fmt.Sprintf("990102%08d", n) // an old number
	return example(t, "XZCF", map[string]string{
		"CF_XDR_LB": "个体工商户", "CF_XDR_SHXYM": "", "CF_XDR_GSZC": fourteen + string(ident.RegNoCheck(fourteen)), "CF_JDRQ": "2026-03-18", "CF_YXQ": "2026-12-31",
		"CF_WSH": fmt.Sprintf("临市监罚〔2026〕%d号", n),
	})
}

// TestQueueJourney: a row that nothing links waits, is shown with its numbers, goes to a subject or back, and waits again when that is undone.
func TestQueueJourney(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCity(t, d)
		c.file(t, "DJJC", example(t, "DJJC", nil))
		filed := c.file(t, "XZCF", unlinked(t, 71), unlinked(t, 72))
		list := decode[List[QueueRow]](t, c.get(t, "/queue?limit=1&item=XZCF&unit="+unitCode))
		if len(list.Items) != 1 || list.Next == "" || list.Items[0].Submission != filed.ID || list.Items[0].State != ingest.Waiting || list.Items[0].Name == "" || list.Items[0].Unit.Code != unitCode {
			t.Fatalf("%+v", list)
		}
		rest := decode[List[QueueRow]](t, c.get(t, "/queue?limit=1&cursor="+list.Next+"&submission="+filed.ID))
		if len(rest.Items) != 1 || rest.Next != "" || rest.Items[0].ID == list.Items[0].ID {
			t.Fatalf("the second page: %+v", rest)
		}
		first, second := list.Items[0].ID, rest.Items[0].ID
		e := decode[QueueEntry](t, c.get(t, "/queue/"+first))
		if e.ID != first || e.Person || len(e.Fields) == 0 || len(e.Pointers) == 0 || len(e.Pointers[0].Subjects) != 0 || e.Reason != 1002 {
			t.Errorf("%+v", e)
		}
		post := func(target, body string) answer {
			return c.do(t, "POST", target, strings.NewReader(body), header("application/json"))
		}
		for _, bad := range []struct {
			target, body string
			status       int
			code         string
		}{
			{first + "/decide", `{"decision":"match","note":"x"}`, 400, "api.queue_decision"},
			{first + "/decide", `{"decision":"refuse","subject":"` + codeA + `","note":"x"}`, 400, "api.queue_decision"},
			{first + "/decide", `{"decision":"match","subject":"` + codeA + `"}`, 400, "api.body"},
			{first + "/decide", `{"decision":"match","subject":"` + codeA + `","note":"  "}`, 400, "ingest.queue_note"},
			{first + "/decide", `{"decision":"keep","note":"x"}`, 400, "api.body"},
			{first + "/decide", `{"decision":"match","subject":"91990102MA0000015T","note":"x"}`, 404, "ingest.queue_subject"},
			{first + "/decide", `{"decision":"match","subject":"` + personNumber + `","note":"x"}`, 404, "ingest.queue_subject"},
			{first + "/undo", `{"note":"x"}`, 409, "ingest.queue_waiting"},
			{"9/decide", `{"decision":"refuse","note":"x"}`, 404, "ingest.queue_entry"},
			{"x/undo", `{"note":"x"}`, 404, "ingest.queue_entry"},
		} {
			if r := post("/queue/"+bad.target, bad.body); r.status != bad.status || r.code(t) != bad.code {
				t.Errorf("%s %s: %d %s", bad.target, bad.body, r.status, r.body)
			}
		}
		if e := decode[QueueEntry](t, post("/queue/"+first+"/decide", `{"decision":"match","subject":"`+codeA+`","note":"核对执照"}`)); e.State != ingest.Matched || e.Subject != codeA || e.Note != "核对执照" || e.DecidedAt == nil {
			t.Errorf("%+v", e)
		}
		if got := decode[struct{ Items []publicRecord }](t, c.get(t, "/subjects/"+codeA+"/records?item=XZCF")); len(got.Items) != 1 {
			t.Errorf("%d records of the subject", len(got.Items))
		}
		if r := post("/queue/"+first+"/decide", `{"decision":"refuse","note":"x"}`); r.status != 409 {
			t.Errorf("decided twice: %d", r.status)
		}
		if e := decode[QueueEntry](t, post("/queue/"+second+"/decide", `{"decision":"refuse","note":"补代码"}`)); e.State != ingest.Refused {
			t.Errorf("%+v", e)
		}
		for state, id := range map[string]string{"matched": first, "refused": second} {
			if list := decode[List[QueueRow]](t, c.get(t, "/queue?state="+state)); len(list.Items) != 1 || list.Items[0].ID != id || (list.Items[0].Subject == codeA) != (state == "matched") {
				t.Errorf("%s: %+v", state, list)
			}
		}
		if e := decode[QueueEntry](t, post("/queue/"+first+"/undo", `{"note":"弄错了"}`)); e.State != ingest.Waiting || e.Subject != "" {
			t.Errorf("%+v", e)
		}
		if got := decode[struct{ Items []publicRecord }](t, c.get(t, "/subjects/"+codeA+"/records?item=XZCF")); len(got.Items) != 0 {
			t.Errorf("%d records after the undoing", len(got.Items))
		}
	})
}

// TestDeskCallsLeaveEntries: each page of the queue, each row that is answered, each error workbook and each file is one entry; without a log nothing of
// them is answered.
func TestDeskCallsLeaveEntries(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCity(t, d)
		c.file(t, "DJJC", example(t, "DJJC", nil))
		filed := c.file(t, "XZCF", unlinked(t, 71), unlinked(t, 72), "{broken")
		list := decode[List[QueueRow]](t, c.get(t, "/queue"))
		if len(list.Items) != 2 {
			t.Fatalf("%+v", list)
		}
		row, of := "/queue/"+list.Items[0].ID, "/submissions/"+filed.ID
		entries := func() []audit.Access {
			t.Helper()
			list, _, err := c.log.Search(t.Context(), audit.Who{Kind: "local"}, audit.Filter{}, "", audit.MaxPage)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		rename := func(from, to string) {
			t.Helper()
			err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, `ALTER TABLE `+from+` RENAME TO `+to)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		looks := map[string]string{"/queue": "queue", "/queue?limit=1": "queue", row: "queue", of + "/errors.xlsx": "workbook", of + "/file": "file"}
		for target, what := range looks {
			before := len(entries())
			if res := c.get(t, target); res.status != http.StatusOK {
				t.Fatalf("%s: %d %s", target, res.status, res.body)
			}
			if list := entries(); len(list) != before+1 || list[0].What != what || list[0].Who.Kind != "local" || list[0].Outcome != audit.Answered || !strings.Contains(list[0].Basis, filed.ID) {
				t.Errorf("%s leaves %d entries, the last %+v", target, len(list)-before, list[0])
			}
		}
		before := len(entries())
		for _, target := range []string{"/queue?item=XZXK", of, of + "?all=true", "/submissions"} { // nothing of a row is in them
			c.get(t, target)
		}
		if n := len(entries()); n != before {
			t.Errorf("%d entries of answers without a row", n-before)
		}
		// The row that has come to a subject stands in the subject's list.
		e := decode[QueueEntry](t, c.do(t, "POST", row+"/decide", strings.NewReader(`{"decision":"match","subject":"`+codeA+`","note":"核对执照"}`), header("application/json")))
		last := entries()[0]
		if e.State != ingest.Matched || len(entries()) != before+1 || last.What != "queue" || last.Subject == 0 {
			t.Errorf("the decided row leaves %+v", last)
		}
		if own, _, err := c.log.OfSubject(t.Context(), last.Subject, "", 0); err != nil || len(own) != 1 {
			t.Errorf("the subject sees %v, %v", own, err)
		}
		before = len(entries())
		rename("access_log", "gone")
		for target := range looks {
			if res := c.get(t, target); res.status != http.StatusInternalServerError || res.code(t) != "internal" {
				t.Errorf("%s without a log: %d %s", target, res.status, res.body)
			}
		}
		rename("gone", "access_log")
		if n := len(entries()); n != before {
			t.Errorf("%d entries of what was not answered", n-before)
		}
	})
}

// queueOfTwo is a queue with one row of each of two units, about a person; it keeps what is decided.
type queueOfTwo struct {
	Queue
	rows    []ingest.QueueEntry
	decided []string
}

func (q *queueOfTwo) QueueOf(_ context.Context, state ingest.QueueState, f ingest.QueueFilter, after int64, limit int) ([]ingest.QueueEntry, error) {
	var out []ingest.QueueEntry
	for _, e := range q.rows {
		if e.State == state && e.ID > after && (f.Agency == 0 || f.Agency == e.Agency) && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (q *queueOfTwo) Entry(_ context.Context, n int64) (*ingest.QueueEntry, error) {
	i := slices.IndexFunc(q.rows, func(e ingest.QueueEntry) bool { return e.ID == n })
	if i < 0 {
		return nil, ingest.ErrNoEntry
	}
	e := q.rows[i]
	return &e, nil
}

func (q *queueOfTwo) Content(ctx context.Context, e *ingest.QueueEntry) (*ingest.Opened, error) {
	list, err := q.Contents(ctx, []ingest.QueueEntry{*e})
	return &list[0], err
}

func (q *queueOfTwo) Contents(_ context.Context, list []ingest.QueueEntry) ([]ingest.Opened, error) {
	item, _ := catalog.Default().Item("XZCF")
	name, _ := item.ByRole(catalog.RoleName)
	return slices.Repeat([]ingest.Opened{{Person: true, Name: "张**", Fields: []ingest.OpenedField{{Field: name, Value: "张**"}}}}, len(list)), nil
}

func (q *queueOfTwo) Pointers(context.Context, *ingest.Opened) ([]ingest.Pointer, error) {
	return nil, nil
}

func (q *queueOfTwo) Match(context.Context, int64, int64, string, string) error {
	return ingest.ErrPerson
}

func (q *queueOfTwo) Refuse(_ context.Context, n int64, actor, note string) error {
	q.decided = append(q.decided, fmt.Sprint("refuse ", n, " ", actor, " ", note))
	return nil
}

func (q *queueOfTwo) Undo(_ context.Context, n int64, actor, note string) error {
	q.decided = append(q.decided, fmt.Sprint("undo ", n, " ", actor, " ", note))
	return nil
}

// TestQueueBounds: a queue is cut to the caller's units, a key only reads, who filed does not decide, and what the desk sees of a row is what is answered.
func TestQueueBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := &queueOfTwo{}
	for n, unit := range map[int64]agency.ID{1: w.unit.ID, 2: w.other.ID} {
		id := fmt.Sprint("batch", n)
		w.filer.subs[id] = &ingest.Submission{ID: id, Agency: unit, Actor: "account:30"}
		q.rows = append(q.rows, ingest.QueueEntry{ID: n, Submission: id, Row: 1, Item: "XZCF", Edition: catalog.Default().ID, Agency: unit, Reason: 1002, State: ingest.Waiting})
	}
	slices.SortFunc(q.rows, func(a, b ingest.QueueEntry) int { return int(a.ID - b.ID) })
	s, ok := w.Handler.(*server)
	if !ok {
		t.Fatal("no server")
	}
	deps := s.Deps
	deps.Queue = q
	handler, err := New(deps)
	if err != nil {
		t.Fatal(err)
	}
	w.Handler = handler
	w.people["reviewer"] = authz.Actor{ID: 31, Grants: []authz.Grant{{Role: authz.Reviewer, Agency: w.unit.ID}}}
	w.people["author"] = authz.Actor{ID: 30, Grants: []authz.Grant{{Role: authz.Reviewer, Agency: w.unit.ID}}}
	w.people["office"] = authz.Actor{ID: 32, Grants: []authz.Grant{{Role: authz.OfficeOperator, Region: "990103"}}}
	w.people["city"] = authz.Actor{ID: 33, Grants: []authz.Grant{{Role: authz.OfficeOperator}}}
	for who, want := range map[string]string{"clerk": "1", "@reviewer": "1", "@office": "2", "@city": "1 2", "@officer": "403", "": "401", "@auditor": "403"} {
		r := w.as(t, who, "GET", "/queue", "")
		noPerson(t, r)
		got := fmt.Sprint(r.status)
		if r.status == http.StatusOK {
			var ids []string
			for _, row := range decode[List[QueueRow]](t, r).Items {
				ids = append(ids, row.ID)
				if row.Name != "张**" {
					t.Errorf("the name stands there as %q", row.Name)
				}
			}
			got = strings.Join(ids, " ")
		}
		if got != want {
			t.Errorf("%q sees %s, want %s", who, got, want)
		}
	}
	for _, c := range []struct {
		who, method, target, body string
		status                    int
	}{
		{"clerk", "GET", "/queue/1", "", 200},
		{"clerk", "GET", "/queue/2", "", 404},
		{"@office", "GET", "/queue/1", "", 404},
		{"clerk", "GET", "/queue/3", "", 404},
		{"reviewer", "POST", "/queue/1/decide", `{"decision":"refuse","note":"补代码"}`, 403}, // a key
		{"@author", "POST", "/queue/1/decide", `{"decision":"refuse","note":"补代码"}`, 403},
		{"@reviewer", "POST", "/queue/2/decide", `{"decision":"refuse","note":"补代码"}`, 404},
		{"@reviewer", "POST", "/queue/1/decide", `{"decision":"match","subject":"` + firmCode + `","note":"像"}`, 409}, // a person's row
		{"@reviewer", "POST", "/queue/1/decide", `{"decision":"refuse","note":"补代码"}`, 200},
		{"@clerk", "POST", "/queue/1/undo", `{"note":"弄错了"}`, 403},
		{"@office", "POST", "/queue/2/undo", `{"note":"弄错了"}`, 200},
	} {
		r := w.as(t, c.who, c.method, c.target, c.body)
		noPerson(t, r)
		if r.status != c.status {
			t.Errorf("%s %s %s: %d %s", c.who, c.method, c.target, r.status, r.body)
		}
		if c.status != 200 {
			continue
		}
		if e := decode[QueueEntry](t, r); !e.Person || len(e.Fields) != 1 || e.Fields[0].Value != "张**" {
			t.Errorf("%s: %+v", c.target, e)
		}
	}
	if got := strings.Join(q.decided, "; "); got != "refuse 1 account:31 补代码; undo 2 account:32 弄错了" {
		t.Errorf("decided: %s", got)
	}
}
