package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// BundleFormat is the format of a subject's bundle of proofs.
const BundleFormat = "gongxin/bundle/1"

// Bounds of a bundle.
const (
	maxBundle         = 64 << 20
	maxBundleVersions = 1 << 16
	maxListed         = 2000 // versions that a result lists
)

// ErrBundle is the error of a file that is no bundle.
var ErrBundle = errors.New("verify: not a bundle of format " + BundleFormat)

type bundleFile struct {
	Format     string        `json:"format"`
	Checkpoint string        `json:"checkpoint"`
	Subject    string        `json:"subject"`
	Item       string        `json:"item"` // "" = every item
	Salt       []byte        `json:"salt"`
	Slots      []string      `json:"slots"`
	Root       proofEntry    `json:"root"`
	Moment     *proofEntry   `json:"moment"`
	MapPath    [][]byte      `json:"map_path"`
	Absent     bool          `json:"absent"`
	Other      *proofOther   `json:"other"`
	Places     []bundlePlace `json:"places"`
}

type bundlePlace struct {
	PlaceSalt []byte      `json:"place_salt"`
	Path      [][]byte    `json:"path"` // with one item only
	Versions  []proofLeaf `json:"versions"`
}

// Version is one version of a record that a bundle shows, in the order of the log.
type Version struct {
	Index  int64  `json:"index"` // of its entry in the log
	Item   string `json:"item"`
	Opened bool   `json:"opened"`           // content came with it and holds; else the following is not known
	Record string `json:"record,omitempty"` // its number
	Number string `json:"number,omitempty"` // of the version
	Action string `json:"action,omitempty"`
	At     int64  `json:"at,omitempty"` // when the register says it was recorded, microseconds since 1970
}

func parseBundle(raw []byte) (*bundleFile, error) {
	if len(raw) > maxBundle {
		return nil, ErrBundle
	}
	var b bundleFile
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil || b.Format != BundleFormat || d.More() {
		return nil, ErrBundle
	}
	return &b, nil
}

// Bundle checks a bundle of a subject's proofs.
func Bundle(raw []byte, k *Keys) *Result {
	r := &Result{}
	r.openBundle(raw, k)
	return r
}

func (r *Result) openBundle(raw []byte, k *Keys) *Checkpoint {
	b, err := parseBundle(raw)
	if err != nil {
		r.fail("bundle.format", "证明包格式不对：应为 %s", BundleFormat)
		return nil
	}
	c := r.open([]byte(b.Checkpoint), k, "证明包中的检查点")
	if c == nil {
		return nil
	}
	r.bundle(b, c)
	return c
}

// bundle checks everything behind the checkpoint's signature.
func (r *Result) bundle(b *bundleFile, c *Checkpoint) {
	root, ok := r.included(&b.Root, c)
	if !ok {
		return
	}
	subject, err := strconv.ParseInt(b.Subject, 10, 64)
	switch {
	case root.Kind != kindRoot || root.Covered < 0 || root.Covered > b.Root.Index:
		r.fail("set.root", "条目 %d 不是主体记录集合的根", b.Root.Index)
		return
	case err != nil || strconv.FormatInt(subject, 10) != b.Subject || len(b.MapPath) > maxLevels || len(b.Slots) > slotCount || b.count() > maxBundleVersions:
		r.fail("set.format", "证明包的内容不合格式")
		return
	case slotsDigest(b.Slots) != root.Slots || duplicate(b.Slots):
		r.fail("set.slots", "事项位次表与日志中的根不符")
		return
	}
	moment, ok := r.moment(b, root, c)
	if !ok {
		return
	}
	s := &bundleCheck{Result: r, b: b, c: c, root: root, key: subjectKey(b.Salt, subject), moment: moment}
	if s.run() {
		r.covered(root, c)
		r.limits(b)
	}
}

// count is the number of versions.
func (b *bundleFile) count() int {
	n := 0
	for i := range b.Places {
		n += len(b.Places[i].Versions)
	}
	return n
}

// moment checks the root entry that stands for an earlier moment: what lies before it in the log was there by then.
func (r *Result) moment(b *bundleFile, root Entry, c *Checkpoint) (*Entry, bool) {
	if b.Moment == nil {
		return nil, true
	}
	e, ok := r.included(b.Moment, c)
	if !ok {
		return nil, false
	}
	if e.Kind != kindRoot || b.Moment.Index > root.Covered {
		r.fail("bundle.moment", "条目 %d 不能说明过去的时刻", b.Moment.Index)
		return nil, false
	}
	return &e, true
}

// bundleCheck is the check of a bundle under a root that is in the log.
type bundleCheck struct {
	*Result
	b      *bundleFile
	c      *Checkpoint
	root   Entry
	key    [32]byte
	moment *Entry

	total, opened, before int
	counts                []string // by item, in words
}

func (s *bundleCheck) run() bool {
	slot := slotOf(s.b.Slots, s.b.Item)
	if s.b.Item != "" && slot < 0 {
		if len(s.b.Places) > 0 {
			s.fail("set.slots", "事项 %s 没有位次，却附有版本", s.b.Item)
			return false
		}
		s.prove("截至日志位置 %d（平台写明的时间 %s），登记簿中任何主体都没有 %s 的记录", s.root.Covered, stamp(s.root.At), s.b.Item)
		return true
	}
	path, ok := hashes(s.b.MapPath, true)
	if !ok || len(path) < topLevels {
		s.fail("set.format", "证明包的路径格式不对")
		return false
	}
	if s.b.Absent {
		return s.absence(path)
	}
	head, ok := s.head(slot)
	if !ok {
		return false
	}
	if foldMap(s.key, pair(hashMapLeaf, s.key, head), path) != s.root.Root {
		s.fail("set.path", "所列版本不是该主体的全部：与日志中的集合根不符")
		return false
	}
	s.told()
	return true
}

func (s *bundleCheck) absence(path [][32]byte) bool {
	if len(s.b.Places) > 0 {
		s.fail("set.format", "证明包说没有记录，却附有版本")
		return false
	}
	end, ok := s.neighbour(s.b.Other, s.key, len(path))
	if !ok {
		return false
	}
	if foldMap(s.key, end, path) != s.root.Root {
		s.fail("set.path", "主体 %s 没有记录的证明与日志中的集合根不符", s.b.Subject)
		return false
	}
	s.prove("截至日志位置 %d（平台写明的时间 %s），主体 %s 没有任何事项的记录", s.root.Covered, stamp(s.root.At), s.b.Subject)
	return true
}

// neighbour gives what stands where an absent subject would: nobody, or somebody else on the same way.
func (r *Result) neighbour(p *proofOther, key [32]byte, levels int) (end [32]byte, ok bool) {
	if p == nil {
		return end, true
	}
	if len(p.Key) != 32 || len(p.Head) != 32 || [32]byte(p.Key) == key {
		r.fail("set.format", "集合证明中相邻主体的格式不对")
		return end, false
	}
	other := [32]byte(p.Key)
	for depth := range levels {
		if keyBit(other, depth) != keyBit(key, depth) {
			r.fail("set.path", "集合证明中的相邻主体不在该主体的位置上")
			return end, false
		}
	}
	return pair(hashMapLeaf, other, [32]byte(p.Head)), true
}

// head computes the subject's head from one opened place and its path, or from all places.
func (s *bundleCheck) head(slot int) (head [32]byte, ok bool) {
	if s.b.Item != "" {
		if len(s.b.Places) != 1 {
			s.fail("set.format", "证明包应恰有一个事项的位置")
			return head, false
		}
		path, ok := hashes(s.b.Places[0].Path, false)
		if !ok || len(path) != 6 {
			s.fail("set.format", "证明包的路径格式不对")
			return head, false
		}
		at, ok := s.place(&s.b.Places[0], slot)
		if !ok {
			return head, false
		}
		return foldPlaces(at, slot, path), true
	}
	if len(s.b.Places) != slotCount {
		s.fail("set.format", "证明包应有全部 %d 个位置", slotCount)
		return head, false
	}
	level := make([][32]byte, slotCount)
	for i := range s.b.Places {
		if len(s.b.Places[i].Path) > 0 {
			s.fail("set.format", "证明包的路径格式不对")
			return head, false
		}
		if level[i], ok = s.place(&s.b.Places[i], i); !ok {
			return head, false
		}
	}
	for len(level) > 1 {
		for i := range len(level) / 2 {
			level[i] = pair(hashPlaceNode, level[2*i], level[2*i+1])
		}
		level = level[:len(level)/2]
	}
	return level[0], true
}

// place checks the versions of one item and gives the hash of its place.
func (s *bundleCheck) place(p *bundlePlace, slot int) (h [32]byte, ok bool) {
	if len(p.PlaceSalt) != 32 {
		s.fail("set.format", "证明包中位置 %d 的格式不对", slot)
		return h, false
	}
	item := ""
	if slot < len(s.b.Slots) {
		item = s.b.Slots[slot]
	} else if len(p.Versions) > 0 {
		s.fail("set.slots", "位置 %d 不属于任何事项，却附有版本", slot)
		return h, false
	}
	leaves, last := make([][32]byte, len(p.Versions)), int64(-1)
	for i := range p.Versions {
		v := &p.Versions[i]
		if leaves[i], ok = s.version(v, item, last); !ok {
			return h, false
		}
		last = v.Index
	}
	if len(p.Versions) > 0 {
		s.counts = append(s.counts, fmt.Sprintf("%s %d 个", item, len(p.Versions)))
	}
	return placeHash(p.PlaceSalt, slot, int64(len(leaves)), leavesRoot(leaves)), true
}

// version checks that one version stands in the log, in order, and that its content is the leaf's.
func (s *bundleCheck) version(v *proofLeaf, item string, last int64) (leaf [32]byte, ok bool) {
	e, ok := s.included(&v.proofEntry, s.c)
	switch {
	case !ok:
		return leaf, false
	case e.Kind != kindLeaf:
		s.fail("proof.kind", "条目 %d 不是记录的叶子", v.Index)
		return leaf, false
	case v.Index <= last || v.Index >= s.root.Covered:
		s.fail("bundle.order", "条目 %d 不在它应在的次序上", v.Index)
		return leaf, false
	}
	out := Version{Index: v.Index, Item: item}
	if v.Opening != nil {
		if !s.ownContent(v, e.Leaf, item, s.b.Subject) {
			return leaf, false
		}
		s.opened++
		parts := v.Opening.Parts
		out.Opened, out.Record, out.Number = true, parts[1], parts[2]
		if len(parts) == recordParts {
			out.Action = parts[19]
			out.At, _ = strconv.ParseInt(parts[24], 10, 64) // text that is no number is no time
		}
	}
	s.total++
	if s.moment != nil && v.Index < s.b.Moment.Index {
		s.before++
	}
	if len(s.Versions) < maxListed {
		s.Versions = append(s.Versions, out)
	}
	return e.Leaf, true
}

// recordParts is the number of parts of record/1, the format's name with them.
const recordParts = 25

// ownContent checks that the content of a version is what its leaf says, and of this subject and item.
func (r *Result) ownContent(v *proofLeaf, leaf [32]byte, item, subject string) bool {
	o := v.Opening
	if LeafHash(o.Salt, o.Parts) != leaf {
		r.fail("set.opening", "日志位置 %d 的版本所附内容与叶子不符：内容被改动", v.Index)
		return false
	}
	if len(o.Parts) < 4 || o.Parts[0] != formatRecord || o.Parts[3] != item {
		r.fail("set.opening", "日志位置 %d 的版本不是 %s 的记录", v.Index, item)
		return false
	}
	if n, ok := subjectOf(o.Parts[1]); !ok || strconv.FormatInt(n, 10) != subject {
		r.fail("set.opening", "日志位置 %d 的版本属于另一主体", v.Index)
		return false
	}
	return true
}

// told says what the bundle proves.
func (s *bundleCheck) told() {
	of := "全部事项"
	if s.b.Item != "" {
		of = "事项 " + s.b.Item
	}
	at := stamp(s.root.At)
	if s.total == 0 {
		s.prove("截至日志位置 %d（平台写明的时间 %s），主体 %s 的%s没有任何记录", s.root.Covered, at, s.b.Subject, of)
	} else {
		s.prove("截至日志位置 %d（平台写明的时间 %s），主体 %s 的%s共 %d 个版本（%s），所列即全部", s.root.Covered, at, s.b.Subject, of, s.total, strings.Join(s.counts, "，"))
		s.prove("这 %d 个版本各自都在公开日志中，此后不能改动而不被发现", s.total)
	}
	if s.opened > 0 {
		s.prove("其中 %d 个版本附有内容，内容与日志中的叶子逐字一致", s.opened)
	}
	if closed := s.total - s.opened; closed > 0 {
		s.note("有 %d 个版本没有附内容：只证明它们存在，不说明写了什么", closed)
	}
	if s.moment != nil {
		words := fmt.Sprintf("其中 %d 个版本当时已经进入日志", s.before)
		if s.before == 0 {
			words = "当时没有任何这样的记录进入日志"
		}
		s.prove("截至日志位置 %d（平台写明的时间 %s），%s", s.b.Moment.Index, stamp(s.moment.At), words)
	}
}

// limits says what a bundle does not prove.
func (r *Result) limits(b *bundleFile) {
	r.limit("主体编号 %s 就是某个企业或者某个人：这是登记簿的登记，证明包本身不证明", b.Subject)
	r.limit("记录的内容属实：证明的是平台存了什么、没有少列，不是报送单位说得对")
	r.limit("平台写明的时间准确：能证明的是先后次序")
	if b.Item != "" {
		r.limit("其他事项有没有记录：这个证明包只关于 %s", b.Item)
	}
}

func slotOf(slots []string, item string) int {
	for i, x := range slots {
		if x == item {
			return i
		}
	}
	return -1
}

// china is the zone in which moments are told.
var china = time.FixedZone("Asia/Shanghai", 8*60*60)

// stamp writes an instant of the log for people.
func stamp(micros int64) string {
	return time.UnixMicro(micros).In(china).Format("2006-01-02 15:04:05")
}
