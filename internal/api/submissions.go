package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/agency"
	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/ingest"
)

// SubmissionSummary is one line of the list of filings.
type SubmissionSummary struct {
	ID         string           `json:"id" doc:"批次编号"`
	Item       catalog.ItemCode `json:"item" doc:"事项代码"`
	Unit       string           `json:"unit" doc:"报送单位的统一社会信用代码"`
	UnitName   string           `json:"unitName" doc:"报送单位名称"`
	State      ingest.State     `json:"state" enum:"received,running,done,failed" doc:"状态"`
	File       string           `json:"file" doc:"文件名"`
	ReceivedAt time.Time        `json:"receivedAt" doc:"收到的时刻"`
	FinishedAt *time.Time       `json:"finishedAt" doc:"处理完的时刻；null 为还没有"`
	Received   int              `json:"received" doc:"已处理的行数"`
	ingest.Counts
	SameAs string `json:"sameAs,omitempty" doc:"同一份文件较早的批次"`
}

type submitInput struct {
	Exchange
	Item string `query:"item" required:"true" minLength:"1" maxLength:"20" doc:"事项代码" example:"XZCF"`
	Unit string `query:"unit" maxLength:"40" doc:"报送单位的统一社会信用代码。也可以作为 multipart 的 unit 项，须排在 file 之前" example:"11990100001000010R"`
	Wait int    `query:"wait" minimum:"0" maximum:"30" doc:"最多等待这么多秒，处理完才回答" example:"10"`
	Key  string `header:"Idempotency-Key" maxLength:"200" pattern:"^[!-~]+$" patternDescription:"可见的 ASCII 字符" doc:"幂等键：同一单位用同一个键重传同一份文件，得到同一个批次；换了文件则回答 409"`
}

type receiptInput struct {
	Exchange
	ID    string `path:"id" maxLength:"64" doc:"批次编号"`
	After int    `query:"after" minimum:"0" maximum:"2147483647" doc:"从这一行之后开始，接上一页的 nextRow"`
	Limit int    `query:"limit" minimum:"1" default:"1000" doc:"最多给出的行数，超过 10000 按 10000 处理"`
	All   bool   `query:"all" doc:"一次给出全部各行，包括直接入库的行（处理完的批次）；不分页"`
	Wait  int    `query:"wait" minimum:"0" maximum:"30" doc:"没有处理完时最多等待这么多秒"`
}

type submissionInput struct {
	Exchange
	ID string `path:"id" maxLength:"64" doc:"批次编号"`
}

type recentInput struct {
	Limit int `query:"limit" minimum:"1" default:"50" doc:"最多给出的批次数，超过 200 按 200 处理"`
}

// receiptOutput is a receipt with where it can be asked for again.
type receiptOutput struct {
	Status   int
	Location string `header:"Location" doc:"回执的地址"`
	Body     *ingest.Receipt
}

const (
	firstRows  = 1000   // rows of a receipt that nobody asked more precisely about
	mostRows   = 10_000 // rows of one page of a receipt
	mostRecent = 200
)

func (s *server) submissionRoutes() {
	register(s, asked(authz.SubmissionCreate, filingUnit), route{upload: true, long: true, Operation: huma.Operation{
		OperationID: "submit", Method: http.MethodPost, Path: "/submissions", Tags: []string{tagFiling},
		Summary: "报送一份文件", DefaultStatus: http.StatusAccepted, Description: submitWords,
	}}, s.submit)
	register(s, among(authz.SubmissionRead, filingUnit), route{Operation: huma.Operation{
		OperationID: "list-submissions", Method: http.MethodGet, Path: "/submissions", Tags: []string{tagFiling},
		Summary: "最近的报送批次，从新到旧",
	}}, s.recent)
	register(s, ofSubmission(authz.SubmissionRead), route{long: true, Operation: huma.Operation{
		OperationID: "get-submission", Method: http.MethodGet, Path: "/submissions/{id}", Tags: []string{tagFiling},
		Summary: "回执", Description: receiptWords,
	}}, s.receipt)
	register(s, ofSubmission(authz.SubmissionErrors), route{long: true, Operation: huma.Operation{
		OperationID: "get-submission-errors", Method: http.MethodGet, Path: "/submissions/{id}/errors.xlsx", Tags: []string{tagFiling},
		Summary: "错误表：原表样式，只含拒收的行，有错的单元格标色并附原因",
	}}, s.errorBook)
	register(s, ofSubmission(authz.SubmissionErrors), route{long: true, Operation: huma.Operation{
		OperationID: "get-submission-file", Method: http.MethodGet, Path: "/submissions/{id}/file", Tags: []string{tagFiling},
		Summary: "报送的原文件",
	}}, s.file)
}

func (s *server) submit(ctx context.Context, in *submitInput) (*receiptOutput, error) {
	up, err := s.openUpload(in.w, in.r, in.Unit)
	if err != nil {
		return nil, err
	}
	if err := s.mayFile(ctx, up.unit); err != nil {
		return nil, err
	}
	sub, err := s.Filer.Submit(ctx, ingest.Request{Item: in.Item, Unit: up.unit, FileName: up.name, IdemKey: in.Key, Actor: authz.From(ctx).String()}, up.content)
	in.allow(time.Duration(in.Wait) * time.Second)
	if err != nil {
		return nil, uploadError(err)
	}
	s.Wake()
	if _, err := s.wait(ctx, sub.ID, in.Wait); err != nil {
		return nil, err
	}
	r, err := s.Filer.Receipt(ctx, sub.ID, 0, firstRows)
	if err != nil {
		return nil, err
	}
	out := &receiptOutput{Status: http.StatusAccepted, Location: prefix + "/submissions/" + sub.ID, Body: r}
	if ended(r.State) {
		out.Status = http.StatusOK
	}
	return out, nil
}

// uploadError finds the caller's fault in what Submit says: its own faults stand, and a body that broke off is no defect of ours.
func uploadError(err error) error {
	var broken *bodyError
	if errors.As(err, &broken) {
		return broken.fault
	}
	return err
}

func ended(state ingest.State) bool { return state == ingest.Done || state == ingest.Failed }

// lookEvery is how often a waiting call looks whether a filing has ended, besides the signal of its own process.
const lookEvery = 250 * time.Millisecond

// wait gives a submission once it has ended, or as it stands after some seconds.
func (s *server) wait(ctx context.Context, id string, seconds int) (*ingest.Submission, error) {
	sub, err := s.Filer.Get(ctx, id)
	if err != nil || seconds == 0 || ended(sub.State) {
		return sub, err
	}
	var done <-chan struct{}
	if s.Done != nil {
		done = s.Done(id)
	}
	limit := time.NewTimer(time.Duration(seconds) * time.Second)
	defer limit.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-limit.C:
			return s.Filer.Get(ctx, id)
		case <-done:
			done = nil // heard once
		case <-look.C:
		}
		if sub, err = s.Filer.Get(ctx, id); err != nil || ended(sub.State) {
			return sub, err
		}
	}
}

func (s *server) recent(ctx context.Context, in *recentInput) (*body[List[SubmissionSummary]], error) {
	subs, err := s.newest(ctx, min(in.Limit, mostRecent))
	if err != nil {
		return nil, err
	}
	out := &body[List[SubmissionSummary]]{Body: List[SubmissionSummary]{Items: make([]SubmissionSummary, 0, len(subs))}}
	for _, sub := range subs {
		unit, err := s.Agencies.ByID(ctx, sub.Agency)
		if err != nil && !errors.Is(err, agency.ErrUnknown) {
			return nil, err
		}
		line := SubmissionSummary{
			ID: sub.ID, Item: sub.Item, Unit: unit.Code, UnitName: unit.Name, State: sub.State, File: sub.FileName,
			ReceivedAt: sub.ReceivedAt, Received: sub.Received(), Counts: sub.Counts, SameAs: sub.SameAs,
		}
		if !sub.FinishedAt.IsZero() {
			line.FinishedAt = &sub.FinishedAt
		}
		out.Body.Items = append(out.Body.Items, line)
	}
	return out, nil
}

var errAllAndPage = fault.New(fault.Invalid, "api.all_and_page", "all=true 给出全部各行，不能与 after 同时使用", "请去掉其中一个参数")

// receipt answers with a page of the receipt, or streams the whole.
func (s *server) receipt(ctx context.Context, in *receiptInput) (*huma.StreamResponse, error) {
	if in.All && in.After > 0 {
		return nil, errAllAndPage
	}
	in.allow(time.Duration(in.Wait) * time.Second)
	if _, err := s.wait(ctx, in.ID, in.Wait); err != nil {
		return nil, err
	}
	if in.All {
		return s.stream(&in.Exchange, media("application/json"), func(w *outWriter) error {
			return s.Filer.WriteReceipt(ctx, w, in.ID, true)
		}), nil
	}
	r, err := s.Filer.Receipt(ctx, in.ID, in.After, min(in.Limit, mostRows))
	if err != nil {
		return nil, err
	}
	return s.stream(&in.Exchange, media("application/json"), func(w *outWriter) error {
		return huma.DefaultJSONFormat.Marshal(w, r)
	}), nil
}

// allow moves the deadline by which an answer must begin.
func (e *Exchange) allow(d time.Duration) { extend(http.NewResponseController(e.w), d+patience) }

// extend moves the write deadline of a connection. It runs on the machine's clock, whatever clock the register is given.
func extend(rc *http.ResponseController, d time.Duration) {
	_ = rc.SetWriteDeadline(clock.System{}.Now().Add(d)) // a writer without a connection has no deadlines
}
