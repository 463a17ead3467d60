package synth

// trade is a line of business with what its members are called, licensed for and fined for. The laws named are
// the ones that such decisions rest on; the businesses are invented.
type trade struct {
	name      string // as in the national industry classification
	code      string // its code there, GB/T 4754
	weight    int
	forms     [formCount]int // how often each legal form occurs in it
	words     []string       // trade words of company names
	shops     []string       // trade words of individual businesses' names
	public    []string       // trade words of public institutions in it, when they differ from words
	scope     string
	goods     []string
	services  bool // its goods cannot be touched
	licences  []licence
	penalties []penalty
}

// licence is a kind of permission that members of a trade get.
type licence struct {
	dept     string
	weight   int
	document string // title of the decision
	cert     string // name of the certificate; "" when there is none
	certMark string // letters that the certificate's number begins with
	kind     string // 许可类别
	years    int    // how long it holds; 0 = long term
	founding bool   // holds from the founding day, as registrations do
	person   bool   // given to a natural person
	content  phrase
}

// penalty is a kind of offence that members of a trade commit.
type penalty struct {
	dept     string
	weight   int
	conduct  string
	fact     phrase
	basis    string
	outcomes []outcome
	cert     string // certificate that is suspended or revoked
	persons  int    // percentage about natural persons
	simple   int    // percentage in the simple procedure, where the amount allows it
	things   string // what it is about, when that is not the trade's goods
}

// outcome is a set of penalty kinds imposed together, with the range of the fine in yuan.
type outcome struct {
	weight   int
	kinds    kindSet
	min, max int
}

// kindSet is a set of penalty kinds (行政处罚法 art. 9).
type kindSet uint16

const (
	warn       kindSet = 1 << iota // 警告
	criticise                      // 通报批评
	fine                           // 罚款
	forfeit                        // 没收违法所得
	seize                          // 没收非法财物
	suspend                        // 暂扣许可证件
	downgrade                      // 降低资质等级
	revoke                         // 吊销许可证件
	limit                          // 限制开展生产经营活动
	stop                           // 责令停产停业
	shut                           // 责令关闭
	bar                            // 限制从业
	kindsCount = iota
)

var kindNames = [kindsCount]string{
	"警告", "通报批评", "罚款", "没收违法所得", "没收非法财物", "暂扣许可证件", "降低资质等级", "吊销许可证件",
	"限制开展生产经营活动", "责令停产停业", "责令关闭", "限制从业",
}

// The legal forms, each with its place in the unified code.
const (
	limitedCo = iota
	jointStock
	partnership
	soleOwner
	branch
	individual
	coop
	institution
	association
	privateSchool // 民办非企业单位
	foundation
	lawFirm
	legalService
	village
	formCount
)

// forms of the usual trades: mostly individual businesses; mostly companies; farming.
func shopForms() [formCount]int {
	return [formCount]int{limitedCo: 20, soleOwner: 2, branch: 3, individual: 75}
}

func mixedForms() [formCount]int {
	return [formCount]int{limitedCo: 52, jointStock: 1, partnership: 2, soleOwner: 3, branch: 4, individual: 38}
}

func companyForms() [formCount]int {
	return [formCount]int{limitedCo: 84, jointStock: 4, partnership: 3, soleOwner: 2, branch: 7}
}

// allTrades is the city's economy.
func allTrades() []trade {
	var all []trade
	for _, group := range [][]trade{foodTrades(), healthTrades(), buildTrades(), industryTrades(), serviceTrades(), civicTrades()} {
		all = append(all, group...)
	}
	for i := range all {
		all[i].licences = append(all[i].licences, commonLicences(&all[i])...)
		all[i].penalties = append(all[i].penalties, commonPenalties(&all[i])...)
	}
	return all
}

// registered says whether members of the trade are on the register of the market regulator.
func (t *trade) registered() bool { return t.forms[limitedCo]+t.forms[individual]+t.forms[coop] > 0 }

// commonLicences are those of every registered business: what the registry itself decides.
func commonLicences(t *trade) []licence {
	if !t.registered() {
		return nil
	}
	return []licence{
		{dept: "审批", weight: 12, document: "登记通知书（变更）", cert: "营业执照", kind: "登记", founding: true, content: newPhrase("准予{n}变更登记，变更事项：经营范围、住所")},
		{dept: "市监", weight: 8, document: "登记通知书（备案）", cert: "营业执照", kind: "登记", founding: true, content: newPhrase("准予{n}备案，备案事项：联络员")},
		{
			dept: "城管", weight: 3, document: "准予行政许可决定书", cert: "设置大型户外广告及在城市建筑物、设施上悬挂、张贴宣传品许可证", certMark: "HW", kind: "普通", years: 1,
			content: newPhrase("准予在{r}{q}号临街立面设置门头牌匾"),
		},
		{dept: "公安", weight: 1, document: "大型群众性活动安全许可决定书", kind: "普通", years: 1, content: newPhrase("准予举办促销展示活动，地点：{a}")},
	}
}

// commonPenalties are those that any business may meet.
func commonPenalties(t *trade) []penalty {
	if !t.registered() {
		return nil
	}
	things := ""
	if t.services {
		things = "桌椅、灯箱"
	}
	return []penalty{
		{
			dept: "市监", weight: 5, conduct: "发布虚假广告", fact: newPhrase("{d}，当事人在店铺及网络页面宣传{g}时使用“效果第一”“最先进”等无依据用语"),
			basis:    "《中华人民共和国广告法》第五十五条、第五十七条",
			outcomes: []outcome{{weight: 6, kinds: fine, min: 2000, max: 60000}, {weight: 2, kinds: warn}, {weight: 2, kinds: fine | forfeit, min: 3000, max: 40000}},
		},
		{
			dept: "市监", weight: 4, conduct: "未依法办理变更登记", fact: newPhrase("当事人登记的住所已变更，经责令限期办理变更登记，逾期未办理"),
			basis: "《中华人民共和国市场主体登记管理条例》第四十六条", simple: 40,
			outcomes: []outcome{{weight: 6, kinds: fine, min: 1000, max: 20000}, {weight: 4, kinds: warn}},
		},
		{
			dept: "市监", weight: 2, conduct: "不按规定明码标价", fact: newPhrase("{d}检查发现，当事人经营场所内待售的{g}等{q}种商品未标明价格"),
			basis: "《中华人民共和国价格法》第四十二条", simple: 70,
			outcomes: []outcome{{weight: 7, kinds: fine, min: 200, max: 4000}, {weight: 3, kinds: warn}},
		},
		{
			dept: "市监", weight: 1, conduct: "长期未经营且未申报纳税", fact: newPhrase("当事人成立后无正当理由超过六个月未开业，且连续六个月以上未申报纳税"),
			basis: "《中华人民共和国公司法》第二百六十条", cert: "营业执照",
			outcomes: []outcome{{weight: 1, kinds: revoke}},
		},
		{
			dept: "消防", weight: 6, things: things, conduct: "占用、堵塞疏散通道、安全出口", fact: newPhrase("{d}消防监督检查发现，当事人在{a}的场所疏散通道堆放{g}等杂物，安全出口一处被锁闭"),
			basis: "《中华人民共和国消防法》第六十条第一款第三项", persons: 6, simple: 15,
			outcomes: []outcome{{weight: 8, kinds: fine, min: 5000, max: 30000}, {weight: 2, kinds: warn}},
		},
		{
			dept: "消防", weight: 4, conduct: "消防设施、器材未保持完好有效", fact: newPhrase("{d}检查发现，当事人场所内{q}具灭火器压力不足、应急照明损坏，未保持完好有效"),
			basis:    "《中华人民共和国消防法》第六十条第一款第一项",
			outcomes: []outcome{{weight: 8, kinds: fine, min: 5000, max: 40000}, {weight: 2, kinds: warn}},
		},
		{
			dept: "税务", weight: 5, conduct: "未按照规定期限办理纳税申报和报送纳税资料", fact: newPhrase("当事人增值税、个人所得税（工资薪金所得）连续{q}期未按期申报"),
			basis: "《中华人民共和国税收征收管理法》第六十二条", simple: 60,
			outcomes: []outcome{{weight: 9, kinds: fine, min: 50, max: 2000}, {weight: 1, kinds: fine, min: 2000, max: 10000}},
		},
		{
			dept: "人社", weight: 2, conduct: "未按规定与劳动者订立劳动合同或者支付工资", fact: newPhrase("{d}，当事人拖欠{q}名劳动者工资共计{m}0元，经责令改正逾期未改正"),
			basis:    "《劳动保障监察条例》第三十条、《保障农民工工资支付条例》第五十四条",
			outcomes: []outcome{{weight: 7, kinds: fine, min: 2000, max: 50000}, {weight: 3, kinds: warn | fine, min: 2000, max: 20000}},
		},
		{
			dept: "城管", weight: 5, things: things, conduct: "擅自占用城市道路摆摊经营", fact: newPhrase("{d}，当事人在{r}人行道上摆放{g}占道经营，面积约{q}平方米，经责令改正拒不改正"),
			basis: "《城市道路管理条例》第四十二条", persons: 45, simple: 65,
			outcomes: []outcome{{weight: 8, kinds: fine, min: 50, max: 1000}, {weight: 2, kinds: warn}},
		},
		{
			dept: "城管", weight: 2, conduct: "未按规定分类投放生活垃圾", fact: newPhrase("{d}巡查发现，当事人将厨余垃圾与其他垃圾混合投放于{r}收集点"),
			basis: "《中华人民共和国固体废物污染环境防治法》第一百一十一条", persons: 30, simple: 75,
			outcomes: []outcome{{weight: 6, kinds: fine, min: 50, max: 500}, {weight: 1, kinds: fine, min: 50000, max: 80000}, {weight: 4, kinds: warn}},
		},
	}
}
