package web

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// HandJSON answers a value as a file of JSON that people can read too, and that nobody caches. name has no dot and comes from nobody outside.
func HandJSON(w http.ResponseWriter, name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`.json"`)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Cache-Control", "no-store")
	_, err = w.Write(text)
	if err != nil {
		return nil //nolint:nilerr // the reader has left; nothing can be said to them any more
	}
	return nil
}
