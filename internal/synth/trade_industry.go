package synth

// industryTrades: factories, energy, waste and the goods they sell.
func industryTrades() []trade {
	pollution := func(weight int) []penalty {
		return []penalty{
			{
				dept: "生态", weight: weight, conduct: "未按照排污许可证规定排放污染物", fact: newPhrase("{d}现场检查，当事人生产{g}时废气治理设施未运行，超过许可排放浓度限值{q}成"), cert: "排污许可证",
				basis: "《排污许可管理条例》第三十四条", outcomes: []outcome{{weight: 75, kinds: fine, min: 200000, max: 600000}, {weight: 20, kinds: fine | limit, min: 200000, max: 800000}, {weight: 4, kinds: fine | stop, min: 300000, max: 1000000}, {weight: 1, kinds: revoke | fine, min: 500000, max: 1000000}},
			},
			{
				dept: "生态", weight: weight, conduct: "未依法报批建设项目环境影响评价文件擅自开工建设", fact: newPhrase("当事人{g}生产线未取得环评批复，{d}检查时已建成设备{q}台，总投资{m}00元"),
				basis: "《中华人民共和国环境影响评价法》第三十一条", outcomes: []outcome{{weight: 1, kinds: fine, min: 2000, max: 150000}},
			},
		}
	}
	hazards := penalty{
		dept: "应急", weight: 18, conduct: "未采取措施消除事故隐患", fact: newPhrase("{d}检查发现，当事人{g}车间{q}处事故隐患逾期未整改，安全出口标志缺失"), persons: 14,
		basis: "《中华人民共和国安全生产法》第一百零二条", outcomes: []outcome{{weight: 7, kinds: fine, min: 5000, max: 50000}, {weight: 3, kinds: warn}},
	}
	training := penalty{
		dept: "应急", weight: 14, conduct: "未按规定对从业人员进行安全生产教育和培训", fact: newPhrase("{d}检查发现，当事人{q}名从业人员未经安全生产教育培训上岗作业"), simple: 6,
		basis: "《中华人民共和国安全生产法》第九十七条", outcomes: []outcome{{weight: 9, kinds: fine, min: 5000, max: 80000}, {weight: 1, kinds: warn}},
	}
	discharge := licence{dept: "生态", weight: 14, document: "排污许可证核发决定", cert: "排污许可证", kind: "普通", years: 5, content: newPhrase("排污许可管理类别：重点管理；生产经营场所：{a}")}
	assessment := licence{dept: "生态", weight: 10, document: "建设项目环境影响报告表批复", kind: "核准", content: newPhrase("同意{g}技术改造项目按报告表所列性质、规模、地点建设")}
	return []trade{
		{
			name: "化学原料和化学制品制造业", code: "C26", weight: 14, forms: companyForms(), words: []string{"化工", "新材料", "精细化工", "涂料", "化学科技"}, scope: "化工产品生产；化工产品销售（不含许可类）", goods: []string{"丙烯酸乳液", "环氧树脂", "防锈漆", "甲醇", "表面活性剂"},
			licences: []licence{
				discharge, assessment,
				{dept: "应急", weight: 16, document: "准予行政许可决定书", cert: "危险化学品经营许可证", certMark: "临危化经字", kind: "普通", years: 3, content: newPhrase("许可范围：{g}；经营方式：带有储存设施经营")},
				{dept: "应急", weight: 7, document: "准予行政许可决定书", cert: "安全生产许可证", certMark: "（临）WH安许证字", kind: "普通", years: 3, content: newPhrase("许可范围：{g}生产")},
			},
			penalties: append(pollution(14), hazards, training, penalty{
				dept: "应急", weight: 8, conduct: "未按规定储存危险化学品", fact: newPhrase("{d}检查发现，当事人将{g}{q}桶存放在未经验收的库房内"), cert: "危险化学品经营许可证",
				basis: "《危险化学品安全管理条例》第八十条", outcomes: []outcome{{weight: 88, kinds: fine, min: 50000, max: 100000}, {weight: 8, kinds: stop | fine, min: 50000, max: 100000}, {weight: 4, kinds: revoke}},
			}),
		},
		{
			name: "通用设备制造业", code: "C34", weight: 46, forms: companyForms(), words: []string{"机械制造", "机电设备", "泵业", "精密机械", "铸造", "自动化设备", "阀门"}, scope: "通用设备制造；机械零部件加工；金属制品销售", goods: []string{"离心泵", "铸铁件", "减速机", "法兰", "液压缸"},
			licences: []licence{discharge, assessment, {dept: "审批", weight: 14, document: "特种设备使用登记决定", cert: "特种设备使用登记证", certMark: "起", kind: "登记", content: newPhrase("桥式起重机{q}台使用登记；使用地点：{a}")}},
			penalties: append(pollution(8), hazards, training, penalty{
				dept: "市监", weight: 14, conduct: "使用未经定期检验的特种设备", fact: newPhrase("{d}检查发现，当事人使用的叉车{q}台超过检验有效期未检验"),
				basis: "《中华人民共和国特种设备安全法》第八十四条", outcomes: []outcome{{weight: 9, kinds: fine, min: 30000, max: 100000}, {weight: 1, kinds: fine | stop, min: 30000, max: 200000}},
			}),
		},
		{
			name: "非金属矿物制品业", code: "C30", weight: 26, forms: companyForms(), words: []string{"建材", "陶瓷", "混凝土", "石材", "玻璃制品", "耐火材料"}, scope: "建筑材料销售；日用陶瓷制品制造；水泥制品制造", goods: []string{"预拌砂浆", "日用陶瓷", "钢化玻璃", "耐火砖", "石膏板"},
			licences: []licence{discharge, assessment, {dept: "自然", weight: 4, document: "采矿许可证延续登记决定", cert: "采矿许可证", certMark: "C9901", kind: "特许", years: 5, content: newPhrase("开采矿种：建筑石料用灰岩；生产规模：{q}0万吨/年")}},
			penalties: append(pollution(16), hazards, training, penalty{
				dept: "市监", weight: 12, conduct: "生产不符合国家标准的产品", fact: newPhrase("当事人生产的{g}经监督抽查判定不合格，货值金额{m}元"),
				basis: "《中华人民共和国产品质量法》第四十九条", outcomes: []outcome{{weight: 7, kinds: fine | forfeit, min: 3000, max: 100000}, {weight: 3, kinds: fine | seize | forfeit, min: 5000, max: 100000}},
			}),
		},
		{
			name: "纺织服装业", code: "C18", weight: 24, forms: mixedForms(), words: []string{"纺织", "服装", "针织", "家纺", "印染"}, shops: []string{"服装加工厂", "窗帘加工店"}, scope: "服装制造；针纺织品销售", goods: []string{"棉布", "校服", "床品四件套", "羽绒服", "袜子"},
			licences: []licence{assessment}, penalties: append(pollution(5), hazards, penalty{
				dept: "市监", weight: 16, conduct: "生产、销售纤维含量与标识不符的产品", fact: newPhrase("当事人销售的{g}{q}件经抽检纤维含量与明示不符，货值金额{m}元"),
				basis: "《中华人民共和国产品质量法》第五十条", outcomes: []outcome{{weight: 6, kinds: fine | forfeit, min: 1000, max: 50000}, {weight: 4, kinds: fine, min: 1000, max: 20000}},
			}),
		},
		{
			name: "批发业", code: "F51", weight: 84, forms: companyForms(), words: []string{"商贸", "贸易", "进出口", "实业", "物资", "经贸", "建材销售"}, scope: "日用百货批发；建筑材料批发；货物进出口", goods: []string{"电线电缆", "冷轧钢板", "日化用品", "劳保手套", "塑料管材"},
			licences: []licence{{dept: "商务", weight: 6, document: "对外贸易经营者备案登记表", kind: "其他-备案", content: newPhrase("对外贸易经营者备案登记")}},
			penalties: []penalty{
				{
					dept: "市监", weight: 16, conduct: "销售不符合保障人体健康和人身、财产安全标准的产品", fact: newPhrase("当事人销售的{g}经抽检不合格，共{q}件，货值金额{m}元"), basis: "《中华人民共和国产品质量法》第四十九条",
					outcomes: []outcome{{weight: 6, kinds: fine | forfeit, min: 2000, max: 80000}, {weight: 4, kinds: fine | seize, min: 2000, max: 60000}},
				},
				{
					dept: "税务", weight: 5, conduct: "虚开增值税发票", fact: newPhrase("当事人在没有真实交易的情况下开具增值税专用发票{q}份，涉及税额{m}0元"), basis: "《中华人民共和国发票管理办法》第三十五条",
					outcomes: []outcome{{weight: 6, kinds: fine, min: 10000, max: 500000}, {weight: 4, kinds: fine | forfeit, min: 50000, max: 500000}},
				},
			},
		},
		{
			name: "零售业", code: "F52", weight: 132, forms: shopForms(), words: []string{"商贸", "百货", "家居", "家电", "建材销售", "文化用品"}, shops: []string{"服装店", "五金店", "建材店", "家电维修部", "文具店", "花店", "眼镜店", "手机店", "窗帘店", "母婴店", "灯具店", "鞋店"},
			scope: "日用百货零售；服装零售；五金产品零售", goods: []string{"插线板", "儿童玩具", "电动自行车头盔", "燃气灶", "开关插座", "保温杯", "化妆品"},
			penalties: []penalty{
				{
					dept: "市监", weight: 22, conduct: "销售未获得强制性产品认证的产品", fact: newPhrase("{d}检查发现，当事人销售的{g}{q}件未经强制性产品认证，货值金额{m}元"), basis: "《中华人民共和国认证认可条例》第六十六条", simple: 10, persons: 4,
					outcomes: []outcome{{weight: 7, kinds: fine | forfeit, min: 500, max: 60000}, {weight: 3, kinds: fine, min: 500, max: 50000}},
				},
				{
					dept: "市监", weight: 12, conduct: "侵害消费者权益", fact: newPhrase("当事人销售{g}时作虚假宣传，对消费者提出的退货要求故意拖延"), basis: "《中华人民共和国消费者权益保护法》第五十六条", simple: 30,
					outcomes: []outcome{{weight: 5, kinds: warn}, {weight: 5, kinds: warn | fine, min: 500, max: 20000}},
				},
			},
		},
		{
			name: "燃气和成品油零售业", code: "F526", weight: 12, forms: [formCount]int{limitedCo: 52, branch: 38, individual: 10}, words: []string{"燃气", "能源", "石油", "加油站", "液化气"}, shops: []string{"加油点", "液化气供应站"}, scope: "成品油零售；燃气经营", goods: []string{"92号车用汽油", "液化石油气钢瓶", "0号车用柴油"},
			licences: []licence{
				{dept: "审批", weight: 20, document: "准予行政许可决定书", cert: "成品油零售经营批准证书", certMark: "油零售证书第", kind: "普通", years: 5, content: newPhrase("准予从事汽油、柴油零售经营；地址：{a}")},
				{dept: "住建", weight: 12, document: "准予行政许可决定书", cert: "燃气经营许可证", certMark: "临燃", kind: "特许", years: 8, content: newPhrase("经营类别：瓶装燃气；供气区域：{r}一带")},
			},
			penalties: []penalty{
				hazards,
				{
					dept: "住建", weight: 20, conduct: "销售未经许可的瓶装燃气", fact: newPhrase("{d}检查发现，当事人向未办理用户档案的{q}户餐饮单位销售{g}"), basis: "《城镇燃气管理条例》第四十六条", persons: 12, cert: "燃气经营许可证",
					outcomes: []outcome{{weight: 92, kinds: fine, min: 10000, max: 100000}, {weight: 5, kinds: fine | forfeit, min: 10000, max: 100000}, {weight: 3, kinds: revoke | fine, min: 50000, max: 100000}},
				},
				{
					dept: "市监", weight: 14, conduct: "使用不合格的计量器具", fact: newPhrase("{d}检查发现，当事人{q}号加油机示值误差超出允许范围"), basis: "《中华人民共和国计量法》第二十六条",
					outcomes: []outcome{{weight: 8, kinds: fine, min: 500, max: 2000}, {weight: 2, kinds: fine | forfeit | seize, min: 1000, max: 2000}},
				},
			},
		},
		{
			name: "废弃资源综合利用业", code: "C42", weight: 14, forms: mixedForms(), words: []string{"再生资源", "环保科技", "环境工程", "资源利用"}, shops: []string{"废品收购站", "废旧物资回收部"}, scope: "再生资源回收；再生资源加工；环境保护专用设备销售", goods: []string{"废塑料", "废金属", "废旧电瓶", "废纸"},
			licences:  []licence{discharge, {dept: "商务", weight: 8, document: "再生资源回收经营者备案登记证明", kind: "其他-备案", content: newPhrase("再生资源回收经营者备案；场所：{a}")}},
			penalties: append(pollution(8), hazards),
		},
	}
}
