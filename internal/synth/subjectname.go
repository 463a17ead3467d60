package synth

// appendName appends a subject's name, or the one that it had before it changed.
func (c *City) appendName(dst []byte, s *subject, former bool) []byte {
	t := &c.trades[s.trade]
	number := uint64(s.i)
	if former {
		number += c.brands.order.size / 2
	}
	b := c.brands.of(number)
	switch s.form {
	case limitedCo, jointStock, partnership:
		return c.appendCompanyName(dst, s, t, b)
	case branch:
		return c.appendBranchName(dst, s)
	case individual:
		return c.appendShopName(dst, s, t, b)
	case soleOwner:
		dst = append(dst, c.whole[s.region]...)
		dst = append(append(dst, b.first...), b.second...)
		dst = append(dst, word(t.words, b.way)...)
		return append(dst, []string{"经营部", "厂", "中心", "服务部"}[b.way%4]...)
	case coop:
		dst = append(dst, c.whole[s.region]...)
		dst = append(append(dst, b.first...), b.second...)
		dst = append(dst, []string{"蔬菜种植", "果品", "畜禽养殖", "农机", "粮食种植", "中药材种植"}[b.way%6]...)
		return append(dst, "农民专业合作社"...)
	case lawFirm:
		dst = append(dst, c.regions[0].Short...)
		dst = append(append(dst, b.first...), b.second...)
		return append(dst, "律师事务所"...)
	default:
		return c.appendCivicName(dst, s, t, b)
	}
}

func word(words []string, k int) string { return words[k%len(words)] }

// appendCompanyName writes 临溪鑫禾餐饮管理有限公司 and its variants: six prefixes, four trade words, and whether the brand
// has a third character or the form is written in full make the ways of a brand.
func (c *City) appendCompanyName(dst []byte, s *subject, t *trade, b brand) []byte {
	long, full := false, b.way >= 48
	way := b.way
	if full {
		way -= 48
	} else {
		long = way >= 24
		way %= 24
	}
	city, middle := c.regions[0].Short, ""
	switch way % 6 {
	case 0, 1:
		dst = append(dst, city...)
		if way%6 == 1 {
			dst = append(dst, "市"...)
		}
	case 2:
		middle = "（" + city + "）"
	case 3:
		dst = append(dst, c.whole[s.region]...)
	case 4:
		dst = append(dst, c.regions[s.region].Name...)
	}
	dst = append(append(dst, b.first...), b.second...)
	if long {
		dst = append(dst, b.third...)
	}
	dst = append(dst, middle...)
	switch s.form {
	case partnership:
		dst = append(dst, []string{"企业管理咨询", "商务咨询", "投资", "股权投资"}[way/6]...)
		return append(dst, "合伙企业（有限合伙）"...)
	case jointStock:
		dst = append(dst, word(t.words, way/6)...)
		return append(dst, "股份有限公司"...)
	}
	dst = append(dst, word(t.words, way/6)...)
	if full {
		return append(dst, "有限责任公司"...)
	}
	return append(dst, "有限公司"...)
}

// parentOf gives the company that a branch belongs to: one of its trade, mostly one of the few that have many.
func (c *City) parentOf(s *subject) int {
	r := stream{mix(s.own.s, forName)}
	companies := c.companies[s.trade]
	if len(companies) == 0 {
		return s.i
	}
	count := c.deck.count(companies)
	if count == 0 {
		return int(companies[r.n(len(companies))])
	}
	u := r.unit()
	return c.deck.byConduct(companies, int(u*u*u*float64(count)))
}

func (c *City) appendBranchName(dst []byte, s *subject) []byte {
	parent := c.subject(c.parentOf(s))
	t, p := &c.trades[s.trade], c.particulars(s)
	if parent.i == s.i || parent.form == branch {
		dst = c.appendCompanyName(dst, s, t, c.brands.of(uint64(s.i)))
	} else {
		dst = c.appendName(dst, &parent, false)
	}
	dst = append(dst, c.regions[s.region].Short...)
	dst = append(dst, p.road...)
	if s.i>>deckBits > 0 {
		dst = append(dst, "第"...)
		dst = appendNumeral(dst, s.i>>deckBits%99+1)
	}
	if len(t.shops) > 0 {
		return append(dst, "店"...)
	}
	return append(dst, "分公司"...)
}

// appendShopName writes what stands over a shop: a brand, the owner's whole name, or 陈记.
func (c *City) appendShopName(dst []byte, s *subject, t *trade, b brand) []byte {
	if b.way%2 == 0 {
		dst = append(dst, c.whole[s.region]...)
	} else {
		dst = append(dst, c.regions[s.region].Name...)
	}
	p := c.particulars(s)
	shops := t.shops
	if len(shops) == 0 {
		shops = []string{"经营部", "服务部", "商行"}
	}
	switch k := p.variety % 100; {
	case k < 46:
		dst = append(append(dst, b.first...), b.second...)
	case k < 58:
		dst = append(append(append(dst, b.first...), b.second...), b.third...)
	case k < 82:
		dst = c.appendRep(dst, s)
	case k < 91:
		dst = append(append(dst, "老"...), surnames[p.variety>>8%uint64(len(surnames))]...)
		dst = append(dst, b.second...)
	default:
		dst = append(dst, surnames[p.variety>>8%uint64(len(surnames))]...)
		dst = append(append(dst, "记"...), b.first...)
	}
	return append(dst, word(shops, int(p.variety>>32%97))...)
}

// appendCivicName writes the names of those that are no businesses; later deals are told apart by numerals.
func (c *City) appendCivicName(dst []byte, s *subject, t *trade, b brand) []byte {
	p := c.particulars(s)
	deal := s.i >> deckBits
	dst = append(dst, c.whole[s.region]...)
	switch s.form {
	case institution:
		dst = append(dst, p.road...)
		if deal > 0 {
			dst = append(dst, "第"...)
			dst = appendNumeral(dst, deal+1)
		}
		if t.public != nil {
			return append(dst, word(t.public, b.way)...)
		}
		return append(dst, word(t.words, b.way)...)
	case association:
		dst = append(append(dst, b.first...), b.second...)
		dst = append(dst, word(t.words, b.way)...)
		return append(dst, []string{"协会", "促进会", "联合会"}[b.way%3]...)
	case privateSchool:
		dst = append(append(dst, b.first...), b.second...)
		return append(dst, []string{"幼儿园", "艺术培训学校", "职业培训学校", "养老服务中心", "社会工作服务中心"}[b.way%5]...)
	case foundation:
		return append(append(append(dst, b.first...), b.second...), "公益基金会"...)
	case legalService:
		return append(append(append(dst, b.first...), b.second...), "法律服务所"...)
	default:
		return append(append(append(dst, b.first...), b.second...), "村股份经济合作社"...)
	}
}

var numerals = han("零一二三四五六七八九")

// appendNumeral appends n, below 10,000, in Chinese numerals: 十二, 一百零五.
func appendNumeral(dst []byte, n int) []byte {
	started, gap := false, false
	for _, place := range []struct {
		value int
		name  string
	}{{1000, "千"}, {100, "百"}, {10, "十"}, {1, ""}} {
		digit := n / place.value % 10
		switch {
		case digit == 0:
			gap = started
			continue
		case gap:
			dst = append(dst, numerals[0]...)
		}
		if place.value != 10 || digit != 1 || started {
			dst = append(dst, numerals[digit]...)
		}
		dst = append(dst, place.name...)
		started, gap = true, false
	}
	return dst
}
