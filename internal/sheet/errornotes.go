package sheet

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/xuri/excelize/v2"
)

// finish ends the data sheets and writes the sheet of explanations.
func (b *errorBook) finish() error {
	if err := b.beginSheet(notesSheet); err != nil {
		return err
	}
	for i, width := range []float64{10, 10, 10, 60, 60} {
		if err := b.setWidth(i, width); err != nil {
			return err
		}
	}
	if err := b.put([]string{"错误数据说明"}, b.styles.bold); err != nil {
		return err
	}
	for _, line := range b.advice() {
		if err := b.put([]string{line}, 0); err != nil {
			return err
		}
	}
	if err := b.put(nil, 0); err != nil {
		return err
	}
	if err := b.put([]string{"原因编号", "错误（处）", "提醒（处）", "原因", "改法"}, b.styles.header); err != nil {
		return err
	}
	list := make([]*reasonCount, 0, len(b.reasons))
	for _, r := range b.reasons {
		list = append(list, r)
	}
	slices.SortFunc(list, func(x, y *reasonCount) int {
		return cmp.Or(cmp.Compare(y.errors+y.warns, x.errors+x.warns), cmp.Compare(x.code, y.code))
	})
	for _, r := range list {
		if err := b.put([]string{strconv.Itoa(r.code), strconv.Itoa(r.errors), strconv.Itoa(r.warns), r.sentence, r.fix}, b.styles.wrap); err != nil {
			return err
		}
	}
	if err := b.endSheet(); err != nil {
		return err
	}
	b.f.SetActiveSheet(0)
	return b.f.SetDocProps(&excelize.DocProperties{Creator: author, Title: "错误数据"})
}

// advice says how to go on with the workbook.
func (b *errorBook) advice() []string {
	first := fmt.Sprintf("“%s”表只列出有问题的 %d 行，其余行已按规则处理，不必再报。", dataSheet, b.written)
	if b.o.All {
		first = fmt.Sprintf("“%s”表列出全部 %d 行，有问题的行在最后一栏写明原因。", dataSheet, b.written)
	}
	lines := []string{
		first,
		"红底的单元格必须改正，黄底的请核对；鼠标停在单元格上可看到原因和改法，最后一栏“" + ErrorColumn + "”列出这一行的全部原因。",
		"改好后直接报送本文件即可：表头不用动，“" + ErrorColumn + "”栏不用删，系统会忽略它；已经受理的行重复报送不会重复入库。",
		"各单元格均为文本格式，以保留代码开头的 0，请不要改成数值格式。",
	}
	if b.uncomments > 0 {
		lines = append(lines, fmt.Sprintf("批注最多 %d 处，另有 %d 处只有底色没有批注，原因见“%s”栏。", b.o.MaxComments, b.uncomments, ErrorColumn))
	} else {
		lines = append(lines, fmt.Sprintf("批注最多 %d 处，超出的只有底色。", b.o.MaxComments))
	}
	if b.sheets > 1 {
		lines = append(lines, fmt.Sprintf("行数较多，分在 %d 张表里；系统每次只读第一张，请把各表分别存成文件报送。", b.sheets))
	}
	return lines
}
