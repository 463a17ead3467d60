package ingest_test

import (
	"bytes"
	"context"
	"testing"

	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/ingest"
)

// The name of a file is kept as it was sent, but for the number of a person in it.
func TestFileNames(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d, "2025-06-05")
		for name, want := range map[string]string{
			"六月处罚.csv": "六月处罚.csv", "张三110105 19491231 002X.CSV": "报送文件.csv", "１１０１０５１９４９１２３１００２Ｘ": "报送文件", "x.110105-19491231-002X": "报送文件",
		} {
			content := table(b.example("XZCF", row{"CF_WSH": "临市监罚〔2025〕" + name[len(name)-1:] + "号"}))
			sub, err := b.Submit(context.Background(), ingest.Request{Item: "XZCF", Unit: unit, FileName: name, Actor: "test"}, bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := b.Receipt(context.Background(), sub.ID, 0, 1); err != nil || got.File != want {
				t.Errorf("%q is kept as %q (%v), want %q", name, got.File, err, want)
			}
		}
	})
}
