package soak

import (
	"context"
	"fmt"

	"gongxin/internal/db"
)

// invariants are questions that a sound register answers with nothing.
var invariants = []struct{ name, sql string }{
	{"记录数与公示筛选的计数不符", `SELECT count(*) FROM (SELECT item, agency_id, region, kinds, count(*) AS n FROM record WHERE listed = 1 GROUP BY 1, 2, 3, 4) r
		FULL JOIN (SELECT * FROM record_facet WHERE n <> 0) f USING (item, agency_id, region, kinds) WHERE r.n IS NULL OR f.n IS NULL OR r.n <> f.n`},
	{"有记录找不到它的当前版本", `SELECT count(*) FROM record r LEFT JOIN record_version v ON v.version_id = r.version_id WHERE v.version_id IS NULL OR v.record_key <> r.record_key`},
	{"有版本的序号不连续", `SELECT count(*) FROM (SELECT subject_id, record_key FROM record_version GROUP BY subject_id, record_key HAVING count(*) <> max(version)) x`},
	{"有版本没有排入公开日志", `SELECT count(*) FROM record_version v LEFT JOIN log_outbox o ON o.outbox_id = v.outbox_id WHERE o.outbox_id IS NULL OR v.outbox_pos >= o.n`},
	{"排入公开日志的条数与版本数不符", `SELECT count(*) FROM log_outbox o LEFT JOIN (SELECT outbox_id, count(*) AS n FROM record_version GROUP BY outbox_id) v ON v.outbox_id = o.outbox_id
		WHERE o.kind = 'record' AND o.n <> coalesce(v.n, 0)`},
	{"有记录没有主体", `SELECT count(*) FROM record r LEFT JOIN subject s ON s.subject_id = r.subject_id WHERE s.subject_id IS NULL`},
	{"有主体没有标识", `SELECT count(*) FROM subject s LEFT JOIN subject_identifier i ON i.subject_id = s.subject_id WHERE i.subject_id IS NULL`},
	{"有回执的各项之和不等于行数", `SELECT count(*) FROM submission WHERE state = 'done' AND rows_done <> accepted + updated + duplicate + withdrawn + rejected`},
	{"有批次的逐行结果超出已处理的行", `SELECT count(*) FROM submission_row r JOIN submission s ON s.submission_id = r.submission_id WHERE r.row_no > s.rows_done`},
	{"有记录的状态与最新版本不符", `SELECT count(*) FROM record r JOIN record_version v ON v.version_id = r.version_id
		WHERE r.status <> v.status OR r.listed <> v.listed`},
	{"有撤回、修复、撤下、期满或屏蔽的记录仍列入公示", `SELECT count(*) FROM record WHERE listed = 1 AND status <> 1`},
	{"有版本的来源批次不在登记簿中", `SELECT count(*) FROM (SELECT DISTINCT submission FROM record_change) h LEFT JOIN submission s ON s.submission_id = h.submission WHERE h.submission <> '' AND s.submission_id IS NULL`},
	{"有授权书用掉的次数与查询日志不符", `SELECT count(*) FROM consent c LEFT JOIN (SELECT subject_id, consent_id, count(*) AS n FROM access_log WHERE outcome = 'answered' GROUP BY 1, 2) a
		ON a.subject_id = c.subject_id AND a.consent_id = c.consent_id WHERE c.uses - c.uses_left <> coalesce(a.n, 0)`},
	{"有查询记录没有排入公开日志", `SELECT count(*) FROM access_log a LEFT JOIN log_outbox o ON o.outbox_id = a.outbox_id WHERE o.outbox_id IS NULL`},
	{"同一个幂等键有两个批次", `SELECT count(*) FROM (SELECT agency_id, idem_key FROM submission WHERE idem_key IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1) x`},
}

// checker looks into the database behind the product's back.
type checker struct {
	d        *db.DB
	problems []string
	done     []string         // what was looked at, in words
	versions map[string]int64 // by submission
	queued   map[string]int64
}

func (c *checker) problem(format string, args ...any) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}

func (c *checker) checked(format string, args ...any) {
	c.done = append(c.done, fmt.Sprintf(format, args...))
}

func (c *checker) number(ctx context.Context, query string, args ...any) int64 {
	var n int64
	if err := c.d.Read().QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		c.problem("无法检查：%v", err)
	}
	return n
}

// counts reads numbers by name.
func (c *checker) counts(ctx context.Context, query string) map[string]int64 {
	out := map[string]int64{}
	rows, err := c.d.Read().QueryContext(ctx, query)
	if err != nil {
		c.problem("无法检查：%v", err)
		return out
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			c.problem("无法检查：%v", err)
			return out
		}
		out[name] = n
	}
	if err := rows.Err(); err != nil {
		c.problem("无法检查：%v", err)
	}
	return out
}

// all checks everything once the load has ended and all filings are done.
func (c *checker) all(ctx context.Context, acks []*ack) {
	for _, q := range invariants {
		if n := c.number(ctx, q.sql); n != 0 {
			c.problem("%s：%d 处", q.name, n)
		}
	}
	c.versions = c.counts(ctx, `SELECT h.submission, count(*) FROM record_version v JOIN record_change h ON h.change_id = v.outbox_id GROUP BY h.submission`)
	c.queued = c.counts(ctx, `SELECT submission_id, count(*) FROM ingest_queue GROUP BY submission_id`)
	for _, a := range acks {
		c.filing(ctx, a)
	}
	c.checked("确认过的 %d 个批次：都在，只有一次，处理完，回执与当时一样", len(acks))
	c.checked("登记簿各表之间的 %d 条不变关系", len(invariants))
	if c.d.Engine() == db.SQLite {
		var said string
		if err := c.d.Read().QueryRowContext(ctx, `PRAGMA integrity_check`).Scan(&said); err != nil || said != "ok" {
			c.problem("数据库文件损坏：%s（%v）", said, err)
		}
	}
}

// filing holds what the server acknowledged against what is on file.
func (c *checker) filing(ctx context.Context, a *ack) {
	var state string
	var done, accepted, updated, duplicate, withdrawn, rejected int
	err := c.d.Read().QueryRowContext(ctx, `SELECT state, rows_done, accepted, updated, duplicate, withdrawn, rejected FROM submission WHERE submission_id = $1`, a.id).
		Scan(&state, &done, &accepted, &updated, &duplicate, &withdrawn, &rejected)
	switch {
	case err != nil:
		c.problem("已确认的批次 %s 不在登记簿中：%v", a.id, err)
		return
	case state != "done" || done != a.rows:
		c.problem("已确认的批次 %s 没有处理完：状态 %s，%d 行，文件有 %d 行", a.id, state, done, a.rows)
		return
	}
	if r := a.receipt; r != nil && (r.Accepted != accepted || r.Updated != updated || r.Duplicate != duplicate || r.Withdrawn != withdrawn || r.Rejected != rejected) {
		c.problem("批次 %s 的回执前后不同", a.id)
	}
	// Each row that changed something has its version, or waits in the queue for a person.
	versions, queued := c.versions[a.id], c.queued[a.id]
	if changed := int64(accepted + updated + withdrawn); versions > changed || versions+queued < changed {
		c.problem("批次 %s 应有 %d 个版本，实有 %d 个，另有 %d 行等待人工匹配", a.id, changed, versions, queued)
	}
}
