package audit

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"gongxin/internal/clock"
	"gongxin/internal/sheet"
)

// csvHead is the first line of an export.
var csvHead = []string{
	"编号", "时间", "账号类型", "账号编号", "单位编号", "网络地址", "会话", "主体编号", "应用事项", "依据", "授权编号", "查询种类", "记录", "结果", "缺少要件", "延迟告知至", "延迟依据",
}

// Export writes every entry that fits as CSV (UTF-8 with its mark, for spreadsheets), newest first, and gives how many. The export is an act, on file
// before its first line leaves.
func (l *Log) Export(ctx context.Context, who Who, f Filter, w io.Writer) (int, error) {
	if err := l.act(ctx, Act{Who: who, Action: "access.export", Entity: "access", Detail: f.String()}); err != nil {
		return 0, err
	}
	if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return 0, fmt.Errorf("audit: export: %w", err)
	}
	out := csv.NewWriter(w)
	if err := out.Write(csvHead); err != nil {
		return 0, fmt.Errorf("audit: export: %w", err)
	}
	n, cursor := 0, ""
	for {
		list, next, err := l.search(ctx, f, cursor, eachPage)
		if err != nil {
			return n, err
		}
		for i := range list {
			if err := out.Write(csvLine(&list[i])); err != nil {
				return n, fmt.Errorf("audit: export: %w", err)
			}
			n++
		}
		if out.Flush(); out.Error() != nil {
			return n, fmt.Errorf("audit: export: %w", out.Error())
		}
		if cursor = next; next == "" {
			return n, nil
		}
	}
}

func csvLine(a *Access) []string {
	line := []string{
		dec(a.ID), csvTime(a.At), a.Who.Kind, dec(a.Who.ID), dec(a.Who.Agency), a.Who.Address, dec(a.Who.Session), dec(a.Subject), a.Matter, a.Basis, dec(a.Consent), a.What,
		strconv.Itoa(len(a.Records)), a.Outcome, a.Missing, csvTime(a.HiddenUntil), a.SecrecyBasis,
	}
	return sheet.PlainAll(line)
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(clock.Zone).Format("2006-01-02 15:04:05")
}
