package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/audit"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/ingest"
)

// clerk is an account of the tests' unit.
func (b *bench) clerk(t testing.TB) (context.Context, int64) {
	t.Helper()
	own, err := b.agencies.ByCode(context.Background(), unit)
	if err != nil {
		t.Fatal(err)
	}
	return authz.With(context.Background(), authz.Actor{
		ID: 11, Kind: authz.Account, Session: 77, Address: "10.0.0.7", Grants: []authz.Grant{{Role: authz.WindowOfficer, Agency: 5}, {Role: authz.Reviewer, Agency: own.ID}},
	}), own.ID
}

// looks gives every entry of the access log, the newest first.
func (b *bench) looks(t testing.TB) []audit.Access {
	t.Helper()
	list, _, err := b.log.Search(context.Background(), audit.Who{Kind: "local"}, audit.Filter{}, "", audit.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// filed is a filing of five rows, the third refused; the fourth has been matched with the firm, the others wait.
func (b *bench) filed(t testing.TB) (id string, firmID int64, waiting []ingest.QueueEntry, matched ingest.QueueEntry) {
	t.Helper()
	ctx := context.Background()
	b.file(t, "XZCF", "firm.csv", table(b.example("XZCF", nil)))
	r := b.file(t, "XZCF", "a.csv", table(b.uncoded(1, nil), b.uncoded(2, nil), b.uncoded(3, row{"CF_JDRQ": "2025-13-01"}), b.uncoded(4, nil), b.uncoded(5, nil)))
	if r.Rejected != 1 {
		t.Fatalf("%+v", r.Counts)
	}
	sub, ok, err := b.subjects.ByCode(ctx, firm)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	b.clock.Advance(time.Minute)
	if err := b.Match(ctx, b.queued(t, ingest.Waiting, 4)[2].ID, sub.ID, "someone", "核对执照"); err != nil {
		t.Fatal(err)
	}
	return r.ID, sub.ID, b.queued(t, ingest.Waiting, 3), b.queued(t, ingest.Matched, 1)[0]
}

// TestEveryLookIsOnFile: rows of the queue, error workbook and received file each leave an entry that says who read what on which basis, and a
// subject sees those about rows that have come to it.
func TestEveryLookIsOnFile(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, "2025-06-05")
		id, firmID, waiting, matched := b.filed(t)
		ctx, own := b.clerk(t)
		item, _ := b.edition.Item("XZCF")
		law := item.Basis[0].Law + item.Basis[0].Article + "；"
		sub, err := b.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		who := audit.Who{Kind: "account", ID: 11, Agency: own, Address: "10.0.0.7", Session: 77}
		page := append(append([]ingest.QueueEntry{}, waiting...), matched)
		for _, c := range []struct {
			name string
			read func() error
			want []audit.Access
		}{
			{"a row that waits", func() error {
				o, err := b.desk.Content(ctx, &waiting[1])
				if err == nil && o.Name != "临溪市望溪区无码小吃店" {
					err = fmt.Errorf("opened %+v", o)
				}
				return err
			}, []audit.Access{{What: "queue", Basis: law + "人工匹配：批次 " + id + " 第 2 行"}}},
			{"a row that was matched", func() error {
				_, err := b.desk.Content(ctx, &matched)
				return err
			}, []audit.Access{{What: "queue", Subject: firmID, Basis: law + "人工匹配：批次 " + id + " 第 4 行"}}},
			{"a page", func() error {
				list, err := b.desk.Contents(ctx, page)
				if err == nil && (len(list) != 4 || list[3].DocNo != "临市监罚〔2025〕4号") {
					err = fmt.Errorf("opened %+v", list)
				}
				return err
			}, []audit.Access{
				{What: "queue", Basis: law + "人工匹配：批次 " + id + " 第 1–2、5 行"},
				{What: "queue", Subject: firmID, Basis: law + "人工匹配：批次 " + id + " 第 4 行"},
			}},
			{"an empty page", func() error {
				_, err := b.desk.Contents(ctx, nil)
				return err
			}, nil},
			{"error workbook", func() error { return b.desk.WriteErrors(ctx, io.Discard, id) }, []audit.Access{{What: "workbook", Basis: law + "下载错误表：批次 " + id}}},
			{"file", func() error {
				f, err := b.desk.File(ctx, sub)
				if err == nil {
					err = f.Close()
				}
				return err
			}, []audit.Access{{What: "file", Basis: law + "查看报送的原文件：批次 " + id}}},
		} {
			before := len(b.looks(t))
			if err := c.read(); err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			list := b.looks(t)
			got := list[:len(list)-before]
			for i := range got {
				got[i].ID, got[i].At = 0, time.Time{}
			}
			for i := range c.want {
				c.want[i].Who, c.want[i].Outcome = who, audit.Answered
			}
			byBasis := func(list []audit.Access) map[string]audit.Access {
				m := map[string]audit.Access{}
				for _, a := range list {
					m[a.Basis] = a
				}
				return m
			}
			if diff := cmp.Diff(byBasis(c.want), byBasis(got)); diff != "" || len(got) != len(c.want) {
				t.Errorf("%s leaves %d entries, want %d (-want +got):\n%s", c.name, len(got), len(c.want), diff)
			}
		}
		seen, _, err := b.log.OfSubject(ctx, firmID, "", 0)
		if err != nil || len(seen) != 2 || seen[0].What != "queue" || seen[0].Who != (audit.Who{Kind: "account", Agency: own}) {
			t.Errorf("the subject sees %+v (%v), want the row and the page that it was in", seen, err)
		}
	})
}

// TestNoEntryNoAnswerAtTheDesk: when the entry cannot be written, or nobody knows who asks, nothing is handed out.
func TestNoEntryNoAnswerAtTheDesk(t *testing.T) {
	t.Parallel()
	for _, gone := range []string{"access_log", "log_outbox"} {
		t.Run(gone, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				b := newBench(t, d, "2025-06-05")
				id, _, waiting, matched := b.filed(t)
				ctx, _ := b.clerk(t)
				sub, err := b.Get(ctx, id)
				if err != nil {
					t.Fatal(err)
				}
				page := append(append([]ingest.QueueEntry{}, waiting...), matched)
				// reads gives what each way hands out, and its error.
				reads := func(ctx context.Context, desk *ingest.Desk) map[string]error {
					errs := map[string]error{}
					o, err := desk.Content(ctx, &matched)
					if errs["row"] = err; o != nil && err != nil {
						t.Error("a row and an error")
					}
					list, err := desk.Contents(ctx, page)
					if errs["page"] = err; list != nil && err != nil {
						t.Error("a page and an error")
					}
					var book bytes.Buffer
					if errs["workbook"] = desk.WriteErrors(ctx, &book, id); errs["workbook"] != nil && book.Len() > 0 {
						t.Error("a workbook and an error")
					}
					f, err := desk.File(ctx, sub)
					if errs["file"] = err; f != nil {
						if err != nil {
							t.Error("a file and an error")
						}
						_ = f.Close()
					}
					return errs
				}
				rename := func(from, to string) {
					t.Helper()
					err := d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
						_, err := tx.ExecContext(ctx, `ALTER TABLE `+from+` RENAME TO `+to)
						return err
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				for what, err := range reads(ctx, b.desk) {
					if err != nil {
						t.Errorf("%s: %v", what, err)
					}
				}
				before := len(b.looks(t))
				for what, err := range reads(context.Background(), b.desk) {
					if !errors.Is(err, authz.ErrSignIn) {
						t.Errorf("%s for nobody: %v", what, err)
					}
				}
				conf := b.Config
				conf.Access = nil
				for what, err := range reads(ctx, ingest.NewDesk(ingest.NewService(conf))) {
					if err == nil {
						t.Errorf("%s without a log", what)
					}
				}
				rename(gone, "gone")
				for what, err := range reads(ctx, b.desk) {
					if err == nil {
						t.Errorf("%s without an entry", what)
					}
				}
				rename("gone", gone)
				if n := len(b.looks(t)); n != before {
					t.Errorf("%d entries of what was not answered", n-before)
				}
			})
		})
	}
}

// TestSecrecyCoversTheDesk: what an agency reads of a subject's queued rows is delayed like its other look-ups, by an order about both alone.
func TestSecrecyCoversTheDesk(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.SQLite(t), "2025-06-05")
	_, firmID, waiting, matched := b.filed(t)
	ctx, own := b.clerk(t)
	until := b.clock.Now().AddDate(0, 1, 0)
	_, err := b.log.OrderSecrecy(ctx, audit.Order{Agency: own, Subject: firmID, Basis: "某法第九条", Until: until, By: audit.Who{Kind: "account", ID: 9}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.desk.Contents(ctx, []ingest.QueueEntry{waiting[0], matched}); err != nil {
		t.Fatal(err)
	}
	if list, _, err := b.log.OfSubject(ctx, firmID, "", 0); err != nil || len(list) != 0 {
		t.Errorf("the line came too early: %v %v", list, err)
	}
	for _, a := range b.looks(t) {
		if a.HiddenUntil.Equal(until) != (a.Subject == firmID) {
			t.Errorf("%+v", a)
		}
	}
	b.clock.Advance(40 * 24 * time.Hour)
	if list, _, err := b.log.OfSubject(ctx, firmID, "", 0); err != nil || len(list) != 1 {
		t.Errorf("the line must come on its day: %v %v", list, err)
	}
}

// TestPersonsRowGoesUnderNobody: what a row says about a natural person is masked for the desk, and cannot be put under an organisation.
func TestPersonsRowGoesUnderNobody(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, "2025-06-05")
		b.file(t, "XZCF", "firm.csv", table(b.example("XZCF", nil)))
		b.file(t, "XZCF", "a.csv", table(b.uncoded(1, nil)))
		// Today's checks let no person's row wait; one that an earlier edition let in is still a person's.
		item, _ := b.edition.Item("XZCF")
		values := make(catalog.Values, len(item.Fields))
		for role, v := range map[catalog.Role]string{catalog.RoleName: "张三丰", catalog.RoleKind: "自然人", catalog.RolePersonID: "370303199001010017"} {
			f, ok := item.ByRole(role)
			if !ok {
				t.Fatal(role)
			}
			values[f.Index] = v
		}
		raw, err := json.Marshal(values)
		if err == nil {
			err = d.Tx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, `UPDATE ingest_queue SET values_sealed = $1`, b.Ring.Seal("queue", string(raw)))
				return err
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		e := b.queued(t, ingest.Waiting, 1)[0]
		ctx, _ := b.clerk(t)
		o, err := b.desk.Content(ctx, &e)
		if err != nil || !o.Person || o.Name != "张**" || len(o.Fields) != 3 || strings.Contains(strings.Join(o.Leads, ""), "张") {
			t.Fatalf("%+v, %v", o, err)
		}
		for _, f := range o.Fields {
			if strings.Contains(f.Value, "三丰") || strings.Contains(f.Value, "19900101") {
				t.Errorf("%s is not masked", f.Code)
			}
		}
		sub, _, err := b.subjects.ByCode(ctx, firm)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Match(ctx, e.ID, sub.ID, "someone", "像"); !errors.Is(err, ingest.ErrPerson) {
			t.Errorf("a person's row under an organisation: %v", err)
		}
		if _, err := b.desk.Preview(ctx, &ingest.Opened{}, sub.ID); !errors.Is(err, ingest.ErrNoEntry) {
			t.Errorf("a preview of nothing: %v", err)
		}
		if _, err := b.desk.Pointers(ctx, &ingest.Opened{}); !errors.Is(err, ingest.ErrNoEntry) {
			t.Errorf("the numbers of nothing: %v", err)
		}
	})
}
