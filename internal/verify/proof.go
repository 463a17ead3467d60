package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// ProofFormat is the format of proof files.
const ProofFormat = "gongxin/proof/1"

// Bounds of a proof file.
const (
	maxProof    = 64 << 20
	maxVersions = 1 << 20
)

type proofFile struct {
	Format     string     `json:"format"`
	Checkpoint string     `json:"checkpoint"`
	Record     *proofLeaf `json:"record"`
	Set        *proofSet  `json:"set"`

	Consistency *proofConsistency `json:"consistency"`
}

type proofEntry struct {
	Index  int64    `json:"index"`
	Entry  []byte   `json:"entry"`
	Hashes [][]byte `json:"hashes"`
}

type proofLeaf struct {
	proofEntry
	Opening *opening `json:"opening"`
}

type opening struct {
	Salt  []byte   `json:"salt"`
	Parts []string `json:"parts"`
}

type proofSet struct {
	Subject   string         `json:"subject"`
	Item      string         `json:"item"`
	Salt      []byte         `json:"salt"`
	Slots     []string       `json:"slots"`
	PlaceSalt []byte         `json:"place_salt"`
	Versions  []proofVersion `json:"versions"`
	PlacePath [][]byte       `json:"place_path"`
	MapPath   [][]byte       `json:"map_path"`
	Other     *proofOther    `json:"other"`
	Absent    bool           `json:"absent"`
	Root      proofEntry     `json:"root"`
}

type proofVersion struct {
	Leaf    []byte   `json:"leaf"`
	Opening *opening `json:"opening"`
}

type proofOther struct {
	Key  []byte `json:"key"`
	Head []byte `json:"head"`
}

// ErrProof is the error of a file that is no proof.
var ErrProof = errors.New("verify: not a proof of format " + ProofFormat)

func parseProof(raw []byte) (*proofFile, error) {
	if len(raw) > maxProof {
		return nil, ErrProof
	}
	var p proofFile
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil || p.Format != ProofFormat || d.More() || p.sorts() != 1 {
		return nil, ErrProof
	}
	return &p, nil
}

// sorts counts what a file claims to prove.
func (p *proofFile) sorts() int {
	n := 0
	for _, there := range []bool{p.Record != nil, p.Set != nil, p.Consistency != nil} {
		if there {
			n++
		}
	}
	return n
}

// Proof checks a proof file about a record or a set; one of consistency needs the earlier checkpoint, see File.
func Proof(raw []byte, k *Keys) *Result {
	r := &Result{}
	if c, way := r.openProof(raw, k); c != nil {
		r.compare(c, k, "", way)
	}
	return r
}

func (r *Result) openProof(raw []byte, k *Keys) (*Checkpoint, *proofConsistency) {
	p, err := parseProof(raw)
	if err != nil {
		r.fail("proof.format", "证明文件格式不对：应为 %s", ProofFormat)
		return nil, nil
	}
	c := r.open([]byte(p.Checkpoint), k, "证明中的检查点")
	switch {
	case c == nil:
		return nil, nil
	case p.Record != nil:
		r.record(p.Record, c)
	case p.Set != nil:
		r.set(p.Set, c)
	}
	return c, p.Consistency
}

// included checks that an entry is in the tree of a checkpoint.
func (r *Result) included(p *proofEntry, c *Checkpoint) (Entry, bool) {
	e, err := ParseEntry(p.Entry)
	if err != nil {
		r.fail("proof.entry", "证明中的条目格式不明")
		return Entry{}, false
	}
	path := make(tlog.RecordProof, len(p.Hashes))
	for i, h := range p.Hashes {
		if len(h) != tlog.HashSize {
			r.fail("proof.path", "证明路径中有不合格的哈希")
			return Entry{}, false
		}
		path[i] = tlog.Hash(h)
	}
	if p.Index < 0 || p.Index >= c.Size || tlog.CheckRecord(path, c.Size, c.Root, p.Index, tlog.RecordHash(p.Entry)) != nil {
		r.fail("proof.inclusion", "条目 %d 不在该检查点的日志中", p.Index)
		return Entry{}, false
	}
	return e, true
}

func (r *Result) record(p *proofLeaf, c *Checkpoint) {
	e, ok := r.included(&p.proofEntry, c)
	if !ok {
		return
	}
	if e.Kind != kindLeaf {
		r.fail("proof.kind", "条目 %d 不是记录的叶子", p.Index)
		return
	}
	r.prove("该条内容的叶子是日志的第 %d 个条目，此后不能改动而不被发现", p.Index)
	r.limit("它是不是这条记录的最新版本、有没有别的记录：要证明“全部”，请核验主体的证明包")
	r.limit("内容属实：证明的是平台存了什么，不是报送单位说得对")
	if p.Opening == nil {
		r.note("证明没有附内容：只证明叶子在日志中，不说明叶子是什么")
		return
	}
	if LeafHash(p.Opening.Salt, p.Opening.Parts) != e.Leaf {
		r.fail("proof.opening", "所附内容与日志中的叶子不符：内容被改动")
		return
	}
	r.prove("所附内容（%s）与日志中的叶子一致", describe(p.Opening.Parts))
}

// describe names what a leaf is about, without its content.
func describe(parts []string) string {
	switch {
	case len(parts) >= 4 && parts[0] == formatRecord:
		return "记录 " + parts[1] + " 第 " + parts[2] + " 版，" + parts[3]
	case len(parts) >= 2 && parts[0] == formatAccess:
		return "查询记录 " + parts[1]
	case len(parts) >= 2 && parts[0] == formatAct:
		return "操作记录 " + parts[1]
	case len(parts) >= 2:
		return parts[0] + " " + parts[1]
	}
	return "格式不明"
}

// set checks a proof that these versions are all of a subject's item.
func (r *Result) set(p *proofSet, c *Checkpoint) {
	root, ok := r.included(&p.Root, c)
	if !ok {
		return
	}
	subject, err := strconv.ParseInt(p.Subject, 10, 64)
	switch {
	case root.Kind != kindRoot || root.Covered < 0 || root.Covered > p.Root.Index:
		r.fail("set.root", "条目 %d 不是主体记录集合的根", p.Root.Index)
		return
	case err != nil || len(p.Versions) > maxVersions || len(p.MapPath) > maxLevels || len(p.Slots) > slotCount:
		r.fail("set.format", "集合证明的格式不对")
		return
	case slotsDigest(p.Slots) != root.Slots || duplicate(p.Slots):
		r.fail("set.slots", "事项位次表与日志中的根不符")
		return
	}
	slot := slotOf(p.Slots, p.Item)
	if slot < 0 {
		if len(p.Versions) > 0 {
			r.fail("set.slots", "事项 %s 没有位次，却附有版本", p.Item)
			return
		}
		r.covered(root, c)
		r.prove("截至日志位置 %d，登记簿中任何主体都没有 %s 的记录", root.Covered, p.Item)
		return
	}
	if r.reach(p, subject, slot, root) {
		r.covered(root, c)
	}
}

func duplicate(list []string) bool {
	seen := map[string]bool{}
	for _, x := range list {
		if seen[x] || x == "" || len(x) > 255 {
			return true
		}
		seen[x] = true
	}
	return false
}

func (r *Result) covered(root Entry, c *Checkpoint) {
	if rest := c.Size - root.Covered; rest > 1 {
		r.note("证明覆盖到日志位置 %d；检查点中其后的 %d 个条目尚未计入集合", root.Covered, rest)
	}
}

// reach checks the way from the versions to the root.
func (r *Result) reach(p *proofSet, subject int64, slot int, root Entry) bool {
	path, ok := hashes(p.MapPath, true)
	places, ok2 := hashes(p.PlacePath, false)
	if !ok || !ok2 || len(path) < topLevels {
		r.fail("set.format", "集合证明的路径格式不对")
		return false
	}
	key := subjectKey(p.Salt, subject)
	if p.Absent {
		return r.absent(p, key, path, root)
	}
	if len(places) != 6 || len(p.PlaceSalt) != 32 {
		r.fail("set.format", "集合证明的路径格式不对")
		return false
	}
	leaves := make([][32]byte, len(p.Versions))
	for i, v := range p.Versions {
		if len(v.Leaf) != 32 {
			r.fail("set.format", "第 %d 个版本的叶子格式不对", i+1)
			return false
		}
		leaves[i] = [32]byte(v.Leaf)
		if v.Opening != nil && !r.opened(&v, p, i) {
			return false
		}
	}
	head := foldPlaces(placeHash(p.PlaceSalt, slot, int64(len(leaves)), leavesRoot(leaves)), slot, places)
	if foldMap(key, pair(hashMapLeaf, key, head), path) != root.Root {
		r.fail("set.path", "所列版本不是该主体 %s 的全部：与日志中的集合根不符", p.Item)
		return false
	}
	if len(leaves) == 0 {
		r.prove("截至日志位置 %d，主体 %s 没有任何 %s 记录", root.Covered, p.Subject, p.Item)
	} else {
		r.prove("截至日志位置 %d，主体 %s 的 %s 记录共 %d 个版本，所列即全部", root.Covered, p.Subject, p.Item, len(leaves))
	}
	return true
}

// opened checks that an opened version is what its leaf says, and of this subject and item.
func (r *Result) opened(v *proofVersion, p *proofSet, i int) bool {
	o := v.Opening
	if LeafHash(o.Salt, o.Parts) != [32]byte(v.Leaf) {
		r.fail("set.opening", "第 %d 个版本所附内容与叶子不符：内容被改动", i+1)
		return false
	}
	if len(o.Parts) < 4 || o.Parts[0] != formatRecord || o.Parts[3] != p.Item {
		r.fail("set.opening", "第 %d 个版本不是 %s 的记录", i+1, p.Item)
		return false
	}
	if subject, ok := subjectOf(o.Parts[1]); !ok || strconv.FormatInt(subject, 10) != p.Subject {
		r.fail("set.opening", "第 %d 个版本属于另一主体", i+1)
		return false
	}
	return true
}

// absent checks that where the subject would stand there is nobody, or somebody else.
func (r *Result) absent(p *proofSet, key [32]byte, path [][32]byte, root Entry) bool {
	end, ok := r.neighbour(p.Other, key, len(path))
	if !ok {
		return false
	}
	if len(p.Versions) > 0 || foldMap(key, end, path) != root.Root {
		r.fail("set.path", "主体 %s 没有记录的证明与日志中的集合根不符", p.Subject)
		return false
	}
	r.prove("截至日志位置 %d，主体 %s 没有任何事项的记录，%s 也没有", root.Covered, p.Subject, p.Item)
	return true
}

// hashes reads hashes; an empty one is nobody, where that may be.
func hashes(list [][]byte, nobody bool) ([][32]byte, bool) {
	out := make([][32]byte, len(list))
	for i, b := range list {
		switch {
		case len(b) == 32:
			out[i] = [32]byte(b)
		case len(b) != 0 || !nobody:
			return nil, false
		}
	}
	return out, true
}
