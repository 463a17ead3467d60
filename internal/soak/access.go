package soak

import (
	"context"
	"strings"

	"gongxin/internal/audit"
)

// logged is an entry of the access log, as far as it is compared.
type logged struct {
	who, subject, consent int64
	matter, what, outcome string
	missing               string
	records               int
}

// entries reads the whole access log behind the product's back.
func (c *checker) entries(ctx context.Context) map[int64]logged {
	out := map[int64]logged{}
	rows, err := c.d.Read().QueryContext(ctx, `SELECT access_id, who_id, subject_id, consent_id, matter, what, outcome, missing, records FROM access_log`)
	if err != nil {
		c.problem("无法检查：%v", err)
		return out
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		var e logged
		var records string
		if err := rows.Scan(&id, &e.who, &e.subject, &e.consent, &e.matter, &e.what, &e.outcome, &e.missing, &records); err != nil {
			c.problem("无法检查：%v", err)
			return out
		}
		e.records = len(strings.Fields(records))
		out[id] = e
	}
	if err := rows.Err(); err != nil {
		c.problem("无法检查：%v", err)
	}
	return out
}

// access holds every answer and refusal beyond the public against the access log: an entry for each, and none for what nobody asked.
func (c *checker) access(ctx context.Context, l *load) {
	entries := c.entries(ctx)
	seen := map[int64]bool{}
	for _, a := range l.answered {
		e, ok := entries[a.receipt]
		switch {
		case a.receipt == 0 || !ok:
			c.problem("回答过的查询不在查询日志中：编号 %d", a.receipt)
		case seen[a.receipt]:
			c.problem("两次回答用了查询日志的同一个编号 %d", a.receipt)
		case e.outcome != audit.Answered || e.who != a.who || e.subject != a.firm.subject || e.matter != a.matter || e.consent != a.consent:
			c.problem("查询日志第 %d 号与当时的查询不符", a.receipt)
		case e.records != a.records:
			c.problem("查询日志第 %d 号记了 %d 条记录，当时给出了 %d 条", a.receipt, e.records, a.records)
		}
		seen[a.receipt] = true
	}
	c.checked("回答过的 %d 次非公开查询：查询日志各有一笔，查询人、主体、事项、授权和条数一致", len(l.answered))
	c.refusals(l, entries)
	c.spare(l, entries)
	c.queueReads(l, entries)
}

// desk is what the access log calls a look at rows of the queue.
const desk = "queue"

// queueReads compares the looks at rows of the queue with what was answered.
func (c *checker) queueReads(l *load, entries map[int64]logged) {
	have := 0
	for _, e := range entries {
		if e.what == desk && e.outcome == audit.Answered {
			have++
		}
	}
	if most := l.queued + l.queuing; have < l.queued || have > most {
		c.problem("看过待认定的行 %d 次，查询日志有 %d 笔，应有 %d 至 %d 笔", l.queued, have, l.queued, most)
	}
	c.checked("看待认定的行 %d 次：查询日志都有，没有多余的", l.queued)
}

// refusals compares the refusals of each kind. A look-up without an answer may have been refused and logged.
func (c *checker) refusals(l *load, entries map[int64]logged) {
	have, total := map[lookKind]int{}, 0
	for _, e := range entries {
		if e.outcome == audit.Refused {
			have[lookKind{e.who, e.missing}]++
		}
	}
	for k, n := range l.refused {
		total += n
		if have[k] < n {
			c.problem("被拒（%s）%d 次，查询日志只有 %d 笔", k.missing, n, have[k])
		}
	}
	for k, n := range have {
		if most := l.refused[k] + l.unsure[k.who]; n > most {
			c.problem("查询日志有 %d 笔被拒（%s），最多只应有 %d 笔", n, k.missing, most)
		}
	}
	c.checked("被拒的 %d 次非公开查询：查询日志都有", total)
}

// spare compares the number of answers by who asked: the log holds no more than was asked, and of the own file no fewer than was answered.
func (c *checker) spare(l *load, entries map[int64]logged) {
	have, asked, own := map[int64]int{}, map[int64]int{}, 0
	for _, e := range entries {
		if e.outcome == audit.Answered && e.what != desk {
			have[e.who]++
		}
	}
	for _, a := range l.answered {
		asked[a.who]++
	}
	for who, n := range l.own {
		own += n
		asked[who] += n
		if have[who] < n {
			c.problem("本企业档案看过 %d 次，查询日志只有 %d 笔", n, have[who])
		}
	}
	for who, n := range have {
		if most := asked[who] + l.unsure[who]; n > most {
			c.problem("查询日志有账号 %d 的 %d 笔回答，最多只应有 %d 笔", who, n, most)
		}
	}
	c.checked("看本企业档案 %d 次：查询日志都有；日志中没有无人问过的查询", own)
}

// grants compares consents with what was acknowledged about them.
func (c *checker) grants(ctx context.Context, l *load) {
	revoked := 0
	for _, g := range l.consents {
		n := c.number(ctx, `SELECT count(*) FROM consent WHERE consent_id = $1 AND subject_id = $2 AND uses = $3`, g.id, g.firm.subject, g.uses)
		if n != 1 {
			c.problem("已确认的授权书 %d 不在登记簿中", g.id)
			continue
		}
		if !g.revoked {
			continue
		}
		revoked++
		if c.number(ctx, `SELECT count(*) FROM consent WHERE consent_id = $1 AND subject_id = $2 AND revoked_at <> 0`, g.id, g.firm.subject) != 1 {
			c.problem("已确认的撤销授权（%d）没有记下", g.id)
		}
	}
	c.checked("%d 份授权书都在，其中 %d 份的撤销都在；用掉的次数与查询日志一致", len(l.consents), revoked)
}
