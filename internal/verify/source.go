package verify

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Source gives the files of a log by their names below it: checkpoint, tile/….
type Source interface {
	Read(ctx context.Context, name string) ([]byte, error)
}

// maxFile bounds what is read: a full bundle of the largest entries.
const maxFile = 17 << 20

// Folder is a log directory or a copy of one.
type Folder string

// Read reads a file.
func (f Folder) Read(_ context.Context, name string) ([]byte, error) {
	file, err := os.Open(filepath.Join(string(f), filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return bounded(file)
}

// Site is a log on the web.
type Site struct {
	Address string // such as https://example.cn/log/
	Client  *http.Client
}

// Read fetches a file.
func (s Site) Read(ctx context.Context, name string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(s.Address, "/")+"/"+name, nil)
	if err != nil {
		return nil, err
	}
	c := s.Client
	if c == nil {
		c = &http.Client{Timeout: 30 * time.Second}
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	switch resp.StatusCode {
	case http.StatusOK:
		return bounded(resp.Body)
	case http.StatusNotFound:
		return nil, fs.ErrNotExist
	default:
		return nil, fmt.Errorf("verify: the log answers %d", resp.StatusCode)
	}
}

func bounded(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = errors.New("verify: file is too large")
	}
	return b, err
}

// Open gives the source for a folder or an address.
func Open(place string) Source {
	if strings.HasPrefix(place, "https://") || strings.HasPrefix(place, "http://") {
		return Site{Address: place}
	}
	return Folder(place)
}

const tileWidth = 256

// tileName is the path of a tile of C2SP tlog-tiles; level -1 are the entries. width 256 is a full one.
func tileName(level int, n int64, width int) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	name := "entries"
	if level >= 0 {
		name = strconv.Itoa(level)
	}
	name = "tile/" + name + "/" + text
	if width < tileWidth {
		name += ".p/" + strconv.Itoa(width)
	}
	return name
}

// readTile reads a tile, the partial one or the full one that replaced it, and gives the name under which it was found.
func readTile(ctx context.Context, s Source, level int, n int64, width int) (name string, b []byte, err error) {
	name = tileName(level, n, width)
	b, err = s.Read(ctx, name)
	if errors.Is(err, fs.ErrNotExist) && width < tileWidth {
		name = tileName(level, n, tileWidth)
		b, err = s.Read(ctx, name)
	}
	return name, b, err
}

// SplitBundle cuts an entry bundle: each entry with its length (2 bytes, big endian) before it, 256 at most.
func SplitBundle(b []byte) ([][]byte, error) {
	var out [][]byte
	for len(b) > 0 {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) || len(out) == tileWidth {
			return nil, errors.New("verify: entry bundle is damaged")
		}
		n := int(binary.BigEndian.Uint16(b))
		out = append(out, b[2:2+n])
		b = b[2+n:]
	}
	return out, nil
}
