package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gongxin/internal/app"
	"gongxin/internal/clock"
	"gongxin/internal/db"
	"gongxin/internal/fault"
	"gongxin/internal/translog"
	"gongxin/internal/verify"
)

// LogCmd holds the commands on the public log.
type LogCmd struct {
	Verify  LogVerifyCmd  `cmd:"" help:"核验公开日志或一份证明；在本机可连同数据库逐行核对。"`
	Status  LogStatusCmd  `cmd:"" help:"日志进度：条目数、等待入日志的变更、是否停滞。"`
	Key     LogKeyCmd     `cmd:"" help:"显示日志的公钥，供核验者和见证人保存。"`
	NewKeys LogNewKeysCmd `cmd:"" help:"密钥确实找不回来时，为已经开始的日志另立一套。以前的公钥从此对不上，须公开说明。"`
	Witness LogWitnessCmd `cmd:"" help:"作为见证人运行：核对日志只增不改，并会签检查点。"`
}

// LogVerifyCmd checks a log, a proof, or the database against the log.
type LogVerifyCmd struct {
	Place string   `arg:"" optional:"" help:"日志目录或网址（如 https://…/log/）；默认本机数据目录中的日志。"`
	Proof string   `help:"只核验这份证明、证明包或检查点。" type:"existingfile" placeholder:"FILE"`
	Key   []string `help:"公钥，或每行一个公钥的文件；可重复，见证人的公钥也写在这里。默认取本机的日志公钥。" placeholder:"KEY"`
	State string   `help:"保存已核验检查点的文件：下次核验时据此证明日志只增未改。" placeholder:"FILE"`
	Quick bool     `help:"只核对签名和一致性，不逐条读取。"`
	Rows  bool     `help:"逐行重算本机数据库各表并与日志比对（指定 --database 时默认如此）。"`
}

// Run checks and says what is proven.
func (c *LogVerifyCmd) Run(e *Env) error {
	keys, err := c.keys(e)
	if err != nil {
		return err
	}
	old, err := readState(c.State)
	if err != nil {
		return err
	}
	if c.Proof != "" {
		raw, err := readBounded(c.Proof)
		if err != nil {
			return err
		}
		return e.verdict(verify.File(raw, keys, old))
	}
	result, state, err := c.check(e, keys, old)
	if err != nil {
		return err
	}
	if c.State != "" && state != nil {
		if err := verify.SaveState(c.State, state); err != nil {
			return err
		}
	}
	return e.verdict(result)
}

// check runs the kind of check that was asked for.
func (c *LogVerifyCmd) check(e *Env, keys *verify.Keys, old string) (r *verify.Result, state *verify.State, err error) {
	place := c.Place
	if place == "" {
		data, err := e.dataDir()
		if err != nil {
			return nil, nil, err
		}
		place = filepath.Join(data, "log")
	}
	source := verify.Open(place)
	switch {
	case c.Rows || e.CLI.Database != "":
		a, err := e.openApp(app.Options{})
		if err != nil {
			return nil, nil, err
		}
		defer func() { err = errors.Join(err, a.Close()) }()
		err = a.DB.ReadTx(e, func(ctx context.Context, tx *db.Tx) (err error) {
			r, state, err = verify.Database(ctx, source, keys, old, tx)
			return err
		})
		return r, state, err
	case c.Quick:
		r, state = verify.Quick(e, source, keys, old)
	default:
		r, state = verify.Log(e, source, keys, old, nil)
	}
	return r, state, nil
}

// keys collects the public keys.
func (c *LogVerifyCmd) keys(e *Env) (*verify.Keys, error) {
	var lines []string
	for _, k := range c.Key {
		if raw, err := os.ReadFile(k); err == nil {
			lines = append(lines, strings.Split(string(raw), "\n")...)
		} else {
			lines = append(lines, k)
		}
	}
	if len(lines) == 0 {
		data, err := e.dataDir()
		if err != nil {
			return nil, err
		}
		if lines, err = translog.PublicKeys(filepath.Join(data, "keys")); err != nil {
			return nil, errNoKeys.With(err)
		}
	}
	k, err := verify.ParseKeys(lines...)
	if err != nil {
		return nil, errNoKeys.With(err)
	}
	return k, nil
}

var (
	errNoKeys = fault.New(fault.Invalid, "log.key", "没有可用的日志公钥", "请用 --key 给出公钥：在登记簿一方运行 gongxin log key，或取自其网站的 /log/key，并另行核对")
	errState  = fault.New(fault.Invalid, "log.state", "保存的核验状态文件无法读取", "请检查 --state 的路径")
)

func readState(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	var s verify.State
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		return "", errState.With(err)
	}
	return s.Checkpoint, nil
}

// verdict prints a result; a failure is exit code 1.
func (e *Env) verdict(r *verify.Result) error {
	if e.CLI.JSON {
		if err := e.answer(r); err != nil {
			return err
		}
	} else {
		sayResult(e.Out, r)
	}
	if !r.OK() {
		return printed{fault.New(fault.Conflict, "log.failed", fmt.Sprintf("核验未通过：%d 处不符", len(r.Failures)+r.More), "请保存本次输出，并与登记簿主管部门联系")}
	}
	return nil
}

// dataDir is the data folder of the settings.
func (e *Env) dataDir() (string, error) {
	c, err := e.settings()
	if err != nil {
		return "", err
	}
	c, err = c.Defaults()
	return c.Data, err
}

// LogStatusCmd says how far the log is.
type LogStatusCmd struct{}

// Run prints the status.
func (*LogStatusCmd) Run(e *Env) (err error) {
	a, err := e.openApp(app.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	s, err := translog.NewWatch(a.DB, a.Clock, translog.DefaultPauseAfter).Status(e)
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(s)
	}
	moment := func(t time.Time) string {
		if t.IsZero() {
			return "无"
		}
		return t.In(clock.Zone).Format("2006-01-02 15:04:05")
	}
	waiting := fmt.Sprint(s.Pending)
	if s.Pending == translog.PendingCap {
		waiting = fmt.Sprintf("%d 以上", s.Pending)
	}
	for _, line := range [][2]string{
		{"日志", s.Origin},
		{"条目", fmt.Sprint(s.Size)},
		{"已签检查点", fmt.Sprintf("%d（%s）", s.Checkpoint, moment(s.PublishedAt))},
		{"等待入日志", waiting},
		{"滞后", fmt.Sprintf("%.0f 秒", s.Lag)},
		{"停滞自", moment(s.Stalled)},
		{"记录集合覆盖到", fmt.Sprint(s.SetCovered)},
		{"定序进程", map[bool]string{true: "有", false: "无"}[s.Sequencer != ""]},
		{"公示", map[bool]string{true: "暂停：未入日志的内容不公示", false: "正常"}[s.Paused]},
	} {
		_, _ = fmt.Fprintf(e.Out, "%s：%s\n", line[0], line[1])
	}
	return nil
}

// LogKeyCmd prints the log's public keys.
type LogKeyCmd struct{}

// Run prints.
func (*LogKeyCmd) Run(e *Env) error {
	data, err := e.dataDir()
	if err != nil {
		return err
	}
	keys, err := translog.PublicKeys(filepath.Join(data, "keys"))
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.NotFound, "log.no_key", "还没有日志密钥", "启动一次 gongxin serve，密钥会自动生成")
	}
	if err != nil {
		return err
	}
	if e.CLI.JSON {
		return e.answer(map[string]any{"keys": keys})
	}
	for _, k := range keys {
		_, _ = fmt.Fprintln(e.Out, k)
	}
	return nil
}

// LogWitnessCmd is a witness of somebody else's log.
type LogWitnessCmd struct {
	Name   string   `required:"" help:"见证人名称（域名形式），写入会签。"`
	Secret string   `required:"" help:"见证人私钥文件；没有时生成。" placeholder:"FILE"`
	State  string   `required:"" help:"保存已会签检查点的文件。" placeholder:"FILE"`
	Key    []string `required:"" help:"所见证日志的公钥，或公钥文件；可重复。" placeholder:"KEY"`
	Listen string   `help:"监听地址。" default:"127.0.0.1:8090" placeholder:"HOST:PORT"`
}

// Run serves until it is told to stop.
func (c *LogWitnessCmd) Run(e *Env) error {
	keys, err := (&LogVerifyCmd{Key: c.Key}).keys(e)
	if err != nil {
		return err
	}
	secret, err := c.secret()
	if err != nil {
		return err
	}
	w, err := verify.NewWitness(secret, c.State, keys, time.Now)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(e, "tcp", c.Listen)
	if err != nil {
		return fault.New(fault.Unavailable, "log.listen", "无法监听 "+c.Listen, "端口可能被占用，请用 --listen 换一个地址").With(err)
	}
	server := &http.Server{Handler: w, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	stopped := context.AfterFunc(e, func() { _ = server.Close() })
	defer stopped()
	e.say("见证人已启动：http://%s", listener.Addr())
	_, _ = fmt.Fprintln(e.Out, w.Verifier())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// secret reads the witness's key, or makes it.
func (c *LogWitnessCmd) secret() (string, error) {
	raw, err := os.ReadFile(c.Secret)
	if err == nil {
		return string(raw), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", usage{err}
	}
	secret, err := verify.NewWitnessKey(c.Name)
	if err != nil {
		return "", usage{err}
	}
	f, err := os.OpenFile(c.Secret, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", usage{err}
	}
	_, err = f.WriteString(secret + "\n")
	return secret, errors.Join(err, f.Sync(), f.Close())
}
