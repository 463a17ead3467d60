package flow

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

// Overdue ones lead, then the nearest deadline; paused ones come behind; each desk sees what it can move and nothing else.
func TestInbox(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		old := w.fire(t, applicant, w.open(t), "submit") // due 5 March
		w.clock.Set(at("2026-03-06 09:00"))
		w.runDue(t)
		paused := w.fire(t, clerk, w.fire(t, applicant, w.open(t), "submit"), "accept")
		paused = must(t)(w.do(t.Context(), clerk, func(ctx context.Context, tx *db.Tx) (*Case, error) {
			return w.Pause(ctx, tx, paused.ID, "等待材料")
		}))
		later := w.fire(t, clerk, w.fire(t, applicant, w.open(t), "submit"), "accept")
		soon := w.fire(t, applicant, w.open(t), "submit")
		draft := w.open(t)
		done := w.fire(t, applicant, w.open(t), "withdraw")
		ids := func(f Filter) []int64 {
			t.Helper()
			var out []int64
			for f.Limit = 2; ; {
				p, err := w.Inbox(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				for i := range p.Cases {
					out = append(out, p.Cases[i].ID)
				}
				if f.Cursor = p.Next; f.Cursor == "" {
					return out
				}
			}
		}
		office := Desk{Actions: []string{"remark.accept"}, All: true}
		tests := map[string]struct {
			f    Filter
			want []int64
		}{
			"all open":   {Filter{}, []int64{old.ID, soon.ID, later.ID, draft.ID, paused.ID}},
			"closed too": {Filter{All: true}, []int64{old.ID, soon.ID, later.ID, draft.ID, paused.ID, done.ID}},
			"office":     {Filter{Desks: []Desk{office}}, []int64{old.ID, soon.ID, later.ID, paused.ID}},
			"applicant":  {Filter{Desks: []Desk{{Actions: []string{"remark.make"}, Subjects: []int64{7}}}, State: "draft", Kind: "remark"}, []int64{draft.ID}},
			"boss":       {Filter{Desks: []Desk{{Actions: []string{"remark.decide"}, All: true}}}, nil},
			"no reach":   {Filter{Desks: []Desk{{Actions: []string{"remark.accept"}}}}, nil},
			"no desk":    {Filter{Desks: []Desk{}}, nil},
			"unit":       {Filter{Desks: []Desk{{Actions: []string{"remark.accept"}, Agencies: []int64{3}}}}, []int64{old.ID, soon.ID, later.ID, paused.ID}},
			"other unit": {Filter{Desks: []Desk{{Actions: []string{"remark.accept"}, Agencies: []int64{4}, Regions: []string{"990103"}}}}, nil},
			"region":     {Filter{Desks: []Desk{{Actions: []string{"remark.accept"}, Agencies: []int64{4}}, {Regions: []string{"990102"}}}, Overdue: true}, []int64{old.ID}},
			"author":     {Filter{Desks: []Desk{{Author: "account:1"}}, Subject: 7, Ref: "R-1", Overdue: true}, []int64{old.ID}},
			"nobody's":   {Filter{Assignee: []string{"account:2"}}, nil},
		}
		for name, tt := range tests {
			if diff := cmp.Diff(tt.want, ids(tt.f)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		w.clock.Set(soon.Due.Start())
		tally, err := w.Count(t.Context(), Filter{Desks: []Desk{office}})
		if diff := cmp.Diff(Tally{Open: 4, Overdue: 1, Today: 1}, tally); diff != "" || err != nil {
			t.Errorf("tally (-want +got): %v\n%s", err, diff)
		}
		if _, err := w.Inbox(t.Context(), Filter{Cursor: "x"}); !errors.Is(err, ErrCursor) {
			t.Errorf("cursor: %v", err)
		}
		if list, err := w.Unknown(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("unknown places %v, %v", list, err)
		}
		other := New(w.Config)
		if list, err := other.Unknown(t.Context()); err != nil || !slices.Contains(list, "remark/accepted") {
			t.Errorf("an engine without the table knows %v, %v", list, err)
		}
	})
}

func TestHandoverAndDeputies(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		var cases []*Case
		for range 3 {
			c := w.fire(t, applicant, w.open(t), "submit")
			cases = append(cases, must(t)(w.do(t.Context(), clerk, func(ctx context.Context, tx *db.Tx) (*Case, error) { return w.Assign(ctx, tx, c.ID, "account:2", "") })))
		}
		w.fire(t, clerk, cases[2], "refuse")
		w.refused(t, errMayNot, cases[0], boss, func(ctx context.Context, tx *db.Tx) (*Case, error) {
			return w.Assign(ctx, tx, cases[0].ID, "account:4", "")
		})
		if moved, left, err := w.Handover(as(t.Context(), stranger), "account:2", "account:3", "调离"); moved != 0 || left != 2 || err != nil {
			t.Errorf("a stranger moved %d, left %d, %v", moved, left, err)
		}
		if _, _, err := w.Handover(as(t.Context(), clerk), "account:2", "account:2", "调离"); !errors.Is(err, ErrSelf) {
			t.Errorf("to oneself: %v", err)
		}
		if moved, left, err := w.Handover(as(t.Context(), clerk), "account:2", "account:3", "调离"); moved != 2 || left != 0 || err != nil {
			t.Fatalf("moved %d, left %d, %v", moved, left, err)
		}
		mine, err := w.Inbox(t.Context(), Filter{Assignee: []string{"account:3"}})
		if err != nil || len(mine.Cases) != 2 || mine.Cases[0].Due != cases[0].Due {
			t.Errorf("the new clerk has %d, %v", len(mine.Cases), err)
		}
		list := w.timeline(t, cases[0])
		if s := list[len(list)-1]; s.Event != EventHandover || s.Reason != "调离" {
			t.Errorf("the last step is %+v", s)
		}

		ctx := as(t.Context(), clerk)
		if err := w.SetDeputy(ctx, Deputy{Of: "account:3", By: "account:2", From: 20260303, Until: 20260305}); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []Deputy{{Of: "account:3", By: "account:3", From: 20260303, Until: 20260305}, {Of: "account:3", By: "account:2", From: 20260305, Until: 20260303}, {By: "account:2"}} {
			if err := w.SetDeputy(ctx, bad); err == nil {
				t.Errorf("took %+v", bad)
			}
		}
		for day, want := range map[string][]string{"2026-03-02 10:00": {"account:2"}, "2026-03-05 23:59": {"account:2", "account:3"}, "2026-03-06 00:00": {"account:2"}} {
			w.clock.Set(at(day))
			got, err := w.Principals(t.Context(), "account:2")
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s (-want +got): %v\n%s", day, err, diff)
			}
		}
		w.clock.Set(at("2026-03-04 10:00"))
		if list, err := w.Deputies(t.Context(), "account:3"); err != nil || len(list) != 1 {
			t.Errorf("deputies %v, %v", list, err)
		}
		if err := w.EndDeputy(ctx, "account:3", "account:2"); err != nil {
			t.Fatal(err)
		}
		if got, _ := w.Principals(t.Context(), "account:2"); len(got) != 1 {
			t.Errorf("after the end: %v", got)
		}
	})
}

// A case that nobody can move, and one whose feature fails, keep no other one from changing hands.
func TestHandoverGoesOnPastAFailure(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		var cases []*Case
		for range 4 {
			c := w.fire(t, applicant, w.open(t), "submit")
			cases = append(cases, must(t)(w.do(t.Context(), clerk, func(ctx context.Context, tx *db.Tx) (*Case, error) { return w.Assign(ctx, tx, c.ID, "account:2", "") })))
		}
		if err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE flow_case SET kind = 'gone' WHERE case_id = $1`, cases[0].ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		broken := errors.New("the feature fails")
		p := w.procedures[cases[1].Kind]
		was := p.hooks.On
		p.hooks.On = func(ctx context.Context, tx *db.Tx, c *Case, s Step) error {
			if c.ID == cases[1].ID {
				return broken
			}
			if was == nil {
				return nil
			}
			return was(ctx, tx, c, s)
		}
		if moved, left, err := w.Handover(as(t.Context(), clerk), "account:2", "account:3", "调离"); moved != 2 || left != 2 || !errors.Is(err, broken) {
			t.Errorf("moved %d, left %d, %v", moved, left, err)
		}
		if _, _, err := w.Handover(as(t.Context(), clerk), "account:2", "account:3", " "); !errors.Is(err, ErrReason) {
			t.Errorf("without a reason: %v", err)
		}
	})
}

type scanner1 struct {
	finding string
	err     error
}

func (scanner1) Name() string { return "扫描器 1.0" }

func (s scanner1) Scan(_ context.Context, r io.Reader) (string, error) {
	_, err := io.Copy(io.Discard, r)
	return s.finding, errors.Join(err, s.err)
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		var picture, ofd, other bytes.Buffer
		if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string]*bytes.Buffer{"OFD.xml": &ofd, "word/document.xml": &other} {
			z := zip.NewWriter(b)
			if _, err := z.Create(name); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
		}
		mine := as(t.Context(), applicant)
		for name, tt := range map[string]struct {
			content string
			title   string
			kind    string
			want    error
		}{
			"pdf":      {"%PDF-1.7\nx", "营业执照", "application/pdf", nil},
			"png":      {picture.String(), "照片", "image/png", nil},
			"ofd":      {ofd.String(), "裁定书", "application/ofd", nil},
			"docx":     {other.String(), "申请书", "", ErrFileType},
			"html":     {"<html><script>1</script>", "申请书", "", ErrFileType},
			"program":  {"MZ\x90\x00", "申请书", "", ErrFileType},
			"empty":    {"", "申请书", "", ErrFileEmpty},
			"large":    {"%PDF-1.7\n" + strings.Repeat("x", MaxAttachment), "申请书", "", ErrFileLarge},
			"untitled": {"%PDF-1.7\n", " ", "", ErrFileTitle},
			"personal": {"%PDF-1.7\n", "11010519491231002X", "", ErrPersonal},
		} {
			a, err := w.Attach(mine, tt.title, strings.NewReader(tt.content))
			if !errors.Is(err, tt.want) || a.Type != tt.kind {
				t.Errorf("%s: %+v, %v", name, a, err)
			}
			if err == nil && a.Scan != NotScanned {
				t.Errorf("%s: scanned by %q", name, a.Scan)
			}
		}

		hoarder := as(t.Context(), stranger)
		w.PerDay = 10_000 // a file of some bytes takes 4 KB
		for i, want := range []error{nil, nil, ErrFilesDay} {
			if _, err := w.Attach(hoarder, "申请书", strings.NewReader("%PDF-1.7\n"+strings.Repeat(strconv.Itoa(i), 31))); !errors.Is(err, want) {
				t.Errorf("attachment %d of a day: %v", i, err)
			}
		}
		if _, err := w.Attach(as(t.Context(), clerk), "申请书", strings.NewReader("%PDF-1.7\nanother's")); err != nil {
			t.Errorf("another account: %v", err)
		}
		w.clock.Advance(25 * time.Hour)
		if _, err := w.Attach(hoarder, "申请书", strings.NewReader("%PDF-1.7\nnext day")); err != nil {
			t.Errorf("on the next day: %v", err)
		}
		w.PerDay = 0
		w.Scanner = scanner1{finding: "EICAR"}
		if _, err := w.Attach(mine, "申请书", strings.NewReader("%PDF-1.7\nbad")); !errors.Is(err, ErrFileBad) {
			t.Errorf("infected: %v", err)
		}
		w.Scanner = scanner1{err: io.ErrUnexpectedEOF}
		if _, err := w.Attach(mine, "申请书", strings.NewReader("%PDF-1.7\nx")); !errors.Is(err, ErrFileScan) {
			t.Errorf("scanner down: %v", err)
		}
		w.Scanner = scanner1{}
		a, err := w.Attach(mine, "申请书", strings.NewReader("%PDF-1.7\nclean"))
		if err != nil || a.Scan != "扫描器 1.0" {
			t.Fatalf("%+v, %v", a, err)
		}

		c := w.open(t)
		submit := func(ctx context.Context, tx *db.Tx) (*Case, error) {
			return w.Fire(ctx, tx, c.ID, "submit", Input{Attachments: []string{a.Hash}})
		}
		mayDo := w.May
		w.May = func(context.Context, string, *Case) error { return nil }
		w.refused(t, ErrFileNone, c, stranger, submit) // who knows a hash has no file
		w.May = mayDo
		c = must(t)(w.do(t.Context(), applicant, submit))
		list := w.timeline(t, c)
		if diff := cmp.Diff([]Attachment{a}, list[1].Files); diff != "" {
			t.Errorf("the step's files (-want +got):\n%s", diff)
		}
		if _, err := w.Attach(mine, "撤诉书", strings.NewReader("%PDF-1.7\nclean")); err != nil {
			t.Fatal(err)
		}
		if got := w.timeline(t, c)[1].Files[0].Title; got != "申请书" {
			t.Errorf("the same content attached anew renamed a filed attachment: %q", got)
		}
		_, f, err := w.OpenFile(t.Context(), c.ID, a.Hash)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil || string(content) != "%PDF-1.7\nclean" {
			t.Errorf("content %q, %v", content, err)
		}
		if _, _, err := w.OpenFile(t.Context(), w.open(t).ID, a.Hash); !errors.Is(err, ErrFileNone) {
			t.Errorf("by another case: %v", err)
		}
	})
}

// What the feature does and what flow writes is one: an error of the hook leaves nothing of the step.
// stuck scans until it is let go, and says when it begins.
type stuck struct{ begun, let chan struct{} }

func (stuck) Name() string { return "扫描器 1.0" }

func (s stuck) Scan(context.Context, io.Reader) (string, error) {
	s.begun <- struct{}{}
	<-s.let
	return "", nil
}

type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("an attachment is read while the scanner holds as many as may be in memory")
	return 0, io.EOF
}

// While a slow scanner holds as many attachments as may be in memory no other one is read.
func TestAttachmentsWaitTheirTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	scanner := stuck{make(chan struct{}), make(chan struct{})}
	w.Scanner = scanner
	var senders sync.WaitGroup
	for i := range takenAtOnce {
		senders.Go(func() {
			if _, err := w.Attach(as(t.Context(), applicant), "申请书", strings.NewReader("%PDF-1.7\n"+strconv.Itoa(i))); err != nil {
				t.Error(err)
			}
		})
		<-scanner.begun
	}
	gone, cancel := context.WithCancel(as(t.Context(), stranger))
	cancel()
	if _, err := w.Attach(gone, "申请书", unread{t}); !errors.Is(err, context.Canceled) {
		t.Errorf("one more: %v", err)
	}
	close(scanner.let)
	senders.Wait()
	go func() { <-scanner.begun }()
	if _, err := w.Attach(as(t.Context(), stranger), "申请书", strings.NewReader("%PDF-1.7\nlast")); err != nil {
		t.Errorf("behind them: %v", err)
	}
}

func TestHookIsInTheTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.open(t)
		boom := errors.New("boom")
		w.fail = func(*Case, Step) error { return boom }
		w.refusedFire(t, boom, c, applicant, "submit")
		if list := w.timeline(t, c); len(list) != 1 {
			t.Errorf("%d steps", len(list))
		}
	})
}

func BenchmarkFire(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b))
			c := w.fire(b, clerk, w.fire(b, applicant, w.open(b), "submit"), "accept")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.tryFire(b.Context(), clerk, c.ID, "note"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkInbox(b *testing.B) {
	w := newWorld(b, dbtest.SQLite(b))
	err := w.db.Tx(as(b.Context(), applicant), func(ctx context.Context, tx *db.Tx) error {
		for i := range 20000 {
			if _, err := w.Open(ctx, tx, NewCase{Kind: "remark", Subject: int64(i), Agency: int64(i % 50), Title: fmt.Sprint("意见 ", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	f := Filter{Desks: []Desk{{Actions: []string{"remark.make"}, Agencies: []int64{3, 4}}}}
	for b.Loop() {
		if p, err := w.Inbox(b.Context(), f); err != nil || len(p.Cases) != 50 {
			b.Fatal(len(p.Cases), err)
		}
	}
}
