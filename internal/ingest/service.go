package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/blob"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/flow"
	"gongxin/internal/gm"
	"gongxin/internal/id"
	"gongxin/internal/ingest/parse"
	"gongxin/internal/publish"
	"gongxin/internal/record"
	"gongxin/internal/sheet"
	"gongxin/internal/subject"
)

// Config is what a Service is made of.
type Config struct {
	DB       *db.DB
	Blobs    *blob.Store
	Subjects *subject.Store
	Records  *record.Store
	Agencies *agency.Store
	Editions *catalog.Store
	Rules    *publish.Rules
	Calendar *clock.Calendar
	Ring     *gm.KeyRing
	Clock    clock.Clock
	IDs      *id.Maker
	Access   *audit.Log // keeps who reads what is not public; without it a Desk hands nothing of that out
	Legacy   func(uscc string) bool
	// Forbid makes what gives the fault of a row that passes by the catalogue and may not be put on file all the same, for an item that a unit files on a day; it may
	// make nothing. nil = never.
	Forbid func(ctx context.Context, item *catalog.Item, unit *agency.Agency, on clock.Date) (func(catalog.Values) (fault catalog.Reason, ok bool), error)
	Owner  string // names this process in leases: host, pid and start

	BatchRows int // rows of one transaction; 0 = DefaultBatchRows
	Workers   int // checking goroutines; 0 = as many as processors
	MaxBytes  int64

	// AfterBatch is called after each committed batch with its rows and how many are done in all; tests wait on it.
	AfterBatch func(submission string, rows, done int)
}

// DefaultBatchRows is the rows of one transaction: large enough that the commit's flush is paid once for many rows, small enough that a
// crash loses little work and others wait little.
const DefaultBatchRows = 8192

// DefaultMaxBytes is the largest file that is taken in: two million rows of the penalty template are about 1.2 GB as CSV.
const DefaultMaxBytes = 4 << 30

// Service takes filings in.
type Service struct {
	Config
	db *db.DB
}

// NewService makes a Service.
func NewService(c Config) *Service {
	if c.BatchRows <= 0 {
		c.BatchRows = DefaultBatchRows
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = DefaultMaxBytes
	}
	if c.Legacy == nil {
		c.Legacy = func(string) bool { return false }
	}
	return &Service{Config: c, db: c.DB}
}

// Request is a filing as it arrives.
type Request struct {
	Item     string
	Unit     string // unified code of the agency
	FileName string
	IdemKey  string
	Actor    string
	Hold     bool // the caller runs it itself: no worker takes it
	DryRun   bool // check only: outcomes as if filed now, nothing goes on file
}

// nameOf gives what is kept of a file's name: what a file was called on somebody's computer may hold the number of whom it is about.
func nameOf(name string) string {
	if name = cntext.Clean(name); !flow.HasPersonal(name) {
		return name
	}
	ext := strings.ToLower(path.Ext(name))
	if !slices.Contains([]string{".csv", ".txt", ".xlsx", ".json", ".ndjson"}, ext) {
		ext = ""
	}
	return "报送文件" + ext
}

// Submit keeps what r gives and acknowledges it: when it returns, the filing survives a crash. The same file for the same item and unit that was not
// finished is taken up again instead of being filed twice.
func (s *Service) Submit(ctx context.Context, req Request, r io.Reader) (_ *Submission, err error) {
	defer fault.Wrap(&err, "ingest.Submit")
	item, unit, err := s.admit(ctx, req)
	if err != nil {
		return nil, err
	}
	keep := s.Blobs.Put
	if req.DryRun {
		keep = s.Blobs.PutAlone // Forget takes it away
	}
	info, err := keep(ctx, r, s.MaxBytes)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	sub := &Submission{
		ID: id.Random(), IdemKey: req.IdemKey, Item: item.Code, Edition: item.Edition, Agency: unit.ID, Actor: req.Actor,
		FileName: nameOf(req.FileName), FileHash: info.Hash, FileBytes: info.Bytes, DryRun: req.DryRun, State: Received, ReceivedAt: now.UTC(),
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if !req.DryRun {
			if have, err := s.known(ctx, tx, sub); err != nil || have != nil {
				if have != nil {
					sub = have
				}
				return err
			}
		}
		owner, until := "", int64(0)
		if req.Hold {
			owner, until = s.Owner, now.Add(leaseTime).UnixMicro()
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO submission (submission_id, idem_key, item, edition, agency_id, actor, file_name, file_hash, file_bytes, same_as,
			dry, state, received_at, finished_at, lease_owner, lease_until, rows_done, bytes_done, accepted, updated, duplicate, withdrawn, rejected, late, warnings, mapping, failure)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', '')`,
			sub.ID, nullIfEmpty(sub.IdemKey), string(sub.Item), sub.Edition, sub.Agency, sub.Actor, sub.FileName, sub.FileHash, sub.FileBytes, sub.SameAs,
			bit(sub.DryRun), string(sub.State), now.UnixMicro(), owner, until)
		if db.IsUnique(err) { // the same key arrived twice at once
			return errors.Join(db.ErrRetry, err)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return sub, nil
}

// admit checks item and unit.
func (s *Service) admit(ctx context.Context, req Request) (*catalog.Item, agency.Agency, error) {
	edition := s.Editions.Current(clock.Today(s.Clock))
	item, ok := edition.Item(catalog.ItemCode(req.Item))
	if !ok {
		return nil, agency.Agency{}, ErrItem
	}
	unit, err := s.Agencies.ByCode(ctx, req.Unit)
	if err != nil {
		return nil, agency.Agency{}, err
	}
	if !unit.Active {
		return nil, agency.Agency{}, ErrInactive
	}
	if !item.InForce(clock.Today(s.Clock)) {
		return nil, agency.Agency{}, ErrNoBasis
	}
	if len(item.ProviderCodes) > 0 && !slices.Contains(item.ProviderCodes, unit.Code) {
		return nil, agency.Agency{}, ErrProvider
	}
	return item, unit, nil
}

// known finds the submission that answers this one already: the same idempotency key, or the same file not finished. Otherwise it notes an
// earlier finished one in sub.SameAs.
func (s *Service) known(ctx context.Context, tx *db.Tx, sub *Submission) (*Submission, error) {
	if sub.IdemKey != "" {
		have, err := firstOf(ctx, tx, `agency_id = $1 AND idem_key = $2`, sub.Agency, sub.IdemKey)
		if err != nil {
			return nil, err
		}
		if have != nil {
			if have.FileHash != sub.FileHash || have.Item != sub.Item {
				return nil, ErrIdemKey
			}
			return have, nil
		}
	}
	have, err := firstOf(ctx, tx, `file_hash = $1 AND item = $2 AND agency_id = $3 AND state IN ('received', 'running')`, sub.FileHash, string(sub.Item), sub.Agency)
	if err != nil || have != nil {
		return have, err
	}
	earlier, err := firstOf(ctx, tx, `file_hash = $1 AND item = $2 AND agency_id = $3 AND state = 'done'`, sub.FileHash, string(sub.Item), sub.Agency)
	if err != nil {
		return nil, err
	}
	if earlier != nil {
		sub.SameAs = earlier.ID
	}
	return nil, nil
}

func nullIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// filing makes what the rows of a submission share.
func (s *Service) filing(ctx context.Context, sub *Submission) (parse.Filing, error) {
	edition, ok := s.Editions.ByID(sub.Edition)
	if !ok {
		return parse.Filing{}, ErrItem
	}
	item, ok := edition.Item(sub.Item)
	if !ok {
		return parse.Filing{}, ErrItem
	}
	unit, err := s.Agencies.ByID(ctx, sub.Agency)
	if err != nil {
		return parse.Filing{}, err
	}
	received := clock.DateOf(sub.ReceivedAt)
	var refuse func(catalog.Values) (catalog.Reason, bool)
	if s.Forbid != nil {
		if refuse, err = s.Forbid(ctx, item, &unit, received); err != nil {
			return parse.Filing{}, err
		}
	}
	return parse.Filing{
		Item: item, Unit: parse.Unit{ID: unit.ID, Code: unit.Code, Name: unit.Name, Region: unit.Region}, Received: received,
		Rules: s.Rules, Calendar: s.Calendar, Ring: s.Ring, Legacy: s.Legacy, Persons: s.Subjects.PersonIdent, Refuse: refuse,
	}, nil
}

// open opens a submission's file; header says how well a row of cells matches the item's columns.
func (s *Service) open(sub *Submission, item *catalog.Item) (*sheet.Reader, error) {
	f, err := s.Blobs.Open(sub.FileHash)
	if err != nil {
		return nil, err
	}
	return sheet.OpenFile(f, sheet.Options{Name: sub.FileName, MaxBytes: s.MaxBytes, IsHeader: func(cells []string) int {
		m := item.MatchHeaders(cells)
		return m.Matched
	}, Expect: expected(item)})
}

// expected names a few columns for the refusal of a file without a header.
func expected(item *catalog.Item) []string {
	var out []string
	for i := range item.Fields {
		if item.Fields[i].Required && len(out) < 4 {
			out = append(out, item.Fields[i].Name)
		}
	}
	return out
}

// fail ends a submission whose file cannot be read, or cannot be read on. Rows answered before stay filed and counted: their receipts stand.
func (s *Service) fail(ctx context.Context, sub *Submission, cause error) error {
	var f *fault.Error
	if !errors.As(cause, &f) || (f.Kind != fault.Invalid && f.Kind != fault.TooLarge) {
		return cause // ours, not the file's: it stays to be tried again
	}
	sub.State, sub.FinishedAt = Failed, s.Clock.Now().UTC()
	sub.Failure = &Failure{Code: f.Code, Message: f.Message, Fix: f.Fix}
	raw, err := json.Marshal(sub.Failure)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE submission SET state = 'failed', failure = $2, finished_at = $3, lease_owner = '', lease_until = 0 WHERE submission_id = $1`,
			sub.ID, string(raw), sub.FinishedAt.UnixMicro())
		return err
	})
}
