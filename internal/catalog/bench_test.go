package catalog

import (
	"io/fs"
	"strings"
	"testing"
)

// full is a row with nearly every one of its fields filled, as departments file them.
func full(t testing.TB, code ItemCode) (*Item, Values) {
	if code == "XZCF" {
		return row(t, code, map[string]string{
			"CF_XDR_GSZC": "990102000000012", "CF_XDR_ZZJG": "MA0A00014", "CF_XDR_SWDJ": "990102000000012", "CF_GSJZQ": "2026-06-03", "BZ": "无",
			"CF_SY": strings.Repeat("经查，当事人经营的预包装食品标签未标明生产日期，货值金额500元。", 3), "CF_ZT": "有效", "CF_NR_ZKDX": "食品经营许可证",
			"CF_CFCX": "普通程序", "CF_YZCD": "一般",
		})
	}
	return row(t, code, map[string]string{"XK_XDR_GSZC": "990102000000012", "XK_XDR_ZZJG": "MA0A00014", "XK_NR": strings.Repeat("预包装食品（含冷藏冷冻食品）销售；", 5), "BZ": "延续"})
}

func BenchmarkCheck(b *testing.B) {
	for _, code := range []ItemCode{"XZXK", "XZCF", "DJJC", "XYCN"} {
		b.Run(string(code), func(b *testing.B) {
			it, v := row(b, code, nil)
			if code == "XZCF" || code == "XZXK" {
				it, v = full(b, code)
			}
			in := &CheckInput{Received: received, Kind: new(SubjectKind)}
			it.Check(v, in) // the normal form: what nearly every row arrives in
			b.ReportAllocs()
			for b.Loop() {
				it.Check(v, in)
			}
		})
	}
	b.Run("XZCF_five_faults", func(b *testing.B) {
		it, clean := row(b, "XZCF", map[string]string{"CF_XDR_SHXYM": "91370303MA3C000119", "CF_WSH": "", "CF_JDRQ": "2026-02-30", "CF_NR_FK": "很多", "CF_XDR_LB": "甲"})
		v := make(Values, len(clean))
		b.ReportAllocs()
		for b.Loop() {
			copy(v, clean)
			it.Check(v, &CheckInput{Received: received})
		}
	})
}

func BenchmarkMatchHeaders(b *testing.B) {
	it, _ := Default().Item("XZCF")
	cells := make([]string, len(it.Fields))
	for i := range it.Fields {
		cells[i] = it.Fields[i].Name
	}
	b.ReportAllocs()
	for b.Loop() {
		it.MatchHeaders(cells)
	}
}

func BenchmarkLoad(b *testing.B) {
	data, err := fs.Sub(embedded, "data")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Load(data); err != nil {
			b.Fatal(err)
		}
	}
}
