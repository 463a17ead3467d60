package flow

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin/internal/db"
	"gongxin/internal/fault"
)

// MaxAttachment is the largest attachment in bytes.
const MaxAttachment = 20 << 20

// takenAtOnce is how many attachments are held in memory side by side; others wait. A slow scanner and many senders would else fill it.
const takenAtOnce = 16

// Scanner looks for malware, as the virus scanner of the operator does.
type Scanner interface {
	// Name names scanner and signatures, for the record.
	Name() string
	// Scan reads content to its end. An empty finding is clean. An error means that it was not scanned, and the attachment is refused.
	Scan(ctx context.Context, content io.Reader) (finding string, err error)
}

// NotScanned stands in Attachment.Scan when no scanner is set up.
const NotScanned = "not scanned"

// Attachment is a file that goes with a step. Under what name it lay on somebody's computer is not kept: such names hold names.
type Attachment struct {
	Hash    string // SHA-256 of the content
	Title   string // what it is, in Chinese: 营业执照
	Type    string // media type, by content
	Bytes   int64
	Scan    string // name of the scanner that found it clean, or NotScanned
	AddedAt time.Time
}

// Faults of attachments.
var (
	ErrFileType  = fault.New(fault.Invalid, "flow.file_type", "附件只收 PDF、OFD、JPEG 和 PNG，按文件内容判断", "请转换成其中一种格式再上传")
	ErrFileLarge = fault.New(fault.TooLarge, "flow.file_large", "一个附件最大 20 MB", "请压缩或拆分后再上传")
	ErrFileEmpty = fault.New(fault.Invalid, "flow.file_empty", "附件是空文件", "请重新选择文件")
	ErrFileTitle = fault.New(fault.Invalid, "flow.file_title", "要写明附件是什么材料，最多 60 个字", "例如“营业执照”")
	ErrFileBad   = fault.New(fault.Invalid, "flow.file_bad", "附件没有通过病毒检查，没有收下", "请检查电脑，用干净的文件重新上传")
	ErrFileScan  = fault.New(fault.Unavailable, "flow.file_scan", "病毒检查暂时不可用，附件没有收下", "请稍后重试")
	ErrFileNone  = fault.New(fault.NotFound, "flow.file_none", "没有这个附件，或者不是由您上传的", "请重新上传")
	ErrFiles     = fault.New(fault.TooLarge, "flow.files", "一步最多 20 个附件", "请合并文件")
	ErrFilesDay  = fault.New(fault.TooLarge, "flow.files_day", "一天之内上传的附件合计太多", "请明天再传，或者压缩后再传；已经传上去的不用重传")
	ErrNoFiles   = fault.New(fault.Unavailable, "flow.no_files", "这里不收附件", "请联系系统管理员")
)

// Attach takes a file in, before the step that it goes with: it is checked, scanned, sealed and kept by its hash. Only who attached it can put it to a step.
func (e *Engine) Attach(ctx context.Context, title string, r io.Reader) (Attachment, error) {
	title = strings.TrimSpace(title)
	switch {
	case e.Files == nil:
		return Attachment{}, ErrNoFiles
	case title == "" || utf8.RuneCountInString(title) > 60 || strings.ContainsFunc(title, unseen):
		return Attachment{}, ErrFileTitle
	case HasPersonal(title):
		return Attachment{}, ErrPersonal
	}
	select {
	case e.taking <- struct{}{}:
		defer func() { <-e.taking }()
	case <-ctx.Done():
		return Attachment{}, fmt.Errorf("flow: attach: %w", ctx.Err())
	}
	content, err := io.ReadAll(io.LimitReader(r, MaxAttachment+1))
	if err != nil {
		return Attachment{}, fmt.Errorf("flow: attach: %w", err)
	}
	a := Attachment{Title: title, Bytes: int64(len(content)), Scan: NotScanned, AddedAt: e.now()}
	switch {
	case len(content) > MaxAttachment:
		return Attachment{}, ErrFileLarge
	case len(content) == 0:
		return Attachment{}, ErrFileEmpty
	}
	if a.Type, err = typeOf(content); err != nil {
		return Attachment{}, err
	}
	if err := e.room(ctx, max(a.Bytes, onDisk)); err != nil {
		return Attachment{}, err
	}
	if e.Scanner != nil {
		finding, err := e.Scanner.Scan(ctx, bytes.NewReader(content))
		switch {
		case err != nil:
			return Attachment{}, ErrFileScan.With(err)
		case finding != "":
			return Attachment{}, ErrFileBad
		}
		a.Scan = e.Scanner.Name()
	}
	info, err := e.Files.Put(ctx, bytes.NewReader(content), MaxAttachment)
	if err != nil {
		return Attachment{}, fmt.Errorf("flow: attach: %w", err)
	}
	a.Hash = info.Hash
	err = e.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO flow_file (hash, added_by, title, media_type, bytes, scan, added_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (hash, added_by) DO UPDATE SET title = excluded.title, scan = excluded.scan, added_at = excluded.added_at`, a.Hash, e.Who(ctx).String(), a.Title, a.Type, a.Bytes, a.Scan, db.Micros(a.AddedAt))
		return err
	}, db.ReadCommitted)
	if err != nil {
		return Attachment{}, fmt.Errorf("flow: attach: %w", err)
	}
	return a, nil
}

// attachmentsPerDay is how many bytes one account attaches in 24 hours: files that no step names are kept too, and nobody shall fill the disk with them.
const attachmentsPerDay = 500 << 20

// onDisk is the least that a file takes there, however small it is.
const onDisk = 4 << 10

// room refuses more than an account may attach in a day.
func (e *Engine) room(ctx context.Context, more int64) error {
	limit := e.PerDay
	if limit <= 0 {
		limit = attachmentsPerDay
	}
	var sum int64
	err := e.DB.Read().QueryRowContext(ctx, `SELECT CAST(coalesce(sum(CASE WHEN bytes < $3+0 THEN $3+0 ELSE bytes END), 0) AS bigint) FROM flow_file WHERE added_by = $1 AND added_at > $2`,
		e.Who(ctx).String(), db.Micros(e.now().AddDate(0, 0, -1)), onDisk).Scan(&sum)
	if err != nil {
		return fmt.Errorf("flow: attach: %w", err)
	}
	if sum+more > limit {
		return ErrFilesDay
	}
	return nil
}

// checkFiles refuses what the caller has not attached. It writes the rows again as they are: a sweep at the same moment, whose snapshot does not know of the step that
// will name them, then runs anew instead of deleting them.
func (e *Engine) checkFiles(ctx context.Context, tx *db.Tx, hashes []string) error {
	if len(hashes) > MaxFiles {
		return ErrFiles
	}
	for _, hash := range hashes {
		by := e.Who(ctx).String()
		if _, err := e.file(ctx, tx, hash, by); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE flow_file SET title = title WHERE hash = $1 AND added_by = $2`, hash, by); err != nil {
			return fmt.Errorf("flow: attachment: %w", err)
		}
	}
	return nil
}

// Attached gives attachments of the caller by their hashes, and refuses what the caller has not attached: for drafts, which keep them until they are handed in.
func (e *Engine) Attached(ctx context.Context, hashes []string) ([]Attachment, error) {
	if len(hashes) > MaxFiles {
		return nil, ErrFiles
	}
	out := make([]Attachment, len(hashes))
	for i, hash := range hashes {
		a, err := e.file(ctx, e.DB.Read(), hash, e.Who(ctx).String())
		if err != nil {
			return nil, err
		}
		out[i] = a
	}
	return out, nil
}

func (e *Engine) file(ctx context.Context, q db.Querier, hash, by string) (Attachment, error) {
	a := Attachment{Hash: hash}
	var added int64
	err := q.QueryRowContext(ctx, `SELECT title, media_type, bytes, scan, added_at FROM flow_file WHERE hash = $1 AND added_by = $2`, hash, by).Scan(&a.Title, &a.Type, &a.Bytes, &a.Scan, &added)
	if errors.Is(err, sql.ErrNoRows) {
		return a, ErrFileNone
	}
	if err != nil {
		return a, fmt.Errorf("flow: attachment: %w", err)
	}
	a.AddedAt = db.Instant(added)
	return a, nil
}

func (e *Engine) fillFiles(ctx context.Context, s *Step) error {
	for i := range s.Files {
		a, err := e.file(ctx, e.DB.Read(), s.Files[i].Hash, s.Who.String())
		if err != nil {
			return err
		}
		if s.Files[i].Title != "" { // as it was when the step was taken
			a.Title = s.Files[i].Title
		}
		s.Files[i] = a
	}
	return nil
}

// titleFiles writes into a step what its attachments are called at this moment: whoever attached them may attach the same content under another title, and a step on
// file does not change by it.
func (e *Engine) titleFiles(ctx context.Context, tx *db.Tx, s *Step) error {
	for i := range s.Files {
		a, err := e.file(ctx, tx, s.Files[i].Hash, s.Who.String())
		if err != nil {
			return err
		}
		s.Files[i].Title = a.Title
	}
	return nil
}

// nameFile writes an attachment as a step keeps it: its hash, a colon, its title in base64 without padding. Steps of older versions hold the hash alone.
func nameFile(a *Attachment) string {
	if a.Title == "" {
		return a.Hash
	}
	return a.Hash + ":" + base64.RawURLEncoding.EncodeToString([]byte(a.Title))
}

func fileNamed(name string) (hash, title string) {
	hash, coded, _ := strings.Cut(name, ":")
	raw, err := base64.RawURLEncoding.DecodeString(coded)
	if err != nil {
		return hash, ""
	}
	return hash, string(raw)
}

// OpenFile gives an attachment of a case, opened. Whether the caller may see the case is the caller's to ask.
func (e *Engine) OpenFile(ctx context.Context, id int64, hash string) (Attachment, *os.File, error) {
	if e.Files == nil {
		return Attachment{}, nil, ErrNoFiles
	}
	list, err := e.Timeline(ctx, id)
	if err != nil {
		return Attachment{}, nil, err
	}
	for i := range list {
		for _, a := range list[i].Files {
			if a.Hash == hash {
				f, err := e.Files.Open(hash)
				return a, f, err
			}
		}
	}
	return Attachment{}, nil, ErrFileNone
}
