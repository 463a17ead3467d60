package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/record"
)

// firm is a business that the soak invents, and the papers on file about it. One keeper at a time writes about it.
type firm struct {
	code, name string
	agent      int64 // account that acts for it; 0 = none
	papers     []*paper
	subject    int64 // once it is looked up behind the product's back
}

// paper is one licence and what the server acknowledged about it. Its last words are what must be on file at the end.
type paper struct {
	docNo     string
	versions  int    // acknowledged
	content   string // of the newest acknowledged version
	withdrawn bool
	open      bool // something more was sent, and nobody knows whether it arrived
}

// firmsHeld is how many firms there are; the first have agents.
const (
	firmsHeld  = 12
	agentsHeld = 4
	keepers    = 2
	perRound   = 3 // papers of one round: one stays, one is corrected, one is corrected and withdrawn
)

func newFirms() []*firm {
	var out []*firm
	for n := range firmsHeld {
		out = append(out, &firm{code: firmCode(n), name: fmt.Sprintf("临溪市试验%d号食品有限公司", n+1)})
	}
	return out
}

// flagColumn is the column by which a file withdraws.
const flagColumn = "操作标识"

// rowAbout makes a row that passes from the catalogue's own example, about a firm.
func rowAbout(code catalog.ItemCode, f *firm, set map[string]string) (map[string]string, error) {
	item, ok := catalog.Default().Item(code)
	if !ok {
		return nil, fmt.Errorf("soak: no item %s", code)
	}
	row := maps.Clone(item.Example)
	for role, value := range map[catalog.Role]string{catalog.RoleUSCC: f.code, catalog.RoleName: f.name} {
		field, ok := item.ByRole(role)
		if !ok {
			return nil, fmt.Errorf("soak: item %s has no such role", code)
		}
		row[field.Code] = value
	}
	maps.Copy(row, set)
	return row, nil
}

func lines(rows []map[string]string) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	for _, r := range rows {
		_ = enc.Encode(r) // strings into memory
	}
	return out.Bytes()
}

// foundation files what the questions beyond the public are about: of each firm a licence, a contract (class B) and a compensation (class C).
func (l *load) foundation(ctx context.Context) error {
	for _, item := range []catalog.ItemCode{publicItem, consentItem, sharedItem} {
		var rows []map[string]string
		for _, f := range l.firms {
			row, err := rowAbout(item, f, nil)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		a, _ := l.submit(ctx, &filing{kind: kindNew, item: string(item), unit: l.keys.Unit, name: string(item) + ".ndjson", media: ndjson, key: "soak-first-" + string(item), rows: len(rows), content: lines(rows)})
		if a == nil {
			return fmt.Errorf("soak: the first %s were not taken: %s", item, strings.Join(l.problems, "; "))
		}
		if l.await(ctx, a); a.receipt == nil || a.receipt.Accepted != len(rows) {
			return fmt.Errorf("soak: the first %s were not accepted: %+v", item, a.receipt)
		}
	}
	return nil
}

// keep files licences, corrects them and withdraws some, and after each round looks whether the public sees what was said last.
func (l *load) keep(ctx context.Context, n int) {
	for round := 0; ctx.Err() == nil; round++ {
		f := l.firms[(n+round*keepers)%len(l.firms)]
		papers := make([]*paper, perRound)
		for i := range papers {
			papers[i] = &paper{docNo: fmt.Sprintf("临试许〔2025〕%d-%d-%d-%d号", l.seed, n, round, i)}
		}
		f.papers = append(f.papers, papers...)
		name := fmt.Sprintf("soak-%d-%d-%d", l.seed, n, round)
		if l.step(ctx, f, papers, name, kindNew, "预包装食品销售") && l.step(ctx, f, papers[1:], name, kindCorrect, "预包装食品销售（更正）") &&
			l.step(ctx, f, papers[2:], name, kindWithdraw, "") {
			l.shown(ctx, f)
		}
		pause(ctx, retryAfter)
	}
}

// step files one change of papers and waits until it is done.
func (l *load) step(ctx context.Context, f *firm, papers []*paper, name, kind, content string) bool {
	var rows []map[string]string
	for _, p := range papers {
		set := map[string]string{"XK_WSH": p.docNo, "XK_XKBH": p.docNo, "XK_NR": content}
		switch kind {
		case kindWithdraw:
			set["XK_NR"], set[flagColumn] = p.content, "D"
		case kindCorrect:
			set[flagColumn] = "U"
		}
		row, err := rowAbout(publicItem, f, set)
		if err != nil {
			l.problem("%v", err)
			return false
		}
		rows = append(rows, row)
	}
	name += "-" + map[string]string{kindNew: "new", kindCorrect: "correct", kindWithdraw: "withdraw"}[kind]
	a, open := l.submit(ctx, &filing{kind: kind, item: string(publicItem), unit: l.keys.Unit, name: name + ".ndjson", media: ndjson, key: name, rows: len(rows), content: lines(rows)})
	for _, p := range papers {
		p.open = a == nil && open
		if a == nil {
			continue
		}
		p.versions++
		if p.withdrawn = kind == kindWithdraw; !p.withdrawn {
			p.content = content
		}
	}
	if a == nil {
		return false
	}
	if l.await(ctx, a); a.receipt == nil {
		return false
	}
	r := a.receipt
	if done := map[string]int{kindNew: r.Accepted, kindCorrect: r.Updated, kindWithdraw: r.Withdrawn}[kind]; done != len(rows) {
		l.problem("%s：%d 行只办了 %d 行（批次 %s，%+v）", kind, len(rows), done, a.id, *r)
	}
	return true
}

// shown reads everything that the public sees of a firm's licences: nothing withdrawn, and of what was corrected nothing older. What the log does not hold yet
// may be left out for a while.
func (l *load) shown(ctx context.Context, f *firm) {
	want := map[string]*paper{}
	for _, p := range f.papers {
		want[p.docNo] = p
	}
	cursor := ""
	for {
		q := url.Values{"item": {string(publicItem)}, "limit": {"100"}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		status, raw, err := l.do(ctx, l.public, kindSubject, http.MethodGet, "/api/v1/subjects/"+f.code+"/records?"+q.Encode(), nil, nil)
		if err != nil || status != http.StatusOK {
			return
		}
		var list struct {
			Items []struct {
				DocNo string            `json:"docNo"`
				Body  map[string]string `json:"body"`
			} `json:"items"`
			Next string `json:"next"`
		}
		if err := json.Unmarshal(raw, &list); err != nil {
			l.problem("主体的公开记录无法读取：%v", err)
			return
		}
		for _, i := range list.Items {
			switch p := want[i.DocNo]; {
			case p == nil || p.open:
			case p.withdrawn:
				l.problem("已撤回的记录 %s 仍在公示", i.DocNo)
			case i.Body["XK_NR"] != p.content:
				l.problem("更正过的记录 %s 公示的仍是旧内容", i.DocNo)
			}
		}
		if cursor = list.Next; cursor == "" {
			return
		}
	}
}

// papers holds every licence of the firms against what is on file: once, with as many versions as were acknowledged, and the last words last.
func (c *checker) papers(ctx context.Context, firms []*firm) {
	n := 0
	for _, f := range firms {
		f.subject = c.number(ctx, `SELECT coalesce(max(subject_id), 0) FROM subject WHERE code = $1`, f.code)
		have := c.licences(ctx, f.subject)
		for _, p := range f.papers {
			n++
			c.paper(p, have[p.docNo])
		}
	}
	c.checked("自己报送的 %d 份许可：各在册一次，版本数、最后的内容和状态与确认的一致", n)
}

// licence is a record as it is on file.
type licence struct {
	records  int
	versions int
	content  string
	status   record.Status
}

func (c *checker) licences(ctx context.Context, subject int64) map[string]*licence {
	out, byKey, docs := map[string]*licence{}, map[int64]*licence{}, map[int64]string{}
	rows, err := c.d.Read().QueryContext(ctx, `SELECT record_key, status, body FROM record_version WHERE subject_id = $1 AND item = $2 ORDER BY record_key, version`, subject, string(publicItem))
	if err != nil {
		c.problem("无法检查：%v", err)
		return out
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key int64
		var status record.Status
		var text string
		if err := rows.Scan(&key, &status, &text); err != nil {
			c.problem("无法检查：%v", err)
			return out
		}
		body, err := record.DecodeBody(text)
		if err != nil {
			c.problem("记录的内容无法读取：%v", err)
			continue
		}
		r := byKey[key]
		if r == nil {
			r = &licence{}
			byKey[key], docs[key] = r, body["XK_WSH"]
		}
		r.versions++
		if r.status = status; status == record.Active {
			r.content = body["XK_NR"]
		}
	}
	if err := rows.Err(); err != nil {
		c.problem("无法检查：%v", err)
	}
	for key, r := range byKey {
		if old := out[docs[key]]; old != nil {
			r.records = old.records
		}
		r.records++
		out[docs[key]] = r
	}
	return out
}

func (c *checker) paper(p *paper, r *licence) {
	switch {
	case r == nil && p.versions == 0:
	case r == nil:
		c.problem("已确认的许可 %s 不在登记簿中", p.docNo)
	case r.records != 1:
		c.problem("许可 %s 在册 %d 次", p.docNo, r.records)
	case p.open && r.versions == p.versions+1: // arrived without an answer
	case r.versions != p.versions:
		c.problem("许可 %s 确认了 %d 次，有 %d 个版本", p.docNo, p.versions, r.versions)
	case p.withdrawn != (r.status == record.Withdrawn):
		c.problem("许可 %s 的状态与最后确认的不同", p.docNo)
	case r.content != p.content:
		c.problem("许可 %s 的内容与最后确认的不同", p.docNo)
	}
}

// public holds what everyone could download at the end against the register: nothing of it may be withdrawn.
func (c *checker) public(ctx context.Context, seen map[record.ID]bool) {
	rows, err := c.d.Read().QueryContext(ctx, `SELECT subject_id, record_key FROM record WHERE status <> $1`, record.Active)
	if err != nil {
		c.problem("无法检查：%v", err)
		return
	}
	defer func() { _ = rows.Close() }()
	n := 0
	for rows.Next() {
		var id record.ID
		if err := rows.Scan(&id.Subject, &id.Key); err != nil {
			c.problem("无法检查：%v", err)
			return
		}
		if n++; seen[id] {
			c.problem("已撤回的记录 %s 仍可公开下载", id)
		}
	}
	if err := rows.Err(); err != nil {
		c.problem("无法检查：%v", err)
	}
	c.checked("可公开下载的 %d 条记录中没有已撤回的（撤回的共 %d 条）", len(seen), n)
}
