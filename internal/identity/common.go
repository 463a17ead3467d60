package identity

import (
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // the form in which lists of leaked passwords are published; nothing rests on it
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"slices"
	"sort"
	"strings"

	"gongxin/internal/fault"
)

// commonBytes holds the first 5 bytes of SHA-256 of common passwords of ten characters and more in lower case, sorted. A test makes it from the
// patterns of data/common.txt.
//
//go:embed data/common.bin
var commonBytes []byte

// commonList knows common passwords: the embedded ones, and those of a file of the operator.
type commonList struct {
	built  []byte   // prefixes of SHA-256 of builtBytes each
	plain  []uint64 // of the operator's file, prefixes of SHA-256
	leaked []uint64 // of the operator's file, prefixes of SHA-1
}

// ErrCommonFile refuses a list of common passwords.
var ErrCommonFile = fault.New(fault.Invalid, "identity.common_file", "常见口令文件无法读取",
	"每行一个口令，或每行一个 SHA-1（可带“:次数”）；最多 400 万行")

const maxCommonLines = 4_000_000

func openCommon(path string) (*commonList, error) {
	c := &commonList{built: commonBytes}
	if path == "" {
		return c, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, ErrCommonFile.With(err)
	}
	defer func() { _ = f.Close() }()
	return c, c.read(f)
}

// read takes in an operator's file.
func (c *commonList) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), 64<<10)
	for n := 0; lines.Scan(); n++ {
		if n == maxCommonLines {
			return ErrCommonFile
		}
		line := bytes.TrimSuffix(lines.Bytes(), []byte("\r"))
		if len(line) == 0 {
			continue
		}
		if sum, ok := leakedLine(line); ok {
			c.leaked = append(c.leaked, sum)
		} else {
			c.plain = append(c.plain, commonHash(string(line)))
		}
	}
	if err := lines.Err(); err != nil {
		return ErrCommonFile.With(err)
	}
	slices.Sort(c.plain)
	slices.Sort(c.leaked)
	return nil
}

// leakedLine reads a line of the published lists: SHA-1 in hexadecimal, with or without a count.
func leakedLine(line []byte) (uint64, bool) {
	text, _, _ := bytes.Cut(line, []byte(":"))
	if len(text) != 2*sha1.Size {
		return 0, false
	}
	var sum [sha1.Size]byte
	if _, err := hex.Decode(sum[:], text); err != nil {
		return 0, false
	}
	return binary.BigEndian.Uint64(sum[:]), true
}

func commonHash(password string) uint64 {
	sum := sha256.Sum256([]byte(strings.ToLower(canonical(password))))
	return binary.BigEndian.Uint64(sum[:])
}

// has says whether a password is common, also with marks around it, which guessers try first.
func (c *commonList) has(password string) bool {
	if sum := sha1.Sum([]byte(password)); contains(c.leaked, binary.BigEndian.Uint64(sum[:])) { //nolint:gosec // see the import
		return true
	}
	for _, p := range []string{password, strings.Trim(password, "!@#$%^&*.?_- ~")} {
		if h := commonHash(p); c.builtHas(h) || contains(c.plain, h) {
			return true
		}
	}
	return false
}

func contains(sorted []uint64, h uint64) bool {
	_, ok := slices.BinarySearch(sorted, h)
	return ok
}

// builtBytes are kept of each embedded hash: at 400,000 of them one strange password in two million is called common by chance.
const builtBytes = 5

func (c *commonList) builtHas(h uint64) bool {
	var want [8]byte
	binary.BigEndian.PutUint64(want[:], h)
	n := len(c.built) / builtBytes
	i := sort.Search(n, func(i int) bool { return bytes.Compare(c.built[i*builtBytes:(i+1)*builtBytes], want[:builtBytes]) >= 0 })
	return i < n && bytes.Equal(c.built[i*builtBytes:(i+1)*builtBytes], want[:builtBytes])
}
