package verify_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin/internal/audit"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/db/dbtest"
	"gongxin/internal/id"
	"gongxin/internal/record"
	"gongxin/internal/translog"
	"gongxin/internal/verify"
)

// city is a small register with rows of every kind, all in the log.
type city struct {
	t    testing.TB
	db   *db.DB
	ids  *id.Maker
	dir  string
	keys *verify.Keys
}

func newCity(t testing.TB, d *db.DB) *city {
	t.Helper()
	c := &city{t: t, db: d, ids: id.NewMaker(time.Now), dir: filepath.Join(t.TempDir(), "log")}
	at := time.Now().Truncate(time.Microsecond)
	c.file(at)
	c.look(at)
	c.rules(at)
	l, err := translog.Open(t.Context(), translog.Config{
		DB: d, Dir: c.dir, Keys: filepath.Join(filepath.Dir(c.dir), "keys"), Origin: translog.Origin("990100"), Clock: clock.System{},
		CheckpointEvery: 100 * time.Millisecond, SetEvery: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = l.Run(ctx, nil) }()
	c.settled(l)
	stop()
	<-done
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if c.keys, err = verify.ParseKeys(l.Verifiers()...); err != nil {
		t.Fatal(err)
	}
	return c
}

// settled waits until everything is in the log, under a root of the sets and a checkpoint.
func (c *city) settled(l *translog.Log) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := l.Status(ctx)
		var highest int64
		if err == nil {
			err = c.db.Read().QueryRowContext(ctx, `SELECT coalesce(max(log_index + n), 0) FROM log_sequence`).Scan(&highest)
		}
		if err != nil {
			c.t.Fatal(err)
		}
		if s.Pending == 0 && s.Checkpoint == s.Size && s.SetCovered >= highest && highest > 0 {
			return
		}
		select {
		case <-ctx.Done():
			c.t.Fatalf("not settled: %+v", s)
		case <-tick.C:
		}
	}
}

func (c *city) tx(fn func(ctx context.Context, tx *db.Tx) error) {
	c.t.Helper()
	if err := c.db.Tx(c.t.Context(), fn); err != nil {
		c.t.Fatal(err)
	}
}

// file puts records of three subjects on file, with corrections and a withdrawal.
func (c *city) file(at time.Time) {
	s := record.NewStore(c.db, c.ids)
	draft := func(subject int64, key, body string) record.Draft {
		d := record.Draft{Subject: subject, Body: body, Facts: record.Facts{
			Item: "XZCF", Edition: "1", NaturalKey: key, Class: "A", Status: record.Active, Listed: true, DecidedOn: 20260510, PublicFrom: 20260510,
			PublicUntil: 20270510, Agency: 7, Region: "990102", Kinds: 4, Procedure: record.Ordinary, Severity: record.Minor, RuleSet: "r",
		}}
		if subject == 3 {
			d.Item = "XZXK"
		}
		copy(d.Digest[:], body)
		return d
	}
	for round := range 3 {
		var drafts []record.Draft
		for subject := int64(1); subject <= 3; subject++ {
			for key := range 4 {
				drafts = append(drafts, draft(subject, fmt.Sprint("k", key), fmt.Sprintf(`{"n":"%d-%d"}`, round, key)))
			}
		}
		c.tx(func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.Apply(ctx, tx, drafts, record.Change{At: at.Add(time.Duration(round) * time.Second), Actor: "test", Basis: "b", Why: "w", Submission: "s"})
			return err
		})
	}
	c.decide(s, draft, at.Add(30*time.Second))
	c.destroy(s, at.Add(time.Minute))
	c.owners()
}

// decide lets procedures shorten the period of a record and bring it back, and its source file it anew.
func (c *city) decide(s *record.Store, draft func(subject int64, key, body string) record.Draft, at time.Time) {
	list, err := s.StandingOf(c.t.Context(), c.db.Read(), 3)
	if err != nil || len(list) == 0 {
		c.t.Fatal(len(list), err)
	}
	one, until := list[0], clock.Date(20261201)
	for i, t := range []record.Turn{{ID: one.ID, To: record.Active, Until: &until}, {ID: one.ID, To: record.Repaired}, {ID: one.ID, To: record.Active}} {
		c.tx(func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Turn(ctx, tx, []record.Turn{t}, record.Change{At: at.Add(time.Duration(i) * time.Second), Actor: "test", Basis: "b", Why: "w"})
			return err
		})
	}
	c.tx(func(ctx context.Context, tx *db.Tx) error {
		_, _, err := s.Apply(ctx, tx, []record.Draft{draft(3, one.NaturalKey, `{"n":"again"}`)}, record.Change{At: at.Add(4 * time.Second), Actor: "test", Basis: "b", Why: "w", Submission: "s"})
		return err
	})
}

// destroy ends one of the records and destroys it.
func (c *city) destroy(s *record.Store, at time.Time) {
	list, err := s.StandingOf(c.t.Context(), c.db.Read(), 2)
	if err != nil || len(list) == 0 {
		c.t.Fatal(len(list), err)
	}
	one := list[0].ID
	c.tx(func(ctx context.Context, tx *db.Tx) error {
		_, err := s.Turn(ctx, tx, []record.Turn{{ID: one, To: record.Ended}}, record.Change{At: at, Actor: "test", Basis: "b", Why: "w"})
		return err
	})
	c.tx(func(ctx context.Context, tx *db.Tx) error {
		out, err := s.Destroy(ctx, tx, []record.ID{one}, record.Change{At: at.Add(time.Second), Actor: "test", Basis: "b", Why: "w"})
		if err == nil && out[0] != record.Turned {
			err = fmt.Errorf("outcome %v", out[0])
		}
		return err
	})
	var left int
	err = c.db.Read().QueryRowContext(c.t.Context(), `SELECT count(*) FROM record_version WHERE subject_id = 2 AND record_key = $1 AND (body <> '{}' OR nkey <> '' OR decided_on <> 0
		OR (length(salt) > 0 AND action <> 'destroyed'))`, one.Key).Scan(&left)
	if err != nil || left != 0 {
		c.t.Fatalf("%d versions hold something still, %v", left, err)
	}
}

// owners fills in subject and item of each leaf where the writer of records did not.
func (c *city) owners() {
	c.tx(func(ctx context.Context, tx *db.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT v.outbox_id, v.subject_id, v.item FROM record_version v JOIN log_outbox o ON o.outbox_id = v.outbox_id
			WHERE o.subjects IS NULL ORDER BY v.outbox_id, v.outbox_pos`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		packed := map[int64][]byte{}
		for rows.Next() {
			var outbox, subject int64
			var item string
			if err := rows.Scan(&outbox, &subject, &item); err != nil {
				return err
			}
			b := packed[outbox]
			if b == nil {
				b = []byte("\x01\x02\x04XZCF\x04XZXK")
			}
			b = binary.BigEndian.AppendUint64(b, uint64(subject))
			packed[outbox] = append(b, map[string]byte{"XZCF": 0, "XZXK": 1}[item])
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		for outbox, b := range packed {
			if _, err := tx.ExecContext(ctx, `UPDATE log_outbox SET subjects = $1 WHERE outbox_id = $2`, b, outbox); err != nil {
				return err
			}
		}
		return nil
	})
}

// look writes entries of the access log and acts.
func (c *city) look(at time.Time) {
	log := audit.New(audit.Config{DB: c.db, IDs: c.ids, Clock: clock.System{}})
	who := audit.Who{Kind: "account", ID: 4, Agency: 7, Address: "192.0.2.1", Session: 9}
	for i := range int64(4) {
		c.tx(func(ctx context.Context, tx *db.Tx) error {
			_, err := log.Write(ctx, tx, audit.Access{At: at, Who: who, Subject: i, Matter: "m", Basis: "b", Consent: 3, What: "record", Outcome: audit.Answered, Missing: ""})
			return err
		})
		c.tx(func(ctx context.Context, tx *db.Tx) error {
			return log.WriteAct(ctx, tx, audit.Act{At: at, Who: who, Action: "consent.revoke", Entity: fmt.Sprint("consent:", i), Detail: "d"})
		})
	}
}

// rules loads editions, a calendar and an allowed code, with the leaves that whoever loads them queues.
func (c *city) rules(at time.Time) {
	when := at.UnixMicro()
	const edition = `INSERT INTO catalog_edition (edition, effective_from, content, hash, loaded_at, loaded_by) VALUES ($1, $2, $3, $4, $5, $6)`
	for _, x := range []struct {
		name  string
		parts []string
		query string
		args  []any
	}{
		{"edition/e1", []string{"20260101", "h", translog.Digest([]byte("zip"))}, edition, []any{"e1", 20260101, []byte("zip"), "h", when, "me"}},
		{"edition/e2", []string{"20270101", "h2", translog.Digest([]byte("zip2"))}, edition, []any{"e2", 20270101, []byte("zip2"), "h2", when, "me"}},
		{"calendar/2026", []string{translog.Digest([]byte("old"))}, "", nil},
		{
			"calendar/2026",
			[]string{translog.Digest([]byte("days"))},
			`INSERT INTO calendar_year (year, content, loaded_at, loaded_by) VALUES ($1, $2, $3, $4)`,
			[]any{2026, "days", when, "me"},
		},
		{"legacy/C1", []string{"n"}, `INSERT INTO legacy_code (code, note, added_at, added_by) VALUES ($1, $2, $3, $4)`, []any{"C1", "n", when, "me"}},
	} {
		c.tx(func(ctx context.Context, tx *db.Tx) error {
			if x.query != "" {
				if _, err := tx.ExecContext(ctx, x.query, x.args...); err != nil {
					return err
				}
			}
			return translog.QueueChange(ctx, tx, c.ids, translog.CatalogChange(x.name, when, "me", x.parts...))
		})
	}
	for table, series := range map[string]string{"publish_ruleset": "", "ruleset_version": "series, "} {
		name, content := "publicity/2026-04-01/1", "rules of "+table
		if series != "" {
			name = "measures/2026-04-01/1"
		}
		c.tx(func(ctx context.Context, tx *db.Tx) error {
			values := strings.Replace(series, "series", "'measures'", 1)
			_, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (`+series+`effective_on, version, content, hash, loaded_at, loaded_by) VALUES (`+values+`20260401, 1, $1, $2, $3, 'me')`,
				content, translog.Digest([]byte(content)), when)
			if err != nil {
				return err
			}
			return translog.QueueChange(ctx, tx, c.ids, translog.Change{
				Kind: "rules/1", Name: name, Parts: []string{translog.Digest([]byte(content)), strconv.FormatInt(when, 10), "me"}, At: when,
			})
		})
	}
}

var errUndo = errors.New("undo")

// tampered changes the database, checks it, and takes the change back.
func (c *city) tampered(statements ...string) (r *verify.Result) {
	c.t.Helper()
	err := c.db.Tx(c.t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		for _, s := range statements {
			result, err := tx.ExecContext(ctx, s)
			if err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
			if n, err := result.RowsAffected(); err != nil || n == 0 {
				return fmt.Errorf("%s: %d rows (%w)", s, n, err)
			}
		}
		if r, _, err = verify.Database(ctx, verify.Folder(c.dir), c.keys, "", tx); err != nil {
			return err
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		c.t.Fatal(err)
	}
	return r
}

func has(r *verify.Result, code string) bool {
	for _, f := range r.Failures {
		if f.Code == code {
			return true
		}
	}
	return false
}

func TestEveryTamperingIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCity(t, d)
		if r := c.tampered(); !r.OK() {
			t.Fatalf("an honest register fails: %+v", r.Failures)
		}
		type cut struct {
			code, named string
			sql         []string
		}
		const newest = `(SELECT max(version_id) FROM record_version)`
		const lone = `(SELECT min(access_id) FROM access_log)`
		const act = `(SELECT min(act_id) FROM audit_act)`
		const batch = `(SELECT min(outbox_id) FROM log_outbox)`
		cuts := []cut{
			{"row.deleted", "record_version", []string{`DELETE FROM record_version WHERE version_id = ` + newest}},
			{"row.copied", "record_version", []string{`INSERT INTO record_version SELECT version_id + 1, prev_id, subject_id, record_key, version + 1, item, edition, nkey, class, status, listed, decided_on,
				public_from, public_until, agency_id, region, kinds, procedure, severity, rule_set, body, action, digest, recorded_at, salt, outbox_id, outbox_pos, decided_until, ruled_until FROM record_version WHERE version_id = ` + newest}},
			{"row.inserted", "record_version", []string{`INSERT INTO record_version SELECT version_id + 1, prev_id, subject_id, record_key, version + 1, item, edition, nkey, class, status, listed, decided_on,
				public_from, public_until, agency_id, region, kinds, procedure, severity, rule_set, body, action, digest, recorded_at, salt, outbox_id, 99, decided_until, ruled_until FROM record_version WHERE version_id = ` + newest}},
			{"row.changed", "record_version", []string{`UPDATE record_version SET outbox_pos = 1 - outbox_pos WHERE outbox_pos IN (0, 1)`}},
			{"row.changed", "record_version", []string{`UPDATE record_version SET salt = (SELECT o.salt FROM record_version o WHERE o.version_id = (SELECT min(version_id) FROM record_version)) WHERE version_id = ` + newest}},
			{"chain.changed", "record_version", []string{`UPDATE record_version SET prev_id = 0 WHERE version_id = ` + newest}},
			{"row.changed", "record_version", []string{`UPDATE record_change SET actor = 'x'`}},
			{"row.changed", "record_version", []string{`UPDATE record_change SET basis = 'x'`}},
			{"row.changed", "record_version", []string{`UPDATE record_change SET why = 'x'`}},
			{"row.changed", "record_version", []string{`UPDATE record_change SET submission = 'x'`}},
			{"change.changed", "record_change", []string{`UPDATE record_change SET recorded_at = recorded_at + 1`}},
			{"change.deleted", "record_change", []string{`DELETE FROM record_change`}},
			{"head.changed", "record ", []string{`UPDATE record SET status = 2 WHERE subject_id = 1`}},
			{"head.changed", "record ", []string{`UPDATE record SET public_until = 20260511 WHERE subject_id = 1`}},
			{"head.changed", "record ", []string{`UPDATE record SET listed = 0 WHERE subject_id = 1`}},
			{"head.old", "record ", []string{`UPDATE record SET version_id = (SELECT v.prev_id FROM record_version v WHERE v.version_id = record.version_id)`}},
			{"row.erased", "record_version", []string{`UPDATE record_version SET status = 7, body = '{}', salt = (SELECT o.salt FROM record_version o WHERE length(o.salt) = 0 LIMIT 1) WHERE subject_id = 1`}},
			{"row.erased", "record_version", []string{`UPDATE record_version SET salt = (SELECT o.salt FROM record_version o WHERE length(o.salt) = 0 LIMIT 1) WHERE action = 'destroyed'`}},
			{"row.changed", "record_version", []string{`UPDATE record_version SET action = 'destroyed' WHERE action = 'ended'`, `UPDATE record_version SET action = 'ended' WHERE action = 'destroyed' AND length(salt) > 0`}},
			{"head.deleted", "record ", []string{`DELETE FROM record WHERE subject_id = 1`}},
			{"row.deleted", "access_log", []string{`DELETE FROM access_log WHERE access_id = ` + lone}},
			{"row.copied", "access_log", []string{`INSERT INTO access_log SELECT subject_id, access_id + 1, at, who_kind, who_id, agency_id, address, session_id, matter, basis, consent_id, what, records,
				outcome, missing, hidden_until, secrecy_basis, salt, outbox_id, outbox_pos FROM access_log WHERE access_id = ` + lone}},
			{"row.changed", "access_log", []string{`UPDATE access_log SET salt = (SELECT o.salt FROM access_log o ORDER BY o.access_id LIMIT 1) WHERE access_id > (SELECT min(o.access_id) FROM access_log o)`}},
			{"row.deleted", "audit_act", []string{`DELETE FROM audit_act WHERE act_id = ` + act}},
			{"row.inserted", "audit_act", []string{`INSERT INTO audit_act SELECT act_id + 1, at, who_kind, who_id, agency_id, address, session_id, action, entity, detail, salt, outbox_id + 1, outbox_pos
				FROM audit_act WHERE act_id = ` + act}},
			{"row.changed", "audit_act", []string{`UPDATE audit_act SET salt = (SELECT o.salt FROM audit_act o ORDER BY o.act_id LIMIT 1) WHERE act_id > (SELECT min(o.act_id) FROM audit_act o)`}},
			{"row.deleted", "log_change", []string{`DELETE FROM log_change WHERE name = 'edition/e1'`}},
			{"row.changed", "log_change", []string{`UPDATE log_change SET parts = '["20260101"]' WHERE name = 'edition/e1'`}},
			{"row.changed", "log_change", []string{`UPDATE log_change SET kind = 'rules/1' WHERE name = 'edition/e1'`}},
			{"row.changed", "log_change", []string{`UPDATE log_change SET name = 'edition/e3' WHERE name = 'edition/e1'`}},
			{"row.changed", "log_change", []string{`UPDATE log_change SET salt = (SELECT o.salt FROM log_change o ORDER BY o.outbox_id LIMIT 1) WHERE outbox_id > (SELECT min(o.outbox_id) FROM log_change o)`}},
			{"catalog.changed", "edition/e1", []string{`UPDATE catalog_edition SET content = (SELECT o.content FROM catalog_edition o WHERE o.edition = 'e2') WHERE edition = 'e1'`}},
			{"catalog.changed", "edition/e1", []string{`UPDATE catalog_edition SET effective_from = 20200101 WHERE edition = 'e1'`}},
			{"catalog.changed", "edition/e1", []string{`UPDATE catalog_edition SET loaded_by = 'x' WHERE edition = 'e1'`}},
			{"catalog.deleted", "edition/e1", []string{`DELETE FROM catalog_edition WHERE edition = 'e1'`}},
			{"catalog.unlogged", "edition/x", []string{`INSERT INTO catalog_edition SELECT 'x', effective_from, content, hash, loaded_at, loaded_by FROM catalog_edition WHERE edition = 'e1'`}},
			{"catalog.changed", "calendar/2026", []string{`UPDATE calendar_year SET content = 'old' WHERE year = 2026`, `UPDATE calendar_year SET loaded_at = loaded_at + 1`}},
			{"catalog.deleted", "calendar/2026", []string{`DELETE FROM calendar_year`}},
			{"catalog.changed", "legacy/C1", []string{`UPDATE legacy_code SET note = 'x'`}},
			{"catalog.unlogged", "legacy/C2", []string{`INSERT INTO legacy_code (code, note, added_at, added_by) VALUES ('C2', '', 0, '')`}},
			{"catalog.changed", "measures/2026-04-01/1", []string{`UPDATE ruleset_version SET content = 'none'`}},
			{"catalog.changed", "measures/2026-04-01/1", []string{`UPDATE ruleset_version SET loaded_by = 'x'`}},
			{"catalog.deleted", "measures/2026-04-01/1", []string{`DELETE FROM ruleset_version`}},
			{"catalog.unlogged", "measures/2025-01-01/1", []string{`UPDATE ruleset_version SET effective_on = 20250101`}},
			{"catalog.changed", "publicity/2026-04-01/1", []string{`UPDATE publish_ruleset SET content = 'none', hash = 'h'`}},
			{"catalog.deleted", "publicity/2026-04-01/1", []string{`DELETE FROM publish_ruleset`}},
			{"catalog.unlogged", "publicity/2026-05-01/1", []string{`INSERT INTO publish_ruleset SELECT 20260501, version, content, hash, loaded_at, loaded_by FROM publish_ruleset`}},
			{"outbox.deleted", "log_outbox", []string{`DELETE FROM log_outbox WHERE outbox_id = ` + batch}},
			{"outbox.inserted", "log_outbox", []string{`INSERT INTO log_outbox (outbox_id, kind, n, payload, created_at) SELECT outbox_id + 1, kind, n, payload, created_at FROM log_outbox WHERE outbox_id = ` + batch}},
			{"outbox.changed", "log_outbox", []string{`UPDATE log_outbox SET payload = (SELECT o.payload FROM log_outbox o WHERE o.n = 12 AND o.outbox_id <> log_outbox.outbox_id ORDER BY o.outbox_id LIMIT 1) WHERE n = 12`}},
			{"outbox.changed", "log_outbox", []string{`UPDATE log_outbox SET n = n + 1 WHERE outbox_id = ` + batch}},
			{"outbox.kind", "log_outbox", []string{`UPDATE log_outbox SET kind = 'act' WHERE outbox_id = ` + batch}},
			{"outbox.subjects", "log_outbox", []string{`UPDATE log_outbox SET subjects = NULL WHERE outbox_id = ` + batch}},
			{"outbox.moved", "log_sequence", []string{`UPDATE log_sequence SET log_index = log_index + 1000 WHERE outbox_id = ` + batch, `UPDATE log_sequence SET log_index = log_index - 999 WHERE outbox_id = ` + batch}},
			{"outbox.unmarked", "log_sequence", []string{`DELETE FROM log_sequence WHERE outbox_id = ` + batch}},
			{"special.changed", "log_special", []string{`UPDATE log_special SET entry = (SELECT o.entry FROM log_special o WHERE o.log_index = 0) WHERE log_index <> 0`}},
			{"special.deleted", "log_special", []string{`DELETE FROM log_special WHERE log_index = 0`}},
			{"set.root", "集合", []string{`UPDATE log_state SET set_secret = set_salt`}},
		}
		for _, sql := range []string{
			`UPDATE record_version SET decided_until = 0, ruled_until = 0 WHERE version = 7`,
			`UPDATE record_version SET decided_until = 20270510 WHERE version = 7`,
			`UPDATE record_version SET ruled_until = 20280510 WHERE version = 7`,
			`UPDATE record_version SET ruled_until = 20280510 WHERE decided_until <> 0`,
			`UPDATE record_version SET decided_until = 20261101 WHERE decided_until <> 0`,
			`UPDATE record_version SET decided_until = 20260601, ruled_until = 20270510 WHERE subject_id = 1 AND version = 3`,
			`UPDATE record_version SET decided_until = 20260601, ruled_until = 20270510 WHERE subject_id = 1`,
		} {
			cuts = append(cuts, cut{"end.changed", "decided_until", []string{sql}})
		}
		for _, column := range []string{"version", "decided_on", "public_from", "public_until", "agency_id", "kinds", "procedure", "severity", "recorded_at", "status"} {
			cuts = append(cuts, cut{"row.changed", "第 3 版", []string{`UPDATE record_version SET ` + column + ` = ` + column + ` + 7 WHERE version = 3 AND version_id <> 0`}})
		}
		cuts[len(cuts)-10].named = "第 10 版" // its number is what changed
		for _, column := range []string{"item", "edition", "nkey", "class", "region", "rule_set", "body", "action"} {
			cuts = append(cuts, cut{"row.changed", "第 3 版", []string{`UPDATE record_version SET ` + column + ` = ` + column + ` || 'x' WHERE version = 3`}})
		}
		cuts = append(cuts, cut{"row.changed", "第 3 版", []string{`UPDATE record_version SET listed = 1 - listed WHERE version = 3`}},
			cut{"row.changed", "record_version", []string{`UPDATE record_version SET subject_id = 9 WHERE subject_id = 1`}},
			cut{"row.changed", "record_version", []string{`UPDATE record_version SET record_key = record_key + 100`}})
		for _, column := range []string{"at", "who_id", "agency_id", "session_id", "subject_id", "consent_id", "hidden_until"} {
			cuts = append(cuts, cut{"row.changed", "access_log 查询记录", []string{`UPDATE access_log SET ` + column + ` = ` + column + ` + 7`}})
		}
		for _, column := range []string{"who_kind", "address", "matter", "basis", "what", "records", "outcome", "missing", "secrecy_basis"} {
			cuts = append(cuts, cut{"row.changed", "access_log 查询记录", []string{`UPDATE access_log SET ` + column + ` = ` + column + ` || 'x'`}})
		}
		for _, column := range []string{"at", "who_id", "agency_id", "session_id"} {
			cuts = append(cuts, cut{"row.changed", "audit_act 操作记录", []string{`UPDATE audit_act SET ` + column + ` = ` + column + ` + 7`}})
		}
		for _, column := range []string{"who_kind", "address", "action", "entity", "detail"} {
			cuts = append(cuts, cut{"row.changed", "audit_act 操作记录", []string{`UPDATE audit_act SET ` + column + ` = ` + column + ` || 'x'`}})
		}
		for _, x := range cuts {
			r := c.tampered(x.sql...)
			named := false
			for _, f := range r.Failures {
				named = named || f.Code == x.code && strings.Contains(f.Message, x.named)
			}
			if !named {
				t.Errorf("%s\nwant %s naming %q, got %+v", x.sql[0], x.code, x.named, r.Failures)
			}
		}
		r := c.tampered(`UPDATE record_version SET decided_until = 0, ruled_until = 0 WHERE decided_until <> 0`)
		if !r.OK() || !slices.ContainsFunc(r.Notes, func(note string) bool { return strings.Contains(note, "1 条记录的公示期") }) {
			t.Errorf("a decision that later versions do not know, as before it was carried on: %+v, %+v", r.Failures, r.Notes)
		}
		if r := c.tampered(); !r.OK() {
			t.Errorf("after all was taken back: %+v", r.Failures)
		}
	})
}

func TestTamperedFiles(t *testing.T) {
	t.Parallel()
	c := newCity(t, dbtest.SQLite(t))
	source := verify.Folder(c.dir)
	check := func(code, named string) {
		t.Helper()
		r, state := verify.Log(t.Context(), source, c.keys, "", nil)
		if !has(r, code) || state != nil {
			t.Errorf("want %s, got %+v", code, r.Failures)
			return
		}
		for _, f := range r.Failures {
			if f.Code == code && !strings.Contains(f.Message, named) {
				t.Errorf("%s does not name %s", f.Message, named)
			}
		}
	}
	cp, err := verify.OpenCheckpoint(mustRead(t, c.dir, "checkpoint"), c.keys)
	if err != nil {
		t.Fatal(err)
	}
	partial := fmt.Sprintf("000.p/%d", cp.Size)
	lines := strings.SplitAfter(string(cp.Text), "\n") // the SM2 line is the last one
	if _, err := verify.OpenCheckpoint([]byte(strings.Join(lines[:len(lines)-2], "")), c.keys); !errors.Is(err, verify.ErrSM2) {
		t.Errorf("without its SM2 line: %v", err)
	}
	for _, x := range []struct {
		file string
		at   int
		code string
	}{
		{"checkpoint", 3, "checkpoint.signature"},
		{"checkpoint", -5, "checkpoint.signature"},
		{"tile/0/" + partial, 40, "tree.tile"},
		{"tile/entries/" + partial, 50, "tree.tile"},
		{"tile/entries/" + partial, 60, "tree.root"},
		{"tile/entries/" + partial, 0, "tree.entries"},
	} {
		path := filepath.Join(c.dir, filepath.FromSlash(x.file))
		raw := mustRead(t, c.dir, x.file)
		bad := append([]byte{}, raw...)
		at := x.at
		if at < 0 {
			at += len(bad)
		}
		if bad[at] ^= 1; x.file == "checkpoint" && x.at < 0 { // still base64
			bad[at] = map[bool]byte{true: 'A', false: 'B'}[raw[at] != 'A']
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		check(x.code, "")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		r, _ := verify.Log(t.Context(), source, c.keys, "", nil)
		if r.OK() {
			t.Errorf("%s is missing and nothing fails", x.file)
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r, _ := verify.Log(t.Context(), source, c.keys, "", nil); !r.OK() {
		t.Error(r.Failures)
	}
}

func mustRead(t testing.TB, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
