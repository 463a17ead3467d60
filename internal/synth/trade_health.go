package synth

// healthTrades: medicine, care and the public places that health inspectors visit.
func healthTrades() []trade {
	return []trade{
		{
			name: "医药零售业", code: "F525", weight: 26, forms: [formCount]int{limitedCo: 38, jointStock: 2, branch: 42, individual: 18}, words: []string{"大药房", "医药", "药业", "医药连锁"}, shops: []string{"大药房", "药店", "中药店"},
			scope: "药品零售；第二类医疗器械销售；保健食品销售", goods: []string{"阿莫西林胶囊", "连花清咳片", "医用口罩", "血糖试纸", "中药饮片", "眼药水"},
			licences: []licence{
				{dept: "审批", weight: 30, document: "准予行政许可决定书（药品经营许可）", cert: "药品经营许可证", certMark: "临CB", kind: "普通", years: 5, content: newPhrase("药品零售；经营范围：中药饮片、中成药、化学药制剂；地址：{a}")},
				{dept: "审批", weight: 14, document: "第二类医疗器械经营备案凭证", cert: "第二类医疗器械经营备案凭证", certMark: "临药监械经营备", kind: "其他-备案", content: newPhrase("经营方式：零售；经营场所：{a}")},
			},
			penalties: []penalty{
				{
					dept: "市监", weight: 30, conduct: "未遵守药品经营质量管理规范", fact: newPhrase("{d}检查发现，当事人未凭处方销售{g}，执业药师不在岗，阴凉柜温度超标"), cert: "药品经营许可证", simple: 10,
					basis: "《中华人民共和国药品管理法》第一百二十六条", outcomes: []outcome{{weight: 70, kinds: warn}, {weight: 25, kinds: fine, min: 100000, max: 300000}, {weight: 4, kinds: suspend | fine, min: 100000, max: 300000}, {weight: 1, kinds: revoke | fine, min: 200000, max: 500000}},
				},
				{
					dept: "市监", weight: 14, conduct: "经营过期的医疗器械", fact: newPhrase("{d}检查发现，当事人货架上的{g}{q}盒已超过有效期，货值金额{m}元"),
					basis: "《医疗器械监督管理条例》第八十六条", outcomes: []outcome{{weight: 8, kinds: fine | seize, min: 5000, max: 50000}, {weight: 2, kinds: fine | forfeit | seize, min: 20000, max: 60000}},
				},
			},
		},
		{
			name: "卫生", code: "Q84", weight: 24, forms: [formCount]int{limitedCo: 36, branch: 4, individual: 40, institution: 10, privateSchool: 10}, words: []string{"口腔门诊部", "中医医院", "医疗管理", "综合门诊部", "健康管理"}, shops: []string{"诊所", "口腔诊所", "中医诊所", "卫生室"}, public: []string{"社区卫生服务中心", "中心卫生院", "妇幼保健院", "康复医院"},
			scope: "医疗服务；诊所服务", goods: []string{"注射用头孢曲松", "一次性注射器", "口腔种植体", "消毒剂"},
			licences: []licence{
				{dept: "审批", weight: 24, document: "准予行政许可决定书（医疗机构执业）", cert: "医疗机构执业许可证", certMark: "PDY", kind: "普通", years: 5, content: newPhrase("医疗机构执业登记；诊疗科目：内科、口腔科；地址：{a}")},
				{dept: "审批", weight: 7, document: "准予行政许可决定书", cert: "放射诊疗许可证", certMark: "临卫放证", kind: "普通", years: 4, content: newPhrase("放射诊疗许可项目：X射线影像诊断")},
				{dept: "卫健", weight: 12, document: "医师执业注册决定书", cert: "医师执业证书", certMark: "110", kind: "认可", person: true, content: newPhrase("准予医师执业注册，执业地点：临溪市")},
			},
			penalties: []penalty{
				{
					dept: "卫健", weight: 30, conduct: "使用非卫生技术人员从事医疗卫生技术工作", fact: newPhrase("{d}检查发现，当事人使用{q}名未取得资格的人员从事诊疗活动"), cert: "医疗机构执业许可证", persons: 8,
					basis: "《医疗机构管理条例》第四十七条", outcomes: []outcome{{weight: 80, kinds: fine, min: 10000, max: 100000}, {weight: 17, kinds: warn | fine, min: 10000, max: 50000}, {weight: 3, kinds: revoke | fine, min: 50000, max: 100000}},
				},
				{
					dept: "卫健", weight: 22, conduct: "未按规定处置医疗废物", fact: newPhrase("{d}检查发现，当事人将使用后的{g}与生活垃圾混放，未登记医疗废物去向"), simple: 12,
					basis: "《医疗废物管理条例》第四十六条", outcomes: []outcome{{weight: 5, kinds: warn}, {weight: 5, kinds: warn | fine, min: 2000, max: 5000}},
				},
				{
					dept: "卫健", weight: 10, conduct: "非医师行医", fact: newPhrase("{d}，当事人未取得医师资格，在{r}租住房内为他人拔牙、输液，收取费用{m}元"), persons: 90,
					basis: "《中华人民共和国医师法》第五十九条", outcomes: []outcome{{weight: 7, kinds: fine | forfeit | seize, min: 20000, max: 60000}, {weight: 3, kinds: fine | forfeit, min: 20000, max: 40000}},
				},
			},
		},
		{
			name: "居民服务业", code: "O80", weight: 92, forms: shopForms(), words: []string{"美容服务", "家政服务", "养生保健", "美业管理"}, shops: []string{"理发店", "美容美发店", "足浴店", "洗衣店", "浴池", "美甲店", "养生馆", "汽车美容店"},
			scope: "生活美容服务；理发服务；洗浴服务", goods: []string{"烫发剂", "一次性毛巾", "精油", "洗发水", "染发膏"},
			licences: []licence{{dept: "审批", weight: 40, document: "准予行政许可决定书", cert: "公共场所卫生许可证", certMark: "临卫公证", kind: "普通", years: 4, content: newPhrase("许可项目：理发、美容、洗浴场所；地址：{a}")}},
			penalties: []penalty{
				{
					dept: "卫健", weight: 34, conduct: "未依法取得公共场所卫生许可证擅自营业", fact: newPhrase("{d}检查发现，当事人未取得公共场所卫生许可证，在{a}擅自营业"), simple: 10,
					basis: "《公共场所卫生管理条例实施细则》第三十五条", outcomes: []outcome{{weight: 5, kinds: warn | fine, min: 500, max: 5000}, {weight: 3, kinds: warn}, {weight: 2, kinds: warn | fine, min: 5000, max: 30000}},
				},
				{
					dept: "卫健", weight: 20, conduct: "未按规定对顾客用品用具进行清洗消毒", fact: newPhrase("{d}检查发现，当事人提供的毛巾、{g}未经清洗、消毒重复使用，经检测不合格"), simple: 25,
					basis: "《公共场所卫生管理条例实施细则》第三十六条", outcomes: []outcome{{weight: 6, kinds: warn}, {weight: 4, kinds: warn | fine, min: 500, max: 2000}},
				},
			},
		},
		{
			name: "住宿业", code: "H61", weight: 22, forms: mixedForms(), words: []string{"酒店", "酒店管理", "宾馆", "民宿"}, shops: []string{"宾馆", "旅馆", "民宿", "客栈"},
			scope: "住宿服务；会议服务", goods: []string{"床上用品", "一次性拖鞋", "杯具"},
			licences: []licence{
				{dept: "公安", weight: 20, document: "准予行政许可决定书", cert: "特种行业许可证", certMark: "临公特旅字", kind: "普通", content: newPhrase("旅馆业特种行业许可；地址：{a}")},
				{dept: "审批", weight: 18, document: "准予行政许可决定书", cert: "公共场所卫生许可证", certMark: "临卫公证", kind: "普通", years: 4, content: newPhrase("许可项目：宾馆、旅店；地址：{a}")},
				{dept: "消防", weight: 8, document: "公众聚集场所投入使用、营业消防安全检查意见书", cert: "公众聚集场所投入使用、营业前消防安全检查合格证", certMark: "临消安检字", kind: "普通", content: newPhrase("准予投入使用、营业；场所：{n}；地址：{a}")},
			},
			penalties: []penalty{
				{
					dept: "公安", weight: 26, conduct: "未按规定登记住宿人员信息", fact: newPhrase("{d}检查发现，当事人对{q}名住宿旅客未按规定登记姓名、身份证件种类和号码"), persons: 25, simple: 45,
					basis: "《中华人民共和国治安管理处罚法》", outcomes: []outcome{{weight: 8, kinds: fine, min: 200, max: 500}, {weight: 2, kinds: warn}},
				},
				{
					dept: "消防", weight: 20, conduct: "公众聚集场所未经消防安全检查擅自投入使用、营业", fact: newPhrase("{d}检查发现，当事人位于{a}的场所未经消防安全检查擅自营业"),
					basis: "《中华人民共和国消防法》第五十八条", outcomes: []outcome{{weight: 7, kinds: fine | stop, min: 30000, max: 150000}, {weight: 3, kinds: fine, min: 30000, max: 60000}},
				},
			},
		},
	}
}
