package drafts

import "gongxin/internal/web/desk/desktest"

// The words of these tests.
var (
	as      = desktest.As
	newSite = desktest.NewSite
	visit   = desktest.Visit
	send    = desktest.Send
	want    = desktest.Want
	must    = desktest.Must
)
