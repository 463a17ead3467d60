package correction

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/notice"
	"gongxin/internal/record"
)

// writer makes the rows of one transaction.
type writer struct {
	s     *Service
	now   time.Time
	day   clock.Date
	toldN map[toldKey]int
	told  map[toldKey]*told
}

// toldKey is what one recipient is told of one act.
type toldKey struct {
	to  notice.Recipient
	act string
}

type told struct {
	id  int64
	due clock.Date
}

// claim notes which events nobody has passed on before. Of two processes that try one waits, or begins anew, and finds it done.
func (w *writer) claim(ctx context.Context, tx *db.Tx, events []record.Event) (map[int64]bool, error) {
	mine := make(map[int64]bool, len(events))
	for i := range events {
		e := &events[i]
		res, err := tx.ExecContext(ctx, `INSERT INTO correction_change (change_id, changed_at, basis, why, told_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (change_id) DO NOTHING`,
			e.ID, db.Micros(e.At), e.Basis, e.Why, db.Micros(w.now))
		if err != nil {
			return nil, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return nil, err
		}
		mine[e.ID] = n == 1
	}
	return mine, nil
}

// write makes the rows of changed records and of their recipients.
func (w *writer) write(ctx context.Context, tx *db.Tx, list []*change) error {
	// Rows go in in the order of their keys: neighbours lie on the same page.
	slices.SortFunc(list, func(a, b *change) int {
		switch {
		case a.Subject != b.Subject:
			return order(a.Subject, b.Subject)
		case a.event.ID != b.event.ID:
			return order(a.event.ID, b.event.ID)
		default:
			return order(a.Key, b.Key)
		}
	})
	if err := w.writeChanges(ctx, tx, list); err != nil {
		return err
	}
	if err := w.writeTold(ctx, tx, list); err != nil {
		return err
	}
	if err := w.writeNotices(ctx, tx, list); err != nil {
		return err
	}
	return w.ended(ctx, tx, list)
}

func order(a, b int64) int {
	if a < b {
		return -1
	}
	return 1
}

func (w *writer) writeChanges(ctx context.Context, tx *db.Tx, list []*change) error {
	i := 0
	_, err := tx.CopyFrom(ctx, "correction", []string{"subject_id", "change_id", "record_key", "version", "status", "item", "does", "public", "changed_at", "told_at", "feed_id"},
		func() ([]any, error) {
			if i == len(list) {
				return nil, nil
			}
			c := list[i]
			i++
			public := int64(0)
			if c.Listed && c.PublicFrom <= clock.DateOf(c.event.At) {
				public = 1
			}
			return []any{
				c.Subject, c.event.ID, c.Key, int64(c.Number), int64(c.Status), string(c.Item), string(c.does), public, db.Micros(c.event.At), db.Micros(w.now), w.s.IDs.Next(),
			}, nil
		})
	return err
}

// actOf says what makes changes one act for whoever is told: the same doing, for the same reason, asking for the same.
func actOf(c *change) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{c.event.Actor, c.event.Basis, c.event.Why, string(c.does)}, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// writeTold makes, or adds to, what each recipient is told, and tells it.
func (w *writer) writeTold(ctx context.Context, tx *db.Tx, list []*change) error {
	w.toldN, w.told = map[toldKey]int{}, map[toldKey]*told{}
	first := map[toldKey]*change{}
	var keys []toldKey
	acts := map[*record.Event]map[Does]string{}
	for _, c := range list {
		if len(c.holders) == 0 {
			continue
		}
		if acts[c.event] == nil {
			acts[c.event] = map[Does]string{}
		}
		act := acts[c.event][c.does]
		if act == "" {
			act = actOf(c)
			acts[c.event][c.does] = act
		}
		for to := range c.holders {
			k := toldKey{to, act}
			if w.toldN[k]++; w.toldN[k] == 1 {
				first[k] = c
				keys = append(keys, k)
			}
		}
	}
	slices.SortFunc(keys, func(a, b toldKey) int { return strings.Compare(a.to.String()+a.act, b.to.String()+b.act) })
	for _, k := range keys {
		t, err := w.tell(ctx, tx, k, first[k])
		if err != nil {
			return err
		}
		w.told[k] = t
	}
	return nil
}

// again is after how long a recipient whose list grew is told once more.
const again = 10 * time.Minute

// tell finds what a recipient was told of an act today and has not closed, or begins it.
func (w *writer) tell(ctx context.Context, tx *db.Tx, k toldKey, c *change) (*told, error) {
	var t *told
	var notified int64
	err := db.ForEach(ctx, tx, func(rows *sql.Rows) error {
		t = &told{}
		return rows.Scan(&t.id, &t.due, &notified)
	}, `SELECT told_id, due_on, notified_at FROM correction_told WHERE to_kind = $1 AND to_id = $2 AND act = $3 AND told_on = $4 AND closed_at = 0 ORDER BY told_id LIMIT 1`,
		k.to.Kind, k.to.ID, k.act, int64(w.day))
	if err != nil {
		return nil, err
	}
	if t == nil {
		return w.begin(ctx, tx, k, c)
	}
	if w.now.Sub(db.Instant(notified)) >= again {
		notified = db.Micros(w.now)
		if err := w.send(ctx, tx, k.to, c.does, t); err != nil {
			return nil, err
		}
	}
	_, err = tx.ExecContext(ctx, `UPDATE correction_told SET n = n + $2, notified_at = $3 WHERE told_id = $1`, t.id, w.toldN[k], notified)
	return t, err
}

// begin opens a case for a unit that has something to apply, and tells the recipient.
func (w *writer) begin(ctx context.Context, tx *db.Tx, k toldKey, c *change) (*told, error) {
	t := &told{id: w.s.IDs.Next()}
	var number int64
	closed := db.Micros(w.now)
	if k.to.Kind == notice.Agency && c.does.asks() {
		unit, err := w.s.Agencies.ByID(ctx, k.to.ID)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		if err == nil {
			open, err := w.s.Cases.Open(ctx, tx, flow.NewCase{
				Kind: FlowKind, Ref: strconv.FormatInt(t.id, 10), Agency: unit.ID, Region: unit.Region, Title: "更正告知：" + c.does.Word() + "（" + statusWord(c) + "）",
				Input: flow.Input{Reason: "记录有变更，取得过旧版本的单位应当落实。"},
			})
			if err != nil {
				return nil, err
			}
			number, t.due, closed = open.ID, open.Due, 0
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO correction_told (told_id, to_kind, to_id, act, does, change_id, told_on, told_at, notified_at, due_on, case_id, n, applied, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, 0, $12)`,
		t.id, k.to.Kind, k.to.ID, k.act, string(c.does), c.event.ID, int64(w.day), db.Micros(w.now), int64(t.due), number, w.toldN[k], closed)
	if err != nil {
		return nil, err
	}
	return t, w.send(ctx, tx, k.to, c.does, t)
}

// statusWord says what became of a record.
func statusWord(c *change) string { return StatusWord(c.Status, c.does) }

// StatusWord says what became of a record, for people.
func StatusWord(s record.Status, d Does) string {
	switch s {
	case record.Withdrawn:
		return "已由来源单位撤回"
	case record.Repaired:
		return "已修复"
	case record.Annulled:
		return "已撤下"
	case record.Ended:
		return "已期满"
	case record.Shielded:
		return "重整期间屏蔽"
	case record.Destroyed:
		return "已销毁"
	}
	if d == Resume {
		return "已恢复"
	}
	return "已更正"
}

var sentences = map[Does]string{
	Stop:    "本单位取得过的信用记录已经撤回、撤下、修复、期满或者屏蔽。请停止展示、共享和使用，未办结的事项不再以它为依据，",
	Replace: "本单位取得过的信用记录已经更正。请改用新的版本，未办结的事项按新的内容办理，",
}

// send tells a recipient. Neither basis nor reason stands in the notice: they are free text, and notices leave the house.
func (w *writer) send(ctx context.Context, tx *db.Tx, to notice.Recipient, d Does, t *told) error {
	n := notice.Notice{To: to, Topic: "correction." + string(d), Ref: fmt.Sprint("correction:", t.id), At: w.now}
	switch {
	case to.Kind == notice.Account:
		n.Title, n.Link = "您取得的信用报告中，有记录已经变更", "/verify/report"
		n.Body = "报告中的记录已经更正、撤回、修复或者期满。请不要再使用原来的报告；需要的，重新生成一份。可以按报告编号和核验码核验现在的状态。"
	case d == Resume:
		n.Title, n.Link = "信用记录已经恢复，可以继续使用", "/desk/corrections/"+strconv.FormatInt(t.id, 10)
		n.Body = "此前告知停止使用的信用记录已经恢复。再次使用前，请按应用事项或者授权重新查询。"
	default:
		n.Title, n.Link = "更正告知："+d.Word(), "/desk/corrections/"+strconv.FormatInt(t.id, 10)
		n.Body = sentences[d] + "并在“更正告知”中确认。逾期没有确认的，会列为沉默。"
		if !t.due.IsZero() {
			n.Body = sentences[d] + "最迟 " + t.due.String() + " 到“更正告知”中确认。逾期没有确认的，会列为沉默。"
		}
	}
	return w.s.Notices.Send(ctx, tx, n)
}

var noticeColumns = []string{
	"subject_id", "change_id", "record_key", "to_kind", "to_id", "notice_id", "told_id", "version", "status", "does", "item", "what", "matter", "copies", "handed_at",
	"hidden_until", "told_at", "due_on", "applied_at", "applied_by", "note",
}

// writeNotices makes the row of each recipient of each changed record.
func (w *writer) writeNotices(ctx context.Context, tx *db.Tx, list []*change) error {
	var waiting [][]any
	next := 0
	_, err := tx.CopyFrom(ctx, "correction_notice", noticeColumns, func() ([]any, error) {
		for len(waiting) == 0 {
			if next == len(list) {
				return nil, nil
			}
			waiting = w.rowsOf(list[next])
			next++
		}
		row := waiting[0]
		waiting = waiting[1:]
		return row, nil
	})
	return err
}

func (w *writer) rowsOf(c *change) [][]any {
	if len(c.holders) == 0 {
		return nil
	}
	act := actOf(c)
	out := make([][]any, 0, len(c.holders))
	for to, h := range c.holders {
		t := w.told[toldKey{to, act}]
		out = append(out, []any{
			c.Subject, c.event.ID, c.Key, to.Kind, to.ID, w.s.IDs.Next(), t.id, int64(c.Number), int64(c.Status), string(c.does), string(c.Item), strings.Join(h.what, ","), h.matter,
			int64(h.copies), db.Micros(h.at), db.Micros(h.hidden), db.Micros(w.now), int64(t.due), int64(0), "", "",
		})
	}
	return out
}

// ended tells whatever else rests on records which of them may not be used any more.
func (w *writer) ended(ctx context.Context, tx *db.Tx, list []*change) error {
	if w.s.Ended == nil {
		return nil
	}
	var out []Stopped
	for _, c := range list {
		if c.does == Stop {
			out = append(out, Stopped{ID: c.ID, Effect: c.Effect, Now: c.Status, Why: c.event.Why})
		}
	}
	if len(out) == 0 {
		return nil
	}
	return w.s.Ended(ctx, tx, out)
}
