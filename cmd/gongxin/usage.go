package main

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"gongxin/internal/fault"
)

// The parser words its refusals and its help in English. Here they are said in Chinese; what the caller typed is repeated only where it is the name of
// a command or flag, since values may be codes and names of persons.

var (
	saidArgument = regexp.MustCompile(`(?s)^unexpected argument (.+?)(?:, did you mean .*)?$`)
	saidFlag     = regexp.MustCompile(`(?s)^unknown flag (.+?)(?:, did you mean .*)?$`)
	saidMissing  = regexp.MustCompile(`^missing flags: (.+)$`)
	saidExpected = regexp.MustCompile(`^(?:expected|missing positional arguments) "?(<.+>)"?$`)
	saidOneOf    = regexp.MustCompile(`^(\S+?)(?:=\S*)? must be one of (\S+) but got`)
	saidValue    = regexp.MustCompile(`^(<[^>]+>|--?[^ :=]+)(?:=\S*)?: (?:expected|missing|bool value|.*invalid)`)
	saidFile     = regexp.MustCompile(`(?s)^(<[^>]+>|--?[^ :=]+)(?:=\S*)?: .*(no such file or directory|exists but is a directory|exists but is not a directory|permission denied)`)
	plainName    = regexp.MustCompile(`^(?:-|--)?[A-Za-z][a-zA-Z-]{0,30}$`)
	quoted       = regexp.MustCompile(`"([^"]+)"`)
)

// usageError words a refusal of the parser, with the nearest valid names and how to get help.
func usageError(err error) error {
	var parse *kong.ParseError
	if !errors.As(err, &parse) {
		return usage{err}
	}
	var known *fault.Error
	if errors.As(err, &known) { // a command's own check
		return usage{err}
	}
	return usage{fault.New(fault.Invalid, "usage", usageSentence(err.Error(), parse.Context), "用法见 "+helpCommand(parse.Context)).With(err)}
}

func usageSentence(said string, c *kong.Context) string {
	near := nearest(said)
	if m := saidArgument.FindStringSubmatch(said); m != nil {
		if names := commandNames(c); len(names) > 0 {
			if near == "" {
				near = "；可用的命令：" + strings.Join(names, "、")
			}
			return "没有" + typed(m[1]) + "这个命令" + near
		}
		return "多写了一个参数：" + commandPath(c) + " 不需要这么多参数"
	}
	if m := saidFlag.FindStringSubmatch(said); m != nil {
		return "没有" + typed(m[1]) + "这个选项" + near
	}
	if m := saidMissing.FindStringSubmatch(said); m != nil {
		return "缺少必填的选项：" + strings.NewReplacer(", ", "、", "=STRING", " TEXT", "=", " ").Replace(m[1])
	}
	if m := saidExpected.FindStringSubmatch(said); m != nil {
		return "缺少参数：" + m[1]
	}
	if names := commandNames(c); strings.HasPrefix(said, "expected ") && len(names) > 0 {
		return "没有写明要做什么；可用的命令：" + strings.Join(names, "、")
	}
	if m := saidOneOf.FindStringSubmatch(said); m != nil {
		return m[1] + " 的值不对，可以填：" + strings.ReplaceAll(strings.ReplaceAll(m[2], `"`, ""), ",", "、")
	}
	if m := saidFile.FindStringSubmatch(said); m != nil {
		return m[1] + fileWords[m[2]]
	}
	if m := saidValue.FindStringSubmatch(said); m != nil {
		return m[1] + valueSentence(said)
	}
	return "命令的写法不对"
}

// fileWords say what is wrong with a file that a flag or an argument names; its path is not repeated.
var fileWords = map[string]string{
	"no such file or directory": " 写的文件或目录不存在，请检查路径", "exists but is a directory": " 写的是一个目录，要的是文件", "exists but is not a directory": " 写的是一个文件，要的是目录",
	"permission denied": " 写的文件没有权限读取",
}

// typed repeats what was typed when it can be nothing but a name of the program's own kind.
func typed(name string) string {
	if !plainName.MatchString(name) {
		return ""
	}
	return "“" + name + "”"
}

// valueSentence says what is wrong with the value of a flag or an argument.
func valueSentence(said string) string {
	switch {
	case strings.Contains(said, `"EOL"`), strings.Contains(said, "perhaps try"):
		return " 后面缺少值"
	case strings.Contains(said, "bool"):
		return " 的值不对：只能填 true 或 false，也可以不填"
	case strings.Contains(said, " int"), strings.Contains(said, " uint"):
		return " 的值不对：应为整数"
	case strings.Contains(said, "float"):
		return " 的值不对：应为数字"
	case strings.Contains(said, "duration"):
		return " 的值不对：应为时长，例如 30s、5m、2h"
	default:
		return " 的值不对"
	}
}

// nearest gives the names that the parser found near to what was typed.
func nearest(said string) string {
	_, list, ok := strings.Cut(said, "did you mean")
	if !ok {
		return ""
	}
	var names []string
	for _, m := range quoted.FindAllStringSubmatch(list, -1) {
		names = append(names, m[1])
	}
	return "；是不是要写 " + strings.Join(names, " 或 ")
}

// commandNames are the commands below the one that was reached.
func commandNames(c *kong.Context) (names []string) {
	node := c.Selected()
	if node == nil {
		node = c.Model.Node
	}
	for _, child := range node.Children {
		if child.Type == kong.CommandNode && !child.Hidden {
			names = append(names, child.Name)
		}
	}
	return names
}

func commandPath(c *kong.Context) string {
	if node := c.Selected(); node != nil {
		return node.FullPath()
	}
	return c.Model.Name
}

func helpCommand(c *kong.Context) string { return commandPath(c) + " --help" }

// asksJSON reports whether the command line asks for JSON, when it could not be read to its end.
func asksJSON(args []string) bool { return slices.Contains(args, "--json") }

// helpWords are the parser's own words in a help text. They stand at the beginning of a line, where no text of a command stands.
var helpWords = []struct {
	said  *regexp.Regexp
	words string
}{
	{regexp.MustCompile(`(?m)^Usage: `), "用法："},
	{regexp.MustCompile(`(?m)^Commands:$`), "命令："},
	{regexp.MustCompile(`(?m)^Arguments:$`), "参数："},
	{regexp.MustCompile(`(?m)^Flags:$`), "选项："},
	{regexp.MustCompile(`(?m)^Run "(.+) <command> --help" for more information on a command\.$`), "运行 $1 <命令> --help 查看一个命令的用法。"},
	{regexp.MustCompile(`(?m)^Run "(.+) --help" for more information\.$`), "运行 $1 --help 查看详细用法。"},
	{regexp.MustCompile(`(?m)^(用法：.*)<command>`), "$1<命令>"},
	{regexp.MustCompile(`(?m)^(用法：.*)\[flags\]`), "$1[选项]"},
	{regexp.MustCompile(`(?m)^( .*=)STRING(  )`), "${1}TEXT  $2"}, // the column that follows stays where it is
	{regexp.MustCompile(`=STRING\b`), "=TEXT"},
	{regexp.MustCompile(`(?m)Show context-sensitive help\.$`), "显示用法。"},
}

// printHelp prints the parser's help in Chinese.
func printHelp(options kong.HelpOptions, c *kong.Context) error {
	var text bytes.Buffer
	out := c.Stdout
	c.Stdout = &text
	err := kong.DefaultHelpPrinter(options, c)
	c.Stdout = out
	if err != nil {
		return err
	}
	said := text.String()
	for _, w := range helpWords {
		said = w.said.ReplaceAllString(said, w.words)
	}
	_, err = out.Write([]byte(said))
	return err
}
