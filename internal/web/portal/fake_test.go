package portal

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/ident"
	"gongxin/internal/publish"
)

// now is the instant at which the tests stand.
var now = time.Date(2026, 11, 22, 10, 30, 0, 0, clock.Zone)

// fake is a register in memory with a fictional city. It answers as the real one does: zero time is now, what is not there
// is NotFound. poison, when set, is appended to every text that leaves.
type fake struct {
	subjects []*publish.SubjectView
	records  map[string][]publish.RecordView // by subject code
	poison   string
	fail     error // what every call answers
	exportOf int   // records that Export makes; negative: breaks off after as many
	wait     chan struct{}

	mu    sync.Mutex
	calls []string
}

var (
	errFakeSubject = fault.New(fault.NotFound, "fake.subject", "没有查到这个主体的公开信息", "请核对统一社会信用代码，或按名称搜索")
	errFakeRecord  = fault.New(fault.NotFound, "fake.record", "没有这条公开记录", "记录可能已过公示期、已被撤回或已修复")
)

var fakeRegions = []struct{ code, name string }{
	{"990102", "东溪区"}, {"990103", "西溪区"}, {"990104", "南屏区"}, {"990105", "北川县"}, {"990106", "云湖县"}, {"990171", "临溪高新区"},
}

var fakeNames = []string{
	"禾谷食品", "青禾餐饮管理", "云帆物流", "石桥建筑工程", "澄心医疗器械", "松涛环保科技", "百川机械制造", "晨曦教育咨询",
	"南屏旅游开发", "北川矿业", "云湖水产养殖", "惠民大药房", "锦程汽车维修", "长河化工", "微光电子",
}

// uscc makes a valid code in the fictional division.
func uscc(n int) string {
	body := fmt.Sprintf("MA9%05d", n)
	org := body + string(ident.OrgCheck(body))
	first := "91990102" + org
	return first + string(ident.USCCCheck(first))
}

func agency(n int) publish.Source {
	body := fmt.Sprintf("0099%04d", n)
	first := "11990100" + body + string(ident.OrgCheck(body))
	names := []string{"临溪市市场监督管理局", "临溪市行政审批服务局", "临溪市应急管理局", "临溪市生态环境局", "东溪区市场监督管理局", "临溪市交通运输局"}
	return publish.Source{Code: first + string(ident.USCCCheck(first)), Name: names[n%len(names)]}
}

func newFake(perSubject int) *fake {
	f := &fake{records: map[string][]publish.RecordView{}, exportOf: 3}
	for i, n := range fakeNames {
		region := fakeRegions[i%len(fakeRegions)]
		s := &publish.SubjectView{
			SubjectRef: publish.SubjectRef{Code: uscc(i + 1), Name: "临溪市" + region.name + n + "有限公司", Kind: catalog.LegalEntity, Region: region.code, Status: "active"},
			RegionName: "临溪市" + region.name,
			UpdatedAt:  now.Add(-26 * time.Hour),
			Basics: []publish.Pair{
				{Code: "a", Label: "企业类型", Value: "有限责任公司（自然人投资或控股）"},
				{Code: "b", Label: "法定代表人", Value: "测试甲"},
				{Code: "c", Label: "成立日期", Value: "2015-03-12"},
				{Code: "d", Label: "登记机关", Value: region.name + "市场监督管理局"},
				{Code: "e", Label: "住所", Value: "临溪市" + region.name + "示范路100号创新大厦A座1201室"},
			},
		}
		if i == 0 {
			s.FormerNames = []publish.FormerName{{Name: "临溪市禾谷粮油贸易有限公司", Until: 20190611}}
		}
		if i == 3 {
			s.Provisional, s.Basics, s.Status = true, nil, "unknown"
		}
		f.subjects = append(f.subjects, s)
		f.records[s.Code] = fakeRecords(s, perSubject)
		s.Chapters = fakeChapters(f.records[s.Code])
	}
	return f
}

func fakeChapters(records []publish.RecordView) []publish.ChapterCount {
	names := []string{
		"登记注册基础信息", "行政管理信息", "诚实守信相关荣誉信息", "严重失信主体名单信息", "经营（活动）异常名录（状态）信息",
		"信用承诺信息", "信用评价信息", "司法判决及执行信息", "其他信息",
	}
	counts := map[catalog.ItemCode]int{}
	for i := range records {
		counts[records[i].Item]++
	}
	out := make([]publish.ChapterCount, len(names))
	for i, n := range names {
		out[i] = publish.ChapterCount{Chapter: i + 1, Name: n}
	}
	out[1].Items = []publish.ItemCount{{Item: itemLicence, Name: "行政许可", Count: counts[itemLicence]}, {Item: itemPenalty, Name: "行政处罚", Count: counts[itemPenalty]}}
	out[1].Count = len(records)
	return out
}

func fakeRecords(s *publish.SubjectView, n int) []publish.RecordView {
	var out []publish.RecordView
	for i := range n {
		a := agency(i)
		v := publish.RecordView{
			ID: fmt.Sprintf("r%s%03d", s.Code[11:], i), Item: itemLicence, ItemName: "行政许可", Class: catalog.Public, Status: "active", Subject: s.SubjectRef,
			Title: "食品经营许可证", DocNo: fmt.Sprintf("JY1990102000%04d", i+17), Categories: []string{"普通"}, DecidedOn: clock.Date(20260902).AddDays(-37 * i),
			PublicFrom: 20260903, PublicUntil: 20310902, Authority: a.Name, Source: a, RuleSet: "licence", WindowWhy: "行政许可公示至有效期届满",
			Edition: "2026.1", Version: 1, RecordedAt: now.Add(-time.Duration(i+1) * 30 * time.Hour),
			Fields: []publish.FieldView{
				{Code: "XK_XDR_MC", Name: "行政相对人名称", Value: s.Name},
				{Code: "XK_XDR_LB", Name: "行政相对人类别", Value: "法人及非法人组织"},
				{Code: "XK_XDR_SHXYM", Name: "行政相对人代码_1（统一社会信用代码）", Value: s.Code},
				{Code: "XK_XKWS", Name: "行政许可决定文书名称", Value: "食品经营许可证"},
				{Code: "XK_WSH", Name: "行政许可决定文书号", Value: fmt.Sprintf("JY1990102000%04d", i+17)},
				{Code: "XK_XKLB", Name: "许可类别", Value: "普通"},
				{Code: "XK_NR", Name: "许可内容", Value: "准予从事预包装食品（含冷藏冷冻食品）销售、散装食品销售，热食类食品制售。经营场所面积320平方米，食品安全管理人员2名。"},
				{Code: "XK_JDRQ", Name: "许可决定日期", Value: "2026-09-02"},
				{Code: "XK_YXQZI", Name: "有效期至", Value: "2099-12-31", Shown: "长期"},
				{Code: "XK_XKJG", Name: "许可机关", Value: a.Name},
				{Code: "XK_LYDW", Name: "数据来源单位", Value: a.Name},
			},
			Versions: []publish.VersionMark{{Version: 1, RecordedAt: now.Add(-720 * time.Hour), Action: "filed", Why: "首次报送"}},
		}
		if i%3 == 1 {
			v.Item, v.ItemName, v.Title = itemPenalty, "行政处罚", "未按规定查验供货者许可证"
			v.DocNo, v.Categories = fmt.Sprintf("临市监处罚〔2026〕%d号", i+101), []string{"罚款", "没收违法所得"}
			v.Severity, v.RuleSet, v.WindowWhy, v.PublicUntil = "ordinary", "order36", "一般失信，自决定之日起公示1年（《信用修复管理办法》）", v.DecidedOn.AddYears(1)
			if i%2 == 0 {
				v.Severity, v.WindowWhy = "serious", "严重失信，自决定之日起公示3年（《信用修复管理办法》）"
			}
			v.Fields = []publish.FieldView{
				{Code: "CF_XDR_MC", Name: "行政相对人名称", Value: s.Name},
				{Code: "CF_WSH", Name: "行政处罚决定书文号", Value: v.DocNo},
				{Code: "CF_WFXW", Name: "违法行为类型", Value: v.Title},
				{Code: "CF_CFLB", Name: "处罚类别", Value: "罚款、没收违法所得"},
				{Code: "CF_SY", Name: "违法事实", Value: "当事人在2026年6月采购一批调味品时，未按规定查验供货者的食品生产许可证和产品合格证明文件，货值金额0.36万元。"},
				{Code: "CF_NR_FK", Name: "罚款金额", Value: "0.5", Shown: "0.5万元"},
				{Code: "CF_CFJG", Name: "处罚机关", Value: a.Name},
				{Code: "CF_FRDB", Name: "法定代表人", Value: "测*", Masked: true},
			}
			v.Version = 2
			v.Versions = append(v.Versions, publish.VersionMark{Version: 2, RecordedAt: now.Add(-300 * time.Hour), Action: "corrected", Why: "更正罚款金额"})
		}
		for k := range v.Fields {
			if v.Fields[k].Shown == "" {
				v.Fields[k].Shown = v.Fields[k].Value
			}
		}
		out = append(out, v)
	}
	return out
}

func (f *fake) note(format string, args ...any) error {
	f.mu.Lock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	f.mu.Unlock()
	return f.fail
}

func (f *fake) called() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.calls, "\n")
}

func (f *fake) find(code string) (*publish.SubjectView, error) {
	code = strings.TrimSuffix(code, f.poison)
	for _, s := range f.subjects {
		if s.Code == code {
			return s, nil
		}
	}
	return nil, errFakeSubject
}

func (f *fake) Subject(_ context.Context, code string, asOf time.Time) (*publish.SubjectView, error) {
	if err := f.note("Subject %s %s", code, moment(asOf)); err != nil {
		return nil, err
	}
	s, err := f.find(code)
	if err != nil {
		return nil, err
	}
	return spoil(f, s), nil
}

func (f *fake) SubjectRecords(_ context.Context, code string, item catalog.ItemCode, asOf time.Time, cursor string, limit int) ([]publish.RecordView, string, error) {
	if err := f.note("SubjectRecords %s %s %s %q", code, item, moment(asOf), cursor); err != nil {
		return nil, "", err
	}
	s, err := f.find(code)
	if err != nil {
		return nil, "", err
	}
	item = catalog.ItemCode(strings.TrimSuffix(string(item), f.poison))
	from, _ := strconv.Atoi(cursor)
	var out []publish.RecordView
	for _, r := range f.records[s.Code] {
		if r.Item == item {
			out = append(out, r)
		}
	}
	out = out[min(from, len(out)):]
	next := ""
	if len(out) > limit {
		out, next = out[:limit], strconv.Itoa(from+limit)
	}
	return *spoil(f, &out), next, nil
}

func (f *fake) Record(_ context.Context, id string, asOf time.Time) (*publish.RecordView, error) {
	if err := f.note("Record %s %s", id, moment(asOf)); err != nil {
		return nil, err
	}
	id = strings.TrimSuffix(id, f.poison)
	for _, list := range f.records {
		for i := range list {
			if list[i].ID == id {
				return spoil(f, &list[i]), nil
			}
		}
	}
	return nil, errFakeRecord
}

func (f *fake) rows(item catalog.ItemCode) []publish.ListRow {
	var rows []publish.ListRow
	for _, s := range f.subjects {
		for i := range f.records[s.Code] {
			r := &f.records[s.Code][i]
			if r.Item == item {
				rows = append(rows, publish.ListRow{
					ID: r.ID, Item: r.Item, Subject: r.Subject, Title: r.Title, DocNo: r.DocNo,
					Categories: r.Categories, DecidedOn: r.DecidedOn, Authority: r.Authority, Region: s.Region,
				})
			}
		}
	}
	return rows
}

func (f *fake) List(_ context.Context, item catalog.ItemCode, lf publish.ListFilter, cursor string, limit int) (*publish.ListPage, error) {
	if err := f.note("List %s %+v %q", item, lf, cursor); err != nil {
		return nil, err
	}
	rows := f.rows(item)
	if lf.Category == "无此类别" {
		rows = nil
	}
	from, _ := strconv.Atoi(cursor)
	p := &publish.ListPage{Rows: rows[min(from, len(rows)):], About: len(rows) * 100}
	if len(p.Rows) > limit {
		p.Rows, p.Next = p.Rows[:limit], strconv.Itoa(from+limit)
	}
	return spoil(f, p), nil
}

func (f *fake) Facets(_ context.Context, item catalog.ItemCode) (*publish.Facets, error) {
	if err := f.note("Facets %s", item); err != nil {
		return nil, err
	}
	v := &publish.Facets{Categories: []publish.Facet{{Code: "普通", Name: "普通", Count: 812}, {Code: "罚款", Name: "罚款", Count: 331}}}
	for i := range 6 {
		a := agency(i)
		v.Agencies = append(v.Agencies, publish.Facet{Code: a.Code, Name: a.Name, Count: 4000 / (i + 1)})
	}
	for i, r := range fakeRegions {
		v.Regions = append(v.Regions, publish.Facet{Code: r.code, Name: r.name, Count: 900 - 120*i})
	}
	return spoil(f, v), nil
}

func (f *fake) Search(_ context.Context, q string, cursor string, limit int) (*publish.SearchPage, error) {
	if err := f.note("Search %s %q", q, cursor); err != nil {
		return nil, err
	}
	p := &publish.SearchPage{Exact: true}
	how := []string{"exact", "prefix", "contains", "words", "initials", "fuzzy", "code"}
	for i, s := range f.subjects {
		if q == "没有这样的名称" {
			break
		}
		at := strings.Index(s.Name, q)
		h := publish.Hit{SubjectRef: s.SubjectRef, RegionName: s.RegionName, How: how[i%len(how)], Records: len(f.records[s.Code])}
		if at >= 0 {
			from := len([]rune(s.Name[:at]))
			h.Marks = [][2]int{{from, from + len([]rune(q))}}
		}
		if i == 2 {
			h.Former, h.Marks = "临溪市云帆货运有限公司", [][2]int{{3, 5}}
		}
		p.Hits = append(p.Hits, h)
	}
	p.Total = len(p.Hits)
	if len(p.Hits) > limit {
		p.Hits, p.Next = p.Hits[:limit], "2"
	}
	if cursor == "" && len(p.Hits) > 0 {
		p.Next = "1"
	}
	return spoil(f, p), nil
}

func (f *fake) Stats(context.Context) (*publish.Stats, error) {
	if err := f.note("Stats"); err != nil {
		return nil, err
	}
	s := &publish.Stats{
		AsOf: now.Add(-4 * time.Minute), Subjects: 128_406, Records: 1_042_917,
		ByItem:    []publish.ItemCount{{Item: itemLicence, Name: "行政许可", Count: 934_021}, {Item: itemPenalty, Name: "行政处罚", Count: 21_457}},
		ByKind:    []publish.Facet{{Code: "legal_entity", Name: "legal_entity", Count: 52_114}, {Code: "individual_business", Name: "individual_business", Count: 73_881}, {Code: "other_org", Name: "other_org", Count: 2411}},
		Penalties: []publish.Facet{{Code: "罚款", Name: "罚款", Count: 15_120}, {Code: "警告", Name: "警告", Count: 3120}, {Code: "没收违法所得", Name: "没收违法所得", Count: 2210}, {Code: "责令停产停业", Name: "责令停产停业", Count: 402}, {Code: "吊销许可证件", Name: "吊销许可证件", Count: 120}, {Code: "暂扣许可证件", Name: "暂扣许可证件", Count: 77}},
		Licences:  []publish.Facet{{Code: "普通", Name: "普通", Count: 512_210}, {Code: "登记", Name: "登记", Count: 321_300}, {Code: "核准", Name: "核准", Count: 70_110}, {Code: "认可", Name: "认可", Count: 22_001}, {Code: "特许", Name: "特许", Count: 8400}},
	}
	for i := range 24 {
		y, m := 2024+(i+11)/12, (i+11)%12+1
		s.Trend = append(s.Trend, publish.MonthCount{Month: fmt.Sprintf("%d-%02d", y, m), Licences: 28_000 + (i*7919)%9000, Penalties: 700 + (i*317)%400})
	}
	for i, r := range fakeRegions {
		s.ByRegion = append(s.ByRegion, publish.RegionCount{Code: r.code, Name: r.name, Subjects: 41_000 / (i + 1), Licences: 300_000 / (i + 1), Penalties: 6_000 / (i + 1), Others: 20_000 / (i + 1)})
	}
	for i := range 6 {
		a := agency(i)
		s.Agencies = append(s.Agencies, publish.Facet{Code: a.Code, Name: a.Name, Count: 400_000 / (i + 1)})
	}
	return spoil(f, s), nil
}

func (f *fake) Latest(_ context.Context, n int) (licences, penalties []publish.ListRow, err error) {
	if err := f.note("Latest %d", n); err != nil {
		return nil, nil, err
	}
	licences, penalties = f.rows(itemLicence), f.rows(itemPenalty)
	licences, penalties = licences[:min(n, len(licences))], penalties[:min(n, len(penalties))]
	return *spoil(f, &licences), *spoil(f, &penalties), nil
}

func (f *fake) Export(ctx context.Context, item catalog.ItemCode, lf publish.ListFilter, yield func(*publish.RecordView) error) error {
	if err := f.note("Export %s %+v", item, lf); err != nil {
		return err
	}
	if f.wait != nil {
		f.wait <- struct{}{}
		<-f.wait
	}
	var template publish.RecordView
	for _, r := range f.records[f.subjects[0].Code] {
		if r.Item == item {
			template = r
			break
		}
	}
	n := f.exportOf
	if n < 0 {
		n = -n
	}
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		v := template
		v.ID = "r" + strconv.Itoa(i)
		if err := yield(spoil(f, &v)); err != nil {
			return err
		}
	}
	if f.exportOf < 0 {
		return fmt.Errorf("fake: the database went away")
	}
	return nil
}

// spoil gives a deep copy of v with the poison behind every text in it.
func spoil[T any](f *fake, v *T) *T {
	if f.poison == "" {
		c := *v
		return &c
	}
	c := deepCopy(reflect.ValueOf(v).Elem(), f.poison)
	out, _ := c.Interface().(T)
	return &out
}

func deepCopy(v reflect.Value, poison string) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(v.String() + poison)
	case reflect.Slice:
		if v.IsNil() {
			return out
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(deepCopy(v.Index(i), poison))
		}
	case reflect.Struct:
		out.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(deepCopy(v.Field(i), poison))
			}
		}
	default:
		out.Set(v)
	}
	return out
}
