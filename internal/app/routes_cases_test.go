package app

// caseSamples are the calls of what concerns cases of every procedure.
var caseSamples = map[string]sample{
	"GET /me/cases":                        get("/me/cases?of={subject}"),
	"GET /me/cases/{id}":                   get("/me/cases/{case}?of={subject}"),
	"POST /desk/inbox/{id}/take":           post("/desk/inbox/{case}/take", ""),
	"GET /desk/handover":                   get("/desk/handover"),
	"GET /desk/handover/{account}":         get("/desk/handover/{account}"),
	"POST /desk/handover/{account}":        post("/desk/handover/{account}", "to=2&reason="),
	"POST /desk/handover/{account}/deputy": post("/desk/handover/{account}/deputy", "by=2"),
	"GET /desk/deputies":                   get("/desk/deputies"),
	"POST /desk/deputies":                  post("/desk/deputies", "by="),
	"POST /desk/deputies/end":              post("/desk/deputies/end", "by=2"),
	"GET /desk/overdue":                    get("/desk/overdue"),
	"GET /desk/notices":                    get("/desk/notices"),
	"POST /desk/notices/retry":             post("/desk/notices/retry", "id=1"),
}

// listsOfCases are the routes that cut what they show to their caller's reach.
var listsOfCases = []string{
	"POST /desk/inbox/{id}/take", "GET /desk/handover", "GET /desk/handover/{account}", "POST /desk/handover/{account}", "POST /desk/handover/{account}/deputy", "GET /desk/overdue",
}

func init() {
	for pattern, s := range caseSamples {
		samples[pattern] = s
	}
	listsOfLists = append(listsOfLists, listsOfCases...)
	hides = append(hides, "GET /me/cases/{id}")
	beyond["POST /desk/inbox/{id}/take"] = "审查和受理异议" // the sample is an objection: who sees it may not all say who deals with it
	gone = append(gone, "GET /me/cases/{id}", "POST /desk/inbox/{id}/take", "GET /desk/handover/{account}", "POST /desk/handover/{account}", "POST /desk/handover/{account}/deputy", "POST /desk/notices/retry")
}
