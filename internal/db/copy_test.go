package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
)

const wideDDL = `CREATE TABLE wide (subject_id BIGINT NOT NULL, seq BIGINT NOT NULL, body TEXT NOT NULL, nk TEXT, d1 BIGINT, d2 BIGINT,
	src TEXT, st BIGINT, cls TEXT, ver BIGINT, at BIGINT, ok BOOLEAN, PRIMARY KEY (subject_id, seq))`

var wideColumns = strings.Fields("subject_id seq body nk d1 d2 src st cls ver at ok")

// wideRows gives n rows in one reused slice, as a fast producer does.
func wideRows(from, n int) db.Rows {
	row, i := make([]any, len(wideColumns)), 0
	return func() ([]any, error) {
		if i == n {
			return nil, nil
		}
		k := from + i
		i++
		row[0], row[1], row[2], row[3] = int64(k/4), int64(k), strings.Repeat("行政处罚内容", 20), fmt.Sprintf("nk-%d", k)
		row[4], row[5], row[6], row[7] = int64(20260302), nil, "91370300", int64(1)
		row[8], row[9], row[10], row[11] = "A", int64(1), int64(1700000000000000+k), k%2 == 0
		return row, nil
	}
}

func TestCopyFrom(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const rows = 10_000
		ctx := t.Context()
		if _, err := execTx(ctx, d, wideDDL); err != nil {
			t.Fatal(err)
		}
		err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			n, err := tx.CopyFrom(ctx, "wide", wideColumns, wideRows(0, rows))
			if n != rows {
				t.Errorf("CopyFrom = %d, want %d", n, rows)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		type row struct {
			N, Seqs, Body, Evens int64
			Last                 string
		}
		var got row
		err = d.Read().QueryRowContext(ctx, `SELECT count(*), sum(seq), sum(length(body)), count(*) FILTER (WHERE ok),
			(SELECT nk FROM wide WHERE subject_id = $2 AND seq = $1 AND d2 IS NULL) FROM wide`, rows-1, (rows-1)/4).
			Scan(&got.N, &got.Seqs, &got.Body, &got.Evens, &got.Last)
		if err != nil {
			t.Fatal(err)
		}
		want := row{rows, rows * (rows - 1) / 2, rows * 120, rows / 2, "nk-9999"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("loaded (-want +got):\n%s", diff)
		}
	})
}

func TestCopyFromFailsWhole(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	after := func(n int, last []any, err error) db.Rows {
		i := 0
		return func() ([]any, error) {
			if i++; i <= n {
				return []any{fmt.Sprint(i), "x"}, nil
			}
			return last, err
		}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, rows := range map[string]db.Rows{
			"producer":  after(10, nil, boom),
			"duplicate": after(10, []any{"1", "x"}, nil),
			"width":     after(10, []any{"99"}, nil),
			"null":      after(10, []any{"99", nil}, nil),
		} {
			err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.CopyFrom(ctx, "meta", []string{"key", "value"}, rows)
				return err
			})
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			if name == "producer" && !errors.Is(err, boom) {
				t.Errorf("producer: err = %v, want boom", err)
			}
			if name == "duplicate" && !db.IsUnique(err) {
				t.Errorf("duplicate: err = %v, want a unique violation", err)
			}
			if n := count(t, d.Read(), "meta"); n != 0 {
				t.Errorf("%s left %d rows", name, n)
			}
		}
	})
}

// The pattern of bulk merging: load into a temporary table, then one upsert from there; twice on one connection.
func TestStagingMerge(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		merge := func(value string, keys ...string) {
			t.Helper()
			err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				if err := tx.Staging(ctx, "stage_meta", "key TEXT, value TEXT"); err != nil {
					return err
				}
				i := 0
				_, err := tx.CopyFrom(ctx, "stage_meta", []string{"key", "value"}, func() ([]any, error) {
					if i == len(keys) {
						return nil, nil
					}
					i++
					return []any{keys[i-1], value}, nil
				})
				if err != nil {
					return err
				}
				_, err = tx.ExecContext(ctx, `INSERT INTO meta (key, value) SELECT key, value FROM stage_meta WHERE true
					ON CONFLICT (key) DO UPDATE SET value = excluded.value`)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		merge("1", "a", "b")
		merge("2", "b", "c")
		got := map[string]string{"a": get(t, d.Read(), "a"), "b": get(t, d.Read(), "b"), "c": get(t, d.Read(), "c")}
		if diff := cmp.Diff(map[string]string{"a": "1", "b": "2", "c": "2"}, got); diff != "" {
			t.Errorf("merged (-want +got):\n%s", diff)
		}
	})
}

func BenchmarkCopyFrom(b *testing.B) {
	const rows = 10_000
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			d := open(b)
			if _, err := execTx(b.Context(), d, wideDDL); err != nil {
				b.Fatal(err)
			}
			from := 0
			for b.Loop() {
				err := d.Tx(b.Context(), func(ctx context.Context, tx *db.Tx) error {
					_, err := tx.CopyFrom(ctx, "wide", wideColumns, wideRows(from, rows))
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
				from += rows
			}
			b.ReportMetric(float64(from)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
