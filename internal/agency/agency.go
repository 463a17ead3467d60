// Package agency keeps the departments that file (报送单位): only a registered one may file, and every record names the one it came from.
package agency

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"gongxin/internal/clock"
	"gongxin/internal/cntext"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
	"gongxin/internal/ident"
)

// ID is an agency's number.
type ID = int64

// Agency is a department.
type Agency struct {
	ID     ID
	Code   string // unified social credit code
	Name   string
	Region string // division code
	Active bool
}

// Faults.
var (
	ErrUnknown = fault.New(fault.NotFound, "agency.unknown", "该统一社会信用代码不是已登记的报送单位", "请先登记单位：gongxin agency add --code 代码 --name 名称")
	ErrCode    = fault.New(fault.Invalid, "agency.code", "单位的统一社会信用代码不正确", "请核对18位代码")
	ErrName    = fault.New(fault.Invalid, "agency.name", "单位名称不能为空", "请用 --name 写明单位全称")
	ErrRegion  = fault.New(fault.Invalid, "agency.region", "行政区划代码不在区划表中", "请填写6位行政区划代码")
)

// Store keeps agencies. They are few and change rarely, so that reads come from memory; another process's additions are seen when an unknown one is asked for.
type Store struct {
	db        *db.DB
	ids       *id.Maker
	clock     clock.Clock
	divisions *ident.Divisions

	mu     sync.RWMutex
	byID   map[ID]Agency
	byCode map[string]ID
}

// NewStore makes a Store.
func NewStore(d *db.DB, ids *id.Maker, c clock.Clock, divisions *ident.Divisions) *Store {
	return &Store{db: d, ids: ids, clock: c, divisions: divisions, byID: map[ID]Agency{}, byCode: map[string]ID{}}
}

// Add registers an agency, or changes the name and region of one that is registered. An empty region is taken from the code.
func (s *Store) Add(ctx context.Context, code, name, region string) (Agency, error) {
	uscc, problem := ident.ParseUSCC(code)
	if problem != nil {
		return Agency{}, ErrCode.Messagef("单位的统一社会信用代码不正确：%s", problem.Message)
	}
	name = cntext.Fold(name)
	if name == "" {
		return Agency{}, ErrName
	}
	if region == "" {
		region = string(uscc)[2:8]
	} else if !s.divisions.HasPrefix(region) {
		return Agency{}, ErrRegion
	}
	a := Agency{ID: s.ids.Next(), Code: string(uscc), Name: name, Region: region, Active: true}
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		row := tx.QueryRowContext(ctx, `INSERT INTO agency (agency_id, code, name, region, active, created_at) VALUES ($1, $2, $3, $4, 1, $5)
			ON CONFLICT (code) DO UPDATE SET name = excluded.name, region = excluded.region, active = 1 RETURNING agency_id`,
			a.ID, a.Code, a.Name, a.Region, s.clock.Now().UnixMicro())
		return row.Scan(&a.ID)
	})
	if err != nil {
		return Agency{}, fmt.Errorf("agency: add: %w", err)
	}
	s.keep(a)
	return a, nil
}

func (s *Store) keep(a Agency) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[a.ID], s.byCode[a.Code] = a, a.ID
}

// ByCode gives the agency of a unified code, or ErrUnknown.
func (s *Store) ByCode(ctx context.Context, code string) (Agency, error) {
	uscc, problem := ident.ParseUSCC(code)
	if problem != nil {
		return Agency{}, ErrCode.Messagef("单位的统一社会信用代码不正确：%s", problem.Message)
	}
	s.mu.RLock()
	id, ok := s.byCode[string(uscc)]
	a := s.byID[id]
	s.mu.RUnlock()
	if ok {
		return a, nil
	}
	return s.read(ctx, `code = $1`, string(uscc))
}

// ByID gives the agency of a number, or ErrUnknown.
func (s *Store) ByID(ctx context.Context, id ID) (Agency, error) {
	s.mu.RLock()
	a, ok := s.byID[id]
	s.mu.RUnlock()
	if ok {
		return a, nil
	}
	return s.read(ctx, `agency_id = $1`, id)
}

func (s *Store) read(ctx context.Context, where string, arg any) (Agency, error) {
	var a Agency
	var active int64
	err := s.db.Read().QueryRowContext(ctx, `SELECT agency_id, code, name, region, active FROM agency WHERE `+where, arg).
		Scan(&a.ID, &a.Code, &a.Name, &a.Region, &active)
	if errors.Is(err, sql.ErrNoRows) {
		return Agency{}, ErrUnknown
	}
	if err != nil {
		return Agency{}, fmt.Errorf("agency: read: %w", err)
	}
	a.Active = active == 1
	s.keep(a)
	return a, nil
}

// List gives every agency, by region and name.
func (s *Store) List(ctx context.Context) ([]Agency, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT agency_id, code, name, region, active FROM agency ORDER BY region, name, code`)
	if err != nil {
		return nil, fmt.Errorf("agency: list: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Agency
	for rows.Next() {
		var a Agency
		var active int64
		if err := rows.Scan(&a.ID, &a.Code, &a.Name, &a.Region, &active); err != nil {
			return nil, err
		}
		a.Active = active == 1
		out = append(out, a)
	}
	return out, rows.Err()
}
