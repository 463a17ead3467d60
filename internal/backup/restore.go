package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"gongxin/internal/db"
)

// Target is where a backup is restored to.
type Target struct {
	DB         *db.DB // empty, of either engine, or begun by a restore of the same backup that was broken off
	Data       string
	Passphrase string // opens the keys in the backup; empty: they must be in Data already
	Progress   Progress

	batch int                                  // rows of one transaction; 0 = rowsPerBatch
	after func(table string, rows int64) error // tests break off here
}

// Report says what was restored.
type Report struct {
	Rows     int64 `json:"rows"`
	Tables   int   `json:"tables"`
	Blobs    int   `json:"blobs"`
	LogSize  int64 `json:"log_size"`  // of the log that lies in the data folder now, -1 without one
	LogAhead int64 `json:"log_ahead"` // entries that it has beyond the backup: rows for them may be lost
	Resumed  bool  `json:"resumed"`
}

// restoring is the note of an unfinished restore, kept in the database in the same transactions as the rows.
type restoring struct {
	ID   string           `json:"id"`
	Rows map[string]int64 `json:"rows"` // by table
}

const rowsPerBatch = 20_000

// Restoring reports whether a restore into this database was begun and not finished: nobody may serve from it.
func Restoring(ctx context.Context, q db.Querier) (bool, error) {
	text, err := db.Meta(ctx, q, restoringNote)
	return text != "", err
}

// Restore puts a backup into an empty database and data folder, and then compares what is there with what was saved. Broken off, it goes on
// where it stood when it is run again.
func Restore(ctx context.Context, m *Manifest, t Target) (*Report, error) {
	r := &restorer{Target: t, m: m, out: &Report{LogSize: -1}}
	if r.batch == 0 {
		r.batch = rowsPerBatch
	}
	for _, step := range []func(context.Context) error{r.keys, r.open, r.log, r.tables, r.blobs, r.compare, r.finish} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return r.out, nil
}

type restorer struct {
	Target
	m    *Manifest
	out  *Report
	note restoring
}

// keys comes first: rows without their keys are worth nothing.
func (r *restorer) keys(ctx context.Context) error {
	if err := os.MkdirAll(r.Data, 0o700); err != nil {
		return ErrDir.With(err)
	}
	if r.Passphrase != "" {
		f, ok := r.m.file(keysName)
		if !ok {
			return ErrKeys.Messagef("这份备份中没有密钥，口令用不上")
		}
		if err := r.m.verifyFile(ctx, f, f.Path); err != nil {
			return err
		}
		raw, err := os.ReadFile(filepath.Join(r.m.Dir, keysName))
		if err != nil {
			return ErrBroken.With(err)
		}
		content, err := openKeys(raw, r.Passphrase)
		if err != nil {
			return err
		}
		if err := placeKeys(r.Data, content); err != nil {
			return err
		}
	}
	_, err := checkRing(r.Data, &r.m.Keys)
	return err
}

// open makes the tables in an empty database, or finds where a restore of this backup stood.
func (r *restorer) open(ctx context.Context) error {
	version, err := r.DB.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if version > 0 {
		text, err := db.Meta(ctx, r.DB.Read(), restoringNote)
		if err != nil {
			return err
		}
		if text != "" {
			return r.resume(text)
		}
		if err := r.DB.ReadTx(ctx, r.mustBeEmpty); err != nil {
			return err
		}
	}
	if err := Verify(ctx, r.m, r.Progress); err != nil { // before anything is written
		return err
	}
	if err := r.DB.Migrate(ctx); err != nil {
		return err
	}
	if version, err = r.DB.SchemaVersion(ctx); err != nil {
		return err
	}
	if version != r.m.Schema {
		return ErrSchema.Messagef("备份的数据库结构版本是 %d（由程序 %s 所做），本程序的是 %d", r.m.Schema, r.m.Program, version)
	}
	r.note = restoring{ID: r.m.ID, Rows: map[string]int64{}}
	return r.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err := tables(ctx, tx)
		if err != nil {
			return err
		}
		if err := r.sameTables(list); err != nil {
			return err
		}
		for i := range list { // what migrations put in stands in the backup too
			if _, err := tx.ExecContext(ctx, `DELETE FROM "`+list[i].Name+`"`); err != nil {
				return fmt.Errorf("backup: clear %s: %w", list[i].Name, err)
			}
		}
		return r.write(ctx, tx)
	})
}

func (r *restorer) resume(text string) error {
	if err := json.Unmarshal([]byte(text), &r.note); err != nil {
		return fmt.Errorf("backup: note of the restore: %w", err)
	}
	if r.note.ID != r.m.ID {
		return ErrOther
	}
	r.out.Resumed = true
	return nil
}

// mustBeEmpty refuses a database in which anybody has put anything.
func (r *restorer) mustBeEmpty(ctx context.Context, tx *db.Tx) error {
	list, err := tables(ctx, tx)
	if err != nil {
		return err
	}
	for i := range list {
		found, err := list[i].any(ctx, tx)
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		if found {
			return ErrNotEmpty
		}
	}
	return nil
}

// sameTables holds the tables of this program against those of the backup.
func (r *restorer) sameTables(have []table) error {
	if len(have) != len(r.m.Tables) {
		return ErrSchema
	}
	for i := range have {
		want := &r.m.Tables[i]
		if have[i].Name != want.Name || len(have[i].Columns) != len(want.Columns) {
			return ErrSchema
		}
		for j, c := range want.Columns { // their order may differ
			if at := slices.Index(have[i].Columns, c); at < 0 || have[i].Kinds[at] != want.Kinds[j] {
				return ErrSchema.Messagef("备份中表 %s 的列 %s 与本程序的不同", want.Name, c)
			}
		}
	}
	return nil
}

func (r *restorer) write(ctx context.Context, tx *db.Tx) error {
	raw, err := json.Marshal(&r.note)
	if err != nil {
		return err
	}
	return db.SetMeta(ctx, tx, restoringNote, string(raw))
}

// tables loads what is not loaded yet, each batch together with the note of how far it is.
func (r *restorer) tables(ctx context.Context) error {
	var rows int64
	for i := range r.m.Tables {
		t := &r.m.Tables[i]
		if err := r.load(ctx, t, rows); err != nil {
			return err
		}
		rows += t.Rows
	}
	r.out.Rows, r.out.Tables = rows, len(r.m.Tables)
	return nil
}

func (r *restorer) load(ctx context.Context, t *Table, before int64) error {
	n, values := int64(0), [][]any{}
	flush := func() error {
		if len(values) == 0 {
			return nil
		}
		if err := r.store(ctx, t, values, n); err != nil {
			return err
		}
		values = values[:0]
		r.Progress.tell(StageTables, float64(before+n)/float64(max(r.m.Rows(), 1)), before+n)
		if r.after != nil {
			return r.after(t.Name, n)
		}
		return nil
	}
	err := packedLines(ctx, filepath.Join(r.m.Dir, t.File), func(line []byte) error {
		if n++; n <= r.note.Rows[t.Name] {
			return nil
		}
		row := make([]any, len(t.Columns))
		if err := parseRow(bytes.TrimSuffix(line, []byte("\n")), t.Kinds, row); err != nil {
			return ErrBroken.Messagef("备份中表 %s 的第 %d 行无法读取", t.Name, n)
		}
		if values = append(values, row); len(values) < r.batch {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// store writes one batch.
func (r *restorer) store(ctx context.Context, t *Table, values [][]any, done int64) error {
	err := r.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		i := 0
		_, err := tx.CopyFrom(ctx, t.Name, t.Columns, func() ([]any, error) {
			if i == len(values) {
				return nil, nil
			}
			i++
			return values[i-1], nil
		})
		if err != nil {
			return err
		}
		r.note.Rows[t.Name] = done
		return r.write(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("backup: restore: %w", err)
	}
	return nil
}

// log puts the log into the data folder. A log that lies there already, as when only the database's disk broke, is kept when it is the same
// log grown on: the public has seen it, and cutting it back would look like a lie.
func (r *restorer) log(ctx context.Context) error {
	to, from := filepath.Join(r.Data, logDir), filepath.Join(r.m.Dir, logDir)
	size, _, err := readCheckpoint(to)
	if err != nil {
		return ErrLog.With(err)
	}
	if size >= 0 && r.m.Log != nil && size >= r.m.Log.Size {
		if err := r.grown(to, size); err != nil {
			return err
		}
		r.out.LogSize, r.out.LogAhead = size, size-r.m.Log.Size
		return nil
	}
	if size >= 0 {
		return ErrLog
	}
	if r.m.Log == nil {
		return nil
	}
	// The checkpoint last: until it is there, this is no log.
	var last File
	for _, f := range r.m.Files {
		rel, ok := cutDir(f.Path, logDir)
		if !ok {
			continue
		}
		if rel == checkpointName {
			last = f
			continue
		}
		if err := r.place(ctx, f, filepath.Join(from, rel), filepath.Join(to, rel)); err != nil {
			return err
		}
	}
	if err := r.place(ctx, last, filepath.Join(from, checkpointName), filepath.Join(to, checkpointName)); err != nil {
		return err
	}
	r.out.LogSize = r.m.Log.Size
	return nil
}

// grown holds the log in the data folder against the backup's: its tree of the backup's size must have the backup's root, and its own root must be
// what its checkpoint says.
func (r *restorer) grown(dir string, size int64) error {
	_, root, err := readCheckpoint(dir)
	if err != nil {
		return ErrLog.With(err)
	}
	whole, err := LogRoot(dir, size)
	if err != nil {
		return ErrLog.With(err)
	}
	begin, err := LogRoot(dir, r.m.Log.Size)
	if err != nil {
		return ErrLog.With(err)
	}
	_, then, err := readCheckpoint(filepath.Join(r.m.Dir, logDir))
	if err != nil {
		return ErrBroken.With(err)
	}
	if !bytes.Equal(whole, root) || !bytes.Equal(begin, then) {
		return ErrLog
	}
	return nil
}

func cutDir(path, dir string) (string, bool) {
	if len(path) > len(dir) && path[:len(dir)+1] == dir+"/" {
		return path[len(dir)+1:], true
	}
	return "", false
}

// place copies one file unless it is there already.
func (r *restorer) place(ctx context.Context, f File, from, to string) error {
	if have, err := hashFile(ctx, to); err == nil && have.SHA256 == f.SHA256 {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("backup: restore: %w", err)
	}
	have, err := copyFile(ctx, from, to)
	if err != nil {
		return err
	}
	if have.SHA256 != f.SHA256 {
		return ErrBroken.Messagef("备份中的文件 %s 内容已改变", f.Path)
	}
	return nil
}

// blobs puts the received files back. One that lies there under the same name has the same content.
func (r *restorer) blobs(ctx context.Context) error {
	n := 0
	err := eachBlob(ctx, r.m.Dir, func(f File) error {
		n++
		to := filepath.Join(r.Data, blobsDir, f.Path)
		if st, err := os.Stat(to); err == nil && st.Size() == f.Bytes {
			return nil
		}
		r.Progress.tell(StageBlobs, float64(n)/float64(max(r.m.Blobs.Files, 1)), int64(n))
		return r.place(ctx, f, filepath.Join(r.m.Dir, blobsDir, f.Path), to)
	})
	r.out.Blobs = n
	return err
}

// compare reads every row back and holds each table against what was saved.
func (r *restorer) compare(ctx context.Context) error {
	return r.DB.ReadTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var rows int64
		for i := range r.m.Tables {
			want := &r.m.Tables[i]
			var sum digest
			n := int64(0)
			err := want.each(ctx, tx, func(line []byte) error {
				n++
				if rows++; rows%4096 == 0 {
					r.Progress.tell(StageCheck, float64(rows)/float64(max(r.m.Rows(), 1)), rows)
				}
				sum.add(line)
				return nil
			})
			if err != nil {
				return err
			}
			if n != want.Rows || sum.String() != want.Digest {
				return ErrLost.Messagef("恢复后表 %s 有 %d 行，备份中有 %d 行，或内容不同", want.Name, n, want.Rows)
			}
		}
		return nil
	})
}

// finish takes the note away: from here on the database may serve.
func (r *restorer) finish(ctx context.Context) error {
	if err := r.DB.Analyze(ctx); err != nil {
		return err
	}
	err := r.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return db.SetMeta(ctx, tx, restoringNote, "") })
	if err != nil {
		return err
	}
	return r.DB.Checkpoint(ctx)
}
