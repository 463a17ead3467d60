package translog

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/bits"
)

// The set of a subject is a tree of 64 places, one for each catalogue item that the log has named; a place commits to the number of the item's
// versions and to the RFC 6962 root over their leaves in the order of the log, under a salt of its own, so that who is shown one place learns
// nothing about the others. All subjects' sets hang in one map, whose root goes into the log.
const (
	setSlots  = 64
	topLevels = 16 // levels of the map that are always there: 65,536 buckets
	buckets   = 1 << topLevels
)

// First bytes of what is hashed, so that no hash of one kind is one of another.
const (
	hashMapLeaf   = 0x00
	hashMapNode   = 0x01
	hashPlace     = 0x02
	hashPlaceNode = 0x03
	hashSlots     = 0x04
)

type hash = [sha256.Size]byte

// slotTable lists the items in the order of their places.
type slotTable []string

func (t slotTable) find(item string) int {
	for i, x := range t {
		if x == item {
			return i
		}
	}
	return -1
}

// digest binds the table into every root entry.
func (t slotTable) digest() hash {
	b := []byte{hashSlots}
	for _, item := range t {
		b = append(append(b, byte(len(item))), item...)
	}
	return sha256.Sum256(b)
}

// setKey is the place of a subject in the map. The salt is public and differs between installations.
func setKey(salt []byte, subject int64) hash {
	b := append([]byte("gongxin/set-key/1"), salt...)
	return sha256.Sum256(binary.BigEndian.AppendUint64(b, uint64(subject)))
}

// subjectSecret is what the salts of a subject's places are made of; it never leaves.
func subjectSecret(secret []byte, key hash) hash {
	b := make([]byte, 0, 64)
	return sha256.Sum256(append(append(b, secret...), key[:]...))
}

// placeSalt hides a place from who is shown another one.
func placeSalt(subject hash, slot int) hash {
	var b [33]byte
	copy(b[:], subject[:])
	b[32] = byte(slot)
	return sha256.Sum256(b[:])
}

func placeHash(salt hash, slot int, n uint64, root hash) hash {
	var b [1 + 32 + 1 + 8 + 32]byte
	b[0] = hashPlace
	copy(b[1:], salt[:])
	b[33] = byte(slot)
	binary.BigEndian.PutUint64(b[34:], n)
	copy(b[42:], root[:])
	return sha256.Sum256(b[:])
}

func join(kind byte, l, r hash) hash {
	var b [1 + 64]byte
	b[0] = kind
	copy(b[1:], l[:])
	copy(b[33:], r[:])
	return sha256.Sum256(b[:])
}

func mapLeaf(key, head hash) hash { return join(hashMapLeaf, key, head) }

// mapNode joins two subtrees; nothing and nothing is nothing.
func mapNode(l, r hash) hash {
	if l == (hash{}) && r == (hash{}) {
		return hash{}
	}
	return join(hashMapNode, l, r)
}

// itemSet is the versions of one item of a subject: where their leaves stand in the log, and the compact range over the leaves.
type itemSet struct {
	slot    int
	indexes []int64
	peaks   []hash // of the perfect subtrees, largest first
}

// add appends a leaf.
func (s *itemSet) add(index int64, leaf Leaf) {
	h := sha256.Sum256(append([]byte{0}, leaf[:]...))
	for n := len(s.indexes); n&1 == 1; n >>= 1 {
		h = join(1, s.peaks[len(s.peaks)-1], h)
		s.peaks = s.peaks[:len(s.peaks)-1]
	}
	s.peaks = append(s.peaks, h)
	s.indexes = append(s.indexes, index)
}

// root is the RFC 6962 root over the leaves.
func (s *itemSet) root() hash {
	if len(s.peaks) == 0 {
		return sha256.Sum256(nil)
	}
	h := s.peaks[len(s.peaks)-1]
	for i := len(s.peaks) - 2; i >= 0; i-- {
		h = join(1, s.peaks[i], h)
	}
	return h
}

// subjectSet is everything of one subject.
type subjectSet struct {
	key   hash
	items []itemSet
}

func (s *subjectSet) item(slot int) *itemSet {
	for i := range s.items {
		if s.items[i].slot == slot {
			return &s.items[i]
		}
	}
	s.items = append(s.items, itemSet{slot: slot})
	return &s.items[len(s.items)-1]
}

// places hashes every place of the set, the empty ones too.
func (s *subjectSet) places(secret []byte) (out [setSlots]hash) {
	var filled [setSlots]*itemSet
	for i := range s.items {
		filled[s.items[i].slot] = &s.items[i]
	}
	empty, own := sha256.Sum256(nil), subjectSecret(secret, s.key)
	for slot := range out {
		n, root := uint64(0), empty
		if x := filled[slot]; x != nil {
			n, root = uint64(len(x.indexes)), x.root()
		}
		out[slot] = placeHash(placeSalt(own, slot), slot, n, root)
	}
	return out
}

// head is the root over the places; with path it also gives the neighbours on the way up from a slot.
func head(level []hash, slot int, path *[]hash) hash {
	for len(level) > 1 {
		if path != nil {
			*path = append(*path, level[slot^1])
			slot >>= 1
		}
		next := make([]hash, len(level)/2)
		for i := range next {
			next[i] = join(hashPlaceNode, level[2*i], level[2*i+1])
		}
		level = next
	}
	return level[0]
}

func (s *subjectSet) head(secret []byte) hash {
	p := s.places(secret)
	return head(p[:], 0, nil)
}

// pack writes the items for the store.
func (s *subjectSet) pack() []byte {
	var b []byte
	for i := range s.items {
		x := &s.items[i]
		b = append(b, byte(x.slot))
		b = binary.AppendUvarint(b, uint64(len(x.indexes)))
		last := int64(0)
		for _, at := range x.indexes {
			b = binary.AppendUvarint(b, uint64(at-last))
			last = at
		}
		for _, p := range x.peaks {
			b = append(b, p[:]...)
		}
	}
	return b
}

var errSet = errors.New("translog: stored set is damaged")

func unpackSet(key hash, b []byte) (subjectSet, error) {
	s := subjectSet{key: key}
	for len(b) > 0 {
		x := itemSet{slot: int(b[0])}
		n, used := binary.Uvarint(b[1:])
		if used <= 0 || n == 0 || n > uint64(len(b)) || x.slot >= setSlots {
			return s, errSet
		}
		b = b[1+used:]
		last := int64(0)
		for range n {
			d, used := binary.Uvarint(b)
			if used <= 0 {
				return s, errSet
			}
			b, last = b[used:], last+int64(d)
			x.indexes = append(x.indexes, last)
		}
		for range bits.OnesCount64(n) {
			if len(b) < len(hash{}) {
				return s, errSet
			}
			x.peaks = append(x.peaks, hash(b))
			b = b[len(hash{}):]
		}
		s.items = append(s.items, x)
	}
	return s, nil
}

// mapEntry is one subject in the map.
type mapEntry struct{ key, head hash }

func bit(key hash, depth int) int { return int(key[depth/8]>>(7-depth%8)) & 1 }

// subtree is the hash over entries, sorted by key, that share the first depth bits: below the fixed levels one subject alone is its leaf.
func subtree(entries []mapEntry, depth int) hash {
	switch len(entries) {
	case 0:
		return hash{}
	case 1:
		return mapLeaf(entries[0].key, entries[0].head)
	}
	cut := split(entries, depth)
	return mapNode(subtree(entries[:cut], depth+1), subtree(entries[cut:], depth+1))
}

// split gives the number of entries whose next bit is 0.
func split(entries []mapEntry, depth int) int {
	for i, e := range entries {
		if bit(e.key, depth) == 1 {
			return i
		}
	}
	return len(entries)
}

// bucketPath walks from a bucket's top towards key and gives the neighbours on the way, top first, and who stands at the end: nobody, the subject
// itself, or another one with the same first bits.
func bucketPath(entries []mapEntry, key hash) (path []hash, end *mapEntry) {
	depth := topLevels
	for len(entries) > 1 {
		cut := split(entries, depth)
		if bit(key, depth) == 0 {
			path = append(path, subtree(entries[cut:], depth+1))
			entries = entries[:cut]
		} else {
			path = append(path, subtree(entries[:cut], depth+1))
			entries = entries[cut:]
		}
		depth++
	}
	if len(entries) == 1 {
		return path, &entries[0]
	}
	return path, nil
}

func bucketOf(key hash) int { return int(key[0])<<8 | int(key[1]) }

// topTree holds the fixed levels of the map: levels[0] the buckets, levels[topLevels] the root.
type topTree struct{ levels [topLevels + 1][]hash }

func newTopTree() *topTree {
	t := &topTree{}
	for i := range t.levels {
		t.levels[i] = make([]hash, buckets>>i)
	}
	return t
}

func (t *topTree) root() hash { return t.levels[topLevels][0] }

// update sets buckets and computes what stands above them.
func (t *topTree) update(changed map[int]hash) {
	touched := make(map[int]bool, len(changed))
	for i, h := range changed {
		t.levels[0][i] = h
		touched[i>>1] = true
	}
	for level := 1; level <= topLevels; level++ {
		above := make(map[int]bool, len(touched))
		below := t.levels[level-1]
		for i := range touched {
			t.levels[level][i] = mapNode(below[2*i], below[2*i+1])
			above[i>>1] = true
		}
		touched = above
	}
}

// path gives the neighbours above a bucket, top first.
func (t *topTree) path(bucket int) []hash {
	out := make([]hash, topLevels)
	for level := range topLevels {
		out[topLevels-1-level] = t.levels[level][bucket>>level^1]
	}
	return out
}
