package soak

import (
	"context"
	"net/http"
)

// answering is a Client that always gets the same.
type answering string

func (a answering) Do(context.Context, string, string, http.Header, []byte) (int, []byte, error) {
	return http.StatusOK, []byte(a), nil
}
