package people

import "gongxin/internal/web/desk/desktest"

// The words of these tests.
var (
	as      = desktest.As
	newSite = desktest.NewSite
	visit   = desktest.Visit
	want    = desktest.Want
	text    = desktest.Text
	must    = desktest.Must
)
