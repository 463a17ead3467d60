package ruleset

import "strings"

// Lines lists the lines in which two files of rules differ, those that go with "-" and those that come with "+".
func Lines(old, new []byte) string { return diff(lines(old), lines(new)) }

// lines gives a rule file's lines without comments and blanks, which rule nothing.
func lines(text []byte) []string {
	var out []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// diff is the longest common subsequence with what stands beside it. Sections keep their order, so that a line names its section.
func diff(a, b []string) string {
	if len(a)*len(b) > maxDiff {
		return "内容很长，差异没有逐行列出\n"
	}
	common := make([][]int32, len(a)+1)
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out strings.Builder
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out.WriteString("- " + a[i] + "\n")
			i++
		default:
			out.WriteString("+ " + b[j] + "\n")
			j++
		}
	}
	return out.String()
}

// maxDiff bounds the table of the comparison: two files of 2,000 lines each.
const maxDiff = 4_000_000
