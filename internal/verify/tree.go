package verify

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// State is what a checker remembers between two checks: the newest checkpoint it has accepted.
type State struct {
	Checkpoint string `json:"checkpoint"`
}

// Log checks a log as a whole: the checkpoint's signatures, every entry and every tile against its root, and that it continues the checkpoint that old
// remembers ("" = none). each, if not nil, is given every entry in order. The new state is nil when something failed.
func Log(ctx context.Context, s Source, k *Keys, old string, each func(i int64, e Entry)) (*Result, *State) {
	r := &Result{}
	c := r.checkpoint(ctx, s, k)
	if c == nil {
		return r, nil
	}
	before := r.remembered(old, c, k)
	w := &walk{result: r, source: s, size: c.Size, each: each}
	if before != nil && before.Size < c.Size {
		w.mark = before.Size
	}
	root := w.run(ctx)
	if !r.OK() && w.stopped {
		return r, nil
	}
	if root != c.Root {
		r.fail("tree.root", "条目与检查点的树根不符：检查点签名的是另一份内容（大小 %d）", c.Size)
	} else {
		r.prove("日志 %s 的全部 %d 个条目与签名检查点一致，%d 个分块文件逐一核对", c.Origin, c.Size, w.files)
	}
	if before != nil {
		r.continues(before, c, w.marked, root)
	}
	if w.origin != c.Origin && c.Size > 0 {
		r.fail("tree.genesis", "第 0 个条目不是日志 %s 的创始条目", c.Origin)
	}
	if !r.OK() {
		return r, nil
	}
	return r, &State{Checkpoint: string(c.Text)}
}

func (r *Result) checkpoint(ctx context.Context, s Source, k *Keys) *Checkpoint {
	text, err := s.Read(ctx, "checkpoint")
	if err != nil {
		r.fail("checkpoint.missing", "无法读取检查点文件 checkpoint：%v", err)
		return nil
	}
	return r.open(text, k, "checkpoint")
}

// open checks a checkpoint's signatures and says so.
func (r *Result) open(text []byte, k *Keys, where string) *Checkpoint {
	c, err := OpenCheckpoint(text, k)
	switch {
	case err == ErrSignature: //nolint:errorlint // OpenCheckpoint returns it bare
		r.fail("checkpoint.signature", "%s 没有日志密钥的有效签名：内容被改动，或签名者不是该日志", where)
		return nil
	case err == ErrSM2: //nolint:errorlint // as above
		r.fail("checkpoint.sm2", "%s 缺少有效的 SM2 签名", where)
		return nil
	case err != nil:
		r.fail("checkpoint.format", "%s 不是合格的检查点", where)
		return nil
	}
	r.Origin, r.Size = c.Origin, c.Size
	with := "Ed25519"
	if c.SM2 {
		with += "、SM2"
	}
	r.prove("检查点签名有效（%s）：日志 %s，大小 %d", with, c.Origin, c.Size)
	for _, w := range c.Witnesses {
		r.prove("见证人 %s 已会签该检查点", w)
	}
	return c
}

// remembered opens the checkpoint of an earlier check.
func (r *Result) remembered(old string, c *Checkpoint, k *Keys) *Checkpoint {
	if old == "" {
		return nil
	}
	before, err := OpenCheckpoint([]byte(old), k)
	if err != nil {
		r.fail("state.signature", "上次保存的检查点没有有效签名，无法比对")
		return nil
	}
	if before.Origin != c.Origin {
		r.fail("state.origin", "上次检查的是另一部日志 %s", before.Origin)
		return nil
	}
	if before.Size > c.Size {
		r.fail("consistency.shrunk", "日志变短了：上次检查时有 %d 个条目，现在只有 %d 个", before.Size, c.Size)
		return nil
	}
	return before
}

func (r *Result) continues(before, c *Checkpoint, at, now tlog.Hash) {
	if before.Size == c.Size {
		at = now
	}
	if before.Size == 0 || at == before.Root {
		r.prove("日志只增未改：上次检查的前 %d 个条目原样保留", before.Size)
		return
	}
	r.fail("consistency.changed", "日志的历史被改写：前 %d 个条目与上次检查时不同", before.Size)
}

// walk recomputes the tree from the entries and compares each tile on the way.
type walk struct {
	result *Result
	source Source
	size   int64
	mark   int64 // remember the root at this size
	each   func(int64, Entry)

	peaks   peaks
	levels  [][]byte // of each level the hashes of the tile that is being filled
	counts  []int64  // of each level the number of full tiles
	origin  string
	marked  tlog.Hash
	files   int64
	stopped bool
}

func (w *walk) run(ctx context.Context) tlog.Hash {
	for i := int64(0); i < w.size; {
		width := int(min(tileWidth, w.size-i))
		name, raw, err := readTile(ctx, w.source, -1, i/tileWidth, width)
		if err != nil {
			w.stop("tree.entries_missing", "条目文件 %s 无法读取：%v", name, err)
			return tlog.Hash{}
		}
		entries, err := SplitBundle(raw)
		if err != nil || len(entries) < width {
			w.stop("tree.entries", "条目文件 %s 已损坏：应有 %d 个条目", name, width)
			return tlog.Hash{}
		}
		w.files++
		for _, e := range entries[:width] {
			w.entry(ctx, i, e, name)
			i++
		}
	}
	for level := range w.levels {
		if len(w.levels[level]) > 0 {
			w.compare(ctx, level)
		}
	}
	return w.peaks.root()
}

func (w *walk) stop(code, format string, args ...any) {
	w.result.fail(code, format, args...)
	w.stopped = true
}

func (w *walk) entry(ctx context.Context, i int64, raw []byte, name string) {
	e, err := ParseEntry(raw)
	if err != nil {
		w.result.fail("tree.entry", "条目文件 %s 中第 %d 个条目格式不明", name, i)
	} else {
		if i == 0 && e.Kind == kindGenesis {
			w.origin = e.Origin
		}
		if w.each != nil {
			w.each(i, e)
		}
	}
	h := tlog.RecordHash(raw)
	w.peaks.add(h)
	if i+1 == w.mark {
		w.marked = w.peaks.root()
	}
	w.add(ctx, 0, h)
}

// add puts a hash into the tile of its level; a full tile is compared and its own hash goes one level up.
func (w *walk) add(ctx context.Context, level int, h tlog.Hash) {
	if level == len(w.levels) {
		w.levels, w.counts = append(w.levels, nil), append(w.counts, 0)
	}
	w.levels[level] = append(w.levels[level], h[:]...)
	if len(w.levels[level]) < tileWidth*tlog.HashSize {
		return
	}
	w.compare(ctx, level)
	var p peaks
	for b := w.levels[level]; len(b) > 0; b = b[tlog.HashSize:] {
		p.add(tlog.Hash(b[:tlog.HashSize]))
	}
	w.levels[level] = w.levels[level][:0]
	w.counts[level]++
	w.add(ctx, level+1, p.root())
}

func (w *walk) compare(ctx context.Context, level int) {
	want := w.levels[level]
	name, got, err := readTile(ctx, w.source, level, w.counts[level], len(want)/tlog.HashSize)
	w.files++
	switch {
	case err != nil:
		w.result.fail("tree.tile_missing", "分块文件 %s 无法读取：%v", name, err)
	case len(got) < len(want) || !bytes.Equal(got[:len(want)], want):
		w.result.fail("tree.tile", "分块文件 %s 与条目不符", name)
	}
}

// peaks is a growing RFC 6962 tree, as the roots of its perfect subtrees.
type peaks struct {
	n    int64
	list []tlog.Hash
}

func (p *peaks) add(h tlog.Hash) {
	for n := p.n; n&1 == 1; n >>= 1 {
		h = tlog.NodeHash(p.list[len(p.list)-1], h)
		p.list = p.list[:len(p.list)-1]
	}
	p.list = append(p.list, h)
	p.n++
}

func (p *peaks) root() tlog.Hash {
	if len(p.list) == 0 {
		return emptyRoot
	}
	h := p.list[len(p.list)-1]
	for i := len(p.list) - 2; i >= 0; i-- {
		h = tlog.NodeHash(p.list[i], h)
	}
	return h
}

// Quick checks the checkpoint and that it continues old, reading only the tiles that this takes.
func Quick(ctx context.Context, s Source, k *Keys, old string) (*Result, *State) {
	r := &Result{}
	c := r.checkpoint(ctx, s, k)
	if c == nil {
		return r, nil
	}
	before := r.remembered(old, c, k)
	if before != nil {
		at, err := rootAt(ctx, s, c, before.Size)
		if err != nil {
			r.fail("consistency.tiles", "无法用分块文件核对上次的检查点：%v", err)
			return r, nil
		}
		r.continues(before, c, at, c.Root)
	}
	if !r.OK() {
		return r, nil
	}
	return r, &State{Checkpoint: string(c.Text)}
}

// rootAt computes the root that the log had at an earlier size, from tiles that are checked against the checkpoint.
func rootAt(ctx context.Context, s Source, c *Checkpoint, size int64) (tlog.Hash, error) {
	if size == 0 {
		return emptyRoot, nil
	}
	return tlog.TreeHash(size, tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, tiles{ctx, s}))
}

// tiles reads tiles for tlog, which authenticates them against the root.
type tiles struct {
	ctx    context.Context //nolint:containedctx // tlog's interface has none
	source Source
}

func (t tiles) Height() int { return 8 }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, x := range list {
		name, b, err := readTile(t.ctx, t.source, x.L, x.N, x.W)
		if err != nil {
			return nil, err
		}
		if len(b) < x.W*tlog.HashSize {
			return nil, fmt.Errorf("verify: tile %s is cut off", name)
		}
		out[i] = b[:x.W*tlog.HashSize]
	}
	return out, nil
}
