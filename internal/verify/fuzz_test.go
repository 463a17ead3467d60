package verify

import (
	"encoding/json"
	"testing"
)

const fuzzCheckpoint = "gongxin/990100\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\u2014 gongxin/990100 AAAAAA==\n"

func fuzzKeys(tb testing.TB) *Keys {
	tb.Helper()
	k, err := ParseKeys("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func FuzzCheckpoint(f *testing.F) {
	k := fuzzKeys(f)
	f.Add([]byte(fuzzCheckpoint))
	f.Add([]byte("a\n-1\nx\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := OpenCheckpoint(b, k); err == nil {
			t.Error("a checkpoint that nobody signed")
		}
		_, _ = parseCheckpoint(string(b))
	})
}

func FuzzProof(f *testing.F) {
	k := fuzzKeys(f)
	var p proofFile
	p.Format, p.Checkpoint = ProofFormat, fuzzCheckpoint
	p.Set = &proofSet{Subject: "1", Item: "XZCF", Slots: []string{"XZCF"}, MapPath: [][]byte{{}}, Root: proofEntry{Entry: make([]byte, 81)}}
	raw, err := json.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"format":"gongxin/proof/1","checkpoint":"","record":{"index":-1}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if Proof(b, k).OK() {
			t.Error("a proof under a checkpoint that nobody signed")
		}
		// Behind the signature nothing may panic either.
		if p, err := parseProof(b); err == nil {
			r, c := &Result{}, &Checkpoint{Origin: "x", Size: 5}
			if p.Record != nil {
				r.record(p.Record, c)
				return
			}
			r.set(p.Set, c)
			root := Entry{Kind: kindRoot, Slots: slotsDigest(p.Set.Slots), Root: [32]byte{1}}
			if len(p.Set.Slots) > 0 && r.reach(p.Set, 1, 0, root) {
				t.Error("a set under no root")
			}
		}
	})
}

func FuzzBundle(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 2, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := SplitBundle(b)
		if err != nil {
			return
		}
		n := 0
		for _, e := range entries {
			n += 2 + len(e)
			_, _ = ParseEntry(e)
		}
		if n != len(b) {
			t.Errorf("%d of %d bytes", n, len(b))
		}
	})
}

func FuzzAddCheckpoint(f *testing.F) {
	f.Add([]byte("old 5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n" + fuzzCheckpoint))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = parseAddCheckpoint(b) })
}

func FuzzKeys(f *testing.F) {
	f.Add("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
	f.Add("a+00000000+/3NtMnNtMy92MQ==")
	f.Fuzz(func(_ *testing.T, s string) { _, _ = ParseKeys(s) })
}

func FuzzOwners(f *testing.F) {
	f.Add([]byte("\x01\x01\x04XZCF\x00\x00\x00\x00\x00\x00\x00\x07\x00"), int64(0))
	f.Fuzz(func(_ *testing.T, b []byte, pos int64) { _, _, _ = ownerAt(b, pos%1000) })
}
