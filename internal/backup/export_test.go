package backup

// WithBreaks makes a restore work in small batches and tells of each.
func WithBreaks(t Target, rows int, after func(table string, rows int64) error) Target {
	t.batch, t.after = rows, after
	return t
}
