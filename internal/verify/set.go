package verify

import (
	"crypto/sha256"
	"encoding/binary"

	"golang.org/x/mod/sumdb/tlog"
)

// Sizes of the sets: places of a subject, and levels of the map that are always there.
const (
	slotCount = 64
	topLevels = 16
	maxLevels = 256
)

// First bytes of what is hashed.
const (
	hashMapLeaf   = 0x00
	hashMapNode   = 0x01
	hashPlace     = 0x02
	hashPlaceNode = 0x03
	hashSlots     = 0x04
)

var emptyRoot = tlog.Hash(sha256.Sum256(nil))

func pair(kind byte, l, r [32]byte) [32]byte {
	b := append([]byte{kind}, l[:]...)
	return sha256.Sum256(append(b, r[:]...))
}

// node joins two subtrees of the map; nobody and nobody is nobody.
func node(l, r [32]byte) [32]byte {
	if l == [32]byte{} && r == [32]byte{} {
		return [32]byte{}
	}
	return pair(hashMapNode, l, r)
}

func subjectKey(salt []byte, subject int64) [32]byte {
	b := append([]byte("gongxin/set-key/1"), salt...)
	return sha256.Sum256(binary.BigEndian.AppendUint64(b, uint64(subject)))
}

func placeSalt(secret []byte, key [32]byte, slot int) [32]byte {
	own := sha256.Sum256(append(append([]byte{}, secret...), key[:]...))
	return sha256.Sum256(append(own[:], byte(slot)))
}

func placeHash(salt []byte, slot int, n int64, root [32]byte) [32]byte {
	b := append([]byte{hashPlace}, salt...)
	b = append(b, byte(slot))
	b = binary.BigEndian.AppendUint64(b, uint64(n))
	return sha256.Sum256(append(b, root[:]...))
}

// slotsDigest is bound into each root entry.
func slotsDigest(items []string) [32]byte {
	b := []byte{hashSlots}
	for _, x := range items {
		b = append(append(b, byte(len(x))), x...)
	}
	return sha256.Sum256(b)
}

// leavesRoot is the RFC 6962 root over leaves.
func leavesRoot(leaves [][32]byte) [32]byte {
	var p peaks
	for _, l := range leaves {
		p.add(tlog.RecordHash(l[:]))
	}
	return p.root()
}

func keyBit(key [32]byte, depth int) int { return int(key[depth/8]>>(7-depth%8)) & 1 }

// foldMap goes from what stands at the end of a path up to the root.
func foldMap(key, at [32]byte, path [][32]byte) [32]byte {
	for depth := len(path) - 1; depth >= 0; depth-- {
		if keyBit(key, depth) == 0 {
			at = node(at, path[depth])
		} else {
			at = node(path[depth], at)
		}
	}
	return at
}

// foldPlaces goes from a place up to the subject's head.
func foldPlaces(at [32]byte, slot int, path [][32]byte) [32]byte {
	for _, other := range path {
		if slot&1 == 0 {
			at = pair(hashPlaceNode, at, other)
		} else {
			at = pair(hashPlaceNode, other, at)
		}
		slot >>= 1
	}
	return at
}
