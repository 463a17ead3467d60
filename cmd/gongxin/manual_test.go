package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// What the manual says to type can be typed: commands and flags exist, and nothing that must be given is missing.
func TestManualCommands(t *testing.T) {
	t.Parallel()
	pages := []string{"../../README.md", "../../README.en.md", "../../CHANGELOG.md"}
	for _, folder := range []string{"../../docs/*.md", "../../docs/operate/*.md", "../../docs/user/*.md", "../../docs/security/*.md"} {
		found, err := filepath.Glob(folder)
		if err != nil || len(found) == 0 {
			t.Fatal(folder, err)
		}
		pages = append(pages, found...)
	}
	typed := 0
	for _, page := range pages {
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		blocks, rest := shellBlocks(string(raw))
		for _, line := range blocks {
			for _, command := range programCalls(line) {
				typed++
				if err := understood(t, command); err != nil {
					t.Errorf("%s: %s: %v", filepath.Base(page), strings.Join(command, " "), err)
				}
			}
		}
		for _, m := range inlineCode.FindAllStringSubmatch(rest, -1) {
			for _, command := range programCalls(m[1]) {
				typed++
				if err := understood(t, command); unknownWord(err) {
					t.Errorf("%s: %s: %v", filepath.Base(page), strings.Join(command, " "), err)
				}
			}
		}
	}
	if typed < 100 {
		t.Errorf("only %d commands found in the manual", typed)
	}
}

// A page that named a command or flag wrongly would be found.
func TestManualCommandsAreRead(t *testing.T) {
	t.Parallel()
	for line, wrong := range map[string]bool{
		"gongxin agency add --code 1 --name 甲":                false,
		"sudo -u gongxin gongxin --data x doctor --deep # 读遍": false,
		"gongxin agency ad --code 1 --name 甲":                 true,
		"gongxin agency add --cod 1 --name 甲":                 true,
		"gongxin agency add --name 甲":                         true,
	} {
		calls := programCalls(line)
		if len(calls) != 1 || (understood(t, calls[0]) != nil) != wrong {
			t.Errorf("%s: %v", line, calls)
		}
	}
}

var (
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")
	anyBlock   = regexp.MustCompile("(?s)```.*?```")
	inlineCode = regexp.MustCompile("`((?:\\./bin/)?gongxin [^`]+)`")
	setting    = regexp.MustCompile(`^[A-Z_]+=`)
	comment    = regexp.MustCompile(`(^|\s)#.*$`)
	shellWord  = regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`)
)

// shellBlocks gives the lines of a page's shell blocks, continued ones joined, and the text without any block.
func shellBlocks(page string) (lines []string, rest string) {
	for _, m := range shellBlock.FindAllStringSubmatch(page, -1) {
		lines = append(lines, strings.Split(strings.ReplaceAll(m[1], "\\\n", " "), "\n")...)
	}
	return lines, anyBlock.ReplaceAllString(page, "")
}

// programCalls gives the arguments of each call of the program in a line.
func programCalls(line string) (calls [][]string) {
	for _, part := range regexp.MustCompile(`&&|\|`).Split(comment.ReplaceAllString(line, ""), -1) {
		list := shellWord.FindAllString(part, -1)
		for len(list) > 0 && setting.MatchString(list[0]) {
			list = list[1:]
		}
		if len(list) > 3 && list[0] == "sudo" && list[1] == "-u" {
			list = list[3:]
		}
		if len(list) > 1 && (list[0] == "gongxin" || strings.HasSuffix(list[0], "/gongxin")) {
			calls = append(calls, list[1:])
		}
	}
	return calls
}

// understood gives the parser's refusal of a call, but not of files and values that only stand for others.
func understood(t *testing.T, args []string) error {
	t.Helper()
	var cli CLI
	left := false
	parser, err := kong.New(&cli, kong.Name("gongxin"), kong.Exit(func(int) { left = true }), kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	if left || err == nil || !(unknownWord(err) || strings.HasPrefix(err.Error(), "missing ") || strings.HasPrefix(err.Error(), "expected ")) {
		return nil
	}
	return err
}

func unknownWord(err error) bool {
	return err != nil && (strings.HasPrefix(err.Error(), "unexpected argument") || strings.HasPrefix(err.Error(), "unknown flag"))
}
