package nameindex

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strings"
	"sync"

	"golang.org/x/text/encoding/simplifiedchinese"
)

var demoPlaces = []string{"东山省", "临溪市", "南桥区", "云岭区", "石浦区", "江北区", "青田县", "高新区"}

var demoForms = []struct {
	text   string
	weight int
}{
	{"有限公司", 55},
	{"有限责任公司", 8},
	{"股份有限公司", 2},
	{"合作社", 2},
	{"店", 8},
	{"经营部", 8},
	{"商行", 5},
	{"厂", 3},
	{"工作室", 3},
	{"集团有限公司", 2},
	{"合伙企业（有限合伙）", 2},
	{"有限公司分公司", 2},
}

var demoTrades = strings.Fields(`商贸 贸易 科技 建筑工程 餐饮 餐饮管理 物流 汽车销售 房地产开发 装饰工程 电子商务 农业科技 食品 服装 建材 机械
	机械制造 信息技术 广告传媒 文化传播 医药 医疗器械 环保科技 新材料 能源 化工 纺织 家具 五金 水产 养殖 种植 超市 便利 百货 美容 美发 洗车
	汽修 电器 通讯 网络科技 软件 教育咨询 企业管理 人力资源 劳务 保洁 物业管理 园林绿化 酒店管理 旅行社 3D打印 打印 图文 印刷 包装 塑料 橡胶
	金属制品 钢材 水泥 砂石 运输 仓储 供应链管理 进出口 国际贸易`)

// brandChars are 1,500 of the characters that GB 2312 counts as common, spread over all readings.
var brandChars = sync.OnceValue(func() []rune {
	dec := simplifiedchinese.GBK.NewDecoder()
	var all []rune
	for row := 0xB0; row <= 0xD7; row++ {
		for col := 0xA1; col <= 0xFE; col++ {
			s, err := dec.String(string([]byte{byte(row), byte(col)}))
			if r := []rune(s); err == nil && len(r) == 1 && r[0] >= 0x4E00 && r[0] <= 0x9FFF {
				all = append(all, r[0])
			}
		}
	}
	out := make([]rune, 0, 1500)
	for i := range 1500 {
		out = append(out, all[i*len(all)/1500])
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
})

// demo makes believable names: place, brand, trade, legal form. Some brand characters are more popular than others.
type demo struct{ r *rand.Rand }

func newDemo(seed uint64) *demo { return &demo{rand.New(rand.NewPCG(seed, 7))} }

func (g *demo) brand() string {
	chars := brandChars()
	n := 2
	if x := g.r.IntN(10); x >= 9 {
		n = 4
	} else if x >= 6 {
		n = 3
	}
	var b strings.Builder
	for range n {
		b.WriteRune(chars[int(float64(len(chars))*math.Pow(g.r.Float64(), 1.5))])
	}
	return b.String()
}

func (g *demo) place() string {
	switch x := g.r.IntN(10); {
	case x < 4:
		return "临溪市"
	case x < 6:
		return "临溪"
	case x < 8:
		return "临溪市" + demoPlaces[2+g.r.IntN(5)]
	case x < 9:
		return demoPlaces[2+g.r.IntN(5)]
	}
	return ""
}

func (g *demo) form() string {
	x := g.r.IntN(100)
	for _, f := range demoForms {
		if x -= f.weight; x < 0 {
			return f.text
		}
	}
	return "有限公司"
}

func (g *demo) name() string {
	place, brand, trade, form := g.place(), g.brand(), demoTrades[g.r.IntN(len(demoTrades))], g.form()
	if place == "临溪" && g.r.IntN(4) == 0 && strings.HasPrefix(form, "有限") {
		return brand + trade + "（临溪）" + form
	}
	return place + brand + trade + form
}

func (g *demo) entry(i int) Entry {
	const digits = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	region := fmt.Sprintf("9901%02d", 2+g.r.IntN(5))
	code := []byte("91" + region)
	for range 10 {
		code = append(code, digits[g.r.IntN(len(digits))])
	}
	e := Entry{
		ID: int64(i) + 1, Name: g.name(), Code: string(code), Region: region,
		Kind: 1 << g.r.IntN(3), Weight: uint8(g.r.IntN(100) * g.r.IntN(100) / 50),
	}
	if g.r.IntN(12) == 0 {
		e.Former = []string{g.name()}
	}
	return e
}

// entries yields n entries, the same for the same seed.
func demoEntries(seed uint64, n int) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		g := newDemo(seed)
		for i := range n {
			if !yield(g.entry(i)) {
				return
			}
		}
	}
}

var demoIndex = sync.OnceValue(func() *Index {
	ix := New(Options{Places: demoPlaces})
	ix.Load(demoEntries(1, 100_000))
	return ix
})

// perturb makes one slip at a random place.
func perturb(r *rand.Rand, s string) (kind, out string) {
	rs := []rune(s)
	chars := brandChars()
	any := func() rune { return chars[r.IntN(len(chars))] }
	i := r.IntN(len(rs))
	switch r.IntN(4) {
	case 0:
		for c := any(); ; c = any() {
			if c != rs[i] {
				rs[i] = c
				return "wrong", string(rs)
			}
		}
	case 1:
		return "missing", string(append(rs[:i:i], rs[i+1:]...))
	case 2:
		return "surplus", string(append(append(rs[:i:i], any()), rs[i:]...))
	}
	for range 20 {
		if i = r.IntN(len(rs) - 1); rs[i] != rs[i+1] {
			break
		}
	}
	rs[i], rs[i+1] = rs[i+1], rs[i]
	return "swapped", string(rs)
}
