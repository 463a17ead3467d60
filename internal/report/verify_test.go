package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"gongxin/internal/db/dbtest"
	"gongxin/internal/gm"
	"gongxin/internal/report"
	"gongxin/internal/verify"
)

func (w *world) signers(t testing.TB) verify.Signers {
	t.Helper()
	key, _ := w.PublicKey()
	s, err := verify.ParseSigners(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// file gives a report as PDF and as data.
func (w *world) file(t testing.TB, o report.Order) (raw, data []byte) {
	t.Helper()
	r := w.create(t, o)
	data, err := r.File()
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = w.Print(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return raw, data
}

func TestReportIsVerifiedOffline(t *testing.T) {
	t.Parallel()
	needFonts(t)
	w := newWorld(t, dbtest.SQLite(t))
	all := w.special()
	all.From, all.To = 20211119, 20261118
	for name, o := range map[string]report.Order{"standard": w.standard(), "special": all, "person": w.own()} {
		raw, data := w.file(t, o)
		if verify.SortOf(raw) != verify.SortReport || verify.SortOf(data) != verify.SortReport {
			t.Errorf("%s: not recognised", name)
		}
		for _, x := range [][]byte{raw, data} {
			r := verify.Report(x, w.keys, w.signers(t))
			if !r.OK() || len(r.Proven) < 2 || len(r.Limits) < 2 {
				t.Errorf("%s: %v", name, r.FailureWords())
			}
			said := strings.Join(r.Proven, "\n")
			if !strings.Contains(said, "生成时间 2026-11-18 10:00:00（平台写明）") { // as the first page has it
				t.Errorf("%s: another time is said in\n%s", name, said)
			}
			for _, want := range map[string][]string{
				"standard": {"条的承诺（叶子）在公开日志中", firmName}, "person": {"在公开日志中", person},
				"special": {"所列即全部", "栏目与日志所承诺的内容逐字一致", "XZCF", "SFPJ"},
			}[name] {
				if !strings.Contains(said, want) && !strings.Contains(strings.Join(append(r.Proven, r.Notes...), "\n"), want) {
					t.Errorf("%s: %q is not said in\n%s", name, want, said)
				}
			}
		}
		if r := verify.Report(raw, nil, w.signers(t)); !r.OK() || !strings.Contains(strings.Join(r.Limits, ""), "没有给出日志公钥") {
			t.Errorf("%s without the log's keys: %v", name, r)
		}
		if r := verify.Report(raw, w.keys, verify.Signers{}); r.OK() {
			t.Errorf("%s: signed by nobody that is known, and holds", name)
		}
	}
}

// Wherever a byte changes, the report does not hold any more.
func TestChangedReportIsRefused(t *testing.T) {
	t.Parallel()
	needFonts(t)
	w := newWorld(t, dbtest.SQLite(t))
	raw, data := w.file(t, w.special())
	signers := w.signers(t)
	for name, file := range map[string][]byte{"PDF": raw, "data": data} {
		step := max(1, len(file)/400)
		for i := 0; i < len(file); i += step {
			other := bytes.Clone(file)
			other[i] ^= 1 << (i % 7)
			if verify.Report(other, w.keys, signers).OK() {
				t.Fatalf("%s: byte %d of %d changed and it holds", name, i, len(file))
			}
		}
		// The first and the last bytes, and around the signature, one by one.
		at := bytes.Index(file, []byte("/Contents <"))
		for _, from := range []int{0, max(at-100, 0), max(at, 0) + 160, len(file) - 120} {
			for i := from; i < min(from+120, len(file)); i++ {
				other := bytes.Clone(file)
				other[i] ^= 1
				if verify.Report(other, w.keys, signers).OK() {
					t.Fatalf("%s: byte %d of %d changed and it holds", name, i, len(file))
				}
			}
		}
		if verify.Report(append(bytes.Clone(file), ' '), w.keys, signers).OK() || verify.Report(file[:len(file)-1], w.keys, signers).OK() {
			t.Errorf("%s: longer or shorter and it holds", name)
		}
	}
}

// A platform that signs what its own log does not say is found out: the signature alone does not carry.
func TestSignedLieIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	key, err := gm.OpenSigningKey(t.TempDir() + "/k.pem")
	if err != nil {
		t.Fatal(err)
	}
	signers, err := verify.ParseSigners(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	r := w.create(t, w.special())
	sign := func(d *report.Document) []byte {
		raw, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		signature, err := key.Sign(raw)
		if err != nil {
			t.Fatal(err)
		}
		file, err := (&report.Report{Document: raw, KeyID: key.ID(), Signature: signature}).File()
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	if res := verify.Report(sign(document(t, r)), w.keys, signers); !res.OK() {
		t.Fatal(res.FailureWords())
	}
	for name, change := range map[string]func(*report.Document){
		"a field":        func(d *report.Document) { d.Chapters[0].Items[0].Records[0].Fields[0].Value = "别的" },
		"a day":          func(d *report.Document) { d.Chapters[0].Items[0].Records[0].DecidedOn = 20260102 },
		"another's":      func(d *report.Document) { d.Subject.Number = "5" },
		"a proof":        func(d *report.Document) { d.Proofs.Records[0].Index++ },
		"a proof of one": func(d *report.Document) { d.Proofs.Records[0].Record = d.Proofs.Records[1].Record },
		"a set":          func(d *report.Document) { d.Proofs.Sets[0] = json.RawMessage(`{"format":"gongxin/bundle/1"}`) },
		"a checkpoint":   func(d *report.Document) { d.Proofs.Checkpoint = strings.Replace(d.Proofs.Checkpoint, "\n", "0\n", 2) },
	} {
		d := document(t, r)
		change(d)
		if verify.Report(sign(d), w.keys, signers).OK() {
			t.Errorf("%s is wrong and it holds", name)
		}
	}
}

func FuzzReport(f *testing.F) {
	key, err := gm.OpenSigningKey(f.TempDir() + "/k.pem")
	if err != nil {
		f.Fatal(err)
	}
	signers, err := verify.ParseSigners(key.Public())
	if err != nil {
		f.Fatal(err)
	}
	raw := []byte(`{"format":"gongxin/report/1","number":"1","chapters":[],"proofs":{}}`)
	signature, err := key.Sign(raw)
	if err != nil {
		f.Fatal(err)
	}
	file, err := (&report.Report{Document: raw, KeyID: key.ID(), Signature: signature}).File()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte("%PDF-1.7\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r := verify.Report(raw, nil, signers); r.OK() && !bytes.Equal(raw, file) {
			t.Fatal("something else holds")
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	needFonts(b)
	w := newWorld(b, dbtest.SQLite(b))
	raw, _ := w.file(b, w.special())
	signers := w.signers(b)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if r := verify.Report(raw, w.keys, signers); !r.OK() {
			b.Fatal(r.FailureWords())
		}
	}
}
