package sheet

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
)

// spillBuffer bytes are written at a time.
const spillBuffer = 256 << 10

// spill is a temporary file of blocks that do not fit into memory. Cells hold names and numbers of persons, so that nothing of them may lie
// readable on disk: every block is sealed (AES-256-GCM) with a key that this process alone holds and forgets with the spill, and the file
// loses its name as soon as it is open, so that a killed process leaves nothing behind.
type spill struct {
	file *os.File
	aead cipher.AEAD
	size int64
	at   []int64 // where each block begins
	out  []byte  // sealed blocks not yet written
}

func newSpill(dir string) (*spill, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("sheet: spill: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("sheet: spill: %w", err)
	}
	f, err := os.CreateTemp(dir, "gongxin-sheet-")
	if err != nil {
		return nil, fmt.Errorf("sheet: spill: %w", err)
	}
	_ = os.Remove(f.Name()) // fails where open files cannot be unlinked; close tries again
	return &spill{file: f, aead: aead}, nil
}

// nonce of a block is its number: the key seals this spill alone, and no block twice.
func (s *spill) nonce(k int) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, s.aead.NonceSize()-8, s.aead.NonceSize()), uint64(k))
}

// append puts a block behind the others.
func (s *spill) append(block []byte) error {
	s.out = s.aead.Seal(s.out, s.nonce(len(s.at)), block, nil)
	s.at = append(s.at, s.size)
	s.size += int64(len(block) + s.aead.Overhead())
	if len(s.out) >= spillBuffer {
		return s.flush()
	}
	return nil
}

func (s *spill) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	if _, err := s.file.Write(s.out); err != nil {
		return fmt.Errorf("sheet: spill: %w", err)
	}
	s.out = s.out[:0]
	return nil
}

// read gives block k.
func (s *spill) read(k int) ([]byte, error) {
	if err := s.flush(); err != nil {
		return nil, err
	}
	end := s.size
	if k+1 < len(s.at) {
		end = s.at[k+1]
	}
	raw := make([]byte, end-s.at[k])
	if _, err := s.file.ReadAt(raw, s.at[k]); err != nil {
		return nil, fmt.Errorf("sheet: read spill: %w", err)
	}
	block, err := s.aead.Open(raw[:0], s.nonce(k), raw, nil)
	if err != nil { // the disk gave back other bytes than it was given
		return nil, fmt.Errorf("sheet: read spill: %w", err)
	}
	return block, nil
}

func (s *spill) close() error {
	err := s.file.Close()
	_ = os.Remove(s.file.Name())
	return err
}
