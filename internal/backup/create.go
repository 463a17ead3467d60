package backup

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/gm"
)

// Source is an installation to be saved.
type Source struct {
	DB      *db.DB
	Data    string // its data folder
	Ring    *gm.KeyRing
	Clock   clock.Clock
	Program string // version of the program
}

// Options say how to save.
type Options struct {
	Dir        string // folder of backups
	Keep       int    // so many backups stay, the new one included; 0 = all
	Passphrase string // seals the keys into the backup; empty = without keys
	Progress   Progress
}

// keyCheck is the fixed text by which a key ring is recognised.
const keyCheck = "backup/1"

// Create saves an installation into a new folder below o.Dir while it serves. What fails or is broken off leaves no backup.
func Create(ctx context.Context, s Source, o Options) (_ *Manifest, err error) {
	if o.Passphrase != "" && !strongEnough(o.Passphrase) {
		return nil, ErrWeak
	}
	if err := prepare(&o.Dir, s.Data); err != nil {
		return nil, err
	}
	unlock, err := lock(o.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := dropPartial(o.Dir); err != nil {
		return nil, err
	}
	earlier, err := List(o.Dir)
	if err != nil {
		return nil, err
	}
	w, err := begin(ctx, s, o, earlier)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(w.dir)
		}
	}()
	if err := w.save(ctx); err != nil {
		return nil, err
	}
	final := filepath.Join(o.Dir, w.m.ID)
	if err := w.place(final); err != nil {
		return nil, err
	}
	w.dir, w.m.Dir = final, final
	if err := prune(earlier, o.Keep); err != nil {
		return nil, err
	}
	return w.m, s.remember(ctx, w.m, o.Dir)
}

// prepare makes the folder of backups and keeps it out of the data folder.
func prepare(dir *string, data string) error {
	abs, err := filepath.Abs(*dir)
	if err != nil {
		return ErrDir.With(err)
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return ErrDir.With(err)
	}
	real1, err1 := filepath.EvalSymlinks(abs)
	real2, err2 := filepath.EvalSymlinks(data)
	if err := errors.Join(err1, err2); err != nil {
		return ErrDir.With(err)
	}
	if real2, err = filepath.Abs(real2); err != nil {
		return ErrDir.With(err)
	}
	if real1 == real2 || strings.HasPrefix(real1, real2+string(filepath.Separator)) {
		return ErrInside
	}
	*dir = real1
	return nil
}

// dropPartial removes what broken-off backups left. The lock is held: nobody writes them.
func dropPartial(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ErrDir.With(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), partial) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return ErrDir.With(err)
			}
		}
	}
	return nil
}

// writer is a backup being written.
type writer struct {
	Source
	o     Options
	m     *Manifest
	dir   string
	last  *Manifest // the backup before, whose received files are shared
	names map[string]bool
}

func begin(ctx context.Context, s Source, o Options, earlier []*Manifest) (*writer, error) {
	now := s.Clock.Now()
	var b [4]byte
	_, _ = rand.Read(b[:])
	w := &writer{Source: s, o: o, names: map[string]bool{}, m: &Manifest{
		Format: format, ID: now.In(clock.Zone).Format("20060102-150405") + "-" + hex.EncodeToString(b[:]),
		Program: s.Program, Engine: string(s.DB.Engine()), Begun: now,
	}}
	if len(earlier) > 0 {
		w.last = earlier[len(earlier)-1]
		if w.m.ID <= w.last.ID { // the clock went back: still the newest
			w.m.ID = w.last.ID + "a"
		}
	}
	var err error
	// An older schema can be saved, as before an upgrade; a newer one holds what this program does not know.
	if err = s.DB.CheckSchema(ctx); err != nil && !errors.Is(err, db.ErrSchemaOlder) {
		return nil, err
	}
	if w.m.Schema, err = s.DB.SchemaVersion(ctx); err != nil {
		return nil, err
	}
	if w.m.DBBytes, err = s.DB.Size(ctx); err != nil {
		return nil, err
	}
	if err := w.space(); err != nil {
		return nil, err
	}
	w.dir = filepath.Join(o.Dir, partial+w.m.ID)
	for _, sub := range []string{"", tablesDir, logDir, blobsDir} {
		if err := os.Mkdir(filepath.Join(w.dir, sub), 0o700); err != nil {
			return nil, ErrDir.With(err)
		}
	}
	return w, nil
}

// space refuses to begin what the disk cannot hold. Rows packed take a fifth to a half of the database; what the last backup took is a
// better measure where there is one.
func (w *writer) space() error {
	need := w.m.DBBytes * 6 / 10
	if w.last != nil {
		need = 0
		for i := range w.last.Tables {
			if f, ok := w.last.file(w.last.Tables[i].File); ok {
				need += f.Bytes * 5 / 4
			}
		}
	}
	blobs := sizeOf(filepath.Join(w.Data, blobsDir))
	if w.last != nil {
		blobs = max(0, blobs-w.last.Blobs.Bytes)
	}
	need += blobs + sizeOf(filepath.Join(w.Data, logDir)) + 16<<20
	return enoughSpace(w.o.Dir, need)
}

func enoughSpace(dir string, need int64) error {
	free, err := Free(dir)
	if err != nil || free >= need { // where the system does not tell, writing will
		return nil //nolint:nilerr // see above
	}
	return ErrSpace.Messagef("磁盘剩余空间不足：大约需要 %d MB，只有 %d MB", need>>20, free>>20)
}

// save writes everything, the manifest last.
func (w *writer) save(ctx context.Context) error {
	if err := w.saveLog(ctx); err != nil {
		return err
	}
	if err := w.DB.ReadTx(ctx, w.saveTables); err != nil {
		return err
	}
	if err := w.saveBlobs(ctx); err != nil {
		return err
	}
	// A name that no key of the ring has is text of a record that looks like a sealed value.
	ring, err := ringNames(filepath.Join(w.Data, keyFile))
	if err != nil {
		return err
	}
	w.m.Keys.Names = slices.Sorted(maps.Keys(w.names))
	w.m.Keys.Names = slices.DeleteFunc(w.m.Keys.Names, func(name string) bool { return !slices.Contains(ring, name) })
	w.m.Keys.Token, w.m.Keys.Sample = w.Ring.Token(keyCheck, keyCheck), w.Ring.Seal(keyCheck, keyCheck)
	if w.o.Passphrase != "" {
		f, err := sealKeys(w.Data, filepath.Join(w.dir, keysName), w.o.Passphrase)
		if err != nil {
			return err
		}
		w.m.Keys.Included = true
		w.add(keysName, f)
	}
	w.m.Ended = w.Clock.Now()
	return w.m.write(w.dir)
}

// add notes a file of the backup.
func (w *writer) add(path string, f File) {
	f.Path = path
	w.m.Files = append(w.m.Files, f)
	w.m.Bytes += f.Bytes
	w.m.NewBytes += f.Bytes
}

// saveTables writes every table from the snapshot of tx.
func (w *writer) saveTables(ctx context.Context, tx *db.Tx) error {
	list, err := tables(ctx, tx)
	if err != nil {
		return err
	}
	var rows, seen int64
	for i := range list {
		t := Table{table: list[i], File: tablesDir + "/" + list[i].Name + ".ndjson.gz"}
		if !plainName(t.Name) {
			return ErrColumn.With(fmt.Errorf("table %q", t.Name))
		}
		out, err := createPacked(filepath.Join(w.dir, t.File))
		if err != nil {
			return err
		}
		var sum digest
		err = t.each(ctx, tx, func(line []byte) error {
			sum.add(line)
			w.sealedBy(line)
			t.Rows++
			t.Bytes += int64(len(line))
			if rows++; rows%4096 == 0 {
				w.o.Progress.tell(StageTables, min(0.99, float64(seen+t.Bytes)/float64(cmp.Or(w.m.DBBytes, 1))), rows)
			}
			_, err := out.Write(line)
			return err
		})
		if err != nil {
			out.drop()
			return err
		}
		f, err := out.finish()
		if err != nil {
			return err
		}
		seen += t.Bytes
		t.Digest = sum.String()
		w.add(t.File, f)
		w.m.Tables = append(w.m.Tables, t)
	}
	w.o.Progress.tell(StageTables, 1, rows)
	return nil
}

var sealMark = []byte("sm4:")

// sealedBy notes the names of the keys under which values of a row are sealed.
func (w *writer) sealedBy(line []byte) {
	for {
		at := bytes.Index(line, sealMark)
		if at < 0 {
			return
		}
		line = line[at+len(sealMark):]
		end := bytes.IndexByte(line[:min(len(line), 65)], ':')
		if end > 0 && plainKey(line[:end]) && !w.names[string(line[:end])] {
			w.names[string(line[:end])] = true
		}
	}
}

// plainKey tells the name of a key from text of a record that happens to look like a sealed value.
func plainKey(b []byte) bool {
	for _, c := range b {
		if c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// saveBlobs saves the received files: by sharing with the last backup what that has, by copying what is new.
func (w *writer) saveBlobs(ctx context.Context) error {
	have := map[string]File{}
	if w.last != nil {
		err := eachBlob(ctx, w.last.Dir, func(f File) error {
			have[f.Path] = f
			return nil
		})
		if err != nil {
			have = map[string]File{} // that one is broken: save everything anew
		}
	}
	from := filepath.Join(w.Data, blobsDir)
	list, err := folder(from, passing)
	if err != nil {
		return err
	}
	out, err := createPacked(filepath.Join(w.dir, blobsList))
	if err != nil {
		return err
	}
	for i, rel := range list {
		f, err := w.saveBlob(ctx, filepath.Join(from, rel), rel, have)
		if errors.Is(err, fs.ErrNotExist) {
			continue // what a dry check had kept for itself is gone again
		}
		if err != nil {
			out.drop()
			return err
		}
		line, err := json.Marshal(f)
		if err == nil {
			_, err = out.Write(append(line, '\n'))
		}
		if err != nil {
			out.drop()
			return err
		}
		w.m.Blobs.Files++
		w.m.Blobs.Bytes += f.Bytes
		w.m.Bytes += f.Bytes
		w.o.Progress.tell(StageBlobs, float64(i+1)/float64(len(list)), int64(i+1))
	}
	f, err := out.finish()
	if err == nil {
		w.add(blobsList, f)
	}
	return err
}

// saveBlob saves one file. It never changes under its name but by being sealed anew, which leaves its content: the earlier copy is as good.
func (w *writer) saveBlob(ctx context.Context, path, rel string, have map[string]File) (File, error) {
	to := filepath.Join(w.dir, blobsDir, rel)
	if old, ok := have[rel]; ok {
		key, err := streamKey(path)
		if err != nil {
			return File{}, err
		}
		before := filepath.Join(w.last.Dir, blobsDir, rel)
		if oldKey, err := streamKey(before); err == nil && oldKey == key {
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				return File{}, fmt.Errorf("backup: %w", err)
			}
			if os.Link(before, to) == nil {
				w.names[key] = true
				return old, nil
			}
		}
	}
	f, err := copyFile(ctx, path, to)
	if err != nil {
		return File{}, err
	}
	key, err := streamKey(to)
	if err != nil {
		return File{}, err
	}
	w.names[key] = true
	w.m.NewBytes += f.Bytes
	f.Path = rel
	return f, nil
}

// place puts everything on disk and gives the backup its name.
func (w *writer) place(final string) error {
	err := filepath.WalkDir(w.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		return syncDir(path)
	})
	if err == nil {
		err = os.Rename(w.dir, final)
	}
	if err == nil {
		err = syncDir(filepath.Dir(final))
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

// prune removes the oldest backups beyond keep.
func prune(earlier []*Manifest, keep int) error {
	if keep <= 0 || len(earlier) < keep {
		return nil
	}
	for _, m := range earlier[:len(earlier)-keep+1] {
		// First the manifest: what is left of a broken-off removal is no backup.
		if err := os.Remove(filepath.Join(m.Dir, manifestName)); err != nil {
			return ErrDir.With(err)
		}
		if err := os.RemoveAll(m.Dir); err != nil {
			return ErrDir.With(err)
		}
	}
	return nil
}

// Notes of backup in the database.
const (
	lastNote      = "backup.last"
	restoringNote = "backup.restoring"
)

// Last says when and where the register was saved last.
type Last struct {
	ID  string    `json:"id"`
	At  time.Time `json:"at"`
	Dir string    `json:"dir"`
}

func (s Source) remember(ctx context.Context, m *Manifest, dir string) error {
	raw, err := json.Marshal(Last{m.ID, m.Begun, dir})
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return db.SetMeta(ctx, tx, lastNote, string(raw)) })
}

// Newest says when the register was saved last, by what it noted itself; nil if never.
func Newest(ctx context.Context, q db.Querier) (*Last, error) {
	text, err := db.Meta(ctx, q, lastNote)
	if err != nil || text == "" {
		return nil, err
	}
	var l Last
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return nil, fmt.Errorf("backup: note of the last one: %w", err)
	}
	return &l, nil
}
