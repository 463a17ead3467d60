package translog

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"

	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/id"
)

// Defaults of Config.
const (
	DefaultPauseAfter      = 10 * time.Minute
	DefaultCheckpointEvery = time.Second
	DefaultSetEvery        = 5 * time.Second
	DefaultBatchLeaves     = maxBatch
)

// Faults of the log.
var (
	ErrOrigin = fault.New(fault.Conflict, "translog.origin", "日志名称与已有日志不一致：一部日志自建立起只有一个名称",
		"请恢复原来的城市代码或日志名称；如确需新的日志，请先归档原日志目录和密钥")
	ErrKeys = fault.New(fault.Internal, "translog.keys", "日志签名密钥文件无法读取", "请从密钥备份恢复数据目录下 keys 中的文件")
	// ErrKeysGone refuses to make other keys for a log that has begun: every proof and every witness knows the first ones.
	ErrKeysGone = fault.New(fault.Conflict, "translog.keys_gone", "公开日志已经开始，它的签名密钥却不在数据目录的 keys 中；另换一套，以前的证明和见证人都对不上，所以没有启动",
		"请从单独保管的密钥备份把 log-ed25519.key 和 log-sm2.key 放回 keys 目录，见 docs/operate/backup.md；确实找不回来的，执行 gongxin log new-keys，并向社会公开说明")
	ErrAhead  = fault.New(fault.Conflict, "translog.ahead", "日志目录比数据库新，数据库中没有日志里的部分条目", "数据库可能被恢复到了较早的备份：请恢复较新的数据库备份；不要删除日志目录")
	ErrForked = fault.New(fault.Conflict, "translog.forked", "日志目录与数据库登记的内容不一致，继续写入会使日志分叉", "请运行 gongxin log verify --database 查明差异，并从备份恢复日志目录")
	ErrSlots  = fault.New(fault.Conflict, "translog.slots", "目录事项超过 64 个，新事项无法进入主体记录集合", "请减少目录事项，或联系维护者扩充集合位数")
	ErrNoLog  = fault.New(fault.NotFound, "translog.none", "尚无此项内容的日志证明", "写入后数秒内会进入日志，请稍后再试")
	ErrWait   = fault.New(fault.Unavailable, "translog.wait", "日志正在追赶最新数据，证明暂时无法给出", "请稍后再试")
	errLease  = fmt.Errorf("translog: another process is the sequencer")
)

// Witness is someone who checks that the log only grows and co-signs its checkpoints: its key in note format and the address of its service.
type Witness struct {
	Key string
	URL string
}

// Config is what a Log needs.
type Config struct {
	DB     *db.DB
	Dir    string // log directory, such as data/log
	Keys   string // folder of the signing keys, such as data/keys
	Origin string // name of the log, see Origin
	Clock  clock.Clock
	Log    *slog.Logger

	PauseAfter      time.Duration // without advance for so long, publication pauses
	CheckpointEvery time.Duration
	SetEvery        time.Duration // between roots over the subjects' sets
	BatchLeaves     int           // leaves read at once
	Witnesses       []Witness
	WitnessQuorum   int  // co-signatures to wait for; 0 = all
	WitnessRequired bool // publish no checkpoint without the quorum

	// Owners gives subject and item of each leaf of an outbox row of records, in the order of positions. It is asked once for rows that were
	// queued before there were sets; nil = there are none.
	Owners func(ctx context.Context, outboxID int64) (subjects []int64, items []string, err error)

	afterAppend func() // tests: between the tree and the database
}

// Origin gives the name of a city's log by its division code.
func Origin(cityCode string) string {
	if cityCode == "" {
		cityCode = "000000"
	}
	return "gongxin/" + cityCode
}

func (c *Config) witnessGroup() (tessera.WitnessGroup, error) {
	list := make([]tessera.Witness, 0, len(c.Witnesses))
	for _, w := range c.Witnesses {
		u, err := url.Parse(w.URL)
		if err != nil {
			return tessera.WitnessGroup{}, fmt.Errorf("translog: witness: %w", err)
		}
		t, err := tessera.NewWitness(w.Key, u)
		if err != nil {
			return tessera.WitnessGroup{}, fmt.Errorf("translog: witness: %w", err)
		}
		list = append(list, t)
	}
	quorum := c.WitnessQuorum
	if quorum <= 0 || quorum > len(list) {
		quorum = len(list)
	}
	return witnessGroup(quorum, list), nil
}

// Log is the public log of one installation: any process may ask it, and one that runs it at a time writes.
type Log struct {
	c     Config
	keys  *Keys
	owner string
	dir   folder
	watch *Watch

	setMu sync.Mutex
	sets  *setStore
}

// Open reads the keys and gives a Log; a log that has not begun gets its keys first. It writes nothing to the log; Run does.
func Open(ctx context.Context, c Config) (*Log, error) {
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		to    *time.Duration
		value time.Duration
	}{{&c.PauseAfter, DefaultPauseAfter}, {&c.CheckpointEvery, DefaultCheckpointEvery}, {&c.SetEvery, DefaultSetEvery}} {
		if *d.to == 0 {
			*d.to = d.value
		}
	}
	if c.BatchLeaves == 0 {
		c.BatchLeaves = DefaultBatchLeaves
	}
	if c.DB != nil {
		begun, err := Begun(ctx, c.DB.Read()) // before the files are looked at: keys are made before a log begins
		if err != nil {
			return nil, err
		}
		if begun && len(MissingKeys(c.Keys)) > 0 {
			return nil, ErrKeysGone
		}
	}
	keys, err := OpenKeys(c.Keys, c.Origin)
	if err != nil {
		return nil, err
	}
	return &Log{c: c, keys: keys, owner: id.Random(), dir: folder(c.Dir), watch: NewWatch(c.DB, c.Clock, c.PauseAfter)}, nil
}

// Close ends what the Log holds open.
func (l *Log) Close() error {
	l.setMu.Lock()
	defer l.setMu.Unlock()
	if l.sets == nil {
		return nil
	}
	err := l.sets.db.Close()
	l.sets = nil
	return err
}

// Verifiers gives the log's public keys in note format.
func (l *Log) Verifiers() []string { return l.keys.Verifiers() }

// setDB opens the file of the sets when it is first needed.
func (l *Log) setDB(ctx context.Context) (*setStore, error) {
	l.setMu.Lock()
	defer l.setMu.Unlock()
	if l.sets != nil {
		return l.sets, nil
	}
	s, err := openSets(ctx, filepath.Join(l.c.Dir, "set"))
	if err != nil {
		return nil, err
	}
	l.sets = s
	return s, nil
}

func witnessGroup(n int, list []tessera.Witness) tessera.WitnessGroup {
	g := tessera.NewWitnessGroup(0)
	for _, w := range list {
		g.Components = append(g.Components, w)
	}
	g.N = n
	return g
}
