package synth

import "gongxin/internal/catalog"

// act is a kind of entry under one of the items beside licences and penalties.
type act struct {
	item     catalog.ItemCode
	dept     string
	weight   int
	title    string // 事项名称 or what stands for it
	category string // "" when the columns of the item draw it
	basis    string
	trades   []string // those whom it may concern; nil means every registered business
	conduct  conduct
	person   bool
	content  phrase
}

// conduct says among whom an entry's subjects are chosen.
type conduct uint8

const (
	anybody conduct = iota
	theGood         // each at most once, those with few penalties first
	theBad          // again and again the same
	each            // each at most once
)

// itemShares is how the records are divided among the items, in parts of the sum. An item that the catalogue lacks
// leaves its part to the others.
var itemShares = []struct {
	item  catalog.ItemCode
	share float64
	times season
}{
	{"XZXK", 560, licencing},
	{"XZCF", 236, season{}}, // by the department's season
	{"XZJC", 62, inspector},
	{"XYCN", 48, licencing},
	{"JYYC", 18, season{months: july, weekend: 0.01, growth: 1.1}},
	{"RYXX", 9, season{months: springOn, weekend: 0.01, growth: 1.1}},
	{"XZJL", 6, season{months: springOn, weekend: 0.01, growth: 1.1}},
	{"XYPJ", 9, season{months: april, weekend: 0, growth: 1.05}},
	{"HTLY", 9, licencing},
	{"ZSCQ", 8, licencing},
	{"XZQR", 7, licencing},
	{"SFPJ", 7, licencing},
	{"SXBZXR", 5, licencing},
	{"XZQZ", 4, inspector},
	{"XZZS", 4, licencing},
	{"XZJF", 4, licencing},
	{"ZYZG", 3, season{months: springOn, weekend: 0.01, growth: 1.1}},
	{"ZZSB", 2, licencing},
	{"XZCJ", 0.6, licencing},
	{"XZBC", 0.6, licencing},
	{"YZSX", 0.8, inspector},
}

// allActs lists the entries of the items beside licences and penalties. Every listing states its basis.
func allActs() []act {
	p := newPhrase
	food := []string{"餐饮业", "食品零售业", "食品制造业"}
	plants := []string{"化学原料和化学制品制造业", "通用设备制造业", "非金属矿物制品业", "食品制造业", "纺织服装业"}
	return []act{
		{item: "XZJL", dept: "科技", weight: 4, conduct: theGood, title: "科学技术奖励", category: "市级", basis: "《临溪市科学技术奖励办法》", trades: append([]string{"软件和信息技术服务业"}, plants...), content: p("授予科学技术进步奖，项目：{g}关键技术研发与应用")},
		{item: "XZJL", dept: "工信", weight: 5, conduct: theGood, title: "“专精特新”企业奖励", category: "省级", basis: "《临溪市支持中小企业发展若干措施》", trades: plants, content: p("对获评专精特新企业的{n}给予一次性奖励")},
		{item: "XZJL", dept: "市监", weight: 4, conduct: theGood, title: "政府质量奖", category: "市级", basis: "《临溪市政府质量奖管理办法》", trades: append([]string{"建筑业", "住宿业"}, plants...), content: p("授予{n}政府质量奖提名奖")},
		{item: "XZJL", dept: "商务", weight: 3, conduct: theGood, title: "商贸流通企业升规奖励", category: "市级", basis: "《临溪市促进消费扩容提质若干措施》", trades: []string{"批发业", "零售业", "餐饮业", "住宿业"}, content: p("对首次纳入统计的限额以上企业{n}给予奖励")},
		{item: "RYXX", dept: "市监", weight: 10, conduct: theGood, title: "守合同重信用企业", category: "市级", content: p("合同管理规范，{n}近三年无违约记录")},
		{item: "RYXX", dept: "税务", weight: 9, conduct: theGood, title: "纳税信用A级纳税人", category: "省级", content: p("年度纳税信用评价结果为A级")},
		{item: "RYXX", dept: "商务", weight: 5, conduct: theGood, title: "诚信经营示范店", category: "市级", trades: []string{"零售业", "餐饮业", "食品零售业", "住宿业"}, content: p("诚信兴商活动中评定为示范店")},
		{item: "RYXX", dept: "农业", weight: 4, conduct: theGood, title: "农民专业合作社示范社", category: "市级", trades: []string{"农业"}, content: p("运行规范、带动农户作用明显")},
		{item: "RYXX", dept: "住建", weight: 3, conduct: theGood, title: "建筑业诚信企业", category: "市级", trades: []string{"建筑业", "房地产业"}, content: p("全年无拖欠农民工工资、无质量安全事故")},
		{item: "RYXX", dept: "文旅", weight: 2, conduct: theGood, title: "文明诚信旅游企业", category: "市级", trades: []string{"文化娱乐业", "住宿业"}, content: p("游客满意度测评优秀")},
		{item: "RYXX", dept: "发改", weight: 2, person: true, title: "诚实守信道德模范", category: "市级", content: p("诚实守信事迹突出")},
		{item: "JYYC", dept: "市监", weight: 30, conduct: theBad, title: "未按规定公示年度报告", category: "未按规定公示年度报告", basis: "《企业经营异常名录管理暂行办法》第六条", content: p("未在每年六月三十日前报送上一年度年度报告")},
		{item: "JYYC", dept: "市监", weight: 14, conduct: theBad, title: "通过登记的住所或者经营场所无法联系", category: "通过登记的住所或者经营场所无法联系", basis: "《企业经营异常名录管理暂行办法》第九条", content: p("{d}双随机抽查中，经现场检查通过登记住所无法联系")},
		{item: "JYYC", dept: "市监", weight: 2, conduct: theBad, title: "公示信息隐瞒真实情况、弄虚作假", category: "公示信息隐瞒真实情况、弄虚作假", basis: "《企业经营异常名录管理暂行办法》第八条", content: p("年度报告中从业人数、资产状况与实际不符")},
		{item: "YZSX", dept: "市监", weight: 8, conduct: theBad, title: "经营不符合食品安全标准的食品，受到较重行政处罚", category: "市场监督管理严重违法失信名单", basis: "《市场监督管理严重违法失信名单管理办法》第五条", trades: food, content: p("{g}")},
		{item: "YZSX", dept: "税务", weight: 5, conduct: theBad, title: "虚开增值税专用发票，达到重大税收违法失信主体标准", category: "重大税收违法失信主体", basis: "《重大税收违法失信主体信息公布管理办法》第六条", trades: []string{"批发业", "商务服务业"}, content: p("{g}")},
		{item: "YZSX", dept: "人社", weight: 5, conduct: theBad, title: "克扣、无故拖欠农民工工资报酬，数额达到认定标准，经责令支付逾期未支付", category: "拖欠农民工工资失信联合惩戒对象名单", basis: "《拖欠农民工工资失信联合惩戒对象名单管理暂行办法》第五条", trades: []string{"建筑业"}, content: p("{g}")},
		{item: "YZSX", dept: "应急", weight: 3, conduct: theBad, title: "发生生产安全责任事故，被处以较重行政处罚", category: "安全生产严重失信主体名单", basis: "《安全生产严重失信主体名单管理办法》第六条", trades: plants, content: p("{g}")},
		{item: "YZSX", dept: "文旅", weight: 2, conduct: theBad, title: "擅自从事旅行社经营活动，造成重大不良影响", category: "文化和旅游市场严重失信主体名单", basis: "《文化和旅游市场信用管理规定》第十三条", trades: []string{"文化娱乐业"}, content: p("{g}")},
		{item: "XYCN", dept: "审批", weight: 20, title: "食品经营许可告知承诺", category: "审批替代型", trades: food, content: p("经营场所、设施设备符合食品安全要求，提交的材料真实有效")},
		{item: "XYCN", dept: "审批", weight: 16, title: "住所（经营场所）登记申报承诺", category: "证明事项型", content: p("对住所（{a}）的真实性、合法性负责")},
		{item: "XYCN", dept: "审批", weight: 8, title: "容缺受理事项补正承诺", category: "容缺受理型", content: p("在二十个工作日内补齐容缺材料")},
		{item: "XYCN", dept: "市监", weight: 14, title: "明码标价、不销售假冒伪劣商品承诺", category: "主动型", content: p("明码标价，不销售假冒伪劣商品，接受社会监督")},
		{item: "XYCN", dept: "发改", weight: 5, conduct: theBad, title: "行政处罚信息信用修复承诺", category: "信用修复型", content: p("已履行处罚决定确定的义务，纠正违法行为，不再发生同类失信行为")},
		{item: "XYCN", dept: "住建", weight: 4, title: "建筑市场主体行业自律承诺", category: "行业自律型", trades: []string{"建筑业", "房地产业"}, content: p("不转包、不挂靠，按时足额支付农民工工资")},
		{item: "XZJC", dept: "市监", weight: 16, title: "食品经营监督检查", basis: "《中华人民共和国食品安全法》第一百一十条", trades: food, content: p("检查{n}进货查验、贮存条件和从业人员健康管理")},
		{item: "XZJC", dept: "市监", weight: 12, title: "登记事项和公示信息抽查", basis: "《企业公示信息抽查暂行办法》", content: p("核查登记住所、年度报告公示信息")},
		{item: "XZJC", dept: "消防", weight: 12, title: "消防监督抽查", basis: "《中华人民共和国消防法》第五十三条", content: p("检查{a}场所消防设施、疏散通道和用火用电管理")},
		{item: "XZJC", dept: "生态", weight: 8, title: "污染源日常监督检查", basis: "《中华人民共和国环境保护法》第二十四条", trades: append([]string{"机动车服务业", "废弃资源综合利用业"}, plants...), content: p("检查污染防治设施运行和危险废物贮存情况")},
		{item: "XZJC", dept: "应急", weight: 7, title: "安全生产执法检查", basis: "《中华人民共和国安全生产法》第六十五条", trades: plants, content: p("检查{g}生产车间隐患排查治理、教育培训情况")},
		{item: "XZJC", dept: "卫健", weight: 6, title: "公共场所卫生监督检查", basis: "《公共场所卫生管理条例》第十条", trades: []string{"居民服务业", "住宿业", "卫生"}, content: p("检查{n}卫生许可、从业人员健康证明和消毒记录")},
		{item: "XZJC", dept: "住建", weight: 5, title: "建筑工程质量安全检查", basis: "《建设工程安全生产管理条例》第四十三条", trades: []string{"建筑业"}, content: p("检查{r}项目施工现场安全防护、实名制管理")},
		{item: "SXBZXR", dept: "法院", weight: 10, conduct: theBad, title: "有履行能力而拒不履行生效法律文书确定义务", content: p("被执行人{n}于判决生效后十日内支付货款{m}元及逾期利息")},
		{item: "SXBZXR", dept: "法院", weight: 4, conduct: theBad, title: "违反财产报告制度", content: p("被执行人支付工程款{m}元")},
		{item: "SXBZXR", dept: "法院", weight: 3, person: true, title: "违反限制消费令", content: p("被执行人偿还借款本金{m}元及利息")},
		{item: "SFPJ", dept: "法院", weight: 10, title: "买卖合同纠纷", category: "民事", content: p("被告{n}于判决生效之日起十日内支付原告货款{m}元")},
		{item: "SFPJ", dept: "法院", weight: 6, title: "建设工程施工合同纠纷", category: "民事", trades: []string{"建筑业", "房地产业"}, content: p("被告{n}支付原告工程款{m}元")},
		{item: "SFPJ", dept: "法院", weight: 5, title: "劳动争议", category: "民事", content: p("{n}支付原告工资差额{m}元")},
		{item: "SFPJ", dept: "法院", weight: 2, title: "申请强制执行行政处罚决定", category: "行政", conduct: theBad, content: p("准予强制执行对{n}的行政处罚决定，罚款{m}元")},
		{item: "HTLY", dept: "公资", weight: 10, title: "办公设备采购合同", category: "政府采购合同", trades: []string{"批发业", "零售业", "软件和信息技术服务业"}, content: p("供应{g}")},
		{item: "HTLY", dept: "财政", weight: 6, title: "学校食堂食材采购合同", category: "政府采购合同", trades: food, content: p("供应{g}")},
		{item: "HTLY", dept: "住建", weight: 10, title: "道路维修工程施工合同", category: "工程建设合同", trades: []string{"建筑业"}, content: p("{r}道路及管网维修")},
		{item: "HTLY", dept: "自然", weight: 2, title: "国有建设用地使用权出让合同", category: "国有土地使用权出让合同", trades: []string{"房地产业", "通用设备制造业"}, content: p("{r}地块")},
		{item: "ZSCQ", dept: "市监", weight: 12, title: "一种{g}", category: "实用新型专利", trades: plants, content: p("一种{g}加工装置")},
		{item: "ZSCQ", dept: "市监", weight: 4, title: "一种{g}", category: "发明专利", trades: plants, content: p("一种{g}的制备方法")},
		{item: "ZSCQ", dept: "市监", weight: 4, title: "{g}", category: "外观设计专利", trades: append([]string{"食品制造业"}, plants...), content: p("包装盒（{g}）")},
		{item: "ZSCQ", dept: "市监", weight: 6, title: "{g}", category: "著作权", trades: []string{"软件和信息技术服务业", "文化娱乐业"}, content: p("{g}软件V1.0")},
		{item: "XZQR", dept: "科技", weight: 8, conduct: theGood, title: "科技型中小企业认定", category: "认定", basis: "《科技型中小企业评价办法》", trades: append([]string{"软件和信息技术服务业"}, plants...), content: p("认定{n}为科技型中小企业")},
		{item: "XZQR", dept: "人社", weight: 8, title: "工伤认定", category: "认定", basis: "《工伤保险条例》第十四条", content: p("认定{n}一名职工受到的事故伤害为工伤")},
		{item: "XZQR", dept: "住建", weight: 4, title: "建设工程消防验收备案", category: "其他-备案", basis: "《建设工程消防设计审查验收管理暂行规定》", trades: []string{"建筑业", "房地产业", "住宿业", "餐饮业"}, content: p("{a}装修工程消防验收备案")},
		{item: "XZQZ", dept: "市监", weight: 8, conduct: theBad, title: "查封、扣押", category: "行政强制措施", basis: "《中华人民共和国食品安全法》第一百一十条", trades: food, content: p("扣押涉嫌不符合食品安全标准的{g}{q}箱")},
		{item: "XZQZ", dept: "应急", weight: 3, conduct: theBad, title: "查封设施", category: "行政强制措施", basis: "《中华人民共和国安全生产法》第六十五条", trades: plants, content: p("查封不符合国家标准的{g}生产设备{q}台")},
		{item: "XZQZ", dept: "城管", weight: 3, conduct: theBad, title: "代履行", category: "行政强制执行", basis: "《中华人民共和国行政强制法》第五十条", content: p("对{r}违规设置的广告设施代为拆除")},
		{item: "XZZS", dept: "水利", weight: 3, title: "水土保持补偿费征收", category: "水土保持补偿费", basis: "《中华人民共和国水土保持法》第三十二条", trades: []string{"建筑业", "房地产业", "非金属矿物制品业"}, content: p("{r}项目征收水土保持补偿费")},
		{item: "XZZS", dept: "城管", weight: 5, title: "城市道路占用费征收", category: "城市道路占用挖掘修复费", basis: "《城市道路管理条例》第三十七条", content: p("占用{r}{q}平方米，征收占用费")},
		{item: "XZJF", dept: "科技", weight: 3, conduct: theGood, title: "企业研发补助", category: "企业研发补助", basis: "《临溪市科技创新扶持办法》", trades: append([]string{"软件和信息技术服务业"}, plants...), content: p("拨付{n}研发费用后补助")},
		{item: "XZJF", dept: "人社", weight: 5, title: "稳岗返还", category: "失业保险稳岗返还", basis: "《失业保险条例》", content: p("返还{n}上年度实际缴纳失业保险费的一部分")},
		{item: "XZBC", dept: "水利", weight: 2, title: "蓄滞洪区运用补偿", category: "蓄滞洪区运用补偿", basis: "《蓄滞洪区运用补偿暂行办法》", trades: []string{"农业"}, content: p("对{a}受淹农作物按规定补偿")},
		{item: "XZCJ", dept: "市监", weight: 2, title: "专利侵权纠纷裁决", category: "专利侵权纠纷", basis: "《中华人民共和国专利法》第六十五条", trades: plants, content: p("责令立即停止制造、销售侵权产品{g}")},
		{item: "XYPJ", dept: "税务", weight: 10, conduct: each, title: "纳税信用评价", category: "纳税信用评价", content: p("{g}")},
		{item: "ZZSB", dept: "发改", weight: 6, title: "质量管理体系认证", category: "资质", content: p("通过质量管理体系认证，覆盖{g}")},
		{item: "ZZSB", dept: "发改", weight: 4, title: "爱心捐赠", category: "社会责任", content: p("向{r}社区捐赠{g}，折合{m}元")},
		{item: "ZYZG", dept: "人社", weight: 5, person: true, title: "工程师", category: "职称", content: p("中级")},
		{item: "ZYZG", dept: "人社", weight: 3, person: true, title: "养老护理员", category: "职业技能等级", content: p("三级")},
		{item: "ZYZG", dept: "人社", weight: 2, person: true, title: "二级造价工程师", category: "准入类职业资格", content: p("二级")},
	}
}
