package catalog

import "testing"

func TestListSpellings(t *testing.T) {
	t.Parallel()
	tests := []struct{ list, in, want string }{
		{"subject_kind", "法人 及非法人组织", "法人及非法人组织"},
		{"subject_kind", "２", "自然人"},
		{"subject_kind", "个体户", "个体工商户"},
		{"penalty_kind", "吊销许可证", "吊销许可证件"},
		{"penalty_kind", "暂扣执照", "暂扣许可证件"},
		{"penalty_kind", "吊销许可证、执照", "吊销许可证件"},
		{"penalty_kind", "罚金", ""}, // a punishment of the criminal law
		{"penalty_kind", "其他", ""},
		{"id_type", "居民身份证", "身份证"},
		{"procedure", "简易", "简易程序"},
		{"procedure", "一般程序", "普通程序"},
		{"severity", "轻微失信", "轻微"},
		{"registration_state", "在业", "存续"},
		{"commitment_kind", "1", "审批替代型"},
	}
	for _, tt := range tests {
		l := Default().Lists[tt.list]
		got := ""
		if i := l.find(tt.in, false); i >= 0 {
			got = l.Values[i].Name
		}
		if got != tt.want {
			t.Errorf("%s: %q is %q, want %q", tt.list, tt.in, got, tt.want)
		}
	}
}

func TestListOpen(t *testing.T) {
	t.Parallel()
	l := Default().Lists["licence_category"]
	for in, want := range map[string]string{
		"其他-备案": "其他-备案", "其他—备案": "其他-备案", "其他：备案": "其他-备案", "其他（备案）": "其他-备案", "其它备案": "其他-备案", "其他 - 备案（含变更）": "其他-备案（含变更）",
		"其他": "", "其他-": "", "其他（）": "", "备案": "", "": "",
	} {
		got, ok := l.open(in)
		if got != want || ok != (want != "") {
			t.Errorf("open(%q) = %q, %v; want %q", in, got, ok, want)
		}
		if again, _ := l.open(got); again != got {
			t.Errorf("open(%q) = %q: not the normal form", got, again)
		}
	}
}

func TestListChoose(t *testing.T) {
	t.Parallel()
	l := Default().Lists["penalty_kind"]
	for text, want := range map[string]string{"暂扣许可证三个月": "暂扣许可证件", "吊销许可证": "吊销许可证件"} {
		if i := l.choose("暂扣/吊销许可证", text); i < 0 || l.Values[i].Name != want {
			t.Errorf("%s: %d", text, i)
		}
	}
	for _, text := range []string{"", "罚款", "先暂扣，后吊销"} {
		if i := l.choose("暂扣或者吊销执照", text); i != -2 {
			t.Errorf("%q decides %d", text, i)
		}
	}
	if i := l.choose("罚款", "吊销"); i != -1 {
		t.Errorf("罚款 is no two-in-one value: %d", i)
	}
}
