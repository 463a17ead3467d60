package synth

// serviceTrades: offices, schools of the market and what people do of an evening.
func serviceTrades() []trade {
	return []trade{
		{
			name: "软件和信息技术服务业", code: "I65", services: true, weight: 52, forms: companyForms(), words: []string{"信息科技", "软件", "网络科技", "数据服务", "智能科技", "电子商务"}, scope: "软件开发；信息系统集成服务；技术服务、技术开发、技术咨询", goods: []string{"管理系统", "小程序", "会员卡", "网络课程"},
			licences: []licence{{dept: "审批", weight: 8, document: "准予行政许可决定书", cert: "增值电信业务经营许可证", certMark: "临B2-", kind: "普通", years: 5, content: newPhrase("业务种类：信息服务业务（仅限互联网信息服务）")}},
			penalties: []penalty{
				{
					dept: "公安", weight: 12, conduct: "未履行网络安全保护义务", fact: newPhrase("{d}检查发现，当事人运营的{g}未落实网络安全等级保护制度，日志留存不足六个月"), basis: "《中华人民共和国网络安全法》第五十九条",
					outcomes: []outcome{{weight: 8, kinds: warn}, {weight: 2, kinds: fine, min: 10000, max: 50000}},
				},
				{
					dept: "市监", weight: 10, conduct: "违反电子商务经营者信息公示义务", fact: newPhrase("当事人未在网店首页显著位置持续公示营业执照信息"), basis: "《中华人民共和国电子商务法》第七十六条", simple: 40,
					outcomes: []outcome{{weight: 1, kinds: fine, min: 500, max: 5000}},
				},
			},
		},
		{
			name: "商务服务业", code: "L72", services: true, weight: 60, forms: companyForms(), words: []string{"企业管理咨询", "商务信息咨询", "广告传媒", "会展服务", "财税服务", "知识产权代理", "文化传媒"}, shops: []string{"图文广告店", "代理记账服务部", "打字复印店"}, scope: "企业管理咨询；广告制作；会议及展览服务", goods: []string{"户外广告", "宣传折页", "代账服务", "会展搭建"},
			licences: []licence{{dept: "审批", weight: 8, document: "准予行政许可决定书", cert: "代理记账许可证书", certMark: "DLJZ9901", kind: "普通", content: newPhrase("准予从事代理记账业务")}},
			penalties: []penalty{{
				dept: "市监", weight: 16, conduct: "提交虚假材料取得登记", fact: newPhrase("当事人代理他人提交虚假住所证明材料办理登记{q}件，违法所得{m}元"), basis: "《中华人民共和国市场主体登记管理条例》第四十条",
				outcomes: []outcome{{weight: 1, kinds: fine | forfeit, min: 50000, max: 200000}, {weight: 1, kinds: fine, min: 20000, max: 100000}},
			}},
		},
		{
			name: "人力资源服务业", code: "L726", services: true, weight: 18, forms: companyForms(), words: []string{"人力资源", "劳务派遣", "人才服务", "外包服务"}, scope: "人力资源服务；劳务派遣服务；职业中介活动", goods: []string{"派遣协议", "招聘信息"},
			licences: []licence{
				{dept: "审批", weight: 22, document: "准予行政许可决定书", cert: "劳务派遣经营许可证", certMark: "9901", kind: "普通", years: 3, content: newPhrase("许可经营事项：劳务派遣")},
				{dept: "审批", weight: 16, document: "准予行政许可决定书", cert: "人力资源服务许可证", certMark: "（临）人服证字", kind: "普通", years: 5, content: newPhrase("服务范围：为求职者介绍用人单位；为用人单位推荐求职者")},
			},
			penalties: []penalty{
				{
					dept: "人社", weight: 26, conduct: "违反劳务派遣规定", fact: newPhrase("{d}检查发现，当事人与{q}名被派遣劳动者未订立二年以上固定期限劳动合同"), basis: "《中华人民共和国劳动合同法》第九十二条", cert: "劳务派遣经营许可证",
					outcomes: []outcome{{weight: 96, kinds: fine, min: 5000, max: 80000}, {weight: 4, kinds: revoke | fine, min: 20000, max: 100000}},
				},
				{
					dept: "人社", weight: 12, conduct: "未经许可擅自从事职业中介活动", fact: newPhrase("当事人未取得人力资源服务许可证从事职业中介，收取费用{m}元"), basis: "《人力资源市场暂行条例》第四十二条", persons: 20,
					outcomes: []outcome{{weight: 1, kinds: fine | forfeit, min: 10000, max: 50000}},
				},
			},
		},
		{
			name: "文化娱乐业", code: "R90", weight: 34, forms: mixedForms(), words: []string{"文化传播", "娱乐", "影院管理", "演艺", "旅行社", "印务"}, shops: []string{"网吧", "歌厅", "台球厅", "电竞馆", "书店", "印刷厂", "棋牌室"}, scope: "娱乐场所经营；互联网上网服务；旅游业务；印刷品装潢印刷", goods: []string{"图书", "点歌系统", "游戏设备", "旅游合同"},
			licences: []licence{
				{dept: "文旅", weight: 16, document: "准予行政许可决定书", cert: "娱乐经营许可证", certMark: "9901", kind: "普通", years: 2, content: newPhrase("经营范围：歌舞娱乐；核定消费者数量{q}0人；地址：{a}")},
				{dept: "文旅", weight: 12, document: "准予行政许可决定书", cert: "网络文化经营许可证", certMark: "临网文", kind: "普通", years: 3, content: newPhrase("互联网上网服务营业场所；终端{q}0台；地址：{a}")},
				{dept: "文旅", weight: 10, document: "准予行政许可决定书", cert: "出版物经营许可证", certMark: "新出发临字", kind: "普通", years: 5, content: newPhrase("图书、期刊、音像制品零售；地址：{a}")},
			},
			penalties: []penalty{
				{
					dept: "文旅", weight: 28, conduct: "接纳未成年人进入营业场所", fact: newPhrase("{d}检查发现，当事人经营的场所内接纳{q}名未成年人"), basis: "《中华人民共和国未成年人保护法》第一百二十三条", cert: "网络文化经营许可证",
					outcomes: []outcome{{weight: 50, kinds: warn | fine, min: 3000, max: 50000}, {weight: 35, kinds: warn}, {weight: 12, kinds: fine | stop, min: 10000, max: 50000}, {weight: 3, kinds: revoke}},
				},
				{
					dept: "文旅", weight: 14, conduct: "未经许可经营旅行社业务", fact: newPhrase("当事人未取得旅行社业务经营许可，组织{q}名游客出游，收取团费{m}元"), basis: "《中华人民共和国旅游法》第九十五条", persons: 15,
					outcomes: []outcome{{weight: 1, kinds: fine | forfeit, min: 10000, max: 100000}},
				},
				{
					dept: "文旅", weight: 8, things: "图书", conduct: "发行侵权盗版出版物", fact: newPhrase("{d}检查发现，当事人陈列销售盗版{g}{q}册，货值金额{m}元"), basis: "《出版管理条例》第六十二条", simple: 8,
					outcomes: []outcome{{weight: 6, kinds: fine | seize, min: 1000, max: 50000}, {weight: 4, kinds: warn | seize}},
				},
			},
		},
		{
			name: "教育培训业", code: "P839", services: true, weight: 30, forms: [formCount]int{limitedCo: 52, branch: 4, individual: 22, privateSchool: 22}, words: []string{"教育科技", "教育咨询", "艺术培训", "职业培训学校", "托育服务"}, shops: []string{"托管中心", "书画培训部", "琴行"}, scope: "文化艺术培训；教育咨询服务（不含涉许可审批的教育培训活动）", goods: []string{"数学课程", "英语课程", "舞蹈课程", "编程课程"},
			licences: []licence{
				{dept: "教体", weight: 18, document: "准予行政许可决定书", cert: "民办学校办学许可证", certMark: "教民99010", kind: "普通", years: 3, content: newPhrase("办学内容：非学科类培训（文化艺术）；办学地址：{a}")},
				{dept: "教体", weight: 10, document: "教师资格认定决定书", cert: "教师资格证书", certMark: "2099", kind: "认可", person: true, content: newPhrase("认定初级中学教师资格，任教学科：语文")},
			},
			penalties: []penalty{
				{
					dept: "教体", weight: 26, conduct: "擅自开展校外学科类培训", fact: newPhrase("{d}检查发现，当事人在{a}面向{q}名小学生讲授{g}，收取费用{m}元"), basis: "《校外培训行政处罚暂行办法》第十七条", persons: 24, cert: "民办学校办学许可证",
					outcomes: []outcome{{weight: 60, kinds: fine | forfeit, min: 5000, max: 100000}, {weight: 25, kinds: warn}, {weight: 12, kinds: fine | forfeit | stop, min: 20000, max: 100000}, {weight: 3, kinds: revoke}},
				},
				{
					dept: "市监", weight: 8, conduct: "采用虚假价格手段诱骗交易", fact: newPhrase("当事人在招生宣传中虚构原价，以“优惠”名义收取{g}费用，涉及{q}人"), basis: "《价格违法行为行政处罚规定》第七条",
					outcomes: []outcome{{weight: 6, kinds: fine | forfeit, min: 5000, max: 100000}, {weight: 4, kinds: warn | fine, min: 5000, max: 50000}},
				},
			},
		},
	}
}

// civicTrades: those that no market regulator registers.
func civicTrades() []trade {
	annual := func(dept, law string) []penalty {
		return []penalty{{
			dept: dept, weight: 10, conduct: "不按照规定接受年度检查", fact: newPhrase("当事人连续{q}年未按照规定接受年度检查（年度报告）"), basis: law, cert: "登记证书",
			outcomes: []outcome{{weight: 6, kinds: warn}, {weight: 2, kinds: limit}, {weight: 2, kinds: revoke}},
		}}
	}
	return []trade{
		{
			name: "社会组织", code: "S95", weight: 14, forms: [formCount]int{association: 62, privateSchool: 34, foundation: 4}, words: []string{"餐饮", "建筑业", "书法", "义工", "羽毛球运动", "养老服务", "食品工业", "电子商务", "志愿服务", "老科技工作者"}, scope: "行业服务；公益活动", goods: []string{"会费", "捐赠物资"},
			licences:  []licence{{dept: "民政", weight: 20, document: "准予社会组织变更登记决定书", cert: "社会组织法人登记证书", kind: "登记", years: 5, content: newPhrase("准予{n}变更登记，变更事项：法定代表人、住所")}},
			penalties: annual("民政", "《社会团体登记管理条例》第三十条"),
		},
		{
			name: "公共服务", code: "S92", weight: 12, forms: [formCount]int{institution: 100}, words: []string{"小学", "中学", "幼儿园", "人民医院", "卫生服务中心", "图书馆", "文化馆", "园林管理处", "检验检测中心", "公路事业发展中心"}, scope: "公益服务", goods: []string{"食堂餐具", "医疗废物", "校服"},
			licences: []licence{{dept: "审批", weight: 12, document: "准予行政许可决定书（食品经营许可）", cert: "食品经营许可证", certMark: "JY3", kind: "普通", years: 5, content: newPhrase("单位食堂：热食类食品制售；地址：{a}")}},
			penalties: []penalty{
				{
					dept: "卫健", weight: 8, conduct: "未按规定开展消毒隔离", fact: newPhrase("{d}检查发现，当事人消毒供应登记不全，{g}处置不规范"), basis: "《医疗废物管理条例》第四十五条",
					outcomes: []outcome{{weight: 7, kinds: warn}, {weight: 3, kinds: warn | fine, min: 2000, max: 5000}},
				},
				{
					dept: "消防", weight: 6, conduct: "消防设施未保持完好有效", fact: newPhrase("{d}检查发现，当事人{a}建筑内火灾自动报警系统{q}处故障未修复"), basis: "《中华人民共和国消防法》第六十条第一款第一项",
					outcomes: []outcome{{weight: 1, kinds: fine, min: 5000, max: 30000}},
				},
			},
		},
		{
			name: "法律服务业", code: "L723", weight: 8, forms: [formCount]int{lawFirm: 72, legalService: 28}, words: []string{"律师事务所", "法律服务所"}, scope: "法律服务", goods: []string{"委托代理合同"},
			licences: []licence{
				{dept: "司法", weight: 16, document: "准予律师事务所变更决定书", cert: "律师事务所执业许可证", certMark: "31990000", kind: "核准", content: newPhrase("准予{n}变更负责人、住所")},
				{dept: "司法", weight: 10, document: "准予律师执业决定书", cert: "律师执业证", certMark: "199012", kind: "认可", person: true, content: newPhrase("准予律师执业，执业机构所在地：临溪市")},
			},
			penalties: []penalty{{
				dept: "司法", weight: 10, conduct: "私自接受委托、收取费用", fact: newPhrase("当事人未统一接受委托，收取当事人费用{m}元"), basis: "《中华人民共和国律师法》第五十条", persons: 40, cert: "执业证书",
				outcomes: []outcome{{weight: 5, kinds: warn}, {weight: 3, kinds: fine | forfeit, min: 5000, max: 50000}, {weight: 2, kinds: suspend | fine, min: 10000, max: 50000}},
			}},
		},
	}
}
