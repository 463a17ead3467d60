package app

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/authz"
	"gongxin/internal/clock"
	"gongxin/internal/db"
)

// mark stands in the document's number, and nowhere else.
const mark = "LX7731RESIDUE"

// rowsWith lists the columns in which a text stands in clear.
func rowsWith(t *testing.T, d *db.DB, text string) (out []string) {
	t.Helper()
	ctx := context.Background()
	strs := func(query string) (list []string) {
		rows, err := d.Read().QueryContext(ctx, query)
		must(t, err)
		defer func() { must(t, rows.Close()) }()
		for rows.Next() {
			var s string
			must(t, rows.Scan(&s))
			list = append(list, s)
		}
		must(t, rows.Err())
		return list
	}
	for _, table := range strs(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`) {
		for _, column := range strs(`SELECT name FROM pragma_table_info('` + table + `')`) {
			var n int
			must(t, d.Read().QueryRowContext(ctx, `SELECT count(*) FROM "`+table+`" WHERE instr(CAST("`+column+`" AS BLOB), CAST($1 AS BLOB)) > 0`, text).Scan(&n)) // names of the schema
			if n > 0 {
				out = append(out, table+"."+column)
			}
		}
	}
	return out
}

// filesWith lists the files below a folder in which a text stands in clear.
func filesWith(t *testing.T, dir, text string) (out []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil && bytes.Contains(content, []byte(text)) {
			out = append(out, filepath.Base(path))
		}
		return err
	}))
	slices.Sort(out)
	return out
}

// What docs/operate/lifecycle.md says is left of a record that was destroyed is what is left: nothing in clear in any row but those of procedures that were about
// it, nothing in any file once the database's free pages are given back, and what is sealed lives by its own periods.
func TestWhatIsLeftOfWhatWasDestroyed(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	h, now := &d.own, d.app.Clock.(*clock.Manual)
	ctx, stop := context.WithCancel(context.Background())
	log, err := d.app.publicLog(ctx)
	must(t, err)
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx, nil) }()
	defer func() { stop(); <-done }()
	agent := authz.Actor{ID: 811, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.BusinessAgent, Subject: h.firm.ID}}}
	window := authz.Actor{ID: 812, Kind: authz.Account, Session: 3, Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: h.unit.ID}}}
	d.registered(h)
	penalty := d.penalise(h, mark)
	d.logged(log)
	if w := d.call(body("/api/v1/checks", `{"subject":"{firm}","matter":"{matter}"}`)(h), window); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), mark) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := d.call(body("/api/v1/reports", `{"kind":"standard","subject":"{firm}"}`)(h), window); w.Code != http.StatusCreated && w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	now.Advance(time.Hour)
	d.ask(agent, "/me/objections/new", url.Values{"record": {penalty}, "want": {"record correct"}, "text": {"金额写错了，应当是五千元"}}, http.StatusSeeOther)
	_, err = d.app.TellCorrections(ctx)
	must(t, err)
	if len(rowsWith(t, d.app.DB, mark)) == 0 {
		t.Fatal("the mark stands nowhere: the test sees nothing")
	}

	must(t, d.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return d.app.Lifecycle.archive.Apply(ctx, tx, []byte("[[keep]]\nitem = \"XZCF\"\nafter = [\"ended\"]\nmonths = 36\nlaw = \"《某条例》\"\narticle = \"第一条\"\nsure = \"uncertain\"\n"), 20260401, "two people")
	}))
	must(t, d.app.Lifecycle.archive.Refresh(ctx))
	ended, destroyed := 0, 0
	for range 8 { // years
		now.Advance(366 * 24 * time.Hour)
		x, err := d.app.Expire(ctx, nil)
		must(t, err)
		ended, destroyed = ended+x.Ended, destroyed+x.Destroyed
	}
	if ended == 0 || destroyed == 0 {
		t.Fatalf("%d ended, %d destroyed", ended, destroyed)
	}

	if left := rowsWith(t, d.app.DB, mark); len(left) > 0 {
		t.Errorf("in clear in %v", left)
	}
	// What pages kept when rows were moved goes with them when they are given back.
	must(t, d.app.DB.Vacuum(ctx))
	must(t, d.app.DB.Checkpoint(ctx))
	if left := filesWith(t, d.app.Config.Data, mark); len(left) > 0 {
		t.Errorf("after the free pages were given back it stands in %v", left)
	}
	d.ask(agent, "/me/file/"+penalty, nil, http.StatusOK, "已销毁")
	for _, version := range []string{"1", "2"} {
		if page := d.ask(agent, "/me/file/"+penalty+"?version="+version, nil, http.StatusOK); strings.Contains(page, mark) || strings.Contains(page, "destroyed") {
			t.Errorf("version %s shows what is gone, or a word of the program", version)
		}
	}
	d.ask(agent, "/me/corrections?of="+strconv.FormatInt(h.firm.ID, 10), nil, http.StatusOK, "已销毁")
}
