package ingest

import (
	"slices"
	"strings"

	"gongxin/internal/catalog"
	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/sheet"
)

// flagNames are the headers of the operation flag, folded to upper case. No standard names the column; these are seen in exchange packages.
var flagNames = []string{"操作标识", "操作标志", "操作类型", "操作", "数据操作", "数据状态标识", "变更标识", "删除标识", "OP", "_OP", "OPT", "OPERATION", "OP_FLAG", "OPFLAG", "FLAG",
	"CZBS", "CZBZ", "CZLX", "SJCZ"}

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
	fields  []int // by column: index of the field, or -1
	flag    int   // column of the operation flag, or -1
	mapping Mapping
	keyed   map[string]keyed // NDJSON: mappings by the keys of a row
}

// keyed is the mapping of one shape of NDJSON rows.
type keyed struct {
	fields []int
	flag   int
}

// ErrNoIdentity refuses a file in which no column says whom the rows are about.
var ErrNoIdentity = fault.New(fault.Invalid, "ingest.no_identity", "表头中没有相对人名称或代码列，无法判断各行属于哪个主体（规则3002）", "请使用信用目录页面提供的模板，或对照字段名称修改表头")

// mapColumns understands the header. NDJSON and JSON rows carry their own names and are mapped as they come.
func mapColumns(item *catalog.Item, r *sheet.Reader) (*columns, error) {
	c := &columns{item: item, flag: -1, mapping: Mapping{Format: r.Format(), Encoding: r.Encoding(), Header: r.HeaderLine()}}
	if r.Format() == sheet.NDJSON || r.Format() == sheet.JSON {
		c.keyed = map[string]keyed{}
		return c, nil
	}
	header := r.Header()
	c.fields, c.flag = c.match(header)
	identity := false
	for i, f := range c.fields {
		col := MappedColumn{Column: header[i]}
		if f >= 0 {
			field := &item.Fields[f]
			col.Field, col.Name = field.Code, field.Name
			identity = identity || field.Role == catalog.RoleName || field.Role == catalog.RoleUSCC
		} else if i == c.flag {
			col.Name = "操作标识"
		}
		c.mapping.Columns = append(c.mapping.Columns, col)
	}
	if !identity {
		return nil, ErrNoIdentity
	}
	return c, nil
}

// match maps names to fields and notes what it could not map.
func (c *columns) match(names []string) (fields []int, flag int) {
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
	m := c.item.MatchHeaders(known)
	c.mapping.Template = m.Template
	for _, notice := range m.Notices() {
		if len(c.mapping.Notices) < maxShapes && !slices.Contains(c.mapping.Notices, notice) {
			c.mapping.Notices = append(c.mapping.Notices, notice)
		}
	}
	return m.Fields, flag
}

// row turns cells into values in the catalogue's order. The cells' strings are kept, their slice is not.
func (c *columns) row(r *sheet.Row) rawRow {
	out := rawRow{n: r.N, line: r.Line}
	if r.Bad != nil {
		out.problems = []catalog.Reason{{Code: r.Bad.Code, Severity: catalog.Error, Message: r.Bad.Message, Fix: r.Bad.Fix}}
		return out
	}
	fields, flag := c.fields, c.flag
	if c.keyed != nil {
		shape := strings.Join(r.Keys, "\x00")
		k, ok := c.keyed[shape]
		if !ok {
			k.fields, k.flag = c.match(r.Keys)
			if len(c.keyed) < maxShapes {
				c.keyed[strings.Clone(shape)] = k
			}
			for i, f := range k.fields {
				c.note(r.Keys[i], f, i == k.flag)
			}
		}
		fields, flag = k.fields, k.flag
	}
	out.values = make(catalog.Values, len(c.item.Fields))
	for i, cell := range r.Cells {
		if i == flag {
			out.flag = cell
		} else if i < len(fields) && fields[i] >= 0 && cell != "" {
			out.values[fields[i]] = cell
		}
	}
	return out
}

// maxShapes bounds what is remembered of NDJSON rows that all bring other names.
const maxShapes = 256

// note lists a name of an NDJSON row in the mapping once.
func (c *columns) note(name string, field int, flag bool) {
	if len(c.mapping.Columns) >= maxShapes || slices.ContainsFunc(c.mapping.Columns, func(m MappedColumn) bool { return m.Column == name }) {
		return
	}
	col := MappedColumn{Column: name}
	if field >= 0 {
		col.Field, col.Name = c.item.Fields[field].Code, c.item.Fields[field].Name
	} else if flag {
		col.Name = "操作标识"
	}
	c.mapping.Columns = append(c.mapping.Columns, col)
}
