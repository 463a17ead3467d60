package reports

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/publish"
	"gongxin/internal/report"
	"gongxin/internal/web"
	"gongxin/internal/web/desk/desktest"
)

const (
	number = "20261118100000ABCDEFGH"
	code   = "ABCDE12345"
)

var now = time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Zone)

// world is the pages over a maker whose answers a test sets: what reports hold is tested where they are made.
type world struct {
	handler http.Handler
	order   report.Order // that was asked for last
	doc     report.Document
	err     error // of everything that makes, gives or verifies
	verdict *report.Verdict
	made    []report.Report
	kind    catalog.SubjectKind

	plan     report.JobOrder
	jobs     []report.Job
	rows     []report.Row
	jobErr   error // of Plan, Begin, Cancel
	did      string
	cut      bool // the archive breaks off after its first bytes
	unitList []agency.Agency
}

func newWorld(t *testing.T) *world {
	t.Helper()
	site := desktest.NewSite(t)
	w := &world{kind: catalog.LegalEntity, unitList: []agency.Agency{{ID: 3, Name: "临溪银行", Region: "990100"}}}
	rt := site.Router()
	New(Deps{
		Site: site, Maker: w, Kind: func(context.Context, int64) (catalog.SubjectKind, error) { return w.kind, nil }, Clock: clock.NewManual(now),
		Jobs: jobs{w}, Units: units{w},
		Own: func(rw http.ResponseWriter, r *http.Request, status int, body templ.Component) error {
			return site.Render(rw, r, status, web.Frame(site.Page(r, "信用报告"), body))
		},
	}).Routes(rt)
	w.handler = site.Wrap(rt)
	return w
}

func (w *world) Create(_ context.Context, o report.Order) (*report.Report, error) {
	w.order = o
	return &report.Report{Number: number}, w.err
}

func (w *world) Get(_ context.Context, _ authz.Actor, _ string) (*report.Report, error) {
	raw, err := w.doc.Encode()
	if err == nil {
		err = w.err
	}
	return &report.Report{Number: number, Document: raw, Digest: "00ff", KeyID: "k1"}, err
}

func (w *world) PDF(context.Context, authz.Actor, string) ([]byte, error) {
	return []byte("%PDF-1.7\n"), w.err
}

func (w *world) Verify(context.Context, string, string) (*report.Verdict, error) {
	return w.verdict, w.err
}

func (w *world) Mine(context.Context, authz.Actor, int64, int) ([]report.Report, error) {
	return w.made, nil
}

func (w *world) Areas() []report.Area {
	return []report.Area{{Code: "SC", Name: "市场监管"}, {Code: "SWJ", Name: "税务"}}
}

func (w *world) PublicKey() ([]byte, string) { return []byte("PEM"), "k1" }

type units struct{ w *world }

func (u units) List(context.Context) ([]agency.Agency, error) { return u.w.unitList, nil }

func (u units) ByID(_ context.Context, id agency.ID) (agency.Agency, error) {
	for _, x := range u.w.unitList {
		if x.ID == id {
			return x, nil
		}
	}
	return agency.Agency{}, report.ErrJob
}

type jobs struct{ w *world }

func (j jobs) Plan(_ context.Context, o report.JobOrder) (int64, error) {
	j.w.plan = o
	return 7, j.w.jobErr
}

func (j jobs) Begin(context.Context, authz.Actor, int64) error {
	j.w.did = "begin"
	return j.w.jobErr
}

func (j jobs) Cancel(context.Context, authz.Actor, int64) error {
	j.w.did = "cancel"
	return j.w.jobErr
}

func (j jobs) Job(context.Context, authz.Actor, int64) (*report.Job, error) {
	if len(j.w.jobs) == 0 {
		return nil, report.ErrJob
	}
	return &j.w.jobs[0], nil
}

func (j jobs) Jobs(context.Context, authz.Actor, int) ([]report.Job, error) { return j.w.jobs, nil }

func (j jobs) JobRows(_ context.Context, _ authz.Actor, _ int64, refused bool, _, _ int) ([]report.Row, error) {
	var out []report.Row
	for _, r := range j.w.rows {
		if !refused || r.Why != "" {
			out = append(out, r)
		}
	}
	return out, nil
}

func (j jobs) Archive(_ context.Context, _ authz.Actor, _ int64, w io.Writer) error {
	if j.w.jobErr != nil {
		return j.w.jobErr
	}
	if _, err := io.WriteString(w, "PK"); err != nil {
		return err
	}
	if j.w.cut {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// The callers.
var (
	banker = desktest.As(2, authz.Grant{Role: authz.InstitutionOfficer, Agency: 3})
	agent  = desktest.As(4, authz.Grant{Role: authz.BusinessAgent, Subject: 9})
	clerk  = desktest.As(5, authz.Grant{Role: authz.FilingClerk, Agency: 3})
)

// anon asks without an account, whose pages a browser may keep and ask again about.
func (w *world) anon(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// upload sends the form of a list.
func (w *world) upload(t *testing.T, who authz.Actor, file string, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		desktest.Must(t, form.WriteField(fields[i], fields[i+1]))
	}
	if file != "" {
		part, err := form.CreateFormFile("file", "名单.csv")
		desktest.Must(t, err)
		_, err = io.Copy(part, strings.NewReader(file))
		desktest.Must(t, err)
	}
	desktest.Must(t, form.Close())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/desk/reports", &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return desktest.Send(t, w.handler, who, r)
}

func document() report.Document {
	return report.Document{
		Format: report.Format, Number: number, Code: code, Kind: report.Standard, Title: "公共信用信息报告", Layout: "V2.0", City: "临溪市", Issuer: "临溪市社会信用中心", IssuedAt: now, AsOf: now,
		Subject: report.Subject{Code: "91370303MA3C000118", Name: "临溪市示例食品有限公司", Kind: catalog.LegalEntity}, Labels: []string{"存续", "守信激励对象"},
		Basics:  []report.Fact{{Label: "名称", Value: "临溪市示例食品有限公司"}},
		Summary: []report.SummaryLine{{Chapter: 1, Name: "登记注册基础信息"}, {Chapter: 2, Name: "行政管理信息", Count: 1}},
		Chapters: []report.Chapter{
			{Number: 1, Numeral: "一", Name: "登记注册基础信息", Empty: "查询期内无相关信息"},
			{Number: 2, Numeral: "二", Name: "行政管理信息", Items: []report.Item{{Code: "XZCF", Name: "行政处罚", Count: 1, Records: []report.Record{{
				ID: "x", Version: 1, Title: "经营超过保质期的食品", Mark: "异议中", DecidedOn: 20260302, Source: publish.Source{Code: "11990100001000010R", Name: "临溪市市场监督管理局"},
				Fields: []report.Field{{Code: "CF_NR", Name: "处罚内容", Value: "罚款2000元", Shown: "罚款2000元"}},
			}}}}},
			{Number: 10, Numeral: "十", Name: "信用状况提升建议", Lines: []string{"可以提出异议。"}},
		},
		Notes: []string{"不打分，不评级。"},
	}
}
