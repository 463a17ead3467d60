package verify

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Witness co-signs the checkpoints of one log, and only such as continue what it co-signed before. It speaks C2SP tlog-witness: POST
// /add-checkpoint. What it co-signed is on disk before the signature leaves.
type Witness struct {
	name string
	key  ed25519.PrivateKey
	log  *Keys
	file string
	now  func() time.Time

	mu   sync.Mutex
	last State
}

// NewWitnessKey makes a secret key for a witness of that name, in note format.
func NewWitnessKey(name string) (string, error) {
	if name == "" || strings.ContainsAny(name, " +\t\r\n") {
		return "", errKey
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	raw := append([]byte{typeCosigned}, key.Seed()...)
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, keyHash(name, public(key)), base64.StdEncoding.EncodeToString(raw)), nil
}

func public(key ed25519.PrivateKey) []byte {
	pub, _ := key.Public().(ed25519.PublicKey) // always one
	return append([]byte{typeCosigned}, pub...)
}

// NewWitness makes a witness that follows the log with these keys and keeps its state in file.
func NewWitness(secret, file string, log *Keys, now func() time.Time) (*Witness, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(secret), "PRIVATE+KEY+")
	parts := strings.SplitN(rest, "+", 3)
	if !ok || len(parts) != 3 {
		return nil, errKey
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.SeedSize || raw[0] != typeCosigned {
		return nil, errKey
	}
	w := &Witness{name: parts[0], key: ed25519.NewKeyFromSeed(raw[1:]), log: log, file: file, now: now}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err != nil {
		return nil, fmt.Errorf("verify: witness state: %w", err)
	}
	if err := json.Unmarshal(b, &w.last); err != nil {
		return nil, fmt.Errorf("verify: witness state: %w", err)
	}
	if _, err := OpenCheckpoint([]byte(w.last.Checkpoint), log); w.last.Checkpoint != "" && err != nil {
		return nil, fmt.Errorf("verify: witness state: %w", err)
	}
	return w, nil
}

// Verifier gives the witness's public key in note format.
func (w *Witness) Verifier() string {
	pub := public(w.key)
	return fmt.Sprintf("%s+%08x+%s", w.name, keyHash(w.name, pub), base64.StdEncoding.EncodeToString(pub))
}

// ServeHTTP answers POST /add-checkpoint.
func (w *Witness) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/add-checkpoint" || r.Method != http.MethodPost {
		http.NotFound(out, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		http.Error(out, "unreadable", http.StatusBadRequest)
		return
	}
	ask, err := parseAddCheckpoint(body)
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	status, text := w.add(ask)
	if status == http.StatusConflict {
		out.Header().Set("Content-Type", "text/x.tlog.size")
	}
	out.WriteHeader(status)
	_, _ = io.WriteString(out, text)
}

// addCheckpoint is a request to co-sign: the size that the asker believes the witness has, the proof from there, and the checkpoint.
type addCheckpoint struct {
	old        int64
	proof      tlog.TreeProof
	checkpoint []byte
}

var errAsk = errors.New("verify: not an add-checkpoint request")

func parseAddCheckpoint(body []byte) (addCheckpoint, error) {
	var a addCheckpoint
	head, checkpoint, ok := bytes.Cut(body, []byte("\n\n"))
	if !ok {
		return a, errAsk
	}
	a.checkpoint = checkpoint
	lines := bufio.NewScanner(bytes.NewReader(head))
	for i := 0; lines.Scan(); i++ {
		line := lines.Text()
		if i == 0 {
			n, ok := strings.CutPrefix(line, "old ")
			size, err := strconv.ParseInt(n, 10, 64)
			if !ok || err != nil || size < 0 {
				return a, errAsk
			}
			a.old = size
			continue
		}
		h, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(h) != tlog.HashSize || i > 64 {
			return a, errAsk
		}
		a.proof = append(a.proof, tlog.Hash(h))
	}
	return a, lines.Err()
}

// add co-signs if the checkpoint continues what was co-signed before.
func (w *Witness) add(a addCheckpoint) (status int, text string) {
	c, err := OpenCheckpoint(a.checkpoint, w.log)
	switch {
	case errors.Is(err, ErrCheckpoint):
		return http.StatusBadRequest, "malformed checkpoint\n"
	case err != nil:
		return http.StatusForbidden, "unknown signer\n"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	last := &Checkpoint{Root: emptyRoot}
	if w.last.Checkpoint != "" {
		if last, err = OpenCheckpoint([]byte(w.last.Checkpoint), w.log); err != nil {
			return http.StatusInternalServerError, "state\n"
		}
		if last.Origin != c.Origin {
			return http.StatusNotFound, "unknown log\n"
		}
	}
	switch {
	case a.old > c.Size:
		return http.StatusBadRequest, "old size is larger\n"
	case a.old != last.Size:
		return http.StatusConflict, dec(last.Size) + "\n"
	case c.Size == last.Size && c.Size > 0 && c.Root != last.Root:
		return http.StatusConflict, dec(last.Size) + "\n"
	case c.Size == last.Size && len(a.proof) > 0, last.Size == 0 && len(a.proof) > 0:
		return http.StatusUnprocessableEntity, "superfluous proof\n"
	case last.Size > 0 && c.Size > last.Size && tlog.CheckTree(a.proof, c.Size, c.Root, last.Size, last.Root) != nil:
		return http.StatusUnprocessableEntity, "the log was rewritten\n"
	}
	if err := w.keep(a.checkpoint); err != nil {
		return http.StatusInternalServerError, "state\n"
	}
	return http.StatusOK, w.cosign(a.checkpoint)
}

// keep writes the state, whole or not at all.
func (w *Witness) keep(checkpoint []byte) error {
	next := State{Checkpoint: string(checkpoint)}
	if err := SaveState(w.file, &next); err != nil {
		return err
	}
	w.last = next
	return nil
}

// SaveState writes what a checker remembers, whole or not at all.
func SaveState(file string, s *State) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".state-*")
	if err != nil {
		return fmt.Errorf("verify: state: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("verify: state: %w", err)
	}
	return os.Rename(tmp.Name(), file)
}

// cosign gives the signature line over the text of a note.
func (w *Witness) cosign(signed []byte) string {
	text := signed[:bytes.LastIndex(signed, []byte("\n\n"))+1]
	at := uint64(w.now().Unix())
	sig := binary.BigEndian.AppendUint32(nil, keyHash(w.name, public(w.key)))
	sig = binary.BigEndian.AppendUint64(sig, at)
	sig = append(sig, ed25519.Sign(w.key, cosignedText(at, text))...)
	return "\u2014 " + w.name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
}
