package catalog

import (
	"slices"
	"strings"
)

// Reason numbers that this package gives. Those of identifiers (2101–2115) come from ident; those of linking
// and filing (1xxx, 3004 up, 4xxx) are given by intake. Reasons lists them all.
const (
	ReasonRequired        = 2001
	ReasonRequiredWhen    = 2002
	ReasonTooLong         = 2003
	ReasonNotInList       = 2004
	ReasonNotNumber       = 2005
	ReasonDecimals        = 2006
	ReasonRange           = 2007
	ReasonNotDate         = 2008
	ReasonCharacters      = 2009
	ReasonCleared         = 2010
	ReasonKindContradicts = 2107
	ReasonDivision        = 2108
	ReasonOtherDocument   = 2116
	ReasonPersonData      = 2117
	ReasonFuture          = 2201
	ReasonValidOrder      = 2202
	ReasonPenaltyOrder    = 2203
	ReasonPublicEnd       = 2204
	ReasonFineRequired    = 2301
	ReasonUnit            = 2302
	ReasonConfiscated     = 2303
	ReasonLicenceNamed    = 2304
	ReasonAmountNoKind    = 2305
	ReasonNoDocNo         = 2401
	ReasonAgency          = 2402
	ReasonRule            = 2403
	ReasonListBasis       = 2404
	ReasonListDecider     = 2405
	ReasonUnknownColumn   = 3001
	ReasonMissingColumn   = 3002
	ReasonColumnTwice     = 3003
	ReasonRowShape        = 3004
	ReasonNoData          = 3020
)

// Where a reason arises.
const (
	LevelLink = "link" // whom the row is about
	LevelRow  = "row"  // a cell or a row
	LevelFile = "file" // the whole file
	LevelFlow = "flow" // what is done with a record on file
)

// ReasonInfo explains one reason number, for the manual, the interface and as the default wording. In
// Message and Fix {f} stands for the field's name and {d} for a detail that is never personal data.
type ReasonInfo struct {
	Code     int    `json:"code"`
	Level    string `json:"level"`
	Severity string `json:"severity"` // as a rule; a reason may be softer in old templates
	Title    string `json:"title"`
	Message  string `json:"message"`
	Fix      string `json:"fix"`
}

// Reasons gives the table of all reason numbers in their order.
func Reasons() []ReasonInfo { return slices.Clone(reasons) }

// ReasonFor gives the entry of a number; false when there is none.
func ReasonFor(code int) (ReasonInfo, bool) {
	i, ok := slices.BinarySearchFunc(reasons, code, func(r ReasonInfo, c int) int { return r.Code - c })
	if !ok {
		return ReasonInfo{}, false
	}
	return reasons[i], true
}

// Reason makes a reason with the table's wording. name is the field's Chinese name, detail fills {d}.
func (r ReasonInfo) Reason(field, name, detail string) Reason {
	return Reason{Field: field, Code: r.Code, Severity: r.Severity, Message: worded(r.Message, name, detail), Fix: worded(r.Fix, name, detail)}
}

// worded puts name and detail into a sentence of the table, in one copy.
func worded(sentence, name, detail string) string {
	if !strings.Contains(sentence, "{") {
		return sentence
	}
	var b strings.Builder
	b.Grow(len(sentence) + len(name) + len(detail))
	for {
		i := strings.IndexByte(sentence, '{')
		if i < 0 || i+3 > len(sentence) {
			b.WriteString(sentence)
			return b.String()
		}
		b.WriteString(sentence[:i])
		switch sentence[i : i+3] {
		case "{f}":
			b.WriteString(name)
		case "{d}":
			b.WriteString(detail)
		default:
			b.WriteString(sentence[i : i+3])
		}
		sentence = sentence[i+3:]
	}
}

// NewReason makes a reason of the table by number. An unknown number gives a reason without words, so that
// the number at least reaches the reader.
func NewReason(code int, field, name, detail string) Reason {
	r, ok := ReasonFor(code)
	if !ok {
		r = ReasonInfo{Code: code, Severity: Error}
	}
	return r.Reason(field, name, detail)
}

var reasons = []ReasonInfo{
	{1001, LevelLink, Error, "名称与代码不符", "“{f}”与代码登记的主体名称不一致，没有按名称改挂", "请核对名称和代码；主体已更名的，请先由登记机关报送变更登记"},
	{1002, LevelLink, Warning, "没有可以对应主体的代码", "这一行没有能够确定主体的代码，已放入待人工确认的队列", "请补填统一社会信用代码或者旧登记号码后重新报送，或者等待人工确认"},
	{1003, LevelLink, Warning, "几个代码指向不同主体", "这一行的几个代码属于不同的主体，已放入待人工确认的队列", "请核对各个代码，只留下正确的"},
	{1004, LevelLink, Warning, "使用了曾用名", "“{f}”是该主体的曾用名，已按代码入库", "以后请填写现用名称"},

	{2001, LevelRow, Error, "必填项为空", "“{f}”为空，目录规定必填", "请填写“{f}”"},
	{2002, LevelRow, Error, "在这种情况下必填的项为空", "“{f}”为空，{d}时必填", "请填写“{f}”"},
	{2003, LevelRow, Error, "超过长度", "“{f}”超过长度：{d}", "请缩短后重新填写"},
	{2004, LevelRow, Error, "不在代码表内", "“{f}”的值不在代码表内", "请从下列值中选填：{d}"},
	{2005, LevelRow, Error, "不是数字", "“{f}”应为数字，{d}", "请只填写数字，如 0.2"},
	{2006, LevelRow, Error, "小数位数过多", "“{f}”的小数超过{d}位", "请四舍五入到{d}位小数"},
	{2007, LevelRow, Error, "超出范围", "“{f}”超出允许的范围：{d}", "请核对后重新填写"},
	{2008, LevelRow, Error, "不是日期", "“{f}”不是真实的日期", "请按 2026-03-02 的样子填写年月日"},
	{2009, LevelRow, Error, "有不允许的字符", "“{f}”含有不允许的字符{d}", "请删去或者改写这个字符"},
	{2010, LevelRow, Warning, "应为空，已清除", "“{f}”在这里应为空（{d}），已清除所填的值", "以后请留空"},

	{2101, LevelRow, Error, "统一社会信用代码位数不对", "“{f}”：统一社会信用代码应为18位", "请对照证照重新填写"},
	{2102, LevelRow, Error, "统一社会信用代码有不使用的字符", "“{f}”：有统一社会信用代码不使用的字符", "请对照证照重新填写"},
	{2103, LevelRow, Error, "统一社会信用代码校验码不对", "“{f}”：第18位校验码不对", "请对照证照逐位核对"},
	{2104, LevelRow, Error, "统一社会信用代码里的组织机构代码不成立", "“{f}”：第9至17位的组织机构代码不成立", "请对照证照核对第9至17位"},
	{2105, LevelRow, Error, "登记管理部门或者机构类别不认识", "“{f}”：前两位不是已知的登记管理部门和机构类别", "请对照证照核对前两位"},
	{2106, LevelRow, Error, "试点代码不在许可清单", "“{f}”：这是试点时期发放的代码，不在许可清单里", "确属登记机关发放的，请信用主管部门列入许可清单"},
	{2107, LevelRow, Error, "代码与相对人类别矛盾", "“{f}”：统一社会信用代码不正确，{d}", "请核对代码和相对人类别：92开头的填个体工商户，其他的填法人及非法人组织"},
	{2108, LevelRow, Error, "行政区划代码不认识", "“{f}”：行政区划代码不认识", "请对照证照核对；本地自设的区划代码请系统管理员登记"},
	{2111, LevelRow, Error, "组织机构代码不对", "“{f}”：组织机构代码不成立", "请对照证书逐位核对"},
	{2112, LevelRow, Error, "工商注册号不对", "“{f}”：工商注册号不成立", "请对照营业执照逐位核对"},
	{2113, LevelRow, Error, "身份证号码形式或者校验码不对", "“{f}”：身份证号码不成立", "请对照证件逐位核对"},
	{2114, LevelRow, Error, "身份证号码里的日期不对", "“{f}”：第7至14位的出生日期不对", "请对照证件核对第7至14位"},
	{2115, LevelRow, Error, "身份证号码里的区划不对", "“{f}”：前两位不是省级行政区划代码", "请对照证件核对前6位"},
	{2116, LevelRow, Error, "其他身份证件号码不对", "“{f}”不符合所填证件类型的号码形式", "请对照证件核对证件类型和号码"},
	{2117, LevelRow, Error, "个人信息填错了位置", "“{f}”里有身份证号码，{d}", "请删去身份证号码；自然人的证件号码只填在证件号码一栏"},

	{2201, LevelRow, Error, "决定日期晚于今天", "“{f}”晚于收到数据的当天", "请核对日期"},
	{2202, LevelRow, Error, "日期先后颠倒", "“{f}”早于“{d}”", "请核对这两个日期"},
	{2203, LevelRow, Error, "有效期早于决定日期", "“{f}”早于“{d}”", "请核对这两个日期；长期有效的填 2099-12-31"},
	{2204, LevelRow, Error, "公示截止期不对", "“{f}”应当晚于“{d}”，并且不长于平台按规则计算的期限", "请核对；不缩短公示期的请留空"},

	{2301, LevelRow, Error, "罚款金额必填", "处罚类别有罚款，“{f}”为空或者为0", "请以万元为单位填写罚款金额，如罚款2000元填 0.2"},
	{2302, LevelRow, Warning, "金额单位可疑", "“{f}”的单位是万元，所填的数{d}，疑似以元为单位", "请核对：2000元应填 0.2"},
	{2303, LevelRow, Error, "没收金额必填", "处罚类别有没收，“{f}”为空", "请以万元为单位填写；没收的财物没有作价的填 0"},
	{2304, LevelRow, Error, "暂扣、吊销的证照未写明", "处罚类别有暂扣或者吊销许可证件，“{f}”为空", "请填写证照的名称和编号"},
	{2305, LevelRow, Warning, "有金额而没有对应的处罚类别", "“{f}”有金额，处罚类别里没有{d}", "请核对处罚类别和金额"},

	{2401, LevelRow, Error, "文书号和许可编号都为空", "“{f}”为空，也没有许可编号可以代替", "请填写文书号；文书没有文号的填许可编号"},
	{2402, LevelRow, Error, "单位无权报送", "该单位不在本目录项的数据提供单位之内", "请由目录规定的单位报送，或者请信用主管部门修改目录"},
	{2403, LevelRow, Error, "不符合目录的其他规则", "“{f}”不符合目录规定的规则", "请对照目录核对"},
	{2404, LevelRow, Error, "名单没有有效的设列依据", "“{f}”：这种名单在列入日期或者报送当天没有有效的设列依据，不得列入", "请核对名单类别和列入日期；确有依据的，请信用主管部门更新名单种类"},
	{2405, LevelRow, Error, "单位不在名单的认定清单中", "“{f}”：认定单位在列入日期不在“{d}”的认定清单中，不得列入；认定单位没有在本系统登记的，看报送单位", "请核对认定单位和列入日期；确有认定职权的，请信用主管部门在“名单种类和认定清单”中登记该单位"},

	{3001, LevelFile, Warning, "有目录没有的列", "第{d}列“{f}”不是目录里的字段，没有使用", "列名写错的请改正；本来就不报送的可以不管"},
	{3002, LevelFile, Error, "缺少必填的列", "文件里没有必填的列“{f}”", "请补上这一列，列名照目录或者模板填写"},
	{3003, LevelFile, Error, "同一字段有两列", "第{d}列和前面的一列都是“{f}”", "请只留一列"},
	{3004, LevelFile, Error, "文件或者这一行无法读取", "文件或者这一行无法读取：{d}", "请另存为 .xlsx 或者 UTF-8 编码的 .csv 后重新上传"},
	{3005, LevelFile, Error, "文件是空的", "文件里没有内容", "请确认选对了文件"},
	{3006, LevelFile, Error, "只有表头", "文件里只有表头，没有数据行", "请确认数据已经导出"},
	{3007, LevelFile, Error, "找不到表头", "文件里找不到表头行", "请保留模板的表头行，列名照目录填写"},
	{3008, LevelFile, Error, "旧的 .xls 格式", "这是旧的 .xls 格式，不能读取", "请在表格软件里另存为 .xlsx 后重新上传"},
	{3009, LevelFile, Error, "文件有密码", "文件设有密码，不能读取", "请去掉密码后重新上传"},
	{3010, LevelFile, Error, "文件过大", "文件超过允许的大小", "请分成几个文件报送"},
	{3011, LevelFile, Error, "文件解开后过大", "文件解开后超过允许的大小或者限度", "请分成几个文件报送"},
	{3012, LevelFile, Error, "文件不完整", "文件不完整或者已损坏", "请重新导出或者重新上传"},
	{3013, LevelFile, Error, "不是表格的压缩文件", "这是压缩文件或者其他办公文档，不是 .xlsx 工作簿", "请上传 .xlsx、.csv 或者 .ndjson 文件"},
	{3014, LevelFile, Error, "网页或者 XML 表格", "这是改名为 .xls 的网页或者 XML 表格，不能读取", "请在表格软件里打开后另存为 .xlsx"},
	{3015, LevelFile, Error, "不支持的文件类型", "这是图片、PDF 或者其他文件，不是数据表", "请上传 .xlsx、.csv 或者 .ndjson 文件"},
	{3016, LevelFile, Error, "文字编码不认识", "文字编码不是 UTF-8 或者 GB 18030", "请另存为 UTF-8 编码后重新上传"},
	{3017, LevelFile, Error, "行或者单元格过长", "有过长的行或者单元格", "请检查引号是否成对，或者缩短内容"},
	{3018, LevelFile, Error, "列太多", "列数超过表头或者允许的范围", "请检查多余的分隔符，只保留目录里的列"},
	{3019, LevelFile, Error, "JSON 写法不对", "不是正确的 JSON", "请按接口说明修改"},
	{3020, LevelRow, Error, "合计行或者表尾说明", "这一行是合计或者表尾的说明文字，不是数据", "不用处理；以后报送前可以删去这一行"},

	{4001, LevelFlow, Error, "要撤回的记录不存在", "没有找到要撤回的记录", "请核对主体代码和文书号"},
	{4002, LevelFlow, Error, "操作标识不认识", "操作标识不认识", "请填 I（新增）、U（更新）或者 D（撤回）"},
}
