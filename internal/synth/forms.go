package synth

import "gongxin/internal/catalog"

// The bodies that register subjects.
const (
	byMarket  = iota // 市场监督管理 (9)
	byOffice         // 机构编制 (1)
	byCivil          // 民政 (5)
	byJustice        // 司法行政 (3)
	byFarming        // 农业农村 (N)
	registrarCount
)

// registrarDepts are the departments that file the registrations.
var registrarDepts = [registrarCount]string{"市监", "编办", "民政", "司法", "农业"}

// form is a legal form: how the standards name it and where it stands in the unified code.
type form struct {
	prefix    string // registering department and category, positions 1 and 2 of the code
	kind      catalog.SubjectKind
	entity    string // 登记主体类别
	title     string // 类型, as the licence prints it
	registrar int
}

var forms = [formCount]form{
	limitedCo:     {"91", catalog.LegalEntity, "企业法人", "有限责任公司（自然人投资或控股）", byMarket},
	jointStock:    {"91", catalog.LegalEntity, "企业法人", "股份有限公司（非上市）", byMarket},
	partnership:   {"91", catalog.OtherOrg, "非法人企业", "有限合伙企业", byMarket},
	soleOwner:     {"91", catalog.OtherOrg, "非法人企业", "个人独资企业", byMarket},
	branch:        {"91", catalog.OtherOrg, "非法人企业", "有限责任公司分公司", byMarket},
	individual:    {"92", catalog.IndividualBusiness, "个体工商户", "个体工商户", byMarket},
	coop:          {"93", catalog.LegalEntity, "农民专业合作社", "农民专业合作社", byMarket},
	institution:   {"12", catalog.LegalEntity, "事业单位", "事业单位法人", byOffice},
	association:   {"51", catalog.LegalEntity, "社会团体", "社会团体法人", byCivil},
	privateSchool: {"52", catalog.LegalEntity, "民办非企业单位", "民办非企业单位（法人）", byCivil},
	foundation:    {"53", catalog.LegalEntity, "基金会", "基金会法人", byCivil},
	lawFirm:       {"31", catalog.OtherOrg, "其他组织", "普通合伙律师事务所", byJustice},
	legalService:  {"33", catalog.OtherOrg, "其他组织", "基层法律服务所", byJustice},
	village:       {"N2", catalog.LegalEntity, "其他组织", "村级集体经济组织", byFarming},
}

// kindText gives the 行政相对人类别 of the double-publicity standard.
func kindText(k catalog.SubjectKind) string {
	switch k {
	case catalog.IndividualBusiness:
		return "个体工商户"
	case catalog.Person:
		return "自然人"
	default:
		return "法人及非法人组织"
	}
}
