package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/authz"
	"gongxin/internal/catalog"
	"gongxin/internal/clock"
	"gongxin/internal/fault"
	"gongxin/internal/ingest"
)

// Queue keeps the rows that wait for a person.
type Queue interface {
	QueueOf(ctx context.Context, state ingest.QueueState, f ingest.QueueFilter, after int64, limit int) ([]ingest.QueueEntry, error)
	DecidedOf(ctx context.Context, state ingest.QueueState, f ingest.QueueFilter, after *ingest.QueueEntry, limit int) ([]ingest.QueueEntry, error)
	Entry(ctx context.Context, entry int64) (*ingest.QueueEntry, error)
	// Content and Contents open rows. They put the look on file first, under the caller whom the context names.
	Content(ctx context.Context, e *ingest.QueueEntry) (*ingest.Opened, error)
	Contents(ctx context.Context, list []ingest.QueueEntry) ([]ingest.Opened, error)
	Pointers(ctx context.Context, o *ingest.Opened) ([]ingest.Pointer, error)
	Match(ctx context.Context, entry, subjectID int64, actor, note string) error
	Refuse(ctx context.Context, entry int64, actor, note string) error
	Undo(ctx context.Context, entry int64, actor, note string) error
}

// QueueRow is a row that no identifier links, as a list shows it.
type QueueRow struct {
	ID         string            `json:"id" doc:"编号"`
	Submission string            `json:"submission" doc:"报送批次"`
	Row        int               `json:"row" doc:"在文件中的数据行序号，从 1 起"`
	Item       catalog.ItemCode  `json:"item" doc:"事项代码"`
	Unit       *UnitRef          `json:"unit" doc:"报送单位"`
	Reason     int               `json:"reason" doc:"为什么等待：1002、1003，见 /catalog/reasons"`
	State      ingest.QueueState `json:"state" enum:"waiting,matched,refused,superseded" doc:"waiting 待匹配，matched 已匹配，refused 已退回，superseded 已补正重报"`
	Name       string            `json:"name,omitempty" doc:"行中的名称；自然人的已遮盖"`
	DocNo      string            `json:"docNo,omitempty" doc:"文书号"`
	CreatedAt  time.Time         `json:"createdAt" doc:"进入队列的时刻"`
	DecidedAt  *time.Time        `json:"decidedAt,omitempty" doc:"处理的时刻"`
	DecidedBy  string            `json:"decidedBy,omitempty" doc:"处理人，写成 account:编号"`
	Note       string            `json:"note,omitempty" doc:"理由"`
	Subject    string            `json:"subject,omitempty" doc:"归到的主体的统一社会信用代码"`
}

// QueueEntry is one such row with what it takes to decide.
type QueueEntry struct {
	QueueRow
	Person   bool         `json:"person" doc:"是自然人的信息：不能归到任何单位，只能退回补填证件"`
	Fields   []QueueField `json:"fields" doc:"行中有值的字段；自然人的信息已遮盖"`
	Pointers []PointsAt   `json:"pointers" doc:"行中的号码各属于谁；只在待匹配时给出"`
}

// QueueField is one filled field of a row.
type QueueField struct {
	Code  string `json:"code" doc:"字段代码"`
	Name  string `json:"name" doc:"中文名称"`
	Value string `json:"value" doc:"值，需要遮盖的已遮盖"`
}

// PointsAt is one number of a row and whose it is.
type PointsAt struct {
	Field    string       `json:"field" doc:"字段代码"`
	Name     string       `json:"name" doc:"中文名称"`
	Value    string       `json:"value,omitempty" doc:"号码；自然人的证件号码不给出"`
	Subjects []SubjectRef `json:"subjects" doc:"使用这个号码的主体；自然人只有种类"`
}

// QueueDecision says whose a row is, or that it is nobody's.
type QueueDecision struct {
	Decision string `json:"decision" enum:"match,refuse" doc:"match 归到 subject 名下，refuse 退回报送单位" example:"match"`
	Subject  string `json:"subject,omitempty" maxLength:"64" doc:"match 必填：主体的统一社会信用代码" example:"91990102MA0A00014H"`
	Note     string `json:"note" minLength:"1" maxLength:"500" doc:"理由，例如核对了哪份材料" example:"核对营业执照副本，代码有误"`
}

// QueueUndoing says why a decision is taken back.
type QueueUndoing struct {
	Note string `json:"note" minLength:"1" maxLength:"500" doc:"理由" example:"原匹配有误"`
}

type queueInput struct {
	Paging
	Unit       string `query:"unit" maxLength:"40" doc:"报送单位的统一社会信用代码"`
	Item       string `query:"item" maxLength:"20" doc:"事项代码" example:"XZCF"`
	Submission string `query:"submission" maxLength:"64" doc:"报送批次"`
	State      string `query:"state" enum:"waiting,matched,refused,superseded" default:"waiting" doc:"处理情况"`
}

type entryInput struct {
	ID string `path:"id" maxLength:"32" doc:"编号"`
}

type decideInput struct {
	ID   string `path:"id" maxLength:"32" doc:"编号"`
	Body QueueDecision
}

type undoInput struct {
	ID   string `path:"id" maxLength:"32" doc:"编号"`
	Body QueueUndoing
}

var errDecision = fault.New(fault.Invalid, "api.queue_decision", "没有写明归到哪个主体，或者退回时多写了主体", "match 要写 subject；refuse 不写")

func (s *server) queueRoutes() {
	if s.Queue == nil {
		return
	}
	register(s, among(authz.QueueRead, filingUnit), route{Operation: huma.Operation{
		OperationID: "list-queue", Method: http.MethodGet, Path: "/queue", Tags: []string{tagFiling},
		Summary: "等待人工认定的行：待匹配的从旧到新，已处理的从新到旧", Description: "只列出本单位、本辖区的。",
	}}, s.queue)
	register(s, ofEntry(authz.QueueRead), route{Operation: huma.Operation{
		OperationID: "get-queue-entry", Method: http.MethodGet, Path: "/queue/{id}", Tags: []string{tagFiling},
		Summary: "一行的内容，行中的号码各属于谁",
	}}, s.queueEntry)
	register(s, ofEntry(authz.QueueDecide), route{Operation: huma.Operation{
		OperationID: "decide-queue-entry", Method: http.MethodPost, Path: "/queue/{id}/decide", Tags: []string{tagFiling}, MaxBodyBytes: maxJSON,
		Summary: "认定一行属于哪个主体，或者退回", Description: queueWords,
	}}, s.decideEntry)
	register(s, ofEntry(authz.QueueUndo), route{Operation: huma.Operation{
		OperationID: "undo-queue-entry", Method: http.MethodPost, Path: "/queue/{id}/undo", Tags: []string{tagFiling}, MaxBodyBytes: maxJSON,
		Summary: "撤回一次认定，这一行重新等待", Description: "认定时入库的记录随之撤回，撤回也是一个版本。",
	}}, s.undoEntry)
}

// entry finds the row of the queue that an address names.
func (s *server) entry(ctx context.Context, text string) (*ingest.QueueEntry, error) {
	n := numberOr(text, 0)
	if n == 0 {
		return nil, ingest.ErrNoEntry
	}
	return s.Queue.Entry(ctx, n)
}

func (s *server) queue(ctx context.Context, in *queueInput) (*body[List[QueueRow]], error) {
	f := ingest.QueueFilter{Item: catalog.ItemCode(in.Item), Submission: in.Submission}
	if in.Unit != "" {
		unit, err := s.Agencies.ByCode(ctx, in.Unit)
		if err != nil {
			return nil, err
		}
		f.Agency = unit.ID
	}
	var after *ingest.QueueEntry
	if in.Cursor != "" {
		e, err := s.entry(ctx, in.Cursor)
		if fault.KindOf(err) == fault.NotFound {
			return nil, errCursor
		}
		if err != nil {
			return nil, err
		}
		after = e
	}
	list, err := s.queuePage(ctx, ingest.QueueState(in.State), f, after, in.limit()+1)
	if err != nil {
		return nil, err
	}
	out := &body[List[QueueRow]]{Body: List[QueueRow]{Items: make([]QueueRow, 0, len(list))}}
	if len(list) > in.limit() {
		list = list[:in.limit()]
		out.Body.Next = number(list[len(list)-1].ID)
	}
	opened, err := s.Queue.Contents(ctx, list)
	if err != nil {
		return nil, err
	}
	for i := range list {
		row, err := s.rowOf(ctx, &list[i], &opened[i])
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, row)
	}
	return out, nil
}

var errCursor = fault.New(fault.Invalid, "api.cursor", "翻页位置无效", "请从第一页重新查看")

// queueStep is how many entries of a bounded caller's queue are read at a time.
const queueStep = 200

// queuePage gives entries within the caller's bounds, behind one, until there are limit of them.
func (s *server) queuePage(ctx context.Context, state ingest.QueueState, f ingest.QueueFilter, after *ingest.QueueEntry, limit int) ([]ingest.QueueEntry, error) {
	b := s.Authority.Bounds(authz.From(ctx), authz.QueueRead)
	if b.All {
		return s.queueOf(ctx, state, f, after, limit)
	}
	var out []ingest.QueueEntry
	for {
		list, err := s.queueOf(ctx, state, f, after, queueStep)
		if err != nil {
			return nil, err
		}
		for i := range list {
			unit, err := s.Agencies.ByID(ctx, list[i].Agency)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				return nil, err
			}
			if b.Unit(list[i].Agency, unit.Region) {
				if out = append(out, list[i]); len(out) == limit {
					return out, nil
				}
			}
		}
		if len(list) < queueStep {
			return out, nil
		}
		after = &list[len(list)-1]
	}
}

func (s *server) queueOf(ctx context.Context, state ingest.QueueState, f ingest.QueueFilter, after *ingest.QueueEntry, limit int) ([]ingest.QueueEntry, error) {
	if state != ingest.Waiting {
		return s.Queue.DecidedOf(ctx, state, f, after, limit)
	}
	from := int64(0)
	if after != nil {
		from = after.ID
	}
	return s.Queue.QueueOf(ctx, state, f, from, limit)
}

func (s *server) rowOf(ctx context.Context, e *ingest.QueueEntry, o *ingest.Opened) (QueueRow, error) {
	out := QueueRow{
		ID: number(e.ID), Submission: e.Submission, Row: e.Row, Item: e.Item, Reason: e.Reason, State: e.State, CreatedAt: e.CreatedAt.In(clock.Zone),
		DecidedAt: when(e.DecidedAt), DecidedBy: e.DecidedBy, Note: e.Note, Name: o.Name, DocNo: o.DocNo,
	}
	var err error
	if e.Subject != 0 {
		if out.Subject, _, err = s.Subjects.CodeOf(ctx, e.Subject); err != nil {
			return out, err
		}
	}
	out.Unit, err = s.unitRef(ctx, e.Agency)
	return out, err
}
