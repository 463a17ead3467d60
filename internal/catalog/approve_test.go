package catalog

import (
	"context"
	"testing"

	"gongxin/internal/clock"
	"gongxin/internal/fault"
)

func TestChangeLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change Change
		want   string
	}{
		{Change{Kind: Added, Item: "XZCF", To: "行政处罚"}, "新增 事项 XZCF：行政处罚"},
		{Change{Kind: Removed, List: "kinds", From: "类别"}, "删除 代码表 kinds：类别"},
		{Change{Kind: Changed, Item: "XZCF", Field: "CF_WSH", What: "name", From: "甲", To: "乙"}, "修改 事项 XZCF 字段 CF_WSH name：“甲” 改为 “乙”"},
		{Change{Kind: Changed, Item: "XZCF", What: "required", To: "true"}, "修改 事项 XZCF required：“” 改为 “true”"},
	} {
		if got := c.change.line(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// An edition that is on file under another content, or for another day, or that others could not follow, is refused.
func TestEditionsCheck(t *testing.T) {
	t.Parallel()
	store, err := NewStore(Default())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := Default().Archive()
	if err != nil {
		t.Fatal(err)
	}
	from, refuse := Default().EffectiveFrom, fault.New(fault.Invalid, "test.fits", "不行", "")
	a := &Editions{Store: store, Clock: clock.System{}}
	if err := a.Check(context.Background(), raw, from); err != nil {
		t.Errorf("the same edition: %v", err)
	}
	if err := a.Check(context.Background(), raw, from.AddDays(1)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("another day: %v", err)
	}
	a.Fits = func(*Edition) error { return refuse }
	if err := a.Check(context.Background(), raw, from); fault.KindOf(err) != fault.Invalid {
		t.Errorf("does not fit: %v", err)
	}
	if lines, err := a.Diff(context.Background(), raw); lines != "" || err != nil {
		t.Errorf("the same edition differs: %q, %v", lines, err)
	}
}

// FuzzEditionDraft reads anything as a draft: an edition, or a fault that a person can act on.
func FuzzEditionDraft(f *testing.F) {
	small := &Edition{files: map[string][]byte{"edition.toml": []byte("id = \"x\"\neffective_from = \"2026-01-01\"\n")}} // a whole one takes too long
	raw, err := small.Archive()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:len(raw)/2])
	f.Add([]byte("PK\x05\x06" + string(make([]byte, 18))))
	f.Fuzz(func(t *testing.T, content []byte) {
		if e, err := readDraft(content); err == nil && e.ID == "" || err != nil && fault.KindOf(err) == fault.Internal {
			t.Errorf("%v", err)
		}
	})
}
