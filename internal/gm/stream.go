package gm

import (
	"bufio"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
)

// A sealed stream is "GXS1", the length of the key's name and the name, seven random bytes, and then chunks of 64 KiB, each sealed with SM4-GCM
// under a nonce of those bytes, the chunk's number and a mark on the last one. So no chunk can be changed, moved, left out or
// appended, and a stream that was cut off does not open.
const (
	streamMagic  = "GXS1"
	streamChunk  = 64 << 10
	streamPrefix = 7
)

// SealTo gives a writer that seals what is written to it under the current key and a label. Close ends the stream; it does not close w.
func (r *KeyRing) SealTo(w io.Writer, label string) io.WriteCloser {
	ring := r.state.Load()
	s := &sealer{w: w, aead: ring.aead[ring.current], label: []byte(label), buf: make([]byte, 0, streamChunk)}
	head := append([]byte(streamMagic), byte(len(ring.current)))
	head = append(head, ring.current...)
	_, _ = rand.Read(s.nonce[:streamPrefix]) // never fails since Go 1.24
	_, s.err = w.Write(append(head, s.nonce[:streamPrefix]...))
	return s
}

type sealer struct {
	w     io.Writer
	aead  cipher.AEAD
	label []byte
	nonce [12]byte
	n     uint32
	buf   []byte
	out   []byte
	err   error
}

// Write keeps the last full chunk back: only Close knows which one is the last.
func (s *sealer) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) && s.err == nil {
		if len(s.buf) == streamChunk {
			s.flush(false)
		}
		n := min(streamChunk-len(s.buf), len(p)-done)
		s.buf = append(s.buf, p[done:done+n]...)
		done += n
	}
	return done, s.err
}

func (s *sealer) Close() error {
	if s.err == nil {
		s.flush(true)
	}
	return s.err
}

func (s *sealer) flush(last bool) {
	s.out = s.aead.Seal(s.out[:0], chunkNonce(&s.nonce, s.n, last), s.buf, s.label)
	s.buf = s.buf[:0]
	if s.n++; s.n == 0 {
		s.err = fmt.Errorf("gm: the stream is too long")
		return
	}
	_, s.err = s.w.Write(s.out)
}

func chunkNonce(nonce *[12]byte, n uint32, last bool) []byte {
	binary.BigEndian.PutUint32(nonce[streamPrefix:], n)
	nonce[11] = 0
	if last {
		nonce[11] = 1
	}
	return nonce[:]
}

// OpenTo writes to w what SealTo sealed into from under the same label. After an error what was written must not be used.
func (r *KeyRing) OpenTo(w io.Writer, from io.Reader, label string) error {
	in := bufio.NewReaderSize(from, streamChunk+64)
	aead, nonce, err := r.streamHead(in)
	if err != nil {
		return err
	}
	sealed, plain := make([]byte, streamChunk+aead.Overhead()), make([]byte, 0, streamChunk)
	for n := uint32(0); ; n++ {
		size, err := io.ReadFull(in, sealed)
		if err != nil && err != io.ErrUnexpectedEOF { //nolint:errorlint // as io promises
			return ErrSealed
		}
		_, more := in.Peek(1)
		last := more != nil
		plain, err = aead.Open(plain[:0], chunkNonce(&nonce, n, last), sealed[:size], []byte(label))
		if err != nil {
			return ErrSealed
		}
		if _, err := w.Write(plain); err != nil {
			return err
		}
		if last {
			return nil
		}
	}
}

func (r *KeyRing) streamHead(in io.Reader) (cipher.AEAD, [12]byte, error) {
	var nonce [12]byte
	head := make([]byte, len(streamMagic)+1)
	if _, err := io.ReadFull(in, head); err != nil || string(head[:len(streamMagic)]) != streamMagic {
		return nil, nonce, ErrSealed
	}
	name := make([]byte, head[len(streamMagic)])
	if _, err := io.ReadFull(in, name); err != nil {
		return nil, nonce, ErrSealed
	}
	aead := r.opener(string(name))
	if aead == nil {
		return nil, nonce, ErrSealed
	}
	if _, err := io.ReadFull(in, nonce[:streamPrefix]); err != nil {
		return nil, nonce, ErrSealed
	}
	return aead, nonce, nil
}
