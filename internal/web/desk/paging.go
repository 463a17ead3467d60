package desk

import "gongxin/internal/web/ui"

// ListRows is how many rows a page lists.
const ListRows = 30

// Shown ends a list that was read with one row more than a page shows, and lets the pager lead on behind the last row that is shown.
func Shown[T any](list []T, pager *ui.PagerSpec, behind func(last *T) string) []T {
	if len(list) <= ListRows {
		return list
	}
	list = list[:ListRows]
	pager.Next = behind(&list[ListRows-1])
	return list
}
