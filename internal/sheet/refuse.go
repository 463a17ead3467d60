package sheet

import (
	"fmt"

	"gongxin/internal/fault"
)

// Reason numbers of this package. The catalogue's reason table carries the same numbers; they are printed on
// receipts, so a number is never given another meaning.
const (
	reasonUnreadable = 3004 + iota
	reasonEmpty
	reasonNoRows
	reasonNoHeader
	reasonOldXLS
	reasonEncrypted
	reasonTooBig
	reasonBomb
	reasonDamaged
	reasonNotWorkbook
	reasonHTML
	reasonDocument
	reasonEncoding
	reasonTooLong
	reasonTooWide
	reasonJSON
)

// reasons maps the fault codes to their numbers.
var reasons = map[string]int{}

func refusal(n int, kind fault.Kind, code, message, fix string) *fault.Error {
	reasons[code] = n
	return fault.New(kind, code, numbered(n, message), fix)
}

func numbered(n int, message string) string { return fmt.Sprintf("【%d】%s", n, message) }

// detail gives a refusal another sentence under the same number.
func detail(e *fault.Error, format string, args ...any) *fault.Error {
	s := fmt.Sprintf(format, args...)
	if n := reasons[e.Code]; n != 0 {
		s = numbered(n, s)
	}
	return e.Messagef("%s", s)
}

// withFix gives a refusal another remedy.
func withFix(e *fault.Error, fix string) *fault.Error {
	c := *e
	c.Fix = fix
	return &c
}

const saveAsXLSX = "请在 Excel 或 WPS 中打开原文件，选择“另存为”，类型选“Excel 工作簿（*.xlsx）”，再报送新文件"

// What Open refuses, and what ends a reading midway.
var (
	errUnreadable = refusal(reasonUnreadable, fault.Invalid, "sheet.unreadable",
		"文件内容不是可识别的表格（系统按内容而不是按扩展名判断）", "请报送 .xlsx、.csv 或 JSON 文件；"+saveAsXLSX)
	errEmpty = refusal(reasonEmpty, fault.Invalid, "sheet.empty",
		"文件是空的，没有任何内容", "请检查导出或上传过程，重新导出后再报送")
	errNoRows = refusal(reasonNoRows, fault.Invalid, "sheet.no_rows",
		"文件只有表头，没有数据行", "请在表头下面填写数据后再报送；本期没有数据的不用报送空表")
	errNoHeader = refusal(reasonNoHeader, fault.Invalid, "sheet.no_header",
		"没有找到表头", "请让其中一行写明各栏名称，名称用目录里的栏目名称或代码，可下载标准模板对照")
	errOldXLS = refusal(reasonOldXLS, fault.Invalid, "sheet.old_xls",
		"文件是旧版 Excel 97-2003 格式（.xls），系统只读取 .xlsx", saveAsXLSX+"；只改扩展名不起作用")
	errEncrypted = refusal(reasonEncrypted, fault.Invalid, "sheet.encrypted",
		"文件设置了打开密码，系统无法读取", "请在 Excel 中依次点“文件—信息—保护工作簿—用密码进行加密”，清空密码后保存，再报送")
	errTooBig = refusal(reasonTooBig, fault.TooLarge, "sheet.too_big",
		"文件超过大小上限", "请按行拆成几个文件分别报送，每个文件都保留表头")
	errBomb = refusal(reasonBomb, fault.TooLarge, "sheet.bomb",
		"文件解压后的内容异常庞大，为安全起见不予读取", "请把数据复制到新建的工作簿中（只复制有内容的区域）后另存，或拆成几个文件报送")
	errDamaged = refusal(reasonDamaged, fault.Invalid, "sheet.damaged",
		"工作簿已损坏或没有传完整", "请在本机确认文件能用 Excel 打开，重新另存为 .xlsx 后再报送")
	errDTD = refusal(reasonDamaged, fault.Invalid, "sheet.dtd",
		"工作簿内部含有文档类型声明（DTD），正常的工作簿不会有，为安全起见不予读取", saveAsXLSX)
	errNotWorkbook = refusal(reasonNotWorkbook, fault.Invalid, "sheet.not_workbook",
		"文件是压缩包，但里面不是 Excel 工作簿", "压缩包请先解压，报送里面的表格文件")
	errHTML = refusal(reasonHTML, fault.Invalid, "sheet.html",
		"文件其实是网页表格（HTML），有些系统导出时把它命名为 .xls", saveAsXLSX)
	errXML2003 = refusal(reasonHTML, fault.Invalid, "sheet.xml2003",
		"文件是 XML 表格（XML Spreadsheet 2003），系统只读取 .xlsx", saveAsXLSX)
	errDocument = refusal(reasonDocument, fault.Invalid, "sheet.document",
		"文件不是表格，而是文档或图片", "请报送原始的表格文件（.xlsx、.csv），不要报送扫描件、截图或打印稿")
	errEncoding = refusal(reasonEncoding, fault.Invalid, "sheet.encoding",
		"文字编码无法识别，只支持 UTF-8、GB 18030（含 GBK、GB 2312）和带标志的 UTF-16", "请在 Excel 中另存为“CSV UTF-8（逗号分隔）”或 .xlsx 后再报送")
	errLineTooLong = refusal(reasonTooLong, fault.TooLarge, "sheet.line_too_long",
		"有一行长得超出上限", "请检查文件是否缺少换行，重新导出后再报送")
	errTooWide = refusal(reasonTooWide, fault.TooLarge, "sheet.too_wide",
		"表头的栏数超过上限", "请只保留目录要求的栏目，删除多余的栏后再报送")
	errJSON = refusal(reasonJSON, fault.Invalid, "sheet.json",
		"JSON 格式不对", "请用三种写法之一：每行一个对象；对象数组 [{…},{…}]；或 {\"rows\":[{…}]}")
	errChanged = fault.New(fault.Conflict, "sheet.changed",
		"文件与上次读取时不一致", "请作为新文件重新报送")
	errMerges = refusal(reasonBomb, fault.TooLarge, "sheet.merges",
		"工作表里的合并单元格过多", "请选中数据区，取消合并单元格，逐行填写后再报送")
)

func byteSize(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	default:
		return fmt.Sprintf("%d 字节", n)
	}
}

// What makes a single row unreadable. Columns are counted from 1 in the words.

func badSurplus(width, surplus int) *RowProblem {
	return &RowProblem{
		reasonTooWide,
		fmt.Sprintf("这一行比表头多出 %d 个有内容的单元格（表头共 %d 栏），无法判断从哪一栏开始错位", surplus, width),
		"请检查是否多写了分隔符或在表格右侧另写了内容，删除后再报送",
	}
}

func badTooWide(limit int) *RowProblem {
	return &RowProblem{reasonTooWide, fmt.Sprintf("这一行的栏数超过上限 %d 栏", limit), "请删除多余的栏后再报送"}
}

func badCellLength(i, limit int) *RowProblem {
	return &RowProblem{reasonTooLong, fmt.Sprintf("第 %d 栏的内容超过 %s，无法读取", i+1, byteSize(int64(limit))), "请缩短这一栏的内容"}
}

func badLineLength(limit int) *RowProblem {
	return &RowProblem{reasonTooLong, fmt.Sprintf("这一行超过 %s，无法读取", byteSize(int64(limit))), "请检查这一行是否缺少换行"}
}

func badQuote() *RowProblem {
	return &RowProblem{
		reasonUnreadable, "这一行的英文双引号不成对，无法分清各栏",
		"内容里的英文双引号要写成两个（\"\"），并用一对双引号把该栏括起来；用 Excel 另存为 CSV 会自动处理",
	}
}

func badNUL() *RowProblem {
	return &RowProblem{reasonUnreadable, "这一行含有空字节（NUL），内容可能已损坏", "请重新导出这一行"}
}

func badEncoding(enc string) *RowProblem {
	return &RowProblem{
		reasonEncoding, "这一行有字节不符合文件的文字编码 " + enc + "，可能有半个汉字或混用了两种编码",
		"请把文件统一另存为“CSV UTF-8（逗号分隔）”或 .xlsx，并核对这一行的文字",
	}
}

func badReference() *RowProblem {
	return &RowProblem{reasonDamaged, "这一行有单元格引用了不存在的内容", "请在 Excel 中打开文件，核对这一行后另存"}
}

func badJSON(format string, args ...any) *RowProblem {
	return &RowProblem{reasonJSON, fmt.Sprintf(format, args...), "每一行应是一个对象，值只能是文字、数字、true、false 或 null，同一个键只写一次"}
}
