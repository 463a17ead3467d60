package synth

import "strings"

// brandChars make the invented brands: characters that firms like, two or three at a time.
var brandChars = han("鑫源泰和盛隆昌顺达兴旺恒瑞祥福嘉润宏博远航信诚德正安康健乐佳美华景晟裕丰茂禾稷穗田园绿翠柏松竹梅兰桂莲荷枫" +
	"霖泽溪渡澜沐汐洋海浩瀚江湖泉潭岭峰峦岳屏磐砺岩玉璟瑾琪珂瑜璞珑玺锦绣绫织纺罗缎彩虹霞晓晨曦旭昊晴朗辰星宿云霄翔腾跃骏驰骋骥麒" +
	"麟凤凰鹏鹤鹭雁燕莺雀尚品雅致格韵墨砚书文翰儒贤哲睿慧智启蒙创新拓展拔萃卓越冠群英杰豪迈宇宙寰球环通汇聚合众协同力勤耕筑基匠心精工" +
	"巧艺良友善亲邻里乡缘初念暖阳春夏秋冬")

// surnames with rough shares; nobody in particular bears any of the names made from them.
var surnames = han("王王王王王李李李李李张张张张张刘刘刘刘陈陈陈杨杨杨赵赵赵黄黄周周吴吴徐徐孙孙孙马马朱朱胡胡郭郭何林高高罗郑郑梁谢宋宋唐许韩韩冯邓曹曹" +
	"彭曾肖田董袁潘于于蒋蔡余杜杜叶程魏魏苏吕吕丁丁任任卢姚沈钟姜姜崔崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常")

var givenChars = han("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰辉玲桂建国文斌宇浩凯倩雪琳丹萍红鹏飞波云龙志海燕林峰旭东梅鑫欣然子轩梓涵雨桐" +
	"思远佳怡博雅晨曦俊豪嘉诚立新成功保民庆丰学勤书香振宁继先德胜洪亮永春树森长青传喜守信怀玉清和敬业")

// stopList names brands and firms that everybody knows; no invented brand may contain one.
var stopList = []string{
	"华为", "小米", "腾讯", "阿里", "百度", "京东", "美团", "美的", "格力", "海尔", "海信", "联想", "万科", "恒大", "碧桂园", "保利", "平安", "招商", "茅台", "五粮", "洋河", "汾酒", "泸州",
	"青岛", "雪花", "燕京", "蒙牛", "伊利", "光明", "三元", "旺旺", "康师", "统一", "农夫", "娃哈", "双汇", "雨润", "金龙", "福临", "鲁花", "海天", "李锦", "老干", "海底捞", "永和", "真功",
	"大众", "吉利", "长安", "长城", "奇瑞", "东风", "福田", "宇通", "中通", "圆通", "申通", "韵达", "顺丰", "德邦", "同仁", "云南白", "恒瑞", "扬子", "正大", "新希望", "温氏", "牧原", "海澜",
	"森马", "安踏", "李宁", "特步", "鸿星", "波司登", "雅戈尔", "罗莱", "富安", "恒源", "永辉", "物美", "大润", "华润", "银座", "苏宁", "国美", "居然", "红星", "全聚", "狗不理", "杏花", "张裕",
	"新东方", "学而思", "好未来", "中公", "金蝶", "用友", "浪潮", "东软", "同方", "紫光", "新浪", "网易", "搜狐", "携程", "同程", "如家", "汉庭", "锦江", "七天", "亚朵", "全季", "华住", "中粮",
	"金锣", "鲁泰", "魏桥", "新华", "齐鲁", "泰山", "万达", "龙湖", "融创", "绿地", "绿城", "中海", "金地", "世茂", "雅居", "富力", "宁德", "隆基", "通威", "阳光", "金风", "三一", "徐工", "中联",
	"潍柴", "玉柴", "汇源", "春秋", "同花", "国泰", "海通", "中信", "光大", "民生", "浦发", "兴业", "华夏", "广发", "恒丰", "泰康", "新城", "良品", "海底", "佳能", "美宜", "乐天", "晨光", "得力", "海航",
	"同兴", "福耀", "宏图", "蓝月", "立白", "雕牌", "顺心", "安利", "华谊", "博纳", "万家乐", "万和", "方太", "老板", "欧派", "索菲", "红蜻", "百丽", "周大", "老凤", "凤凰", "飞鸽", "永久", "英雄",
}

func han(s string) []string {
	chars := make([]string, 0, len(s)/3)
	for _, r := range s {
		chars = append(chars, string(r))
	}
	return chars
}

// brands are the pairs of brand characters that may stand together, dealt out to the subjects.
type brands struct {
	chars []string
	pairs []uint16 // allowed pairs: first*len(chars)+second
	next  [][]uint8
	order permutation
}

// nameWays is in how many ways one brand can be written out: with which prefix, trade word and form.
const nameWays = 60

func newBrands(seed uint64) brands {
	chars := distinct(brandChars)
	b := brands{chars: chars, next: make([][]uint8, len(chars))}
	for i, x := range chars {
		for j, y := range chars {
			if i != j && !famous(x+y) {
				b.pairs = append(b.pairs, uint16(i*len(chars)+j))
				b.next[i] = append(b.next[i], uint8(j))
			}
		}
	}
	b.order = newPermutation(seed, forName, uint64(len(b.pairs)*nameWays))
	return b
}

func distinct(chars []string) []string {
	seen, kept := map[string]bool{}, []string(nil)
	for _, c := range chars {
		if !seen[c] {
			seen[c] = true
			kept = append(kept, c)
		}
	}
	return kept
}

// famous says whether two brand characters are a name on the stop list or begin one.
func famous(pair string) bool { return famousPairs[pair] }

var famousPairs = func() map[string]bool {
	pairs := make(map[string]bool, len(stopList))
	for _, name := range stopList {
		pairs[strings.Join(han(name)[:2], "")] = true
	}
	return pairs
}()

// brand is a made-up name of two characters, with a third that fits, and the way in which its owner writes it.
type brand struct {
	first, second, third string
	way                  int
}

// of gives the brand number i. No two numbers below pairs times ways share brand and way.
func (b *brands) of(i uint64) brand {
	place := b.order.at(i)
	pair, n := int(b.pairs[place/nameWays]), len(b.chars)
	next := b.next[pair%n]
	third := next[mix(place, forName)%uint64(len(next))]
	return brand{first: b.chars[pair/n], second: b.chars[pair%n], third: b.chars[third], way: int(place % nameWays)}
}

// appendPersonName appends a name of two or three characters.
func appendPersonName(dst []byte, r *stream) []byte {
	dst = append(dst, surnames[r.n(len(surnames))]...)
	dst = append(dst, givenChars[r.n(len(givenChars))]...)
	if r.n(100) < 72 {
		dst = append(dst, givenChars[r.n(len(givenChars))]...)
	}
	return dst
}
