package ingest

import (
	"errors"
	"io"
	"slices"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/sheet"
)

// flagNames are the headers of the operation flag, folded to upper case. No standard names the column; these are seen in exchange packages.
var flagNames = []string{
	"操作标识", "操作标志", "操作类型", "操作", "数据操作", "数据状态标识", "变更标识", "删除标识", "OP", "_OP", "OPT", "OPERATION", "OP_FLAG", "OPFLAG", "FLAG",
	"CZBS", "CZBZ", "CZLX", "SJCZ",
}

func isFlag(header string) bool {
	return slices.Contains(flagNames, strings.ToUpper(cntext.Fold(header)))
}

// operation reads the flag: I and U (and empty) file the row, D withdraws the record (GB/T 39443 practice; one tax system's 0, 1, 2).
func operation(flag string) (withdraw bool, problem *catalog.Reason) {
	switch strings.ToUpper(cntext.Fold(flag)) {
	case "", "I", "U", "A", "0", "1", "新增", "增加", "修改", "更新", "变更", "INSERT", "UPDATE", "UPSERT":
		return false, nil
	case "D", "2", "删除", "撤回", "撤销", "DELETE", "WITHDRAW":
		return true, nil
	}
	return false, &catalog.Reason{Code: 4002, Severity: catalog.Error, Message: "操作标识不是 I（新增）、U（修改）或 D（撤回）", Fix: "请改为 I、U、D 之一，或留空"}
}

// columns is how a file's columns map to an item's fields.
type columns struct {
	item    *catalog.Item
	header  catalog.HeaderMap
	flag    int // column of the operation flag, or -1
	mapping Mapping
	keyed   map[string]keyed // NDJSON: mappings by the keys of a row
	noted   map[string]bool  // what the mapping says already
}

// keyed is the mapping of one shape of NDJSON rows.
type keyed struct {
	header catalog.HeaderMap
	flag   int
}

// ErrNoIdentity refuses a file in which no column says whom the rows are about.
var ErrNoIdentity = fault.New(fault.Invalid, "ingest.no_identity", "表头中没有相对人名称或代码列，无法判断各行属于哪个主体（规则3002）", "请使用信用目录页面提供的模板，或对照字段名称修改表头")

// mapColumns understands the header. NDJSON and JSON rows carry their own names and are mapped as they come.
func mapColumns(item *catalog.Item, r *sheet.Reader) (*columns, error) {
	c := &columns{item: item, flag: -1, noted: map[string]bool{}, mapping: Mapping{Format: r.Format(), Encoding: r.Encoding(), Header: r.HeaderLine(), Notes: r.Notes()}}
	if r.Format() == sheet.NDJSON || r.Format() == sheet.JSON {
		c.keyed = map[string]keyed{}
		return c, nil
	}
	c.header, c.flag = c.match(r.Header())
	if !c.identifies(&c.header) {
		return nil, ErrNoIdentity
	}
	c.note(r.Header(), &c.header, c.flag)
	return c, nil
}

// identifies reports whether some column says whom a row is about.
func (c *columns) identifies(m *catalog.HeaderMap) bool {
	for _, role := range []catalog.Role{catalog.RoleName, catalog.RoleUSCC, catalog.RoleRegNo, catalog.RoleOrgCode, catalog.RolePersonID} {
		if f, ok := c.item.ByRole(role); ok && m.Fields[f.Index] >= 0 {
			return true
		}
	}
	return false
}

// match maps names to fields; the operation flag and the column of an error workbook that comes back are intake's own.
func (c *columns) match(names []string) (m catalog.HeaderMap, flag int) {
	known := slices.Clone(names)
	flag = -1
	for i, name := range known {
		switch {
		case flag < 0 && isFlag(name):
			flag, known[i] = i, ""
		case name == sheet.ErrorColumn:
			known[i] = ""
		}
	}
	return c.item.MatchHeaders(known), flag
}

// maxNoted bounds what is remembered of NDJSON rows that all bring other names.
const maxNoted = 256

// note lists columns, and what is to be said of them, in the mapping once.
func (c *columns) note(names []string, m *catalog.HeaderMap, flag int) {
	c.mapping.Template = m.Template
	for i, name := range names {
		if c.noted[name] || len(c.mapping.Columns) >= maxNoted {
			continue
		}
		c.noted[name] = true
		col := MappedColumn{Column: name}
		switch {
		case i == flag:
			col.Name = "操作标识"
		case m.Columns[i] >= 0:
			f := &c.item.Fields[m.Columns[i]]
			col.Field, col.Name = f.Code, f.Name
		}
		c.mapping.Columns = append(c.mapping.Columns, col)
	}
	for _, notice := range m.Reasons() {
		if c.keyed != nil && notice.Code == catalog.ReasonMissingColumn {
			continue // objects leave out what is empty
		}
		if len(c.mapping.Notices) < maxNoted && !slices.Contains(c.mapping.Notices, notice) {
			c.mapping.Notices = append(c.mapping.Notices, notice)
		}
	}
}

// skip goes behind the rows that an earlier run answered. NDJSON rows bring their names with them, and the mapping speaks of those, too.
func (c *columns) skip(r *sheet.Reader, rows int) error {
	if c.keyed == nil {
		return r.Skip(rows)
	}
	var row sheet.Row
	for range rows {
		switch err := r.Next(&row); {
		case errors.Is(err, io.EOF):
			return r.Skip(1) // refuses the file, which is shorter than it was
		case err != nil:
			return err
		}
		c.row(&row)
	}
	return nil
}

// row turns cells into values in the catalogue's order. The cells' strings are kept, their slice is not.
func (c *columns) row(r *sheet.Row) rawRow {
	out := rawRow{n: r.N, line: r.Line}
	if r.Bad != nil {
		out.problems = []catalog.Reason{{Code: r.Bad.Code, Severity: catalog.Error, Message: r.Bad.Message, Fix: r.Bad.Fix}}
		return out
	}
	k := keyed{header: c.header, flag: c.flag}
	if c.keyed != nil {
		k = c.shape(r.Keys)
	}
	if k.flag >= 0 && k.flag < len(r.Cells) {
		out.flag = r.Cells[k.flag]
	}
	out.template = k.header.Template
	out.values = k.header.Row(r.Cells, nil)
	if c.keyed == nil && c.footer(r.Cells, out.values) {
		out.problems = []catalog.Reason{catalog.NewReason(catalog.ReasonNoData, "", "", "")}
	}
	return out
}

// shape maps the names that an NDJSON row brings.
func (c *columns) shape(names []string) keyed {
	text := strings.Join(names, "\x00")
	k, ok := c.keyed[text]
	if ok {
		return k
	}
	names = slices.Clone(names)
	k.header, k.flag = c.match(names)
	if len(c.keyed) < maxNoted {
		c.keyed[text] = k
	}
	c.note(names, &k.header, k.flag)
	return k
}
