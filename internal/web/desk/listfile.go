package desk

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"gongxin/internal/fault"
)

// ListForm reads a list of codes that a form brings: pasted, or as a file.
type ListForm[T any] struct {
	Text func(r io.Reader) (T, error)
	File func(f *os.File, name string) (T, error) // closes f
	None string                                   // what a pasted list is called
	Bad  *fault.Error                             // refuses what is no such form
}

// Read gives the list and what it is called. A file goes through one without a name, so that nothing of it stays on disk.
func (l ListForm[T]) Read(r *http.Request, pasted string) (list T, name string, err error) {
	up, head, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || err == nil && head.Size == 0 {
		list, err = l.Text(strings.NewReader(pasted))
		return list, l.None, err
	}
	if err != nil {
		return list, "", l.Bad.With(err)
	}
	defer func() { _ = up.Close() }()
	f, err := os.CreateTemp("", "gongxin-list-*")
	if err != nil {
		return list, "", err
	}
	if err := os.Remove(f.Name()); err != nil {
		return list, "", errors.Join(err, f.Close())
	}
	if _, err := io.Copy(f, up); err != nil {
		return list, "", errors.Join(err, f.Close())
	}
	list, err = l.File(f, head.Filename)
	return list, head.Filename, err
}
