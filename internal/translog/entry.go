package translog

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// The kinds of entries: the first byte of each entry of the log. The formats are a promise; docs/standards/log-formats.md holds them.
const (
	entryGenesis = 0 // the log's name
	entryLeaf    = 1 // event id, position, leaf
	entryRoot    = 2 // root over all subjects' sets, and how much of the log it covers
	entrySlot    = 3 // the place of a catalogue item within every subject's set
)

const (
	genesisText  = "gongxin/log/1\n"
	leafEntryLen = 1 + 8 + 4 + sha256.Size
	rootEntryLen = 1 + 8 + 8 + sha256.Size + sha256.Size
)

var errEntry = errors.New("translog: entry of no known format")

// leafEntry is one leaf with the event it belongs to: what tells after a crash whether it is in the log already.
type leafEntry struct {
	event    int64
	position int
	leaf     Leaf
}

func (e leafEntry) bytes() []byte {
	b := make([]byte, 0, leafEntryLen)
	b = append(b, entryLeaf)
	b = binary.BigEndian.AppendUint64(b, uint64(e.event))
	b = binary.BigEndian.AppendUint32(b, uint32(e.position))
	return append(b, e.leaf[:]...)
}

func parseLeafEntry(b []byte) (leafEntry, error) {
	if len(b) != leafEntryLen || b[0] != entryLeaf {
		return leafEntry{}, errEntry
	}
	return leafEntry{
		event: int64(binary.BigEndian.Uint64(b[1:])), position: int(binary.BigEndian.Uint32(b[9:])), leaf: Leaf(b[13:]),
	}, nil
}

// rootEntry binds the root over all subjects' sets to the log.
type rootEntry struct {
	at      int64 // microseconds since 1970
	covered int64 // entries below this index are in the sets
	slots   [sha256.Size]byte
	root    [sha256.Size]byte
}

func (e rootEntry) bytes() []byte {
	b := make([]byte, 0, rootEntryLen)
	b = append(b, entryRoot)
	b = binary.BigEndian.AppendUint64(b, uint64(e.at))
	b = binary.BigEndian.AppendUint64(b, uint64(e.covered))
	b = append(b, e.slots[:]...)
	return append(b, e.root[:]...)
}

func parseRootEntry(b []byte) (rootEntry, error) {
	if len(b) != rootEntryLen || b[0] != entryRoot {
		return rootEntry{}, errEntry
	}
	return rootEntry{
		at: int64(binary.BigEndian.Uint64(b[1:])), covered: int64(binary.BigEndian.Uint64(b[9:])),
		slots: [sha256.Size]byte(b[17:49]), root: [sha256.Size]byte(b[49:81]),
	}, nil
}

func genesisEntry(origin string) []byte {
	return append([]byte{entryGenesis}, genesisText+origin+"\n"...)
}

func slotEntry(slot int, item string) []byte {
	return append([]byte{entrySlot, byte(slot)}, item...)
}

func parseSlotEntry(b []byte) (slot int, item string, err error) {
	if len(b) < 3 || b[0] != entrySlot || b[1] >= setSlots {
		return 0, "", errEntry
	}
	return int(b[1]), string(b[2:]), nil
}

// Subjects of the leaves of one outbox row, format set/1: a byte 1, the number of items, each item with its length before it, then for each
// leaf the subject (8 bytes) and the number of its item in that list (1 byte).
func packSubjects(subjects []int64, items []string) ([]byte, error) {
	if len(subjects) != len(items) {
		return nil, fmt.Errorf("translog: %d subjects for %d items", len(subjects), len(items))
	}
	place := map[string]byte{}
	head := []byte{1, 0}
	for _, item := range items {
		if _, ok := place[item]; ok {
			continue
		}
		if len(place) == 255 || len(item) == 0 || len(item) > 255 {
			return nil, fmt.Errorf("translog: items of a batch: %d, and one of %d bytes", len(place)+1, len(item))
		}
		place[item] = byte(len(place))
		head = append(append(head, byte(len(item))), item...)
	}
	head[1] = byte(len(place))
	for i, s := range subjects {
		head = binary.BigEndian.AppendUint64(head, uint64(s))
		head = append(head, place[items[i]])
	}
	return head, nil
}

// subjectList is an unpacked set/1.
type subjectList struct {
	items []string
	rows  []byte
}

func unpackSubjects(b []byte, n int) (subjectList, error) {
	bad := fmt.Errorf("translog: subjects of an outbox row: %w", errEntry)
	if len(b) < 2 || b[0] != 1 {
		return subjectList{}, bad
	}
	list := subjectList{items: make([]string, 0, b[1])}
	count := int(b[1])
	b = b[2:]
	for range count {
		if len(b) < 1 || len(b) < 1+int(b[0]) {
			return subjectList{}, bad
		}
		list.items = append(list.items, string(b[1:1+b[0]]))
		b = b[1+b[0]:]
	}
	if len(b) != 9*n {
		return subjectList{}, bad
	}
	for i := range n {
		if int(b[9*i+8]) >= count {
			return subjectList{}, bad
		}
	}
	list.rows = b
	return list, nil
}

func (l subjectList) at(i int) (subject int64, item string) {
	r := l.rows[9*i:]
	return int64(binary.BigEndian.Uint64(r)), l.items[r[8]]
}
