// Command gongxin is the whole public-credit register: server, filing, operation and the synthetic city in one binary.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"gongxin/internal/catalog"
	"gongxin/internal/config"
	"gongxin/internal/fault"
)

// version is set by the build.
var version = "dev"

// Exit codes, on which scripts rely.
const (
	exitFailed  = 1
	exitUsage   = 2 // wrong usage or unreadable input
	exitRefused = 3 // done, but some rows were refused
)

// CLI is every command with its flags.
type CLI struct {
	Config   string           `help:"配置文件（TOML）。" short:"c" type:"path" placeholder:"FILE"`
	Database string           `help:"数据库：文件路径，或 postgres://…（环境变量 GONGXIN_DATABASE）。" placeholder:"URL"`
	Data     string           `help:"数据目录（环境变量 GONGXIN_DATA）。" placeholder:"DIR"`
	JSON     bool             `help:"在标准输出上给出 JSON。"`
	Version  kong.VersionFlag `help:"显示版本。"`

	Demo     DemoCmd     `cmd:"" help:"生成合成城市并启动全部服务，供试用。"`
	Serve    ServeCmd    `cmd:"" help:"启动服务。"`
	Import   ImportCmd   `cmd:"" help:"报送一个文件（CSV、XLSX、NDJSON），打印回执。"`
	Receipt  ReceiptCmd  `cmd:"" help:"查看一个批次的回执。"`
	Queue    QueueCmd    `cmd:"" help:"人工匹配队列：查看、匹配、退回、撤销。"`
	Migrate  MigrateCmd  `cmd:"" help:"建立或升级数据库结构。"`
	Agency   AgencyCmd   `cmd:"" help:"报送单位：登记、列出。"`
	Catalog  CatalogCmd  `cmd:"" help:"信用目录：列出、检查、装载新版本。"`
	Calendar CalendarCmd `cmd:"" help:"节假日表：列出、装载新的年份。"`
	Legacy   LegacyCmd   `cmd:"" help:"试点期旧代码白名单：加入。"`
	User     UserCmd     `cmd:"" help:"账号、角色和接口密钥。"`
	Check    CheckCmd    `cmd:"" help:"按应用事项核查一个主体。"`
	Handover HandoverCmd `cmd:"" help:"转交离岗人员经办的全部事项，先预览；或者为他设代办人。"`
	Audit    AuditCmd    `cmd:"" help:"审计：以审计员的账号查阅查询日志和操作日志。"`
	Expire   ExpireCmd   `cmd:"" help:"立即办理到期的事：停止公示和使用、移出名单、召回措施、走完到期的步骤。"`
	Report   ReportCmd   `cmd:"" help:"生成一个主体的标准信用报告（PDF），或者一份名单的（ZIP）。"`
	Matter   MatterCmd   `cmd:"" help:"应用事项：登记、列出、装载。"`
	Embed    EmbedCmd    `cmd:"" help:"业务系统嵌入的核查窗口：允许哪些网站。"`
	Listing  ListingCmd  `cmd:"" help:"名单：种类、认定清单、登记认定单位、起草新的种类文件。"`
	Measure  MeasureCmd  `cmd:"" help:"奖惩措施：基础清单、事项的奖惩清单、装载。"`
	Keys     KeysCmd     `cmd:"" help:"密钥：列出、更换、换封。"`
	Verify   VerifyCmd   `cmd:"" help:"离线核验一个文件：信用报告、证明、证明包、检查点、授权回执。"`
	PubLog   LogCmd      `cmd:"" name:"log" help:"公开日志：核验、进度、公钥、见证。"`
	Backup   BackupCmd   `cmd:"" help:"备份：制作、核验、列出。"`
	Restore  RestoreCmd  `cmd:"" help:"从备份恢复到空数据库。"`
	Doctor   DoctorCmd   `cmd:"" help:"体检：哪里不对、该怎么办。"`
	Soak     SoakCmd     `cmd:"" help:"稳定性试验：负载之下反复强制结束进程和数据库。"`
	Cfg      ConfigCmd   `cmd:"" name:"config" help:"配置：检查。"`
	Gen      GenCmd      `cmd:"" help:"按标准模板生成合成城市的文件。"`
	Bench    BenchCmd    `cmd:"" help:"性能测试：与同一次运行中的裸引擎基线比较。"`
}

// errRefused says that the work was done but some rows were refused; the receipt is printed already.
var errRefused = errors.New("some rows were refused")

// usage marks an error of the caller: exit code 2.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

// printed marks an error that standard output says already, in the document that was asked for.
type printed struct{ error }

func (p printed) Unwrap() error { return p.error }

func main() {
	var cli CLI
	parser := kong.Must(&cli, kong.Name("gongxin"), kong.Description("公信：开放的公共信用信息平台。"), kong.Help(printHelp), kong.Vars{"version": version},
		kong.Exit(func(code int) {
			if code != 0 {
				code = exitUsage
			}
			os.Exit(code)
		}), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	run, err := parser.Parse(os.Args[1:])
	if err != nil {
		os.Exit(report(usageError(err), asksJSON(os.Args[1:])))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = run.Run(&Env{Context: ctx, CLI: &cli, Out: os.Stdout, Msg: os.Stderr})
	stop()
	os.Exit(report(err, cli.JSON))
}

// Env is what a command runs in.
type Env struct {
	context.Context
	CLI *CLI
	Out io.Writer // machine output, or the answer
	Msg io.Writer // messages
}

// report prints an error once and gives the exit code.
func report(err error, asJSON bool) int {
	var u usage
	var f *fault.Error
	var p printed
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errRefused):
		return exitRefused
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "已中断。")
		return exitFailed
	}
	isUsage := errors.As(err, &u)
	var faults *catalog.LoadError
	if errors.As(err, &faults) {
		return reportFaults(faults, asJSON)
	}
	if errors.As(err, &f) && f.Kind != fault.Internal {
		if asJSON && !errors.As(err, &p) {
			_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"error": map[string]string{"code": f.Code, "message": f.Message, "fix": f.Fix}})
		}
		fmt.Fprintln(os.Stderr, "错误："+f.Message)
		if f.Fix != "" {
			fmt.Fprintln(os.Stderr, "处理："+f.Fix)
		}
		isUsage = isUsage || f.Kind == fault.Invalid || f.Kind == fault.TooLarge || f.Kind == fault.NotFound || f.Kind == fault.Denied
	} else {
		reportOther(err, isUsage)
	}
	if isUsage {
		return exitUsage
	}
	return exitFailed
}

// reportOther prints an error that has no words of its own for the caller: what a command says about its own flags is such words already.
func reportOther(err error, isUsage bool) {
	if isUsage || errors.Is(err, errUnwell) {
		fmt.Fprintln(os.Stderr, "错误："+err.Error())
		return
	}
	fmt.Fprintln(os.Stderr, "错误：没有完成："+err.Error())
	fmt.Fprintln(os.Stderr, "处理：请检查磁盘、权限和网络，执行 gongxin doctor；如果一直如此，请把这一行交给维护者")
}

// reportFaults prints everything that is wrong with a catalogue.
func reportFaults(e *catalog.LoadError, asJSON bool) int {
	list := make([]map[string]string, len(e.Faults))
	for i, f := range e.Faults {
		list[i] = map[string]string{"code": f.Code, "message": f.Message, "fix": f.Fix}
		fmt.Fprintf(os.Stderr, "错误：%s（%s）\n处理：%s\n", f.Message, f.Code, f.Fix)
	}
	if asJSON {
		_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"errors": list})
	}
	fmt.Fprintf(os.Stderr, "目录没有装载：共 %d 处问题。\n", len(list))
	return exitUsage
}

// settings lays flags over the environment over the file over the defaults.
func (e *Env) settings() (config.Config, error) {
	c, err := config.Load(e.CLI.Config, os.Getenv)
	if err != nil {
		return c, err
	}
	if e.CLI.Database != "" {
		c.Database = e.CLI.Database
	}
	if e.CLI.Data != "" {
		c.Data = e.CLI.Data
	}
	return c, nil
}

func (e *Env) say(format string, args ...any) { _, _ = fmt.Fprintf(e.Msg, format+"\n", args...) }

func (e *Env) answer(v any) error {
	enc := json.NewEncoder(e.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
