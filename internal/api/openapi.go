package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"gongxin/internal/authz"
)

// Tags of the document.
const (
	tagCatalogue  = "信用目录"
	tagPublic     = "公开查询"
	tagFiling     = "数据报送"
	tagDisclosure = "按事项和授权查询"
	tagConsent    = "授权和查询记录"
	tagAudit      = "审计"
	tagAccount    = "身份"
)

const submitWords = `把一份文件报送为一个批次。正文可以是 multipart/form-data（文件项名为 file），也可以直接是 CSV、XLSX、NDJSON 或 JSON（对象数组，或 {"rows": […]}）。
格式按内容识别；列名可用中文名称、现行代码或旧模板代码，次序不限。

收下即已落盘：回答 202 和回执的地址（Location），此后逐行校验入库；已经处理完的回答 200。某一行写错只影响那一行，写在回执里，不是接口错误。
没有传完、含有两个文件的请求不会留下任何内容。网络中断后可用相同的 Idempotency-Key 重传。`

const receiptWords = `received = accepted + updated + duplicate + withdrawn + rejected；late 和 warnings 是其中的行数。rows 列出每一个不是直接入库的行及原因；
行数多时按 nextRow 翻页，或用 all=true 一次取全部。state 为 received、running 时可用 wait 等待，progress 是已处理的比例。`

// config is how huma is set up: JSON only, no pages, no schema links in answers.
func (s *server) config() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "公信开放接口", Version: s.Version, Description: aboutWords,
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{
				Schemas:         huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{keyScheme: {Type: "http", Scheme: "bearer", Description: "接口密钥，登录网站后申领"}},
			},
			Tags: []*huma.Tag{
				{Name: tagCatalogue, Description: "归集什么、依据什么、怎样公开"},
				{Name: tagPublic, Description: "任何人可以看到的内容"},
				{Name: tagFiling, Description: "报送、回执、错误表、待人工认定的行"},
				{Name: tagDisclosure, Description: missingWords},
				{Name: tagConsent, Description: "主体授权他人查询、撤销授权、看谁查过自己"},
				{Name: tagAudit, Description: "查询日志、异常查询提醒"},
				{Name: tagAccount, Description: "调用者自己"},
				{Name: tagObjections, Description: "对关于自己的信息提出异议，看进展"},
				{Name: tagRepairs, Description: "自己的哪些失信信息什么时候可以修复，申请，看进展"},
				{Name: tagCorrections, Description: "记录变更后：本单位取得过的要改什么，确认已经落实；公开的变更清单"},
				{Name: tagMeasures, Description: "本单位的联合奖惩任务：响应、反馈、确认解除"},
				{Name: tagCheck, Description: "窗口核查：一句话的结果、所在名单、可以采取的措施；反馈和查询使用指标"},
				{Name: tagReport, Description: "标准报告、专项报告（信用代证）、个人报告，以及核验"},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{s.finish},
	}
}

// describe completes the document with what types cannot say and hangs it in.
func (s *server) describe() error {
	doc := s.huma.OpenAPI()
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post} {
			if op != nil {
				describeErrors(op)
			}
		}
	}
	s.describeFiling(doc)
	s.describeEvidence(doc)
	asked := describeRequests(doc)
	for name, schema := range doc.Components.Schemas.Map() {
		if schema.AdditionalProperties == false && !asked[name] {
			schema.AdditionalProperties = nil // answers may gain fields; readers must not refuse them
		}
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("api: openapi document: %w", err)
	}
	sum := sha256.Sum256(raw)
	s.document, s.etag = raw, `"`+hex.EncodeToString(sum[:8])+`"`
	s.note("GET "+documentPath, public(authz.CatalogRead))
	s.mux.HandleFunc("GET "+documentPath, s.serveDocument)
	return nil
}

// describeErrors says that every call may answer a problem.
func describeErrors(op *huma.Operation) {
	op.Responses["default"] = &huma.Response{
		Description: "出错（RFC 9457）",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: ref("Problem")}},
	}
	for status, r := range op.Responses {
		if status[0] == '2' {
			if r.Headers == nil {
				r.Headers = map[string]*huma.Param{}
			}
			r.Headers[pausedHeader] = &huma.Param{Description: pausedWords, Schema: &huma.Schema{Type: huma.TypeString, Format: "date-time"}}
		}
		switch r.Description {
		case http.StatusText(http.StatusOK):
			r.Description = "成功"
		case http.StatusText(http.StatusCreated):
			r.Description = "已建立"
		}
		if r.Headers["ETag"] != nil {
			op.Responses["304"] = &huma.Response{Description: "没有变化"}
		}
	}
}

const pausedWords = "只在公示暂停时有：公开日志自这一时刻起没有前进，此后报送和变更、尚未写入日志的记录暂不出现在公开的回答里"

func ref(name string) *huma.Schema { return &huma.Schema{Ref: "#/components/schemas/" + name} }

func content(kind string, schema *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{kind: {Schema: schema}}
}

// describeFiling adds the bodies that stream in and out.
func (s *server) describeFiling(doc *huma.OpenAPI) {
	bytes := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	row := &huma.Schema{Type: huma.TypeObject, Description: "字段代码或中文名称到值", AdditionalProperties: true}
	rows := &huma.Schema{Type: huma.TypeArray, Items: row}
	submit := doc.Paths[prefix+"/submissions"].Post
	submit.RequestBody = &huma.RequestBody{Required: true, Description: "文件内容", Content: map[string]*huma.MediaType{
		"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"file"}, Properties: map[string]*huma.Schema{
			"unit": {Type: huma.TypeString, Description: "报送单位的统一社会信用代码；须排在 file 之前，查询参数已写的可以省略"},
			"file": {Type: huma.TypeString, Format: "binary", Description: "CSV、XLSX、NDJSON 或 JSON 文件"},
		}}},
		"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}, xlsxType: {Schema: bytes}, "application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString}},
		"application/json": {Schema: &huma.Schema{OneOf: []*huma.Schema{rows, {
			Type: huma.TypeObject, Required: []string{"rows"},
			Properties: map[string]*huma.Schema{"rows": rows},
		}}}},
	}}
	accepted := submit.Responses["202"]
	accepted.Description = "已收下，正在处理"
	submit.Responses["200"] = &huma.Response{Description: "已处理完（等到了结果，或者同一个 Idempotency-Key 的批次早已完成）", Content: accepted.Content, Headers: accepted.Headers}

	receipt := doc.Paths[prefix+"/submissions/{id}"].Get
	receipt.Responses["200"] = &huma.Response{Description: "回执", Content: accepted.Content}
	book := doc.Paths[prefix+"/submissions/{id}/errors.xlsx"].Get
	book.Responses["200"] = &huma.Response{Description: "错误表", Content: content(xlsxType, bytes)}
	file := doc.Paths[prefix+"/submissions/{id}/file"].Get
	file.Responses["200"] = &huma.Response{Description: "原文件", Content: content("application/octet-stream", bytes)}
	describeReceipt(doc.Components.Schemas.Map())
}

// receiptFields words the receipt, whose type belongs to ingest.
var receiptFields = map[string]map[string]string{
	"Receipt": {
		"id": "批次编号", "item": "事项代码", "unit": "报送单位的统一社会信用代码", "state": "received 已收下，running 处理中，done 已完成，failed 文件无法读取（或读不到最后）",
		"file": "文件名", "edition": "校验所依据的目录版本", "receivedAt": "收到的时刻", "finishedAt": "处理完的时刻", "sameAs": "同一份文件较早的批次",
		"received": "已处理的行数", "accepted": "新入库", "updated": "更新了已有记录", "duplicate": "与已有记录相同", "withdrawn": "撤回", "rejected": "拒收",
		"late": "迟报的行数", "warnings": "有提醒的行数", "failure": "文件整体为什么不能读取", "mapping": "各列怎样理解", "progress": "已处理的比例，0 到 1",
		"rows": "不是直接入库的各行", "nextRow": "后面还有：用 after= 这个数继续",
	},
	"ReceiptRow": {"row": "数据行序号，从 1 起", "line": "在文件中的行号", "outcome": "accepted、updated、duplicate、withdrawn 或 rejected", "late": "迟报", "reasons": "原因"},
	"Reason":     {"field": "字段代码；整行的问题没有", "code": "原因编号，见 /catalog/reasons", "severity": "error 拒收，warning 提醒", "message": "哪里错了", "fix": "怎样改"},
}

func describeReceipt(schemas map[string]*huma.Schema) {
	for name, fields := range receiptFields {
		for field, words := range fields {
			if schema := schemas[name]; schema != nil && schema.Properties[field] != nil && schema.Properties[field].Ref == "" {
				schema.Properties[field].Description = words
			}
		}
	}
}

// serveDocument answers with the OpenAPI document.
func (s *server) serveDocument(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("ETag", s.etag)
	h.Set("Cache-Control", "no-cache")
	if (IfTag{IfNoneMatch: strings.TrimSpace(r.Header.Get("If-None-Match"))}).has(s.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(s.document)
}
