package publish

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/record"
)

// Figures keeps the public statistics. They are counted by a job over what the gate lets through and kept in the database, so that every web
// node shows the same figures with the same instant.
type Figures struct {
	db *db.DB
}

// NewFigures makes Figures.
func NewFigures(d *db.DB) *Figures { return &Figures{db: d} }

// trendMonths is how many months the trend shows.
const trendMonths = 24

// topAgencies is how many sources the statistics name.
const topAgencies = 12

// Stats gives the newest figures.
func (s *Service) Stats(ctx context.Context) (*Stats, error) {
	var content string
	err := s.figures.db.Read().QueryRowContext(ctx, `SELECT content FROM publish_stats WHERE scope = 'public'`).Scan(&content)
	if errors.Is(err, sql.ErrNoRows) {
		return &Stats{}, nil // nothing counted yet: the page says so
	}
	if err != nil {
		return nil, fmt.Errorf("publish: stats: %w", err)
	}
	var out Stats
	if err := json.Unmarshal([]byte(content), &out); err != nil {
		return nil, fmt.Errorf("publish: stats: %w", err)
	}
	return &out, nil
}

// CountStats counts the figures anew and keeps them.
func (s *Service) CountStats(ctx context.Context) (*Stats, error) {
	now := s.clock.Now()
	c := counter{
		service: s, day: clock.DateOf(now), stats: &Stats{AsOf: now.UTC()}, regions: map[string]*RegionCount{}, items: map[catalog.ItemCode]int{},
		months: map[int]*MonthCount{}, penalties: map[string]int{}, licences: map[string]int{}, agencies: map[int64]int{},
	}
	c.edition = s.editions.Current(c.day)
	if err := s.subjects.CountByRegion(ctx, c.subject); err != nil {
		return nil, err
	}
	if err := s.records.Tallies(ctx, c.day, c.tally); err != nil {
		return nil, err
	}
	if err := c.finish(ctx); err != nil {
		return nil, err
	}
	content, err := json.Marshal(c.stats)
	if err != nil {
		return nil, fmt.Errorf("publish: stats: %w", err)
	}
	err = s.figures.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO publish_stats (scope, computed_at, content) VALUES ('public', $1, $2)
			ON CONFLICT (scope) DO UPDATE SET computed_at = excluded.computed_at, content = excluded.content`, now.UnixMicro(), string(content))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("publish: stats: %w", err)
	}
	return c.stats, nil
}

// counter adds tallies up.
type counter struct {
	service   *Service
	day       clock.Date
	edition   *catalog.Edition
	stats     *Stats
	regions   map[string]*RegionCount
	kinds     map[catalog.SubjectKind]int
	items     map[catalog.ItemCode]int
	months    map[int]*MonthCount
	penalties map[string]int
	licences  map[string]int
	agencies  map[int64]int
}

func (c *counter) region(code string) *RegionCount {
	r := c.regions[code]
	if r == nil {
		r = &RegionCount{Code: code, Name: regionName(c.service.divisions, code)}
		c.regions[code] = r
	}
	return r
}

var kindNames = map[catalog.SubjectKind]string{catalog.LegalEntity: "法人", catalog.OtherOrg: "非法人组织", catalog.IndividualBusiness: "个体工商户"}

func (c *counter) subject(region string, kind catalog.SubjectKind, n int) error {
	c.stats.Subjects += n
	c.region(region).Subjects += n
	if c.kinds == nil {
		c.kinds = map[catalog.SubjectKind]int{}
	}
	c.kinds[kind] += n
	return nil
}

func (c *counter) tally(t record.Tally) error {
	item, ok := c.edition.Item(catalog.ItemCode(t.Item))
	if !ok || item.Class != catalog.Public {
		return nil // the catalogue in force does not show it any more
	}
	c.stats.Records += t.N
	c.items[item.Code] += t.N
	c.agencies[t.Agency] += t.N
	month := c.months[t.Month]
	if month == nil {
		month = &MonthCount{Month: fmt.Sprintf("%04d-%02d", t.Month/100, t.Month%100)}
		c.months[t.Month] = month
	}
	region := c.region(t.Region)
	switch item.Code {
	case "XZXK":
		month.Licences += t.N
		region.Licences += t.N
		add(c.licences, item.KindNames(t.Kinds), t.N)
	case "XZCF":
		month.Penalties += t.N
		region.Penalties += t.N
		add(c.penalties, item.KindNames(t.Kinds), t.N)
	default:
		region.Others += t.N
	}
	return nil
}

func add(m map[string]int, names []string, n int) {
	for _, name := range names {
		m[name] += n
	}
}

func (c *counter) finish(ctx context.Context) error {
	for _, item := range c.edition.Items {
		if item.Class == catalog.Public {
			c.stats.ByItem = append(c.stats.ByItem, ItemCount{Item: item.Code, Name: item.Name, Count: c.items[item.Code]})
		}
	}
	for _, r := range c.regions {
		c.stats.ByRegion = append(c.stats.ByRegion, *r)
	}
	sort.Slice(c.stats.ByRegion, func(i, j int) bool { return c.stats.ByRegion[i].Code < c.stats.ByRegion[j].Code })
	first := c.day.AddMonths(1 - trendMonths)
	for i := range trendMonths {
		y, m, _ := first.AddMonths(i).YMD()
		point := MonthCount{Month: fmt.Sprintf("%04d-%02d", y, m)}
		if have := c.months[y*100+m]; have != nil {
			point = *have
		}
		c.stats.Trend = append(c.stats.Trend, point)
	}
	byKind := map[string]int{}
	for kind, n := range c.kinds {
		byKind[kindNames[kind]] += n
	}
	c.stats.ByKind, c.stats.Penalties, c.stats.Licences = byCount(byKind), byCount(c.penalties), byCount(c.licences)
	for id, n := range c.agencies {
		a, err := c.service.agencies.ByID(ctx, id)
		if err != nil {
			return err
		}
		c.stats.Agencies = append(c.stats.Agencies, Facet{Code: a.Code, Name: a.Name, Count: n})
	}
	sortFacets(c.stats.Agencies)
	c.stats.Agencies = c.stats.Agencies[:min(topAgencies, len(c.stats.Agencies))]
	return nil
}

var zeroTime time.Time
