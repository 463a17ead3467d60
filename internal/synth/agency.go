package synth

import (
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/ident"
)

// Agency is a public body of the city that files.
type Agency struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Short  string `json:"short"`
	Region string `json:"region"`
}

// agency is an Agency with its place in the city's tables.
type agency struct {
	Agency
	dept   *department
	region int
	mark   string // how its documents are numbered: 望市监
	number int
}

// department is a line of government that exists in the city and mostly in each district. In names {C} is the city and
// {R} the whole name of the region: 临溪市望溪区.
type department struct {
	key      string
	city     string // "" when there is none at city level
	district string // "" when the city alone has it
	zone     bool   // the development zone has one too
	short    string
	mark     string
	category string // positions 1 and 2 of the code
	slug     string // in file names
	season   season
}

func allDepartments() []department {
	return []department{
		{"市监", "{C}市场监督管理局", "{R}市场监督管理局", true, "市场监管局", "市监", "11", "scjg", inspector},
		{"审批", "{C}行政审批服务局", "{R}行政审批服务局", true, "审批服务局", "审批", "11", "xzsp", licencing},
		{"住建", "{C}住房和城乡建设局", "{R}住房和城乡建设局", true, "住建局", "住建", "11", "zjj", inspector},
		{"交通", "{C}交通运输局", "{R}交通运输局", false, "交通运输局", "交运", "11", "jtys", policing},
		{"生态", "{C}生态环境局", "{C}生态环境局{S}分局", true, "生态环境局", "环", "11", "sthj", inspector},
		{"消防", "{C}消防救援支队", "{R}消防救援大队", true, "消防救援机构", "消", "11", "xfjy", policing},
		{"应急", "{C}应急管理局", "{R}应急管理局", true, "应急局", "应急", "11", "yjgl", inspector},
		{"城管", "{C}综合行政执法局", "{R}综合行政执法局", true, "综合执法局", "综执", "11", "zhzf", policing},
		{"卫健", "{C}卫生健康委员会", "{R}卫生健康局", false, "卫生健康部门", "卫", "11", "wsjk", inspector},
		{"农业", "{C}农业农村局", "{R}农业农村局", false, "农业农村局", "农", "11", "nync", inspector},
		{"文旅", "{C}文化和旅游局", "{R}文化和旅游局", false, "文旅局", "文旅", "11", "whly", policing},
		{"人社", "{C}人力资源和社会保障局", "{R}人力资源和社会保障局", false, "人社局", "人社", "11", "rsj", inspector},
		{"税务", "国家税务总局{C}税务局", "国家税务总局{R}税务局", true, "税务局", "税", "11", "swj", inspector},
		{"自然", "{C}自然资源和规划局", "", false, "自然资源局", "自然资规", "11", "zrzy", licencing},
		{"公安", "{C}公安局", "{C}公安局{S}分局", true, "公安机关", "公", "11", "gaj", policing},
		{"水利", "{C}水利局", "{R}水利局", false, "水利局", "水", "11", "slj", inspector},
		{"教体", "{C}教育局", "{R}教育和体育局", false, "教育部门", "教", "11", "jyj", inspector},
		{"商务", "{C}商务局", "", false, "商务局", "商", "11", "swj2", licencing},
		{"民政", "{C}民政局", "{R}民政局", false, "民政局", "民", "11", "mzj", licencing},
		{"司法", "{C}司法局", "", false, "司法局", "司", "11", "sfj", licencing},
		{"烟草", "{C}烟草专卖局", "{R}烟草专卖局", false, "烟草专卖局", "烟", "11", "yczm", policing},
		{"法院", "{C}中级人民法院", "{R}人民法院", false, "人民法院", "法", "11", "fy", inspector},
		{"科技", "{C}科学技术局", "", false, "科技局", "科", "11", "kjj", licencing},
		{"工信", "{C}工业和信息化局", "", false, "工信局", "工信", "11", "gxj", licencing},
		{"发改", "{C}发展和改革委员会", "{R}发展和改革局", false, "发展改革部门", "发改", "11", "fgw", licencing},
		{"财政", "{C}财政局", "", false, "财政局", "财", "11", "czj", licencing},
		{"公资", "{C}公共资源交易中心", "", false, "公共资源交易中心", "公资", "12", "ggzy", licencing},
		{"编办", "{C}机构编制委员会办公室", "", false, "编办", "编办", "11", "bb", licencing},
	}
}

// newAgencies makes the agencies. Their codes do not depend on the seed: every city has the same government.
func newAgencies(regions []region) []agency {
	var all []agency
	departments := allDepartments()
	for d := range departments {
		dept := &departments[d]
		for r := range regions {
			pattern, mark, short := dept.district, regions[r].mark, regions[r].Name
			switch {
			case r == 0:
				pattern, mark, short = dept.city, "临", "市"
			case regions[r].Local && !dept.zone:
				continue
			}
			if pattern == "" {
				continue
			}
			whole := wholeName(regions, r)
			name := strings.NewReplacer("{C}", regions[0].Name, "{R}", whole, "{S}", regions[r].Short).Replace(pattern)
			a := agency{dept: dept, region: r, mark: mark + dept.mark, number: len(all)}
			a.Agency = Agency{Code: agencyCode(dept.category, regions[r].Code, d), Name: name, Short: short + dept.short, Region: regions[r].Code}
			all = append(all, a)
		}
	}
	return all
}

// wholeName gives a region's name with that of the city before it, unless it has it already.
func wholeName(regions []region, r int) string {
	city, name := regions[0], regions[r].Name
	if r == 0 || strings.HasPrefix(name, city.Short) {
		return name
	}
	return city.Name + name
}

// agencyCode makes a unified code whose organisation code begins with GX, which no register issues.
func agencyCode(category, division string, number int) string {
	body := append([]byte("GX"), division[3:]...)
	body = appendInt(body, number+1, 3)
	body = append(body, ident.OrgCheck(string(body)))
	code := category + division + string(body)
	return code + string(ident.USCCCheck(code))
}

// Agencies lists the bodies that file, those of the city before those of the districts in each line of government.
func (c *City) Agencies() []Agency {
	all := make([]Agency, len(c.agencies))
	for i := range c.agencies {
		all[i] = c.agencies[i].Agency
	}
	return all
}

// Lister is a body of the city that puts subjects onto a list: by records of an item, of a category.
type Lister struct {
	Code     string
	Item     catalog.ItemCode
	Category string
}

// Listers gives the bodies whose records may be entries of lists, each with the items and categories that its line of government decides on.
func (c *City) Listers() []Lister {
	var all []Lister
	acts := allActs()
	for i := range c.agencies {
		for j := range acts {
			if x := &acts[j]; x.dept == c.agencies[i].dept.key {
				all = append(all, Lister{c.agencies[i].Code, x.item, x.category})
			}
		}
	}
	return all
}

// agencyOf finds the agency of a department in a region, or the city's own where the region has none.
func (c *City) agencyOf(dept string, region int) *agency {
	var city *agency
	for i := range c.agencies {
		if a := &c.agencies[i]; a.dept.key == dept {
			if a.region == region {
				return a
			}
			if a.region == 0 {
				city = a
			}
		}
	}
	return city
}
