package app

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"gongxin/internal/approval"
	"gongxin/internal/authz"
)

// sample makes a call about what a holding has.
type sample func(h *holding) *http.Request

// samples say how a call of each route that is not for everyone looks when it is about what somebody has. A new route without one fails the test.
// Calls that change something leave out what the change needs, or may be made again and again.
var samples = withLists(withDrafts(map[string]sample{
	"GET /desk":                         get("/desk"),
	"GET /desk/filing":                  get("/desk/filing"),
	"GET /desk/filing/running":          get("/desk/filing/running?n=1"),
	"GET /desk/filing/item":             get("/desk/filing/item?item=XZCF"),
	"POST /desk/filing":                 upload("/desk/filing", "unit", "{unit}", "item", "XZCF"),
	"GET /desk/filing/{id}":             get("/desk/filing/{filed}"),
	"GET /desk/filing/{id}/live":        get("/desk/filing/{filed}/live"),
	"GET /desk/filing/{id}/errors.xlsx": get("/desk/filing/{filed}/errors.xlsx"),
	"GET /desk/filing/{id}/file":        get("/desk/filing/{filed}/file"),
	"GET /desk/queue":                   get("/desk/queue"),
	"GET /desk/queue/{id}":              get("/desk/queue/{entry}"),
	"POST /desk/queue/{id}/match":       post("/desk/queue/{entry}/match", "subject="),
	"POST /desk/queue/{id}/refuse":      post("/desk/queue/{entry}/refuse", "subject="),
	"POST /desk/queue/{id}/undo":        post("/desk/queue/{entry}/undo", "subject="),
	"GET /metrics":                      get("/metrics"),

	"POST /api/v1/submissions":                 upload("/api/v1/submissions?item=XZCF&unit={unit}"),
	"GET /api/v1/submissions":                  get("/api/v1/submissions"),
	"GET /api/v1/submissions/{id}":             get("/api/v1/submissions/{filed}"),
	"GET /api/v1/submissions/{id}/errors.xlsx": get("/api/v1/submissions/{filed}/errors.xlsx"),
	"GET /api/v1/submissions/{id}/file":        get("/api/v1/submissions/{filed}/file"),
	"GET /api/v1/queue":                        get("/api/v1/queue"),
	"GET /api/v1/queue/{id}":                   get("/api/v1/queue/{entry}"),
	"POST /api/v1/queue/{id}/decide":           body("/api/v1/queue/{entry}/decide", `{"decision":"match","note":"核对了材料"}`),
	"POST /api/v1/queue/{id}/undo":             body("/api/v1/queue/{entry}/undo", `{"note":"核对了材料"}`),
	"POST /api/v1/disclosures":                 body("/api/v1/disclosures", `{"subject":"{firm}","matter":"{matter}"}`),
	"POST /api/v1/consents":                    body("/api/v1/consents", `{"subject":"{firm}","grantee":"{unit}","items":["XYPJ"],"purpose":"credit"}`),
	"GET /api/v1/consents":                     get("/api/v1/consents"),
	"GET /api/v1/consents/{id}":                get("/api/v1/consents/{consent}"),
	"POST /api/v1/consents/{id}/revoke":        body("/api/v1/consents/{revoked}/revoke", `{}`),
	"GET /api/v1/access-log":                   get("/api/v1/access-log?subject={firm}"),
	"GET /api/v1/audit/access":                 get("/api/v1/audit/access"),
	"POST /api/v1/checks":                      body("/api/v1/checks", `{"subject":"{firm}","matter":"{matter}"}`),
	"GET /api/v1/checks/{receipt}":             get("/api/v1/checks/{checked}"),
	"POST /api/v1/checks/{receipt}/feedback":   body("/api/v1/checks/{checked}/feedback", `{"result":"noted"}`),
	"GET /api/v1/check-coverage":               get("/api/v1/check-coverage"),
	"POST /api/v1/reports/batch":               body("/api/v1/reports/batch", `{"unit":"{unit}","subjects":[{"subject":"{firm}"}]}`),
	"GET /api/v1/audit/alerts":                 get("/api/v1/audit/alerts"),
	"POST /api/v1/audit/alerts/{id}/handle":    body("/api/v1/audit/alerts/{alert}/handle", `{"reason":"核对了窗口登记"}`),

	"GET /desk/inbox":                               get("/desk/inbox"),
	"GET /account/notices":                          get("/account/notices"),
	"POST /account/notices/read":                    post("/account/notices/read", "id=1"),
	"POST /account/notices/addresses":               post("/account/notices/addresses", "kind="),
	"POST /account/notices/addresses/{id}/confirm":  post("/account/notices/addresses/1/confirm", "code="),
	"POST /account/notices/addresses/{id}/remove":   post("/account/notices/addresses/1/remove", ""),
	"GET /account":                                  get("/account"),
	"GET /account/password":                         get("/account/password"),
	"POST /account/password":                        post("/account/password", "current="),
	"GET /account/oidc/{provider}":                  get("/account/oidc/none"),
	"POST /account/oidc/{provider}":                 post("/account/oidc/none", ""),
	"GET /account/untie":                            get("/account/untie"),
	"POST /account/untie":                           post("/account/untie", "issuer="),
	"GET /account/close":                            get("/account/close"),
	"POST /account/close":                           post("/account/close", ""),
	"GET /account/sessions":                         get("/account/sessions"),
	"GET /account/sessions/{rest...}":               get("/account/sessions/others"),
	"POST /account/sessions/others":                 post("/account/sessions/others", ""),
	"POST /account/sessions/{id}/end":               post("/account/sessions/1/end", ""),
	"GET /account/factors":                          get("/account/factors"),
	"GET /account/factors/{rest...}":                get("/account/factors/totp"),
	"POST /account/factors/totp":                    post("/account/factors/totp", ""),
	"POST /account/factors/totp/confirm":            post("/account/factors/totp/confirm", "code="),
	"POST /account/factors/totp/remove":             post("/account/factors/totp/remove", ""),
	"POST /account/factors/recovery":                post("/account/factors/recovery", ""),
	"GET /account/passkeys":                         get("/account/passkeys"),
	"GET /account/passkeys/{rest...}":               get("/account/passkeys/begin"),
	"POST /account/passkeys/begin":                  post("/account/passkeys/begin", ""),
	"POST /account/passkeys":                        post("/account/passkeys", ""),
	"POST /account/passkeys/{id}/rename":            post("/account/passkeys/1/rename", "label=钥匙"),
	"POST /account/passkeys/{id}/remove":            post("/account/passkeys/1/remove", ""),
	"GET /account/keys":                             get("/account/keys"),
	"GET /account/keys/{rest...}":                   get("/account/keys/1/rotate"),
	"POST /account/keys":                            post("/account/keys", ""),
	"POST /account/keys/{id}/rotate":                post("/account/keys/1/rotate", ""),
	"POST /account/keys/{id}/revoke":                post("/account/keys/1/revoke", ""),
	"GET /me":                                       get("/me"),
	"GET /me/claim":                                 get("/me/claim"),
	"POST /me/claim":                                upload("/me/claim"),
	"GET /me/claim/{id}/withdraw":                   get("/me/claim/1/withdraw"),
	"POST /me/claim/{id}/withdraw":                  post("/me/claim/1/withdraw", ""),
	"GET /me/report":                                get("/me/report?of={subject}"),
	"POST /me/report":                               post("/me/report?of={subject}", "from=x"),
	"GET /me/file":                                  get("/me/file?of={subject}"),
	"GET /me/file/{record}":                         get("/me/file/{subject}-1?of={subject}"),
	"GET /me/looked":                                get("/me/looked?of={subject}"),
	"GET /me/measures":                              get("/me/measures?of={subject}"),
	"GET /me/proof":                                 get("/me/proof?of={subject}"),
	"GET /me/proof/bundle.json":                     get("/me/proof/bundle.json?of={subject}&asOf=x"),
	"GET /me/consents":                              get("/me/consents?of={subject}"),
	"GET /me/consents/new":                          get("/me/consents/new?of={subject}"),
	"POST /me/consents":                             post("/me/consents?of={subject}", "purpose="),
	"GET /me/consents/{id}":                         get("/me/consents/{consent}?of={subject}"),
	"GET /me/consents/{id}/receipt.json":            get("/me/consents/{consent}/receipt.json?of={subject}"),
	"GET /me/consents/{id}/revocation.json":         get("/me/consents/{gone}/revocation.json?of={subject}"),
	"GET /me/consents/{id}/revoke":                  get("/me/consents/{consent}/revoke?of={subject}"),
	"POST /me/consents/{id}/revoke":                 post("/me/consents/{revoked}/revoke?of={subject}", ""),
	"GET /desk/check":                               get("/desk/check"),
	"POST /desk/check":                              post("/desk/check", "matter={matter}&code={firm}"),
	"GET /desk/check/{receipt}":                     get("/desk/check/{checked}"),
	"POST /desk/check/{receipt}/feedback":           post("/desk/check/{checked}/feedback", "result=noted"),
	"GET /desk/check/batch":                         get("/desk/check/batch"),
	"POST /desk/check/batch":                        upload("/desk/check/batch", "matter", "{matter}", "codes", "{firm}"),
	"GET /desk/check/batch/{id}":                    get("/desk/check/batch/{batch}"),
	"GET /desk/check/batch/{id}/result.csv":         get("/desk/check/batch/{batch}/result.csv"),
	"GET /desk/check/coverage":                      get("/desk/check/coverage"),
	"GET /desk/check/coverage.csv":                  get("/desk/check/coverage.csv"),
	"GET /desk/lookup":                              get("/desk/lookup"),
	"POST /desk/lookup":                             post("/desk/lookup", "matter={matter}&code={firm}"),
	"GET /desk/lookup/consent":                      get("/desk/lookup/consent"),
	"POST /desk/lookup/consent":                     post("/desk/lookup/consent", "consent={consent}&aim=credit&unit={unitID}&code={firm}"),
	"GET /desk/lookup/consent/{id}":                 get("/desk/lookup/consent/{consent}"),
	"GET /desk/lookup/consent/{id}/receipt.json":    get("/desk/lookup/consent/{consent}/receipt.json"),
	"GET /desk/lookup/consent/{id}/revocation.json": get("/desk/lookup/consent/{gone}/revocation.json"),
	"GET /desk/audit/access":                        get("/desk/audit/access"),
	"GET /desk/audit/find":                          get("/desk/audit/find?number={receipt}"),
	"GET /desk/audit/access.csv":                    get("/desk/audit/access.csv"),
	"POST /desk/audit/access/person":                post("/desk/audit/access/person", "doc_kind=&number="),
	"GET /desk/audit/access/{place}":                get("/desk/audit/access/{access}"),
	"GET /desk/audit/acts":                          get("/desk/audit/acts"),
	"GET /desk/audit/alerts":                        get("/desk/audit/alerts"),
	"GET /desk/audit/alerts/{place}":                get("/desk/audit/alerts/{alertPlace}"),
	"POST /desk/audit/alerts/{place}/handle":        post("/desk/audit/alerts/{alertPlace}/handle", "reason="),
	"GET /desk/audit/secrecy":                       get("/desk/audit/secrecy"),
	"POST /desk/audit/secrecy":                      post("/desk/audit/secrecy", "unit="),
	"POST /desk/audit/secrecy/{id}/end":             post("/desk/audit/secrecy/1/end", ""),

	"GET /desk/people":                             get("/desk/people"),
	"POST /desk/people/find":                       post("/desk/people/find", "login="),
	"GET /desk/people/new":                         get("/desk/people/new"),
	"POST /desk/people":                            post("/desk/people", "kind=staff&login=&name=&unit={unitID}"),
	"GET /desk/people/{id}":                        get("/desk/people/{account}"),
	"POST /desk/people/{id}/disable":               post("/desk/people/{account}/disable", ""),
	"POST /desk/people/{id}/enable":                post("/desk/people/{account}/enable", ""),
	"POST /desk/people/{id}/factor":                post("/desk/people/{account}/factor", ""),
	"POST /desk/people/{id}/sessions":              post("/desk/people/{account}/sessions", ""),
	"POST /desk/people/{id}/password":              post("/desk/people/{account}/password", ""),
	"POST /desk/people/{id}/grants":                post("/desk/people/{account}/grants", "role=&unit={unitID}&region={region}"),
	"POST /desk/people/{id}/grants/{grant}/revoke": post("/desk/people/{account}/grants/1/revoke", ""),
	"POST /desk/people/{id}/keys/{key}/revoke":     post("/desk/people/{account}/keys/1/revoke", ""),
	"GET /desk/claims":                             get("/desk/claims"),
	"GET /desk/claims/{id}":                        get("/desk/claims/{claim}"),
	"GET /desk/claims/{id}/evidence":               get("/desk/claims/{claim}/evidence"),
	"POST /desk/claims/{id}/approve":               post("/desk/claims/{claim}/approve", "why=核对了执照"),
	"POST /desk/claims/{id}/reject":                post("/desk/claims/{claim}/reject", "why=执照不清"),
	"GET /desk/drafts":                             get("/desk/drafts"),
}))

// withDrafts adds the calls of every kind of draft. Who decides is never who drafted, so that those calls are about the filer's.
func withDrafts(m map[string]sample) map[string]sample {
	for _, k := range []approval.Kind{
		approval.Catalog, approval.Calendar, approval.Rules, approval.Lists, approval.Measures, approval.Objections, approval.Repairs, approval.Archive, approval.Corrections, approval.Declarations,
	} {
		at := "/desk/drafts/" + string(k)
		own, foreign := at+"/{draft."+string(k)+"}", at+"/{foreign."+string(k)+"}"
		for pattern, s := range map[string]sample{
			"GET " + at + "/current": get(at + "/current"), "GET " + at + "/new": get(at + "/new"), "POST " + at: upload(at, "title", ""),
			"GET " + at + "/{id}": get(own), "GET " + at + "/{id}/content": get(own + "/content"),
			"POST " + at + "/{id}/revise": upload(own+"/revise", "title", ""), "POST " + at + "/{id}/submit": post(own+"/submit", ""),
			"POST " + at + "/{id}/approve": post(foreign+"/approve", ""), "POST " + at + "/{id}/reject": post(foreign+"/reject", "why="),
			"POST " + at + "/{id}/withdraw": post(own+"/withdraw", ""),
		} {
			m[pattern] = s
		}
	}
	return m
}

// further are calls of a route that mean another action than the one it is published with, or that name what its list is cut to. They are made by nobody,
// by an account without roles and by the roles named; all of them when none is.
var further = []struct {
	pattern string
	action  authz.Action
	roles   []authz.Role
	call    sample
}{
	{"POST /api/v1/disclosures", authz.DiscloseConsented, nil, body("/api/v1/disclosures", `{"subject":"{firm}","consent":"{consent}","purpose":"credit","unit":"{unit}"}`)},
	{"GET /api/v1/subjects/{code}", authz.DiscloseDepartment, nil, get("/api/v1/subjects/{firm}?matter={matter}")},
	{"GET /api/v1/subjects/{code}", authz.DiscloseConsented, nil, get("/api/v1/subjects/{firm}?consent={consent}&purpose=credit&unit={unit}")},
	{"GET /api/v1/subjects/{code}/records", authz.DiscloseDepartment, nil, get("/api/v1/subjects/{firm}/records?matter={matter}&item=XZCF")},
	{"GET /api/v1/subjects/{code}/records", authz.DiscloseConsented, nil, get("/api/v1/subjects/{firm}/records?consent={consent}&purpose=credit&unit={unit}&item=XYPJ")},
	{"POST /api/v1/reports", authz.ReportOwn, nil, body("/api/v1/reports", `{"subject":"{firm}","kind":"special"}`)},
	{"POST /api/v1/reports", authz.ReportConsented, nil, body("/api/v1/reports", `{"subject":"{firm}","kind":"special","consent":"{consent}","purpose":"credit","unit":"{unit}"}`)},
	{"GET /api/v1/consents", authz.ConsentRead, []authz.Role{authz.InstitutionOfficer, authz.WindowOfficer, authz.Auditor, authz.FilingClerk}, get("/api/v1/consents?grantee={unit}")},
	{"GET /api/v1/consents", authz.ConsentRead, []authz.Role{authz.BusinessAgent, authz.Resident, authz.OfficeOperator}, get("/api/v1/consents?subject={firm}")},
}

// beyond is what a part asks beyond the table of callers whom the table lets in, in the words with which it refuses them.
var beyond = map[string]string{
	"GET /sign-in/oidc/{provider}/callback": "统一身份认证没有通过",
	"POST /sign-in/factor/passkey/begin":    "登录已经失效",
	"POST /account/factors/recovery":        "更改第二步验证前",
	"POST /account/factors/totp/remove":     "更改第二步验证前",
	"POST /account/passkeys/{id}/remove":    "更改第二步验证前",
	"POST /me/claim":                        "这个账号是工作账号",
}

// hides are the routes on which what belongs to somebody else is not there.
var hides = []string{
	"GET /desk/audit/find", "GET /desk/lookup/consent/{id}", "GET /desk/lookup/consent/{id}/receipt.json", "GET /desk/lookup/consent/{id}/revocation.json",
	"GET /desk/check/{receipt}", "POST /desk/check/{receipt}/feedback", "GET /desk/check/batch/{id}", "GET /desk/check/batch/{id}/result.csv",
	"GET /api/v1/checks/{receipt}", "POST /api/v1/checks/{receipt}/feedback", "GET /api/v1/consents/{id}", "POST /api/v1/consents/{id}/revoke", "POST /api/v1/audit/alerts/{id}/handle",
}

// gone are the routes whose sample names a part that is not there, of a thing that is; what becomes of parts that are there stands in tests of their own.
var gone = []string{
	"GET /me/claim/{id}/withdraw", "POST /me/claim/{id}/withdraw", "GET /me/file/{record}",
	"POST /account/keys/{id}/revoke", "POST /account/keys/{id}/rotate", "POST /account/oidc/{provider}", "POST /account/sessions/{id}/end",
	"POST /account/factors/totp/remove", "POST /account/passkeys/{id}/remove", "POST /account/passkeys/{id}/rename", "POST /account/untie",
	"POST /desk/audit/secrecy/{id}/end", "POST /desk/people/{id}/grants/{grant}/revoke", "POST /desk/people/{id}/keys/{key}/revoke",
}

// everyone makes a call of a route that is for everyone; what its address names need not be there.
func everyone(pattern string) sample {
	method, path, _ := strings.Cut(pattern, " ")
	holes := map[string]string{"{item}": "XZCF", "{file}": "XZCF.csv", "{provider}": "none"}
	for _, hole := range []string{"{code}", "{item}", "{id}", "{file}", "{provider}", "{rest...}", "{$}"} {
		path = strings.ReplaceAll(path, hole, holes[hole])
	}
	path = strings.ReplaceAll(path, "//", "/x/")
	return func(*holding) *http.Request { return httptest.NewRequest(method, path, nil) }
}

// names fills the holes of an address or a form with what a holding has.
func (h *holding) names() *strings.Replacer {
	n := func(i int64) string { return strconv.FormatInt(i, 10) }
	list := []string{
		"{unit}", h.unit.Code, "{unitID}", n(h.unit.ID), "{region}", h.unit.Region, "{name}", h.unit.Name, "{filed}", h.filed, "{entry}", n(h.entry), "{account}", n(h.account), "{access}", h.access,
		"{alert}", n(h.alert.ID), "{alertPlace}", placed(h.alert.FirstAt, h.alert.ID), "{matter}", h.matter, "{firm}", h.firm.Code, "{subject}", n(h.firm.ID),
		"{consent}", n(h.consent), "{revoked}", n(h.revoked), "{gone}", n(h.gone), "{receipt}", n(h.receipt), "{claim}", n(h.claim),
		"{checked}", h.checked, "{batch}", n(h.batch), "{job}", n(h.job),
		"{objected}", n(h.objected), "{case}", n(h.objectedCase), "{objectedNo}", h.objectedNo,
		"{declared}", n(h.declared),
		"{told}", n(h.told), "{correction}", n(h.correction),
		"{proposal}", n(h.proposal), "{listed}", n(h.listed), "{order}", n(h.order), "{task}", n(h.task),
	}
	list = append(list, h.repair.names()...)
	for k, id := range h.draft {
		list = append(list, "{draft."+string(k)+"}", n(id), "{foreign."+string(k)+"}", n(h.foreign[k]))
	}
	return strings.NewReplacer(list...)
}

func get(path string) sample {
	return func(h *holding) *http.Request {
		return httptest.NewRequest(http.MethodGet, h.names().Replace(path), nil)
	}
}

func post(path, form string) sample { return typed(path, form, "application/x-www-form-urlencoded") }

func body(path, text string) sample { return typed(path, text, "application/json") }

func typed(path, text, kind string) sample {
	return func(h *holding) *http.Request {
		n := h.names()
		r := httptest.NewRequest(http.MethodPost, n.Replace(path), strings.NewReader(n.Replace(text)))
		r.Header.Set("Content-Type", kind)
		return r
	}
}

// upload sends fields and a file that holds nothing of use.
func upload(path string, fields ...string) sample {
	return func(h *holding) *http.Request {
		n := h.names()
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for i := 0; i+1 < len(fields); i += 2 {
			_ = w.WriteField(fields[i], n.Replace(fields[i+1]))
		}
		part, _ := w.CreateFormFile("file", "a.csv")
		_, _ = io.WriteString(part, "甲,乙\n1,2\n")
		_ = w.Close()
		r := httptest.NewRequest(http.MethodPost, n.Replace(path), &b)
		r.Header.Set("Content-Type", w.FormDataContentType())
		return r
	}
}
