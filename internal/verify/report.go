package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/gm"
	"gongxin/internal/pdf"
)

// Formats of reports; docs/standards/report-format.md describes them.
const (
	reportFileFormat = "gongxin/report-file/1"
	reportFormat     = "gongxin/report/1"
	reportAttachment = "report.json"
	reportAlgorithm  = "SM2-SM3"
)

// Signers are the public keys by which reports may be signed, as PEM, by their id.
type Signers map[string][]byte

// ParseSigners reads public keys in PEM.
func ParseSigners(list ...[]byte) (Signers, error) {
	out := Signers{}
	for _, raw := range list {
		_, id, err := gm.ParsePublic(raw)
		if err != nil {
			return nil, fmt.Errorf("verify: signer: %w", err)
		}
		out[id] = raw
	}
	return out, nil
}

type reportFile struct {
	Format    string          `json:"format"`
	Document  json.RawMessage `json:"document"`
	Signature struct {
		Algorithm string `json:"algorithm"`
		KeyID     string `json:"keyId"`
		Value     []byte `json:"value"`
	} `json:"signature"`
}

// reportDocument is what of a report its proofs speak about.
type reportDocument struct {
	Format   string `json:"format"`
	Number   string `json:"number"`
	Title    string `json:"title"`
	Issuer   string `json:"issuer"`
	IssuedAt string `json:"issuedAt"`
	Subject  struct {
		Name   string `json:"name"`
		Number string `json:"number"`
	} `json:"subject"`
	Chapters []struct {
		Items []struct {
			Code    string         `json:"code"`
			Records []reportRecord `json:"records"`
		} `json:"items"`
	} `json:"chapters"`
	Statements []struct {
		Name  string `json:"name"`
		Count int    `json:"count"`
	} `json:"statements"`
	Proofs struct {
		Checkpoint string `json:"checkpoint"`
		Records    []struct {
			Record  string `json:"record"`
			Version int    `json:"version"`
			proofEntry
		} `json:"records"`
		Sets []json.RawMessage `json:"sets"`
	} `json:"proofs"`
}

type reportRecord struct {
	ID        string `json:"id"`
	Version   int    `json:"version"`
	DecidedOn string `json:"decidedOn"`
	Fields    []struct {
		Code   string `json:"code"`
		Name   string `json:"name"`
		Value  string `json:"value"`
		Masked bool   `json:"masked"`
	} `json:"fields"`
	item string
}

// Report checks a report offline: a PDF with every byte of it, or the data by itself. k may be nil; the proofs of the log are then not checked, and the result
// says so.
func Report(raw []byte, k *Keys, signers Signers) *Result {
	r := &Result{Proven: []string{}}
	c := &reportCheck{Result: r, keys: k, signers: signers}
	read := true
	if bytes.HasPrefix(raw, []byte("%PDF-")) {
		raw, read = c.pdf(raw)
	}
	if read { // what is empty is no report either
		c.data(raw)
	}
	r.Proven, r.Limits, r.Notes = once(r.Proven), once(r.Limits), once(r.Notes)
	return r
}

// once leaves out what was said before: several proofs speak of one checkpoint.
func once(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

type reportCheck struct {
	*Result
	keys    *Keys
	signers Signers
	d       reportDocument
	listed  map[string]*reportRecord // by id@version

	opened, fields, closed int
}

// pdf checks the signature over the whole file and gives the data in it; ok is false when it has failed.
func (c *reportCheck) pdf(raw []byte) (data []byte, ok bool) {
	f, err := pdf.Open(raw)
	if err != nil {
		c.fail("report.pdf", "不是本平台出具的 PDF 报告，或者文件被截断、被其他程序重新保存过")
		return nil, false
	}
	s, err := f.Signature()
	if err != nil {
		c.fail("report.signature", "PDF 没有覆盖整个文件的签名：不是本平台出具的，或者被改动过")
		return nil, false
	}
	if !c.signed(s.KeyID, s.Message, s.DER, "PDF") {
		return nil, false
	}
	data, err = f.Attachment(reportAttachment)
	if err != nil {
		c.fail("report.attachment", "PDF 中没有报告数据 %s", reportAttachment)
		return nil, false
	}
	c.prove("PDF 的每一个字节都在签名之下（SM2，密钥 %s），出具以后没有改动过", s.KeyID)
	return data, true
}

// signed checks a signature by a known key.
func (c *reportCheck) signed(keyID string, message, der []byte, what string) bool {
	key, ok := c.signers[keyID]
	if !ok {
		c.fail("report.key", "%s是用密钥 %s 签名的，给定的公钥中没有这一把：报告不是这些公钥的持有者出具的，或者公钥没有给全", what, printable(keyID))
		return false
	}
	if err := gm.VerifySignature(key, message, der); err != nil {
		c.fail("report.signature", "%s的签名不对：内容被改动过", what)
		return false
	}
	return true
}

// printable keeps what somebody else wrote from upsetting a terminal.
func printable(s string) string { return strconv.Quote(s[:min(len(s), 40)]) }

// data checks the data of a report and its proofs.
func (c *reportCheck) data(raw []byte) {
	f, err := parseReportFile(raw)
	if err != nil {
		c.fail("report.format", "报告数据的格式不对：应为 %s", reportFileFormat)
		return
	}
	if !c.signed(f.Signature.KeyID, f.Document, f.Signature.Value, "报告数据") {
		return
	}
	if json.Unmarshal(f.Document, &c.d) != nil || c.d.Format != reportFormat {
		c.fail("report.format", "报告数据的格式不对：应为 %s", reportFormat)
		return
	}
	c.prove("报告 %s《%s》由 %s 出具，关于 %s，生成时间 %s（平台写明）；数据的签名有效（SM2，密钥 %s）", c.d.Number, c.d.Title, c.d.Issuer, c.d.Subject.Name, c.issued(), f.Signature.KeyID)
	c.limit("报告出具以后有没有更正、修复、撤回：请在出具平台的“报告核验”页面用编号和核验码查询")
	c.limit("记录的内容属实：证明的是平台存了什么，不是报送单位说得对")
	c.list()
	if c.keys == nil {
		c.limit("记录在公开日志中：没有给出日志公钥，日志证明没有核验")
		return
	}
	c.records()
	c.sets()
}

// issued is when the report says that it was made, as it stands on its first page.
func (c *reportCheck) issued() string {
	at, err := time.Parse(time.RFC3339Nano, c.d.IssuedAt)
	if err != nil {
		return printable(c.d.IssuedAt)
	}
	return at.In(china).Format("2006-01-02 15:04:05")
}

// parseReportFile reads the file of a report; every spelling but the canonical one is refused, so that no byte of it can change.
func parseReportFile(raw []byte) (*reportFile, error) {
	if len(raw) > maxProof {
		return nil, ErrProof
	}
	var f reportFile
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil || f.Format != reportFileFormat || f.Signature.Algorithm != reportAlgorithm {
		return nil, errors.Join(ErrProof, err)
	}
	tail, err := json.Marshal(f.Signature)
	if err != nil {
		return nil, ErrProof
	}
	again := slices.Concat([]byte(`{"format":"`+reportFileFormat+`","document":`), f.Document, []byte(`,"signature":`), tail, []byte("}\n"))
	if !bytes.Equal(again, raw) {
		return nil, ErrProof
	}
	return &f, nil
}

// list finds the records that the report lists.
func (c *reportCheck) list() {
	c.listed = map[string]*reportRecord{}
	for i := range c.d.Chapters {
		for j := range c.d.Chapters[i].Items {
			item := &c.d.Chapters[i].Items[j]
			for k := range item.Records {
				rec := &item.Records[k]
				rec.item = item.Code
				c.listed[rec.ID+"@"+strconv.Itoa(rec.Version)] = rec
			}
		}
	}
}

// records checks that the listed records are in the log.
func (c *reportCheck) records() {
	if c.d.Proofs.Checkpoint == "" {
		c.limit("记录在公开日志中：报告没有附日志证明")
		return
	}
	point := c.open([]byte(c.d.Proofs.Checkpoint), c.keys, "报告中的检查点")
	if point == nil {
		return
	}
	proven := map[string]bool{}
	for i := range c.d.Proofs.Records {
		p := &c.d.Proofs.Records[i]
		name := p.Record + "@" + strconv.Itoa(p.Version)
		if c.listed[name] == nil || proven[name] {
			c.fail("report.proof", "第 %d 个日志证明不是关于报告所列的记录的", i+1)
			return
		}
		e, ok := c.included(&p.proofEntry, point)
		if !ok {
			return
		}
		if e.Kind != kindLeaf {
			c.fail("proof.kind", "条目 %d 不是记录的叶子", p.Index)
			return
		}
		proven[name] = true
	}
	if len(proven) > 0 {
		c.prove("报告所列 %d 条记录中，%d 条的承诺（叶子）在公开日志中，此后不能改动而不被发现", len(c.listed), len(proven))
	}
	if rest := len(c.listed) - len(proven); rest > 0 {
		c.limit("%d 条记录在公开日志中：报告生成时还没有写入日志", rest)
	}
	if len(proven) > 0 && len(c.d.Proofs.Sets) == 0 {
		c.limit("某一条记录就是日志中的某一个叶子：叶子没有打开，由出具单位的签名担保")
		c.limit("没有少列：报告没有附完整性证明")
	}
}

// sets checks that the subject has no further records of some items, and holds what the report says against what the log commits to.
func (c *reportCheck) sets() {
	for _, raw := range c.d.Proofs.Sets {
		b, err := parseBundle(raw)
		if err != nil {
			c.fail("bundle.format", "报告中的完整性证明格式不对：应为 %s", BundleFormat)
			return
		}
		if b.Subject != c.d.Subject.Number || b.Item == "" {
			c.fail("report.subject", "报告中的完整性证明是关于另一个主体的")
			return
		}
		before := len(c.Failures)
		point := c.open([]byte(b.Checkpoint), c.keys, "完整性证明中的检查点")
		if point == nil {
			return
		}
		if c.bundle(b, point); len(c.Failures) > before || !c.contents(b) {
			return
		}
	}
	if len(c.d.Proofs.Sets) == 0 {
		return
	}
	if c.opened > 0 {
		c.prove("报告中 %d 条记录的 %d 个栏目与日志所承诺的内容逐字一致", c.opened, c.fields)
	}
	none := 0
	for _, s := range c.d.Statements {
		if s.Count == 0 {
			none++
		}
	}
	switch {
	case none > 0 && c.closed == 0:
		c.prove("报告说没有记录的 %d 个领域，确实没有：上述事项的全部版本都已列出，没有别的", none)
	case none > 0:
		c.limit("报告说没有记录的 %d 个领域：该主体另有 %d 个版本没有打开，报告说它们不属于所选的领域或者期间，或者是旧版本、已经撤下、依法屏蔽，这一点由出具单位的签名担保", none, c.closed)
	}
}

// contents compares the opened versions of a bundle, whose content the bundle's check has held against the leaves, with what the report prints.
func (c *reportCheck) contents(b *bundleFile) bool {
	for i := range b.Places {
		for j := range b.Places[i].Versions {
			o := b.Places[i].Versions[j].Opening
			if o == nil || len(o.Parts) < 19 {
				c.closed++
				continue
			}
			rec := c.listed[o.Parts[1]+"@"+o.Parts[2]]
			if rec == nil {
				c.closed++
				continue
			}
			var body map[string]string
			if json.Unmarshal([]byte(o.Parts[18]), &body) != nil || rec.item != o.Parts[3] || strings.ReplaceAll(rec.DecidedOn, "-", "") != o.Parts[9] {
				c.fail("report.content", "报告中的一条记录与日志所承诺的内容不符")
				return false
			}
			for _, f := range rec.Fields {
				have, ok := body[f.Code]
				if f.Masked || gm.Sealed(have) {
					continue
				}
				if !ok || have != f.Value {
					c.fail("report.content", "报告中的一条记录的“%s”与日志所承诺的内容不符", f.Name)
					return false
				}
				c.fields++
			}
			c.opened++
		}
	}
	return true
}
