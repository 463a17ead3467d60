package backup

import (
	"bytes"
	"context"
	"encoding/base64"
	"path/filepath"
)

// Verify reads a backup from end to end: every file against its hash, every row against its table's columns, number and digest, the log's
// tiles against its checkpoint. It needs no database and no keys.
func Verify(ctx context.Context, m *Manifest, progress Progress) error {
	var done int64
	tell := func(n int64) {
		done += n
		progress.tell(StageVerify, float64(done)/float64(max(m.Bytes, 1)), 0)
	}
	for _, f := range m.Files {
		if err := m.verifyFile(ctx, f, f.Path); err != nil {
			return err
		}
		tell(f.Bytes)
	}
	files, total := 0, int64(0)
	err := eachBlob(ctx, m.Dir, func(f File) error {
		files++
		total += f.Bytes
		tell(f.Bytes)
		return m.verifyFile(ctx, f, blobsDir+"/"+f.Path)
	})
	if err != nil {
		return err
	}
	if files != m.Blobs.Files || total != m.Blobs.Bytes {
		return ErrBroken.Messagef("原始文件清单与备份清单不符：%d 个，应为 %d 个", files, m.Blobs.Files)
	}
	for i := range m.Tables {
		if err := m.Tables[i].verify(ctx, m.Dir); err != nil {
			return err
		}
	}
	return m.verifyLog()
}

func (m *Manifest) verifyFile(ctx context.Context, want File, path string) error {
	have, err := hashFile(ctx, filepath.Join(m.Dir, path))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil || have.SHA256 != want.SHA256 || have.Bytes != want.Bytes {
		return ErrBroken.Messagef("备份中的文件 %s 缺失或内容已改变", path).With(err)
	}
	return nil
}

// verify reads every row of a table.
func (t *Table) verify(ctx context.Context, dir string) error {
	var sum digest
	n, values := int64(0), make([]any, len(t.Columns))
	err := packedLines(ctx, filepath.Join(dir, t.File), func(line []byte) error {
		n++
		sum.add(line)
		if err := parseRow(bytes.TrimSuffix(line, []byte("\n")), t.Kinds, values); err != nil {
			return ErrBroken.Messagef("备份中表 %s 的第 %d 行无法读取", t.Name, n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if n != t.Rows || sum.String() != t.Digest {
		return ErrBroken.Messagef("备份中表 %s 的内容与清单不符：%d 行，应为 %d 行", t.Name, n, t.Rows)
	}
	return nil
}

func (m *Manifest) verifyLog() error {
	dir := filepath.Join(m.Dir, logDir)
	size, root, err := readCheckpoint(dir)
	if err != nil {
		return ErrBroken.With(err)
	}
	if m.Log == nil {
		if size >= 0 {
			return ErrBroken.Messagef("备份中有清单没有写明的公开日志")
		}
		return nil
	}
	have, err := LogRoot(dir, max(size, 0))
	if err != nil {
		return err
	}
	if size != m.Log.Size || base64.StdEncoding.EncodeToString(root) != m.Log.Root || !bytes.Equal(have, root) {
		return ErrBroken.Messagef("备份中的公开日志与它的检查点不符")
	}
	return nil
}
