package desk

import "gongxin/internal/web/ui"

// Step is what Confirm shows.
type Step struct {
	Label  string // what can be done
	Effect string // what it will do
	Button string
	Action string // address of the form
	Tone   ui.Tone
	Open   bool // unfolded, after a refusal
}
