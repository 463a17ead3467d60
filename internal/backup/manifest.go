package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// format is the version of the layout.
const format = 1

// Names within a backup.
const (
	manifestName = "MANIFEST.json"
	sumName      = "MANIFEST.sha256"
	tablesDir    = "tables"
	logDir       = "log"
	blobsDir     = "blobs"
	blobsList    = "blobs.ndjson.gz"
	keysName     = "keys.sealed"
	partial      = ".partial-"
	lockName     = ".lock"
)

// Manifest says what a backup holds. It is written last: without it there is no backup.
type Manifest struct {
	Format   int       `json:"format"`
	ID       string    `json:"id"`
	Program  string    `json:"program"`
	Schema   int64     `json:"schema"`
	Engine   string    `json:"engine"`
	Begun    time.Time `json:"begun"`
	Ended    time.Time `json:"ended"`
	DBBytes  int64     `json:"database_bytes"`
	Tables   []Table   `json:"tables"`
	Log      *Log      `json:"log,omitempty"`
	Blobs    Blobs     `json:"blobs"`
	Keys     Keys      `json:"keys"`
	Files    []File    `json:"files"` // all but the received files, which Blobs.List names
	Bytes    int64     `json:"bytes"` // of the whole folder, what is shared with an earlier backup included
	NewBytes int64     `json:"new_bytes"`

	Dir string `json:"-"`
}

// Table says what was saved of a table.
type Table struct {
	table
	File   string `json:"file"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`  // of rows, unpacked
	Digest string `json:"digest"` // of the set of rows, see digest
}

// Log says which state of the public log was saved.
type Log struct {
	Size  int64  `json:"size"`
	Root  string `json:"root"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
}

// Blobs says which received files were saved.
type Blobs struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Keys says which keys open what is sealed in the backup, without holding any.
type Keys struct {
	Names    []string `json:"names"`    // that occur in sealed values and files
	Token    string   `json:"token"`    // a token of a fixed text: shows whether look-ups will find what they found
	Sample   string   `json:"sample"`   // a fixed text, sealed: shows whether the current key is there
	Included bool     `json:"included"` // under a passphrase
}

// File is a file of the backup.
type File struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Rows gives the number of rows of all tables.
func (m *Manifest) Rows() (n int64) {
	for i := range m.Tables {
		n += m.Tables[i].Rows
	}
	return n
}

func (m *Manifest) file(path string) (File, bool) {
	i := slices.IndexFunc(m.Files, func(f File) bool { return f.Path == path })
	if i < 0 {
		return File{}, false
	}
	return m.Files[i], true
}

// write puts the manifest and its hash into the folder, both on disk when it returns.
func (m *Manifest) write(dir string) error {
	raw, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	if err := writeSynced(filepath.Join(dir, manifestName), raw); err != nil {
		return err
	}
	return writeSynced(filepath.Join(dir, sumName), []byte(sumLine(sum)))
}

// sumLine is the manifest's hash in the form that sha256sum -c reads.
func sumLine(sum [sha256.Size]byte) string {
	return hex.EncodeToString(sum[:]) + "  " + manifestName + "\n"
}

// read reads the manifest of one backup.
func read(dir string) (*Manifest, error) {
	raw, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, ErrDir.With(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, sumName))
	if err != nil {
		return nil, ErrBroken.With(err)
	}
	sum := sha256.Sum256(raw)
	if string(text) != sumLine(sum) {
		return nil, ErrBroken.Messagef("备份清单 %s 与它的校验值不符", manifestName)
	}
	m := &Manifest{Dir: dir}
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, ErrBroken.With(err)
	}
	if m.Format != format {
		return nil, ErrBroken.Messagef("备份的格式版本 %d 不是本程序认识的 %d", m.Format, format)
	}
	for _, f := range m.Files {
		if !filepath.IsLocal(f.Path) {
			return nil, ErrBroken.Messagef("备份清单中有越出目录的路径")
		}
	}
	for _, t := range m.Tables {
		if !filepath.IsLocal(t.File) || !plainName(t.Name) || len(t.Columns) == 0 || len(t.Columns) != len(t.Kinds) || !slices.ContainsFunc(m.Files, func(f File) bool { return f.Path == t.File }) {
			return nil, ErrBroken.Messagef("备份清单中有无效的表")
		}
	}
	return m, nil
}

// plainName reports whether a table's or column's name can stand in a statement as it is.
func plainName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// List gives the whole backups in a folder, oldest first. What cannot be read as one is not among them.
func List(dir string) ([]*Manifest, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, ErrDir.With(err)
	}
	var out []*Manifest
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if m, err := read(filepath.Join(dir, e.Name())); err == nil && m.ID == e.Name() {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *Manifest) int { return strings.Compare(a.ID, b.ID) }) // ids begin with the moment
	return out, nil
}

// Find gives the backup at dir, or the newest one in it.
func Find(dir string) (*Manifest, error) {
	if _, err := os.Stat(filepath.Join(dir, manifestName)); err == nil {
		return read(dir)
	}
	list, err := List(dir)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNone
	}
	return list[len(list)-1], nil
}
