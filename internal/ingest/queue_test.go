package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/fault"
	"gongxin/internal/ingest"
)

// TestQueuedRowIsMatchedAndTakenBack: a row without a code that links waits, a person names its subject, and can take that back.
func TestQueuedRowIsMatchedAndTakenBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b, ctx := newBench(t, d, "2025-06-05"), context.Background()
		b.file(t, "XZCF", "firm.csv", table(b.example("XZCF", nil)))
		// The 2015/16 template: no unified code, an old number that nobody registered.
		old := row{
			"CF_WSH": "旧1号", "CF_AJMC": "旧案", "CF_CFLB1": "罚款", "CF_SY": "经营的食品标签不符合规定", "CF_YJ": "食品安全法", "CF_XDR_MC": "临溪市示例食品有限公司",
			"CF_XDR_GSDJ": "370303200000010", "CF_FR": "示例", "CF_JG": "罚款2000元", "CF_JDRQ": "2025-06-03", "CF_XZJG": "临溪市市场监督管理局", "CF_ZT": "0", "DFBM": "990100",
		}
		r := b.file(t, "XZCF", "old.csv", table(old))
		if out, codes, _ := outcome(r, 1); out != "accepted" || len(codes) == 0 || codes[len(codes)-1] != 1002 {
			t.Fatalf("the row should wait: %s %v", out, r.Rows)
		}
		if again := b.file(t, "XZCF", "again.csv", append(table(old), '\n')); again.Duplicate != 1 {
			t.Fatalf("the same row that waits is a duplicate: %+v", again.Counts)
		}
		waiting, err := b.Queue(ctx, ingest.Waiting, 0, 10)
		if err != nil || len(waiting) != 1 {
			t.Fatalf("%d rows wait (%v)", len(waiting), err)
		}
		sub, _, err := b.subjects.ByCode(ctx, firm)
		if err != nil {
			t.Fatal(err)
		}
		visible := func() int {
			t.Helper()
			list, _, err := b.portal.SubjectRecords(ctx, firm, "XZCF", time.Time{}, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		id := waiting[0].ID
		if err := b.Match(ctx, id, sub.ID, "someone", ""); err == nil {
			t.Fatal("a match without a reason passed")
		}
		for _, note := range []string{"核对了身份证 110105 19491231 002X", "字符\x00", "字节\xff"} {
			for do, err := range map[string]error{
				"match": b.Match(ctx, id, sub.ID, "someone", note), "refuse": b.Refuse(ctx, id, "someone", note), "undo": b.Undo(ctx, id, "someone", note),
			} {
				if err == nil || errors.Is(err, ingest.ErrWaiting) || fault.KindOf(err) != fault.Invalid {
					t.Errorf("%s with %q: %v", do, note, err)
				}
			}
		}
		b.clock.Advance(time.Minute)
		if err := b.Match(ctx, id, sub.ID, "someone", "核对营业执照"); err != nil {
			t.Fatal(err)
		}
		if n := visible(); n != 2 {
			t.Fatalf("%d records after the match, want 2", n)
		}
		if list, _, err := b.portal.SubjectRecords(ctx, firm, "XZCF", time.Time{}, "", 10); err != nil {
			t.Fatal(err)
		} else {
			for i := range list { // what an officer notes for the queue is nobody else's to read
				if one, err := b.portal.Record(ctx, list[i].ID, time.Time{}); err != nil || strings.Contains(fmt.Sprintf("%+v", one), "核对营业执照") {
					t.Errorf("the public reads the note: %+v (%v)", one, err)
				}
			}
		}
		if err := b.Match(ctx, id, sub.ID, "someone", "再次"); err == nil {
			t.Fatal("a decided row was decided again")
		}
		b.clock.Advance(time.Minute)
		if err := b.Undo(ctx, id, "someone", "匹配有误"); err != nil {
			t.Fatal(err)
		}
		if n := visible(); n != 1 {
			t.Fatalf("%d records after the undo, want 1", n)
		}
		if waiting, err = b.Queue(ctx, ingest.Waiting, 0, 10); err != nil || len(waiting) != 1 {
			t.Fatalf("after the undo the row waits again: %d (%v)", len(waiting), err)
		}
	})
}
