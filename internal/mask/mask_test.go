package mask

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestKeep(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in          string
		left, right int
		want        string
	}{
		{"370303199001010017", 6, 4, "370303********0017"},
		{"370303199001010017", 10, 4, "3703031990****0017"},
		{"1234567890", 6, 4, "**********"},
		{"12345678901", 6, 4, "123456*8901"},
		{"1234", 6, 4, "****"},
		{"", 1, 1, ""},
		{"山东省", 1, 0, "山**"},
		{"山东省", 0, 1, "**省"},
		{"山东省", 0, 0, "***"},
		{"山东省", -5, -1, "***"},
		{"山东省", 1 << 62, 1 << 62, "***"},
		{"\xff\xfe\xfd", 1, 1, "\xff*\xfd"},
	}
	for _, tt := range tests {
		if got := Keep(tt.in, tt.left, tt.right); got != tt.want {
			t.Errorf("Keep(%q, %d, %d) = %q, want %q", tt.in, tt.left, tt.right, got, tt.want)
		}
	}
}

// What a rule does not show is hidden, whatever the value.
func TestKeepShowsNoMoreThanTheRule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[^*]*`).Draw(t, "value")
		left, right := rapid.IntRange(0, 12).Draw(t, "left"), rapid.IntRange(0, 12).Draw(t, "right")
		got := Keep(s, left, right)
		n := utf8.RuneCountInString(s)
		if utf8.RuneCountInString(got) != n {
			t.Fatalf("%q became %q", s, got)
		}
		want := n - left - right
		if want <= 0 {
			want = n
		}
		if stars := strings.Count(got, "*"); stars != want {
			t.Fatalf("Keep(%q, %d, %d) = %q hides %d, want %d", s, left, right, got, stars, want)
		}
	})
}

func TestNamed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		mask     func(string) string
		in, want string
	}{
		{"name", PersonName, "张三", "张*"},
		{"name", PersonName, "张三丰", "张**"},
		{"name", PersonName, "欧阳修", "欧阳*"},
		{"name", PersonName, "司马相如", "司马**"},
		{"name", PersonName, "欧阳", "欧*"},
		{"name", PersonName, "张", "*"},
		{"name", PersonName, "", ""},
		{"name", PersonName, " 李四 ", "李*"},
		{"name", PersonName, "阿依古丽·买买提", "阿*******"},
		{"name", PersonName, "John Smith", "J*********"},
		{"id", ID, "11010519491231002X", "110105********002X"},
		{"id", ID, "370303900101001", "370303*****1001"},
		{"id", ID, "E12345678", "E1*****78"},
		{"id", ID, "H1234567", "H1****67"},
		{"id", ID, "A123456", "*******"},
		{"phone", Phone, "13812345678", "138****5678"},
		{"phone", Phone, "+8613812345678", "+86*******5678"},
		{"phone", Phone, "0533-1234567", "053*****4567"},
		{"phone", Phone, "1234567", "***4567"},
		{"phone", Phone, "12345", "*****"},
		{"card", Card, "6222020200012345678", "***************5678"},
		{"card", Card, "1234567", "*******"},
		{"address", Address, "山东省淄博市张店区柳泉路100号", "山东省淄博市张店区****"},
		{"address", Address, "张店区柳泉路100号", "张店区****"},
		{"address", Address, "北京市朝阳区建国路1号", "北京市朝阳区****"},
		{"address", Address, "内蒙古自治区锡林郭勒盟正蓝旗上都镇", "内蒙古自治区锡林郭勒盟正蓝旗****"},
		{"address", Address, "新疆维吾尔自治区喀什地区疏勒县幸福路", "新疆维吾尔自治区喀什地区疏勒县****"},
		{"address", Address, "贵州省黔西南布依族苗族自治州兴义市桔山大道", "贵州省黔西南布依族苗族自治州兴义市****"},
		{"address", Address, "江西省景德镇市珠山区瓷都大道", "江西省景德镇市珠山区****"},
		{"address", Address, "河南省新乡市红旗区人民路", "河南省新乡市红旗区****"},
		{"address", Address, "湖北省荆州市沙市区北京路", "湖北省荆州市沙市区****"},
		{"address", Address, "福建省厦门市思明区湖滨南路", "福建省厦门市思明区****"},
		{"address", Address, "河北省唐山市路北区新华道", "河北省唐山市路北区****"},
		{"address", Address, "香港特别行政区湾仔区轩尼诗道", "香港特别行政区湾仔区****"},
		{"address", Address, "淄博市柳泉小区3号楼2单元", "淄博市****"},
		{"address", Address, "淄博市人民路超市对面幸福社区", "淄博市****"},
		{"address", Address, "临溪市望溪区", "临溪市望溪区"},
		{"address", Address, "柳泉路100号", "****"},
		{"address", Address, "幸福小区3号楼", "****"},
		{"address", Address, "", ""},
	}
	for _, tt := range tests {
		if got := tt.mask(tt.in); got != tt.want {
			t.Errorf("%s: %q became %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

func FuzzMasks(f *testing.F) {
	for _, s := range []string{"张三", "11010519491231002X", "山东省淄博市张店区柳泉路100号", "\xff市", "市市市区区", "13812345678"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain := strings.ReplaceAll(s, "*", "")
		n := utf8.RuneCountInString(strings.TrimSpace(plain))
		for name, limit := range map[string]struct {
			mask  func(string) string
			shown int
		}{"name": {PersonName, 2}, "id": {ID, 10}, "phone": {Phone, 7}, "card": {Card, 4}} {
			got := limit.mask(plain)
			if shown := utf8.RuneCountInString(got) - strings.Count(got, "*"); shown > limit.shown || shown == n && n > 0 {
				t.Fatalf("%s: %q became %q, which shows %d of %d", name, plain, got, shown, n)
			}
		}
		if got := Address(plain); !strings.HasSuffix(got, hidden) && divisionEnd([]rune(got)) != utf8.RuneCountInString(got) {
			t.Fatalf("address %q became %q", plain, got)
		}
	})
}

func BenchmarkKeep(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = Keep("370303199001010017", 6, 4)
	}
}
