package app

import "gongxin/internal/web/me"

// centreParts are what features add to the centre of businesses and residents, in the order of its cards: one line a feature.
var centreParts = []func(*App) me.Part{
	casePart,
	objectionPart,
	repairPart,
	declarationPart,
	correctionPart,
}

// parts makes them.
func (a *App) parts() []me.Part {
	out := make([]me.Part, 0, len(centreParts))
	for _, part := range centreParts {
		out = append(out, part(a))
	}
	return out
}
