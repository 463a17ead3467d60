package synth

// buildTrades: building sites, property and the roads.
func buildTrades() []trade {
	return []trade{
		{
			name: "建筑业", code: "E47", weight: 58, forms: companyForms(), words: []string{"建筑工程", "建设工程", "装饰工程", "市政工程", "安装工程", "园林绿化工程", "建筑劳务"},
			scope: "建设工程施工；住宅室内装饰装修；建筑劳务分包", goods: []string{"脚手架钢管", "预拌混凝土", "塔式起重机", "临时用电线缆", "防护网"},
			licences: []licence{
				{dept: "审批", weight: 18, document: "准予行政许可决定书（建筑业企业资质）", cert: "建筑业企业资质证书", certMark: "D3", kind: "核准", years: 5, content: newPhrase("建筑工程施工总承包二级；市政公用工程施工总承包三级")},
				{dept: "审批", weight: 16, document: "准予行政许可决定书（安全生产许可）", cert: "安全生产许可证", certMark: "（临）JZ安许证字", kind: "普通", years: 3, content: newPhrase("许可范围：建筑施工")},
				{dept: "审批", weight: 26, document: "建筑工程施工许可证", cert: "建筑工程施工许可证", kind: "普通", years: 2, content: newPhrase("工程名称：{r}片区{q}号楼及地下车库；建设规模{q}600平方米；建设地址：{r}")},
				{dept: "住建", weight: 8, document: "房屋建筑工程消防验收意见书", kind: "其他-验收", content: newPhrase("{r}{q}号工程消防验收合格")},
				{dept: "城管", weight: 8, document: "准予行政许可决定书", cert: "城市建筑垃圾处置核准证", certMark: "临渣", kind: "核准", years: 1, content: newPhrase("准予处置建筑垃圾{q}000立方米，运输路线：{r}")},
				{dept: "住建", weight: 6, document: "二级注册建造师初始注册决定书", cert: "二级建造师注册证书", certMark: "临2", kind: "认可", years: 3, person: true, content: newPhrase("准予二级建造师初始注册，专业：建筑工程")},
			},
			penalties: []penalty{
				{
					dept: "住建", weight: 26, conduct: "未在施工现场采取相应的安全施工措施", fact: newPhrase("{d}检查发现，当事人承建的{r}项目{q}号楼临边洞口未设防护，{g}搭设不符合规范"), cert: "安全生产许可证", persons: 6,
					basis: "《建设工程安全生产管理条例》第六十四条", outcomes: []outcome{{weight: 60, kinds: fine, min: 50000, max: 100000}, {weight: 20, kinds: warn | fine, min: 10000, max: 50000}, {weight: 14, kinds: stop | fine, min: 50000, max: 100000}, {weight: 6, kinds: suspend}},
				},
				{
					dept: "住建", weight: 12, conduct: "未取得施工许可证擅自施工", fact: newPhrase("{d}，当事人在未取得施工许可证的情况下擅自开工建设{r}项目"),
					basis: "《建设工程质量管理条例》第五十七条", outcomes: []outcome{{weight: 1, kinds: fine, min: 20000, max: 400000}},
				},
				{
					dept: "住建", weight: 8, conduct: "转包或者违法分包工程", fact: newPhrase("当事人将承包的{r}工程中主体结构施工分包给不具备资质的个人，工程款{m}元"), cert: "建筑业企业资质证书",
					basis: "《建设工程质量管理条例》第六十二条", outcomes: []outcome{{weight: 80, kinds: fine | forfeit, min: 20000, max: 200000}, {weight: 15, kinds: fine | stop, min: 30000, max: 200000}, {weight: 5, kinds: downgrade | fine, min: 50000, max: 200000}},
				},
				{
					dept: "城管", weight: 18, conduct: "运输建筑垃圾沿途遗撒", fact: newPhrase("{d}，当事人的运输车辆在{r}行驶时未密闭，渣土遗撒污染路面约{q}平方米"), simple: 20, persons: 15,
					basis: "《城市建筑垃圾管理规定》第二十三条", outcomes: []outcome{{weight: 1, kinds: fine, min: 1000, max: 50000}},
				},
				{
					dept: "生态", weight: 9, conduct: "施工工地未采取有效防尘降尘措施", fact: newPhrase("{d}现场检查，当事人{r}工地土方作业未湿法降尘，裸土约{q}00平方米未覆盖"),
					basis: "《中华人民共和国大气污染防治法》第一百一十五条", outcomes: []outcome{{weight: 9, kinds: fine, min: 10000, max: 100000}, {weight: 1, kinds: fine | stop, min: 50000, max: 100000}},
				},
				{
					dept: "人社", weight: 7, conduct: "未实行农民工工资专用账户或者实名制管理", fact: newPhrase("当事人承建的{r}项目未按规定开设农民工工资专用账户，涉及{q}人"),
					basis: "《保障农民工工资支付条例》第五十五条", outcomes: []outcome{{weight: 9, kinds: fine, min: 50000, max: 100000}, {weight: 1, kinds: stop | fine, min: 50000, max: 100000}},
				},
			},
		},
		{
			name: "房地产业", code: "K70", services: true, weight: 30, forms: companyForms(), words: []string{"置业", "房地产开发", "物业服务", "房地产经纪", "物业管理"}, shops: []string{"房产中介服务部"},
			scope: "房地产开发经营；物业管理；房地产经纪", goods: []string{"预售资金", "公共收益", "电梯", "消防泵"},
			licences: []licence{
				{dept: "审批", weight: 16, document: "商品房预售许可证", cert: "商品房预售许可证", certMark: "临房预售字", kind: "普通", years: 3, content: newPhrase("准予预售{r}项目{q}号楼，建筑面积{q}200平方米")},
				{dept: "自然", weight: 14, document: "建设工程规划许可证", cert: "建设工程规划许可证", certMark: "建字第", kind: "普通", content: newPhrase("建设项目名称：{r}地块住宅；建设规模：{q}000平方米")},
				{dept: "自然", weight: 6, document: "建设用地规划许可证", cert: "建设用地规划许可证", certMark: "地字第", kind: "普通", content: newPhrase("用地位置：{r}以北；用地面积：{q}000平方米")},
			},
			penalties: []penalty{
				{
					dept: "住建", weight: 24, conduct: "未按规定使用商品房预售资金", fact: newPhrase("当事人将{r}项目商品房预售资金{m}元用于非本项目建设"),
					basis: "《城市商品房预售管理办法》第十四条", outcomes: []outcome{{weight: 8, kinds: fine, min: 10000, max: 30000}, {weight: 2, kinds: warn | fine, min: 5000, max: 30000}},
				},
				{
					dept: "住建", weight: 18, conduct: "挪用住宅专项维修资金或者擅自利用共用部位经营", fact: newPhrase("当事人擅自在小区电梯轿厢投放广告，收益{m}元未向业主公示"),
					basis: "《物业管理条例》第六十三条", outcomes: []outcome{{weight: 5, kinds: warn | fine, min: 50000, max: 100000}, {weight: 5, kinds: warn}},
				},
				{
					dept: "自然", weight: 8, conduct: "未按照建设工程规划许可证的规定进行建设", fact: newPhrase("当事人在{r}项目建设中擅自增加建筑面积{q}平方米"),
					basis: "《中华人民共和国城乡规划法》第六十四条", outcomes: []outcome{{weight: 7, kinds: fine, min: 10000, max: 300000}, {weight: 3, kinds: fine | forfeit, min: 20000, max: 300000}},
				},
			},
		},
		{
			name: "道路运输业", code: "G54", weight: 48, forms: [formCount]int{limitedCo: 44, soleOwner: 1, branch: 4, individual: 51}, words: []string{"物流", "运输", "货运", "供应链", "汽车运输"}, shops: []string{"货运部", "物流部", "运输户", "配货站"},
			scope: "道路货物运输；国内货物运输代理；装卸搬运", goods: []string{"砂石料", "钢卷", "水泥", "瓜果", "零担货物"},
			licences: []licence{
				{dept: "审批", weight: 24, document: "准予行政许可决定书（道路货物运输经营）", cert: "道路运输经营许可证", certMark: "临交运管许可", kind: "普通", years: 4, content: newPhrase("经营范围：普通货运、货物专用运输")},
				{dept: "交通", weight: 34, document: "车辆配发道路运输证决定", cert: "道路运输证", certMark: "临交运管", kind: "普通", years: 4, content: newPhrase("车辆类型：重型半挂牵引车；经营范围：普通货运")},
				{dept: "交通", weight: 12, document: "超限运输车辆通行许可决定书", cert: "超限运输车辆通行证", certMark: "临超限", kind: "普通", years: 1, content: newPhrase("准予载运{g}，通行路线：{r}")},
				{dept: "交通", weight: 10, document: "道路运输从业资格决定书", cert: "道路运输从业资格证", certMark: "9901", kind: "认可", years: 6, person: true, content: newPhrase("准予从事经营性道路货物运输驾驶员")},
			},
			penalties: []penalty{
				{
					dept: "交通", weight: 40, conduct: "车辆超过限定标准在公路上行驶", fact: newPhrase("{d}，当事人所属车辆载运{g}经{r}检测点，车货总重超过限定标准{q}吨"), persons: 22, simple: 18, cert: "道路运输证",
					basis: "《公路安全保护条例》第六十四条", outcomes: []outcome{{weight: 97, kinds: fine, min: 500, max: 30000}, {weight: 3, kinds: revoke}},
				},
				{
					dept: "交通", weight: 22, conduct: "未取得道路运输经营许可擅自从事道路运输经营", fact: newPhrase("{d}执法检查，当事人未取得经营许可，从事{g}运输，违法所得{m}元"), persons: 45,
					basis: "《中华人民共和国道路运输条例》第六十三条", outcomes: []outcome{{weight: 5, kinds: fine, min: 3000, max: 30000}, {weight: 5, kinds: fine | forfeit, min: 3000, max: 50000}},
				},
				{
					dept: "交通", weight: 12, conduct: "未按规定维护和检测运输车辆", fact: newPhrase("{d}检查发现，当事人{q}辆营运车辆未按规定周期进行检验检测"), simple: 40,
					basis: "《道路货物运输及站场管理规定》", outcomes: []outcome{{weight: 7, kinds: fine, min: 1000, max: 5000}, {weight: 3, kinds: warn}},
				},
			},
		},
		{
			name: "机动车服务业", code: "O811", weight: 44, forms: [formCount]int{limitedCo: 30, branch: 3, individual: 67}, words: []string{"汽车服务", "汽车销售服务", "驾驶培训", "机动车检测"}, shops: []string{"汽修厂", "汽车维修店", "轮胎店", "汽车美容店", "洗车行", "电动车行"},
			scope: "机动车修理和维护；汽车零配件零售；机动车驾驶员培训", goods: []string{"机油滤芯", "刹车片", "轮胎", "废机油", "蓄电池"},
			licences: []licence{
				{dept: "交通", weight: 20, document: "机动车维修经营备案表", kind: "其他-备案", content: newPhrase("机动车维修经营备案，类别：二类；地址：{a}")},
				{dept: "审批", weight: 5, document: "准予行政许可决定书", cert: "检验检测机构资质认定证书", certMark: "99", kind: "认可", years: 6, content: newPhrase("机动车安全技术检验、排放检验；地址：{a}")},
			},
			penalties: []penalty{
				{
					dept: "生态", weight: 18, conduct: "未按规定贮存危险废物", fact: newPhrase("{d}检查发现，当事人产生的{g}{q}0千克露天堆放，未设置危险废物识别标志"),
					basis: "《中华人民共和国固体废物污染环境防治法》第一百一十二条", outcomes: []outcome{{weight: 1, kinds: fine, min: 100000, max: 300000}},
				},
				{
					dept: "交通", weight: 20, conduct: "未建立机动车维修档案", fact: newPhrase("{d}检查发现，当事人对{q}台次维修车辆未建立维修档案、未签发维修合格证"), simple: 35,
					basis: "《机动车维修管理规定》", outcomes: []outcome{{weight: 6, kinds: fine, min: 500, max: 5000}, {weight: 4, kinds: warn}},
				},
			},
		},
	}
}
