// Package config holds every setting in one struct. A setting comes from the flag, then the environment, then the TOML file, then the default;
// a key that nobody knows is an error, because a misspelt setting must not silently do nothing.
package config

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"

	"gongxin/internal/fault"
)

// Config is every setting. The zero value with Defaults applied serves an embedded database on loopback.
type Config struct {
	Database string `toml:"database"` // a file path, or postgres://…; empty = gongxin.db in Data
	Data     string `toml:"data"`     // folder of keys, received files and, by default, the database
	Listen   string `toml:"listen"`   // address and port

	City      City   `toml:"city"`
	Limits    Limits `toml:"limits"`
	Log       Log    `toml:"log"`
	Divisions string `toml:"divisions"` // file of further divisions and local area codes
	Map       string `toml:"map"`       // GeoJSON of the districts
	BaseURL   string `toml:"base_url"`  // address of the site in QR codes and links; empty = the request's host
	Rules     string `toml:"rules"`     // publicity rules that replace the built-in ones

	Accounts     Accounts     `toml:"accounts"`
	Transparency Transparency `toml:"transparency"`
	Report       Report       `toml:"report"`
	Notice       Notice       `toml:"notice"`
	Scan         Scan         `toml:"scan"`
	Check        Check        `toml:"check"`
}

// Check is about credit checks.
type Check struct {
	AnswerMonths int `toml:"answer_months"` // how long an answer can be given again; 0 = 36, which is also the least
}

// Bounds of how long answers of checks are kept: what is done with personal information stays on record for three years at least (个人信息保护法 art. 56).
const (
	MinAnswerMonths = 36
	MaxAnswerMonths = 360
)

// Report is about credit reports.
type Report struct {
	Issuer string   `toml:"issuer"` // who issues them; empty = the city's platform
	Fonts  []string `toml:"fonts"`  // TrueType files with characters that the built-in font lacks
	Areas  string   `toml:"areas"`  // file of the fields of activity of special reports; empty = the built-in list

	KeepMonths    int `toml:"keep_months"`     // of standard reports, which everyone can have made anew; 0 = 24
	KeepOwnMonths int `toml:"keep_own_months"` // of special and persons' reports; 0 = 60
}

// How long the content of reports is kept.
const (
	DefaultKeepMonths    = 24
	DefaultKeepOwnMonths = 60
	MaxKeepMonths        = 360
)

func (r *Report) check() error {
	if r.KeepMonths == 0 {
		r.KeepMonths = DefaultKeepMonths
	}
	if r.KeepOwnMonths == 0 {
		r.KeepOwnMonths = DefaultKeepOwnMonths
	}
	for _, n := range []int{r.KeepMonths, r.KeepOwnMonths} {
		if n < 1 || n > MaxKeepMonths {
			return ErrValue.Messagef("report.keep_months 和 report.keep_own_months 应在 1 至 %d 之间", MaxKeepMonths)
		}
	}
	return nil
}

// Accounts say how people prove who they are.
type Accounts struct {
	CommonPasswords string `toml:"common_passwords"` // file of further passwords that are refused, one a line
	Retention       string `toml:"retention"`        // file of how long the evidence of claims is kept
	OIDC            []OIDC `toml:"oidc"`             // unified identity
}

// OIDC is one provider of unified identity.
type OIDC struct {
	Name         string   `toml:"name"`  // in addresses: letters, digits, dashes
	Label        string   `toml:"label"` // on the button
	Issuer       string   `toml:"issuer"`
	ClientID     string   `toml:"client_id"`
	SecretFile   string   `toml:"secret_file"` // the secret stands in no configuration
	Scopes       []string `toml:"scopes"`
	NameClaim    string   `toml:"name_claim"`
	DocKind      string   `toml:"doc_kind"`
	DocClaim     string   `toml:"doc_claim"`
	BusinessCode string   `toml:"business_claim"`
	Create       string   `toml:"create"`     // resident, business or nothing: whom to open an account for
	StrongACR    []string `toml:"strong_acr"` // values of acr or amr that mean a second factor
}

// Transparency is about the public log.
type Transparency struct {
	PauseMinutes int       `toml:"pause_minutes"` // without advance of the log for so long, publication pauses; 0 = 10
	Witnesses    []Witness `toml:"witnesses"`
	Quorum       int       `toml:"quorum"`   // co-signatures to wait for; 0 = all
	Required     bool      `toml:"required"` // publish no checkpoint without them
}

// Witness co-signs the log's checkpoints.
type Witness struct {
	Key string `toml:"key"`
	URL string `toml:"url"`
}

// City says whose register this is.
type City struct {
	Name string `toml:"name"`
	Code string `toml:"code"` // division code
}

// Limits bound what comes from outside.
type Limits struct {
	UploadMB       int `toml:"upload_mb"`
	RequestSeconds int `toml:"request_seconds"`

	PerSecond float64  `toml:"per_second"` // requests a second of one address or key in the long run; 0 = 20, below 0 = no limit
	Burst     int      `toml:"burst"`      // in one go; 0 = 200
	Working   int      `toml:"working"`    // requests worked on at once; 0 = 256
	Proxies   []string `toml:"proxies"`    // networks whose X-Forwarded-For is believed
}

// Log says how to log.
type Log struct {
	Level  string `toml:"level"`  // debug, info, warn, error
	Format string `toml:"format"` // text or json
}

// Faults of configuration.
var (
	ErrFile    = fault.New(fault.Invalid, "config.file", "配置文件无法读取", "请检查路径和 TOML 语法")
	ErrUnknown = fault.New(fault.Invalid, "config.unknown_key", "配置文件含有未知的键", "请删除或改正该键；全部键名见 docs/operate/config.md")
	ErrListen  = fault.New(fault.Invalid, "config.listen", "监听地址无效", "格式为 地址:端口，例如 127.0.0.1:8080")
	ErrValue   = fault.New(fault.Invalid, "config.value", "配置项的值无效", "取值范围见 docs/operate/config.md")
)

// Load reads the file (none when path is empty), lays the environment over it and fills in the defaults.
func Load(path string, getenv func(string) string) (Config, error) {
	var c Config
	if path != "" {
		meta, err := toml.DecodeFile(path, &c)
		if errors.Is(err, fs.ErrNotExist) {
			return c, ErrFile.Messagef("配置文件 %s 不存在", filepath.Base(path))
		}
		if err != nil {
			return c, unreadable(err)
		}
		if unknown := meta.Undecoded(); len(unknown) > 0 {
			return c, ErrUnknown.Messagef("配置文件含有未知的键 %s", unknown[0])
		}
	}
	for _, v := range []struct {
		name string
		to   *string
	}{{"GONGXIN_DATABASE", &c.Database}, {"GONGXIN_DATA", &c.Data}, {"GONGXIN_LISTEN", &c.Listen}} {
		if s := getenv(v.name); s != "" {
			*v.to = s
		}
	}
	return c, nil
}

// place finds where the parser says that it stopped; what stands there may be a secret and is not repeated.
var place = regexp.MustCompile(`line (\d+)(?: \(last key "([\w.-]+)"\))?`)

// unreadable says which line of the file is wrong.
func unreadable(err error) error {
	var at toml.ParseError
	switch m := place.FindStringSubmatch(err.Error()); {
	case errors.Is(err, fs.ErrPermission):
		return ErrFile.Messagef("没有权限读取配置文件").With(err)
	case errors.As(err, &at):
		return ErrFile.Messagef("配置文件第 %d 行不是正确的 TOML", at.Position.Line).With(err)
	case m != nil && m[2] != "":
		return ErrFile.Messagef("配置文件第 %s 行，%s 的值类型不对：文字要加引号，数字和 true、false 不加", m[1], m[2]).With(err)
	default:
		return ErrFile.With(err)
	}
}

// Defaults fills what nobody set and checks the rest.
func (c Config) Defaults() (Config, error) {
	set := func(to *string, value string) {
		if *to == "" {
			*to = value
		}
	}
	set(&c.Data, "data")
	set(&c.Database, filepath.Join(c.Data, "gongxin.db"))
	set(&c.Listen, "127.0.0.1:8080")
	set(&c.City.Name, "本市")
	set(&c.Log.Level, "info")
	set(&c.Log.Format, "text")
	if c.Limits.UploadMB == 0 {
		c.Limits.UploadMB = 2048
	}
	if c.Limits.RequestSeconds == 0 {
		c.Limits.RequestSeconds = 30
	}
	if c.Limits.PerSecond == 0 {
		c.Limits.PerSecond = 20
	}
	if c.Limits.Burst == 0 {
		c.Limits.Burst = 200
	}
	if c.Transparency.PauseMinutes == 0 {
		c.Transparency.PauseMinutes = 10
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return c, ErrListen
	}
	if c.Limits.UploadMB < 1 || c.Limits.RequestSeconds < 1 {
		return c, ErrValue.Messagef("limits 的各项必须大于 0")
	}
	if c.Transparency.PauseMinutes < 1 || c.Transparency.Quorum < 0 || c.Transparency.Quorum > len(c.Transparency.Witnesses) {
		return c, ErrValue.Messagef("transparency.pause_minutes 必须大于 0，quorum 不能多于见证人")
	}
	if c.Check.AnswerMonths == 0 {
		c.Check.AnswerMonths = MinAnswerMonths
	}
	if c.Check.AnswerMonths < MinAnswerMonths || c.Check.AnswerMonths > MaxAnswerMonths {
		return c, ErrValue.Messagef("check.answer_months 应在 %d 至 %d 之间", MinAnswerMonths, MaxAnswerMonths)
	}
	set(&c.Notice.Mail.Security, "starttls")
	if err := errors.Join(c.Notice.check(), c.Scan.check(), c.Report.check()); err != nil {
		return c, err
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		return c, ErrValue.Messagef("log.format 只能是 text 或 json")
	}
	return c, nil
}

// Loopback reports whether the server can be reached from this machine alone.
func (c Config) Loopback() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// KeyFile is where the key ring lies.
func (c Config) KeyFile() string { return filepath.Join(c.Data, "keys.json") }

// MakeData makes the data folder, readable by its owner alone.
func (c Config) MakeData() error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return ErrValue.Messagef("数据目录无法建立").With(err)
	}
	return nil
}
