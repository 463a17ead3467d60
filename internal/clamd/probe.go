package clamd

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"

	"gongxin/internal/fault"
)

// Faults of a scanner that answers, and cannot be believed.
var (
	ErrBlind = fault.New(fault.Unavailable, "clamd.blind", "病毒检查服务查不出标准的测试文件（EICAR）", "请运行 freshclam 装上官方病毒库；只用自制特征的，请加上 EICAR 的特征")
	ErrLax   = fault.New(fault.Unavailable, "clamd.lax", "病毒检查服务遇到超过它上限的文件，不检查就当作没有病毒", "请在 clamd.conf 里写上 AlertExceedsMax yes，然后重新启动 clamd")
)

// deepest is more archives in each other than MaxRecursion of any clamd.conf allows.
const deepest = 120

// Probe tries whether the scanner finds the test file, and says so where it leaves off. The counts of scans are not touched.
func (c *Client) Probe(ctx context.Context) error {
	answer, err := c.try(ctx, testFile())
	switch {
	case err != nil:
		return err
	case answer == "":
		return ErrBlind
	}
	deep, err := archives(deepest)
	if err != nil {
		return err
	}
	answer, err = c.try(ctx, deep)
	if err == nil && answer == "" {
		err = ErrLax
	}
	return err
}

func (c *Client) try(ctx context.Context, content []byte) (string, error) {
	answer, err := c.ask(ctx, "INSTREAM", bytes.NewReader(content))
	if err != nil {
		return "", err
	}
	return parseScan(answer)
}

// testFile gives the EICAR test file. It stands here in halves, so that no scanner finds this program.
func testFile() []byte {
	return []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-` + string([]rune{'S', 'T', 'A', 'N', 'D', 'A', 'R', 'D'}) + `-ANTIVIRUS-TEST-FILE!$H+H*`)
}

// archives gives so many archives in each other.
func archives(depth int) ([]byte, error) {
	content := []byte("x")
	for range depth {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		f, err := z.CreateHeader(&zip.FileHeader{Name: "a", Method: zip.Store})
		if err == nil {
			_, err = f.Write(content)
		}
		if err == nil {
			err = z.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("clamd: probe: %w", err)
		}
		content = b.Bytes()
	}
	return content, nil
}
