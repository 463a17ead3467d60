package synth

// foodTrades: what the city eats, from the field to the table.
func foodTrades() []trade {
	safety := func(article string) string { return "《中华人民共和国食品安全法》" + article }
	expired := penalty{
		dept: "市监", weight: 22, conduct: "经营超过保质期的食品", fact: newPhrase("{d}检查发现，当事人位于{a}的经营场所内待售的{g}{q}份已超过保质期，货值金额{m}元"),
		basis: safety("第一百二十四条第一款第五项"), cert: "食品经营许可证", persons: 3, simple: 8,
		outcomes: []outcome{
			{weight: 40, kinds: fine | forfeit, min: 2000, max: 60000},
			{weight: 25, kinds: fine | seize, min: 1000, max: 50000},
			{weight: 20, kinds: fine, min: 500, max: 20000},
			{weight: 12, kinds: warn},
			{weight: 2, kinds: fine | forfeit | seize, min: 50000, max: 100000},
			{weight: 1, kinds: revoke | fine, min: 100000, max: 200000},
		},
	}
	inspectionBook := penalty{
		dept: "市监", weight: 16, conduct: "未查验供货者的许可证和食品出厂检验合格证明", fact: newPhrase("{d}检查发现，当事人购进{g}时未查验供货者的许可证和合格证明，不能提供进货票据"),
		basis: safety("第一百二十六条第一款第三项"), simple: 35,
		outcomes: []outcome{{weight: 70, kinds: warn}, {weight: 20, kinds: warn | fine, min: 5000, max: 20000}, {weight: 10, kinds: fine, min: 1000, max: 8000}},
	}
	unlicensed := penalty{
		dept: "市监", weight: 8, conduct: "未取得食品经营许可从事食品经营活动", fact: newPhrase("{d}，当事人未取得食品经营许可，在{a}从事{g}经营，违法所得{m}元"),
		basis: safety("第一百二十二条第一款"), persons: 22,
		outcomes: []outcome{{weight: 6, kinds: fine | forfeit, min: 5000, max: 80000}, {weight: 3, kinds: fine | forfeit | seize, min: 10000, max: 100000}, {weight: 1, kinds: forfeit}},
	}
	failed := penalty{
		dept: "市监", weight: 9, conduct: "经营不符合食品安全标准的食品", fact: newPhrase("当事人经营的{g}经监督抽检，检出项目不符合食品安全国家标准，货值金额{m}元"),
		basis: safety("第一百二十四条第一款"), cert: "食品经营许可证",
		outcomes: []outcome{{weight: 70, kinds: fine | forfeit, min: 3000, max: 80000}, {weight: 20, kinds: forfeit}, {weight: 8, kinds: fine | forfeit | stop, min: 50000, max: 150000}, {weight: 2, kinds: revoke | fine | forfeit, min: 100000, max: 300000}},
	}
	foodLicence := licence{dept: "审批", weight: 50, document: "准予行政许可决定书（食品经营许可）", cert: "食品经营许可证", certMark: "JY", kind: "普通", years: 5}
	sell, serve := foodLicence, foodLicence
	sell.content = newPhrase("食品销售经营者：预包装食品（含冷藏冷冻食品）销售，散装食品销售；经营场所：{a}")
	serve.content = newPhrase("餐饮服务经营者：热食类食品制售，冷食类食品制售；经营场所：{a}")
	health := licence{dept: "审批", weight: 6, document: "准予行政许可决定书", cert: "公共场所卫生许可证", certMark: "卫公", kind: "普通", years: 4, content: newPhrase("公共场所卫生许可，地址：{a}")}
	return []trade{
		{
			name: "餐饮业", code: "H62", weight: 150, forms: shopForms(), words: []string{"餐饮管理", "餐饮", "餐饮服务", "酒店管理", "食堂管理"},
			shops: []string{"面馆", "小吃店", "饭店", "火锅店", "烧烤店", "早餐店", "羊汤馆", "水饺馆", "快餐店", "菜馆", "包子铺", "麻辣烫店", "奶茶店"},
			scope: "餐饮服务；食品销售；餐饮管理", goods: []string{"卤肉", "酱油", "冷冻鸡翅", "面粉", "凉拌菜", "食用油", "火锅底料", "豆制品"},
			licences: []licence{serve, health},
			penalties: []penalty{
				expired, inspectionBook, unlicensed,
				{
					dept: "市监", weight: 18, conduct: "安排未取得健康证明的人员从事接触直接入口食品的工作", fact: newPhrase("{d}检查发现，当事人安排{q}名未取得健康证明的从业人员从事{g}加工"),
					basis: safety("第一百二十六条第一款第六项"), simple: 40, outcomes: []outcome{{weight: 8, kinds: warn}, {weight: 2, kinds: warn | fine, min: 5000, max: 10000}},
				},
				{
					dept: "市监", weight: 7, conduct: "使用的复用餐饮具不合格", fact: newPhrase("当事人使用的复用餐饮具（碗、盘）经抽样检验，大肠菌群项目不合格"),
					basis: safety("第一百二十六条第一款第五项"), outcomes: []outcome{{weight: 7, kinds: warn}, {weight: 3, kinds: warn | fine, min: 5000, max: 30000}},
				},
				{
					dept: "生态", weight: 5, conduct: "餐饮服务业经营者未安装油烟净化设施", fact: newPhrase("{d}现场检查时，当事人位于{a}的餐饮项目正在营业，油烟未经净化直接排放"),
					basis: "《中华人民共和国大气污染防治法》第一百一十八条", outcomes: []outcome{{weight: 9, kinds: fine, min: 5000, max: 50000}, {weight: 1, kinds: fine | stop, min: 10000, max: 50000}},
				},
			},
		},
		{
			name: "食品零售业", code: "F522", weight: 120, forms: shopForms(), words: []string{"商贸", "超市", "食品", "便利店管理", "供应链管理"},
			shops: []string{"便民超市", "副食店", "百货商店", "果蔬店", "粮油店", "烟酒店", "生鲜超市", "水果店", "零食店", "茶叶店", "熟食店"},
			scope: "食品销售；日用百货销售；未经加工的初级农产品零售", goods: []string{"方便面", "散装糕点", "纯牛奶", "瓶装白酒", "坚果炒货", "速冻水饺", "食用油", "鲜韭菜"},
			licences: []licence{
				sell,
				{dept: "烟草", weight: 22, document: "准予烟草专卖行政许可决定书", cert: "烟草专卖零售许可证", certMark: "990", kind: "特许", years: 5, content: newPhrase("卷烟、雪茄烟零售；经营地址：{a}")},
			},
			penalties: []penalty{
				expired, inspectionBook, unlicensed, failed,
				{
					dept: "市监", weight: 5, conduct: "销售侵犯注册商标专用权的商品", fact: newPhrase("{d}检查发现，当事人销售的{g}{q}件侵犯他人注册商标专用权，货值金额{m}元"),
					basis: "《中华人民共和国商标法》第六十条第二款", outcomes: []outcome{{weight: 7, kinds: fine | seize, min: 2000, max: 100000}, {weight: 3, kinds: seize}},
				},
				{
					dept: "烟草", weight: 4, conduct: "未在当地烟草专卖批发企业进货", fact: newPhrase("{d}检查发现，当事人经营场所内存放非渠道购进的卷烟{q}条，进货总额{m}元"),
					basis: "《中华人民共和国烟草专卖法实施条例》第五十六条", simple: 20, cert: "烟草专卖零售许可证",
					outcomes: []outcome{{weight: 96, kinds: fine, min: 200, max: 8000}, {weight: 4, kinds: revoke}},
				},
			},
		},
		{
			name: "食品制造业", code: "C14", weight: 22, forms: mixedForms(), words: []string{"食品", "食品加工", "粮油", "酿造", "农产品加工", "饮品"}, shops: []string{"食品加工坊", "豆腐坊", "馒头房", "油坊", "糕点坊"},
			scope: "食品生产；食品销售；农副产品收购", goods: []string{"馒头", "豆腐", "桃酥", "香油", "米醋", "粉条", "卤制品"},
			licences: []licence{
				{dept: "审批", weight: 45, document: "准予行政许可决定书（食品生产许可）", cert: "食品生产许可证", certMark: "SC1", kind: "普通", years: 5, content: newPhrase("准予生产：{g}；生产地址：{a}")},
				{dept: "生态", weight: 8, document: "排污许可证核发决定", cert: "排污许可证", kind: "普通", years: 5, content: newPhrase("行业类别：食品制造；排污许可管理类别：简化管理")},
			},
			penalties: []penalty{
				failed, inspectionBook,
				{
					dept: "市监", weight: 20, conduct: "生产标签不符合规定的预包装食品", fact: newPhrase("{d}检查发现，当事人生产的{g}{q}箱标签未如实标明生产日期，货值金额{m}元"),
					basis: safety("第一百二十五条第一款第二项"), cert: "食品生产许可证", outcomes: []outcome{{weight: 6, kinds: fine | forfeit, min: 2000, max: 50000}, {weight: 3, kinds: fine | forfeit | seize, min: 5000, max: 60000}, {weight: 1, kinds: fine | stop, min: 10000, max: 60000}},
				},
			},
		},
		{
			name: "农业", code: "A01", weight: 62, forms: [formCount]int{limitedCo: 26, soleOwner: 2, individual: 14, coop: 50, village: 8}, words: []string{"农业发展", "农业科技", "生态农业", "种业", "农资"},
			shops: []string{"农资店", "种子店", "养殖场", "家庭农场", "苗圃"}, scope: "谷物种植；蔬菜种植；农产品销售；农业技术服务",
			goods: []string{"玉米种子", "小麦种子", "复合肥", "吡虫啉可湿性粉剂", "蔬菜苗", "饲料添加剂"},
			licences: []licence{
				{dept: "农业", weight: 16, document: "准予行政许可决定书", cert: "农药经营许可证", certMark: "农药经许", kind: "普通", years: 5, content: newPhrase("农药经营（限制使用农药除外）；营业场所：{a}")},
				{dept: "农业", weight: 10, document: "准予行政许可决定书", cert: "动物防疫条件合格证", certMark: "动防合", kind: "核准", content: newPhrase("动物饲养场防疫条件合格；地址：{a}")},
				{dept: "水利", weight: 6, document: "取水许可决定书", cert: "取水许可证", certMark: "取水", kind: "特许", years: 5, content: newPhrase("准予取用地下水，用途：农业灌溉，年取水量{q}00立方米")},
			},
			penalties: []penalty{
				{
					dept: "农业", weight: 24, things: "玉米种子", conduct: "经营标签不符合规定的种子", fact: newPhrase("{d}检查发现，当事人经营的{g}包装标签未标注检疫证明编号，货值金额{m}元"),
					basis: "《中华人民共和国种子法》第七十九条", outcomes: []outcome{{weight: 8, kinds: fine, min: 2000, max: 20000}, {weight: 2, kinds: warn}},
				},
				{
					dept: "农业", weight: 16, things: "吡虫啉可湿性粉剂", conduct: "经营假劣农药", fact: newPhrase("当事人经营的{g}经抽检有效成分含量低于标准，共{q}件，货值金额{m}元"), cert: "农药经营许可证",
					basis: "《农药管理条例》第五十六条", outcomes: []outcome{{weight: 7, kinds: fine | forfeit | seize, min: 2000, max: 50000}, {weight: 2, kinds: fine | forfeit, min: 2000, max: 20000}, {weight: 1, kinds: revoke | fine | forfeit, min: 10000, max: 50000}},
				},
				{
					dept: "农业", weight: 9, things: "地笼网", conduct: "使用禁用渔具捕捞", fact: newPhrase("{d}，当事人在望溪河禁渔区使用地笼网捕捞，渔获物约{q}千克"), persons: 85,
					basis: "《中华人民共和国渔业法》第三十八条", outcomes: []outcome{{weight: 6, kinds: fine | seize, min: 500, max: 5000}, {weight: 4, kinds: forfeit | seize}},
				},
				{
					dept: "水利", weight: 6, conduct: "未经批准擅自取水", fact: newPhrase("{d}巡查发现，当事人未办理取水许可，在{a}开凿机井{q}眼取用地下水"),
					basis: "《中华人民共和国水法》第六十九条", outcomes: []outcome{{weight: 1, kinds: fine, min: 20000, max: 80000}},
				},
			},
		},
	}
}
