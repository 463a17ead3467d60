package synth

import (
	"strings"

	"gongxin/internal/ident"
)

// CityCode is the division code of the invented city.
const CityCode = "990100"

// Division is one row of the city's table of divisions: the city itself, its districts, its development zone.
type Division struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Short  string `json:"short"`  // without 区 or the like, as lists and charts print it
	Parent string `json:"parent"` // "" for the city
	Local  bool   `json:"local"`  // has no code in GB/T 2260
}

// region is a district, or the city as a whole at index 0.
type region struct {
	Division
	mark   string // the character that document numbers use: 望市监罚
	weight int    // share of the subjects, in thousandths
	roads  []string
}

// regionWeights are invented: an old centre, four districts of falling size, a zone that is small but busy.
var regionWeights = map[string]int{
	"990102": 268, "990103": 196, "990104": 172, "990105": 141, "990106": 118, "990171": 105,
}

// newRegions reads the city's part of the division table, so that names and codes are the ones that the
// register knows.
func newRegions(table *ident.Divisions) []region {
	codes := append([]string{CityCode}, table.Children(CityCode)...)
	regions := make([]region, 0, len(codes))
	for i, code := range codes {
		name := table.Name(code)
		r := region{Division: Division{Code: code, Name: name, Short: shortName(name), Local: table.IsLocal(code)}, weight: regionWeights[code]}
		if i > 0 {
			r.Parent = CityCode
			r.weight = max(r.weight, 60)
		}
		r.mark = string([]rune(r.Short)[:1])
		if r.Local {
			r.mark = "开"
		}
		r.roads = roadNames(i)
		regions = append(regions, r)
	}
	return regions
}

// shortName cuts the kind of division off a name: 望溪区 is 望溪, 临溪高新技术产业开发区 is 高新区.
func shortName(name string) string {
	switch {
	case strings.Contains(name, "高新"):
		return "高新区"
	case strings.HasSuffix(name, "开发区"):
		return "开发区"
	}
	for _, end := range []string{"区", "市", "县"} {
		if s, ok := strings.CutSuffix(name, end); ok {
			return s
		}
	}
	return name
}

var (
	roadHeads = []string{
		"清平", "望月", "听泉", "栖霞", "临渡", "采薇", "积善", "永乐", "文渊", "朝晖", "迎宾", "丰登", "锦绣", "柳荫", "桃源", "松涛", "梅岭", "鹿鸣",
		"书院", "鼓楼", "石桥", "渔浦", "长堤", "双井", "云阶", "竹溪", "芦花", "白鹭", "青禾", "百工", "广济", "同德", "仁和", "创业", "科苑", "星火",
	}
	roadTails = []string{"路", "街", "大道", "东路", "西路", "巷"}
)

// roadNames gives a district's roads; neighbouring districts share none.
func roadNames(district int) []string {
	roads := make([]string, 0, 24)
	for i := range 24 {
		n := district*24 + i
		roads = append(roads, roadHeads[(n*5)%len(roadHeads)]+roadTails[(n/len(roadHeads)+n)%len(roadTails)])
	}
	return roads
}

// Divisions lists the city and what is directly below it, with the names of the register's own table.
func (c *City) Divisions() []Division {
	all := make([]Division, len(c.regions))
	for i := range c.regions {
		all[i] = c.regions[i].Division
	}
	return all
}
