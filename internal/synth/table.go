package synth

import (
	"gongxin/internal/catalog"
)

// column is one column of a file.
type column struct {
	header string
	field  *catalog.Field // nil for columns that no field stands behind
	cell   cell
	entry  func(dst []byte, e *entry) []byte
}

// table is the columns of a file and where to find them.
type table struct {
	columns []column
	byRole  map[catalog.Role]int
	byCode  map[string]int
	flag    int // column of the operation flag, or -1
	remark  int // column that the catalogue does not know, or -1
}

// The columns beside the fields of the catalogue: the flag that says what is to be done with the row, and one that a
// department keeps for itself.
const (
	flagHeader   = "操作标识"
	foreignTitle = "经办科室内部编号"
)

// newTable lays a file's columns out.
func (c *City) newTable(f *FileSpec) *table {
	t := &table{byRole: map[catalog.Role]int{}, byCode: map[string]int{}, flag: -1, remark: -1}
	item := f.plan.item
	if f.Layout == Old2015 {
		for _, o := range oldColumns[item.Code] {
			t.addOld(item, o)
		}
		return t
	}
	for i := range item.Fields {
		field := &item.Fields[i]
		if skipped[field.Role] && !field.Required {
			continue
		}
		col := column{header: field.Name, field: field}
		if f.Layout == Codes {
			col.header = field.Code
		}
		if f.part == decisions {
			col.cell = cellFor(item, field)
		} else {
			col.entry = registryCell(field)
		}
		t.add(col, field)
	}
	if c.opt.Messy > 0 {
		t.flag = len(t.columns)
		t.columns = append(t.columns, column{header: flagHeader})
		if f.Format != NDJSON && f.id%4 == 1 {
			t.remark = len(t.columns)
			t.columns = append(t.columns, column{header: foreignTitle})
		}
	}
	return t
}

// skipped are fields that departments leave out of their files altogether.
var skipped = map[catalog.Role]bool{catalog.RoleRepIDType: true, catalog.RoleRepID: true, catalog.RoleDisclosure: true}

func (t *table) add(col column, field *catalog.Field) {
	t.byCode[field.Code] = len(t.columns)
	if field.Role != "" {
		t.byRole[field.Role] = len(t.columns)
	}
	t.columns = append(t.columns, col)
}

// oldColumn is a column of the 2015/16 template: its header and the field of today that has its contents.
type oldColumn struct {
	header, code string
	cell         cell
}

var oldColumns = map[catalog.ItemCode][]oldColumn{
	"XZXK": {
		{header: "XK_WSH", code: "XK_WSH"},
		{header: "XK_XMMC", code: "XK_XKWS"},
		{header: "XK_SPLB", code: "XK_XKLB"},
		{header: "XK_NR", code: "XK_NR"},
		{header: "XK_XDR", code: "XK_XDR_MC"},
		{header: "XK_XDR_SHXYM", code: "XK_XDR_SHXYM"},
		{header: "XK_XDR_ZDM", code: "XK_XDR_ZZJG"},
		{header: "XK_XDR_GSDJ", code: "XK_XDR_GSZC"},
		{header: "XK_XDR_SWDJ", code: "XK_XDR_SWDJ"},
		{header: "XK_XDR_SFZ", code: "XK_XDR_ZJHM"},
		{header: "XK_FR", code: "XK_FRDB"},
		{header: "XK_JDRQ", code: "XK_JDRQ"},
		{header: "XK_JZQ", code: "XK_YXQZI"},
		{header: "XK_XZJG", code: "XK_XKJG"},
		{header: "XK_ZT", code: "XK_ZT", cell: text("0")},
		{header: "DFBM", cell: division},
		{header: "SJC", cell: stamp},
		{header: "BZ", code: "BZ"},
	},
	"XZCF": {
		{header: "CF_WSH", code: "CF_WSH"},
		{header: "CF_CFMC", code: "CF_WFXW"},
		{header: "CF_CFLB1", code: "CF_CFLB", cell: firstKind},
		{header: "CF_CFLB2", cell: otherKinds},
		{header: "CF_SY", code: "CF_SY"},
		{header: "CF_YJ", code: "CF_YJ"},
		{header: "CF_XDR_MC", code: "CF_XDR_MC"},
		{header: "CF_XDR_SHXYM", code: "CF_XDR_SHXYM"},
		{header: "CF_XDR_ZDM", code: "CF_XDR_ZZJG"},
		{header: "CF_XDR_GSDJ", code: "CF_XDR_GSZC"},
		{header: "CF_XDR_SWDJ", code: "CF_XDR_SWDJ"},
		{header: "CF_XDR_SFZ", code: "CF_XDR_ZJHM"},
		{header: "CF_FR", code: "CF_FRDB"},
		{header: "CF_JG", code: "CF_NR"},
		{header: "CF_JDRQ", code: "CF_JDRQ"},
		{header: "CF_JZRQ", code: "CF_YXQ"},
		{header: "CF_XZJG", code: "CF_CFJG"},
		{header: "CF_ZT", code: "CF_ZT", cell: text("0")},
		{header: "DFBM", cell: division},
		{header: "SJC", cell: stamp},
		{header: "BZ", code: "BZ"},
	},
}

func (t *table) addOld(item *catalog.Item, o oldColumn) {
	col := column{header: o.header, cell: o.cell}
	field, ok := item.Field(o.code)
	if !ok {
		t.columns = append(t.columns, col)
		return
	}
	if col.field = field; col.cell == nil {
		col.cell = cellFor(item, field)
	}
	t.add(col, field)
}

func division(dst []byte, r *row) []byte { return append(dst, r.p.agency.Region...) }

func stamp(dst []byte, r *row) []byte {
	return append(appendDate(dst, r.decided.AddDays(1)), " 09:30:00"...)
}

// firstKind and otherKinds are the two columns into which the old template parts the kinds of a penalty.
func firstKind(dst []byte, r *row) []byte {
	all := r.kinds
	r.kinds &= -r.kinds
	dst = r.appendKinds(dst)
	r.kinds = all
	return dst
}

func otherKinds(dst []byte, r *row) []byte {
	all := r.kinds
	r.kinds &= r.kinds - 1
	dst = r.appendKinds(dst)
	r.kinds = all
	return dst
}

// headers gives the header row.
func (t *table) headers() []string {
	all := make([]string, len(t.columns))
	for i := range t.columns {
		all[i] = t.columns[i].header
	}
	return all
}
