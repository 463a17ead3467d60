package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"gongxin/internal/audit"
	"gongxin/internal/catalog"
	"gongxin/internal/publish"
	"gongxin/internal/sheet"
)

// What the entries call the kinds of reading here.
const (
	LookQueue    = "queue"    // a row that waits, or waited, for a person
	LookWorkbook = "workbook" // the refused rows of a filing
	LookFile     = "file"     // a filing as it was received
)

// Content opens one row of the queue for whoever the context names.
func (d *Desk) Content(ctx context.Context, e *QueueEntry) (*Opened, error) {
	list, err := d.Contents(ctx, []QueueEntry{*e})
	if err != nil {
		return nil, err
	}
	return &list[0], nil
}

// Contents opens the rows of a page of the queue for whoever the context names. The page is one look; a subject that rows have come to sees its own.
func (d *Desk) Contents(ctx context.Context, list []QueueEntry) ([]Opened, error) {
	out := make([]Opened, len(list))
	for i := range list {
		values, err := d.content(&list[i])
		if err != nil {
			return nil, err
		}
		out[i] = d.show(&list[i], values)
	}
	if err := d.look(ctx, d.looksAt(list)...); err != nil {
		return nil, err
	}
	return out, nil
}

// File opens the submitted file as it was received, for whoever the context names.
func (d *Desk) File(ctx context.Context, sub *Submission) (*os.File, error) {
	f, err := d.Blobs.Open(sub.FileHash)
	if err != nil {
		return nil, fmt.Errorf("ingest: file of %s: %w", sub.ID, err)
	}
	if err := d.look(ctx, d.lookAt(sub, LookFile, "查看报送的原文件")); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// WriteErrors writes the error workbook of a finished submission for whoever the context names: its refused rows in the submitter's own layout, bad
// cells marked.
func (d *Desk) WriteErrors(ctx context.Context, w io.Writer, id string) (err error) {
	sub, err := d.Get(ctx, id)
	if err != nil {
		return err
	}
	if sub.State != Done && sub.State != Failed {
		return ErrUnfinished
	}
	f, err := d.filing(ctx, sub)
	if err != nil {
		return err
	}
	reader, err := d.Service.open(sub, f.Item)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	if err := d.look(ctx, d.lookAt(sub, LookWorkbook, "下载错误表")); err != nil {
		return err
	}
	columns := map[string]int{} // field code → column of the file
	for i, c := range sub.Mapping.Columns {
		if c.Field != "" {
			columns[c.Field] = i
		}
	}
	return sheet.WriteErrors(w, reader, func(yield func(sheet.MarkedRow, error) bool) {
		for row, err := range d.rows(ctx, id, 0, unlimited) {
			if err != nil {
				yield(sheet.MarkedRow{}, err)
				return
			}
			if row.Outcome == rejected && !yield(marked(&row, columns), nil) {
				return
			}
		}
	}, sheet.ErrorOptions{Sentence: func(code int) (string, string) {
		info, _ := catalog.ReasonFor(code)
		return info.Title, info.Fix
	}})
}

// content opens a row for the rules themselves; people get it through Content.
func (s *Service) content(e *QueueEntry) (catalog.Values, error) {
	raw, err := s.Ring.Open("queue", e.sealed)
	if err != nil {
		return nil, err
	}
	var v catalog.Values
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		return nil, fmt.Errorf("ingest: queued row: %w", err)
	}
	return v, nil
}

// look puts on file that the caller reads something that is not public, before it is handed out.
func (d *Desk) look(ctx context.Context, list ...audit.Access) error {
	return publish.Looks{DB: d.db, Log: d.Access, Clock: d.Clock}.Record(ctx, list...)
}

// lookAt makes the entry of a look at a filing as a whole. It is about many subjects and so in the list of none.
func (d *Desk) lookAt(sub *Submission, what, doing string) audit.Access {
	return audit.Access{
		Who: audit.Who{Agency: sub.Agency}, What: what, Basis: basisText([]string{d.lawOf(sub.Edition, sub.Item)}, doing+"：批次 "+sub.ID),
	}
}

// looksAt makes the entries of a look at rows of the queue: one for those that nobody has put under a subject, and one for each subject with its rows.
func (d *Desk) looksAt(list []QueueEntry) []audit.Access {
	var order []int64
	rows := map[int64][]*QueueEntry{}
	for i := range list {
		e := &list[i]
		if rows[e.Subject] == nil {
			order = append(order, e.Subject)
		}
		rows[e.Subject] = append(rows[e.Subject], e)
	}
	out := make([]audit.Access, len(order))
	for i, subject := range order {
		var laws []string
		for _, e := range rows[subject] {
			if law := d.lawOf(e.Edition, e.Item); !slices.Contains(laws, law) {
				laws = append(laws, law)
			}
		}
		out[i] = audit.Access{
			Who: audit.Who{Agency: rows[subject][0].Agency}, Subject: subject, What: LookQueue, Basis: basisText(laws, "人工匹配："+places(rows[subject])),
		}
	}
	return out
}

// lawOf gives the law and article on which an item is gathered, "" when the edition is gone.
func (s *Service) lawOf(edition string, code catalog.ItemCode) string {
	if item := s.itemOf(edition, code); item != nil {
		return basisOf(item)
	}
	return ""
}

// basisText says on what a look rests and what was looked at.
func basisText(laws []string, what string) string {
	laws = slices.DeleteFunc(laws, func(law string) bool { return law == "" })
	return strings.Join(append(laws, what), "；")
}

// places names rows by filing and number: 批次 A 第 1–3、7 行.
func places(list []*QueueEntry) string {
	var order []string
	rows := map[string][]int{}
	for _, e := range list {
		if rows[e.Submission] == nil {
			order = append(order, e.Submission)
		}
		rows[e.Submission] = append(rows[e.Submission], e.Row)
	}
	parts := make([]string, len(order))
	for i, id := range order {
		parts[i] = "批次 " + id + " 第 " + ranges(rows[id]) + " 行"
	}
	return strings.Join(parts, "；")
}

// ranges writes numbers in order, those that follow each other as one.
func ranges(list []int) string {
	slices.Sort(list)
	list = slices.Compact(list)
	var parts []string
	for i := 0; i < len(list); {
		k := i
		for k+1 < len(list) && list[k+1] == list[k]+1 {
			k++
		}
		text := strconv.Itoa(list[i])
		if k > i {
			text += "–" + strconv.Itoa(list[k])
		}
		parts = append(parts, text)
		i = k + 1
	}
	return strings.Join(parts, "、")
}
