package bench

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"gongxin/internal/app"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/ingest"
	"gongxin/internal/lifecycle"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/synth"
)

// EndFigures say how long it takes until many records are gone everywhere.
type EndFigures struct {
	Withdrawn WithdrawFigures `json:"withdrawn"`
	Ended     NightFigures    `json:"ended"`
}

// WithdrawFigures are about a mass correction: sources take back what they filed.
type WithdrawFigures struct {
	Speed
	Files     int     `json:"files"`
	Floor     float64 `json:"floorSeconds"` // the same rows deleted by one statement a file, and rolled back
	Ratio     float64 `json:"ratio"`        // of the floor's rows per second
	Sequenced float64 `json:"sequencedSeconds"`
	Told      float64 `json:"toldSeconds"` // until all who hold copies are told
	Copies    int     `json:"copies"`      // records whose holders were looked for
	Shown     Shown   `json:"shown"`
}

// NightFigures are about a night on which many periods end.
type NightFigures struct {
	Speed
	Shown Shown `json:"shown"` // at midnight, before anything was written
	After Shown `json:"after"`
}

// Shown is what the outlets still show of records that must be gone; zero everywhere is the answer that the law wants. Asked says how many questions that were.
type Shown struct {
	Asked   int     `json:"asked"`
	Column  int     `json:"column"`  // columns and open data
	Pages   int     `json:"pages"`   // pages of records and of their subjects
	Checks  int     `json:"checks"`  // answers to windows
	Search  int     `json:"search"`  // counts beside the names that the search finds
	Seconds float64 `json:"seconds"` // that asking took
}

func (s *Shown) any() bool { return s.Column+s.Pages+s.Checks+s.Search > 0 }

// endItem is the item whose records are taken back and end.
const endItem = catalog.ItemCode("XZCF")

// withdrawRows is how many records the sources take back, at most.
const withdrawRows = 100_000

// measureEnds takes records back and then lets a night come on which every period is over. It changes the data: it is the last thing that is measured.
func (r *runner) measureEnds(ctx context.Context, s *Stage) error {
	if s.Records != r.Sizes[len(r.Sizes)-1] {
		return nil
	}
	if err := r.openCounters(ctx, len(useCases), 0); err != nil {
		return err
	}
	s.Ends = &EndFigures{}
	if err := r.measureWithdrawal(ctx, &s.Ends.Withdrawn); err != nil {
		return err
	}
	return r.measureNight(ctx, &s.Ends.Ended)
}

// measureWithdrawal files the city's files of penalties once more with the flag D.
func (r *runner) measureWithdrawal(ctx context.Context, f *WithdrawFigures) error {
	before, err := r.active(ctx)
	if err != nil {
		return err
	}
	want := min(withdrawRows, len(before)/2)
	for _, city := range r.cities {
		for _, spec := range city.Files() {
			if spec.Item != endItem || spec.Format != synth.CSV || f.Rows >= want {
				continue
			}
			p := piece{city, spec, 0, min(spec.Rows, want-f.Rows)}
			if err := r.takeBack(ctx, &p, f); err != nil {
				return fmt.Errorf("take back %s: %w", spec.Name, err)
			}
			r.Progress("撤回", float64(f.Rows)/float64(want))
		}
	}
	f.Speed = speed(f.Rows, time.Duration(f.Seconds*float64(time.Second)), time.Duration(f.CPUSeconds*float64(time.Second)))
	after, err := r.active(ctx)
	if err != nil {
		return err
	}
	gone := map[record.ID]bool{}
	for at := range before {
		if !after[at] {
			gone[at] = true
		}
	}
	if len(gone) == 0 {
		return errors.New("nothing was taken back")
	}
	start := time.Now()
	stop, err := r.running(ctx)
	if err != nil {
		return err
	}
	stop()
	f.Sequenced = time.Since(start).Seconds()
	start = time.Now()
	if t, ok := any(r.app).(interface {
		TellCorrections(ctx context.Context) (int, error)
	}); ok {
		if f.Copies, err = t.TellCorrections(ctx); err != nil {
			return err
		}
	}
	f.Told = time.Since(start).Seconds()
	if f.Floor, err = r.deleteFloor(ctx, gone); err != nil {
		return err
	}
	f.Ratio = f.Floor / max(f.Seconds, 1e-9)
	if f.Shown, err = r.shown(ctx, gone); err != nil {
		return err
	}
	return f.Shown.verdict("taken back")
}

func (s *Shown) verdict(what string) error {
	if s.any() {
		return fmt.Errorf("records that were %s are still shown: %+v", what, *s)
	}
	return nil
}

// takeBack files a piece with the flag D in each row, as its source does.
func (r *runner) takeBack(ctx context.Context, p *piece, f *WithdrawFigures) error {
	name, _, err := p.writeTemp(r.dir)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(name) }()
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	flagged, err := withFlag(raw)
	if errors.Is(err, errNotText) {
		return nil // of another encoding: the next file is taken
	}
	if err != nil {
		return err
	}
	start, used := time.Now(), cpuTime()
	sub, err := r.app.Ingest.Submit(ctx, ingest.Request{Item: string(p.spec.Item), Unit: p.spec.UnitCode, FileName: p.spec.Name, Actor: "bench", Hold: true}, bytes.NewReader(flagged))
	if err == nil {
		sub, err = r.app.Ingest.Run(ctx, sub.ID, nil)
	}
	if err != nil {
		return err
	}
	f.Seconds, f.CPUSeconds = f.Seconds+time.Since(start).Seconds(), f.CPUSeconds+(cpuTime()-used).Seconds()
	f.Rows, f.Files = f.Rows+sub.Withdrawn, f.Files+1
	return r.forget(sub, p)
}

var errNotText = errors.New("not UTF-8")

// withFlag puts a column 操作标识 in front of a CSV file.
func withFlag(raw []byte) ([]byte, error) {
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	if !bytes.Contains(raw[:min(len(raw), 1000)], []byte("行政")) && !bytes.Contains(raw[:min(len(raw), 1000)], []byte("CF_")) {
		return nil, errNotText
	}
	in := csv.NewReader(bytes.NewReader(raw))
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for first := true; ; first = false {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		flag := "D"
		if first {
			flag = "操作标识"
		}
		if err := w.Write(append([]string{flag}, row...)); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

// active gives the records of the item that are in force.
func (r *runner) active(ctx context.Context) (map[record.ID]bool, error) {
	rows, err := r.app.DB.Read().QueryContext(ctx, `SELECT subject_id, record_key FROM record WHERE item = $1 AND status = 1`, string(endItem))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[record.ID]bool{}
	for rows.Next() {
		var at record.ID
		if err := rows.Scan(&at.Subject, &at.Key); err != nil {
			return nil, err
		}
		out[at] = true
	}
	return out, rows.Err()
}

var errUndo = errors.New("undo")

// deleteFloor deletes the same rows the plainest way, and takes that back.
func (r *runner) deleteFloor(ctx context.Context, gone map[record.ID]bool) (seconds float64, err error) {
	start := time.Now()
	err = r.app.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for at := range gone {
			for _, statement := range []string{
				`DELETE FROM record_version WHERE subject_id = $1 AND version_id = (SELECT r.version_id FROM record r WHERE r.subject_id = $1 AND r.record_key = $2)`,
				`DELETE FROM record WHERE subject_id = $1 AND record_key = $2`,
			} {
				if _, err := tx.ExecContext(ctx, statement, at.Subject, at.Key); err != nil {
					return err
				}
			}
		}
		seconds = time.Since(start).Seconds()
		return errUndo
	})
	if errors.Is(err, errUndo) {
		err = nil
	}
	return seconds, err
}

// shownSubjects is how many subjects of gone records are asked about; columns, open data and pages of records are asked about every one.
const shownSubjects = 10_000

// shown asks every outlet for what must be gone.
func (r *runner) shown(ctx context.Context, gone map[record.ID]bool) (s Shown, err error) {
	start := time.Now()
	if _, err := r.app.Names.Refresh(ctx); err != nil {
		return s, err
	}
	err = r.app.Publish.Export(ctx, endItem, publish.ListFilter{}, func(v *publish.RecordView) error {
		s.Asked++
		if at, err := record.ParseID(v.ID); err != nil || gone[at] {
			s.Column++
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	subjects := map[int64]bool{}
	for at := range gone {
		s.Asked++
		if v, err := r.app.Publish.Record(ctx, at.String(), time.Time{}); err == nil && v != nil {
			s.Pages++
		}
		if len(subjects) < shownSubjects {
			subjects[at.Subject] = true
		}
	}
	ids := make([]int64, 0, len(subjects))
	for id := range subjects {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for part := range slices.Chunk(ids, publish.MaxNames) {
		if err := r.shownOf(ctx, part, gone, &s); err != nil {
			return s, err
		}
	}
	s.Seconds = time.Since(start).Seconds()
	return s, nil
}

// shownOf asks about some subjects: their pages, the search, and a window.
func (r *runner) shownOf(ctx context.Context, ids []int64, gone map[record.ID]bool, s *Shown) error {
	list, err := r.app.Subjects.ByIDs(ctx, ids)
	if err != nil {
		return err
	}
	hit := func(records []publish.RecordView) (n int) {
		for i := range records {
			if at, err := record.ParseID(records[i].ID); err != nil || gone[at] {
				n++
			}
		}
		return n
	}
	var codes []string
	for _, id := range ids {
		sub := list[id]
		if sub.Kind == catalog.Person || sub.Code == "" {
			continue
		}
		codes = append(codes, sub.Code)
		open := 0
		for cursor := ""; ; {
			page, next, err := r.app.Publish.SubjectRecords(ctx, sub.Code, "", time.Time{}, cursor, publish.MaxPage)
			if err != nil {
				return err
			}
			open += len(page)
			s.Asked, s.Pages = s.Asked+1, s.Pages+hit(page)
			if cursor = next; cursor == "" {
				break
			}
		}
		found, err := r.app.Publish.Search(ctx, sub.Code, "", 1)
		if err != nil {
			return err
		}
		if s.Asked++; len(found.Hits) == 1 && found.Hits[0].Records != open {
			s.Search++
		}
	}
	c := r.counters[0] // by its account: keys do not last as long as the run lets time pass
	actor := authz.Actor{ID: c.account, Kind: authz.Account, Address: "127.0.0.1", Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: c.unit}}}
	answers, err := r.app.Publish.DiscloseMany(ctx, publish.Ask{Who: actor, Purpose: publish.Purpose{Matter: c.matter}, Limit: 1000}, codes)
	if err != nil {
		return err
	}
	for i := range answers {
		if answers[i].Answer != nil {
			s.Asked, s.Checks = s.Asked+1, s.Checks+hit(answers[i].Answer.Records)
		}
	}
	return nil
}

// longAfter is a day on which every period that a city's failures can have is over.
const longAfter = 7

// measureNight lets the night come, asks the outlets at midnight before anything is written down, and then ends what is over.
func (r *runner) measureNight(ctx context.Context, f *NightFigures) error {
	over, err := r.active(ctx)
	if err != nil {
		return err
	}
	night := moving{clock.Today(r.clock).AddYears(longAfter).Start(), time.Now()}
	o := app.Options{Clock: night, Version: r.Version}
	if err := r.close(); err != nil {
		return err
	}
	if r.app, err = app.Open(ctx, r.conf, o, true); err != nil {
		return err
	}
	// Those that no rule ever ends are no part of the night.
	rows, err := r.app.DB.Read().QueryContext(ctx, `SELECT subject_id, record_key FROM record WHERE item = $1 AND status = 1 AND public_until > $2`, string(endItem), int64(clock.Today(night)))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var at record.ID
		if err := rows.Scan(&at.Subject, &at.Key); err != nil {
			return err
		}
		delete(over, at)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	if f.Shown, err = r.shown(ctx, over); err != nil {
		return err
	}
	if err := f.Shown.verdict("over at midnight"); err != nil {
		return err
	}
	start, used := time.Now(), cpuTime()
	t, err := r.app.Lifecycle.Run(ctx, func(t lifecycle.Tally) { r.Progress("期满", float64(t.Ended)/float64(max(1, len(over)))) })
	if err != nil {
		return err
	}
	f.Speed = speed(t.Ended, time.Since(start), cpuTime()-used)
	if t.Ended < len(over) {
		return fmt.Errorf("%d of %d records ended", t.Ended, len(over))
	}
	if f.After, err = r.shown(ctx, over); err != nil {
		return err
	}
	return f.After.verdict("ended")
}
