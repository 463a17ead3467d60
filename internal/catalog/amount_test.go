package catalog

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in    string
		want  string
		value int64
		fault int
	}{
		{"0.2", "0.2", 200_000, 0},
		{"0.20", "0.2", 200_000, 0},
		{".5", "0.5", 500_000, 0},
		{"5.", "5", 5_000_000, 0},
		{"007", "7", 7_000_000, 0},
		{"0", "0", 0, 0},
		{"0.000", "0", 0, 0},
		{"-0", "0", 0, 0},
		{"+3", "3", 3_000_000, 0},
		{"0.000001", "0.000001", 1, 0},
		{"0.0000010", "0.000001", 1, 0},
		{"0.0000001", "", 0, ReasonDecimals},
		{"999999999999.999999", "999999999999.999999", 999_999_999_999_999_999, 0},
		{"1000000000000", "", 0, ReasonRange},
		{"2,000", "2000", 2_000_000_000, 0},
		{"2，000", "2000", 2_000_000_000, 0},
		{"1,234,567.8", "1234567.8", 1_234_567_800_000, 0},
		{"12,34", "", 0, ReasonNotNumber},
		{"1,5", "", 0, ReasonNotNumber},
		{"1234,567", "", 0, ReasonNotNumber},
		{"0.2万元", "0.2", 200_000, 0},
		{"0.2 万元", "0.2", 200_000, 0},
		{"2000元", "", 0, ReasonNotNumber},
		{"2E-05", "0.00002", 20, 0},
		{"1.5e3", "1500", 1_500_000_000, 0},
		{"1e400", "", 0, ReasonNotNumber},
		{"0x1p4", "", 0, ReasonNotNumber},
		{"Inf", "", 0, ReasonNotNumber},
		{"0.30000000000000004", "0.3", 300_000, 0},
		{"1234.5600000000001", "1234.56", 1_234_560_000, 0},
		{"0.123456789012345678", "", 0, ReasonDecimals},
		{"-1", "", 0, ReasonRange},
		{"--1", "", 0, ReasonNotNumber},
		{"1.2.3", "", 0, ReasonNotNumber},
		{".", "", 0, ReasonNotNumber},
		{"很多", "", 0, ReasonNotNumber},
		{"万元", "", 0, ReasonNotNumber},
	}
	for _, tt := range tests {
		got, value, fault := parseNumber(tt.in, 6, 12, "万元")
		if got != tt.want || value != tt.value || fault != tt.fault {
			t.Errorf("parseNumber(%q) = %q, %d, %d; want %q, %d, %d", tt.in, got, value, fault, tt.want, tt.value, tt.fault)
		}
	}
}

func TestAmountsInText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want []int64 // 分
	}{
		{"罚款2000元", []int64{200_000}},
		{"罚款人民币2,000.50元整", []int64{200_050}},
		{"罚款0.2万元；没收违法所得500元", []int64{200_000, 50_000}},
		{"罚款贰仟元整", []int64{200_000}},
		{"罚款人民币壹万贰仟叁佰肆拾伍元", []int64{1_234_500}},
		{"罚款两万元", []int64{2_000_000}},
		{"罚款1亿元", []int64{10_000_000_000}},
		{"罚款一亿二千万元", []int64{12_000_000_000}},
		{"罚款十五元、一千零十五元", []int64{1_500, 101_500}},
		{"警告", nil},
		{"元旦前改正", nil},
		{"单元", nil},
		{"多元化经营", nil},
		{"亿亿亿亿亿元", nil},
		{"99999999999999999999元", nil},
	}
	for _, tt := range tests {
		var got []int64
		eachAmount(tt.text, func(fen int64) bool {
			got = append(got, fen)
			return true
		})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestAmountBehind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text, word string
		want       int64
		ok         bool
	}{
		{"没收违法所得500元；罚款2000元", "罚款", 200_000, true},
		{"没收违法所得500元；罚款2000元", "没收", 50_000, true},
		{"处以2000元罚款", "罚款", 200_000, true},
		{"处2000元的罚款", "罚款", 200_000, true},
		{"罚款2000元。逾期不缴的加处罚款", "罚款", 200_000, true},
		{"罚款2000元，对负责人罚款500元", "罚款", 0, false},
		{"罚款；没收500元", "罚款", 0, false},
		{"警告", "罚款", 0, false},
	}
	for _, tt := range tests {
		if got, ok := amountBehind(tt.text, tt.word); got != tt.want || ok != tt.ok {
			t.Errorf("amountBehind(%q, %q) = %d, %v; want %d, %v", tt.text, tt.word, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzAmounts(f *testing.F) {
	f.Add("罚款人民币壹万贰仟元整，没收1,234.5万元", "1,234.50")
	f.Fuzz(func(t *testing.T, text, number string) {
		eachAmount(text, func(fen int64) bool {
			if fen < 0 || fen > maxYuan*fenPerYuan {
				t.Fatalf("%q names %d", text, fen)
			}
			return true
		})
		s, value, fault := parseNumber(number, 6, 12, "万元")
		if fault != 0 {
			return
		}
		again, same, fault := parseNumber(s, 6, 12, "万元")
		if again != s || same != value || fault != 0 || value < 0 || formatMillionths(value) != s {
			t.Fatalf("%q → %q (%d) → %q (%d)", number, s, value, again, same)
		}
	})
}
