package verify

import (
	"bytes"
	"encoding/json"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Sort is what a file is, by its content.
type Sort string

// The sorts of files that can be told apart. Receipts of consents are signed by another key and are checked elsewhere.
const (
	SortProof      Sort = "proof"
	SortBundle     Sort = "bundle"
	SortCheckpoint Sort = "checkpoint"
	SortReceipt    Sort = "receipt"
	SortReport     Sort = "report" // as a PDF, or its data
	SortLetter     Sort = "letter" // receipt of the commitment of an application for repair
	SortUnknown    Sort = ""
)

// receiptFormat is the format of receipts of consents.
const receiptFormat = "gongxin-consent-receipt/1"

// letterFormat is the format of receipts of commitments.
const letterFormat = "gongxin-repair-commitment-receipt/1"

// SortOf tells by its content what a file is.
func SortOf(raw []byte) Sort {
	text := bytes.TrimSpace(raw)
	if len(text) == 0 || len(raw) > maxBundle {
		return SortUnknown
	}
	if bytes.HasPrefix(raw, []byte("%PDF-")) {
		return SortReport
	}
	if text[0] != '{' {
		if bytes.Contains(raw, []byte("\n\n\u2014 ")) {
			return SortCheckpoint
		}
		return SortUnknown
	}
	var head struct {
		Format string `json:"format"`
	}
	if json.Unmarshal(text, &head) != nil {
		return SortUnknown
	}
	switch head.Format {
	case ProofFormat:
		return SortProof
	case BundleFormat:
		return SortBundle
	case receiptFormat:
		return SortReceipt
	case reportFileFormat:
		return SortReport
	case letterFormat:
		return SortLetter
	}
	return SortUnknown
}

// File checks a proof, a bundle or a checkpoint. old is a checkpoint that the checker has kept from earlier, "" = none: what is checked must
// continue it, as far as the file says so.
func File(raw []byte, k *Keys, old string) *Result {
	r := &Result{}
	var c *Checkpoint
	var way *proofConsistency
	switch SortOf(raw) {
	case SortBundle:
		c = r.openBundle(raw, k)
	case SortProof:
		c, way = r.openProof(raw, k)
	case SortCheckpoint:
		if c = r.open(raw, k, "检查点"); c != nil {
			r.limit("日志里写了什么：检查点只是对整部日志的签名，要证明某一条，请核验它的证明")
		}
	case SortReceipt:
		r.fail("file.receipt", "这是授权回执，由另一把密钥签名；请用命令 gongxin verify 核验")
	case SortLetter:
		r.fail("file.letter", "这是信用修复承诺书的回执，由另一把密钥签名；请用命令 gongxin verify 核验")
	case SortReport:
		r.fail("file.report", "这是信用报告，由另一把密钥签名；请用命令 gongxin verify 或者“报告核验”页面核验")
	case SortUnknown:
		r.fail("file.format", "认不出这个文件：不是本平台的证明、证明包或者检查点")
	}
	if c != nil {
		r.compare(c, k, old, way)
	}
	return r
}

// proofConsistency leads from the tree of an earlier size to the checkpoint's.
type proofConsistency struct {
	Size   int64    `json:"size"`
	Hashes [][]byte `json:"hashes"`
}

// compare holds the checkpoint of a file against one that was kept.
func (r *Result) compare(c *Checkpoint, k *Keys, old string, way *proofConsistency) {
	if strings.TrimSpace(old) == "" {
		if way != nil {
			r.fail("consistency.old", "一致性证明要与以前保存的检查点一起核验，没有给出以前的检查点")
		}
		return
	}
	before, err := OpenCheckpoint([]byte(old), k)
	switch {
	case err != nil:
		r.fail("state.signature", "以前保存的检查点没有有效签名，无法比对")
	case before.Origin != c.Origin:
		r.fail("state.origin", "以前保存的检查点属于另一部日志 %s", before.Origin)
	case before.Size > c.Size:
		r.note("以前保存的检查点（大小 %d）比这份证明（大小 %d）更新，两者没有比对", before.Size, c.Size)
	case way == nil && before.Size < c.Size:
		r.note("这份文件没有附从大小 %d 到 %d 的一致性证明，日志是否只增未改没有比对", before.Size, c.Size)
	case way != nil && way.Size != before.Size:
		r.fail("consistency.size", "一致性证明从大小 %d 开始，以前保存的检查点大小是 %d", way.Size, before.Size)
	default:
		r.consistent(before, c, way)
	}
}

// consistent checks the way between two checkpoints; between two of one size there is none.
func (r *Result) consistent(before, c *Checkpoint, way *proofConsistency) {
	var p tlog.TreeProof
	if way != nil {
		list, ok := hashes(way.Hashes, false)
		if !ok || len(list) > 128 {
			r.fail("proof.path", "证明路径中有不合格的哈希")
			return
		}
		for _, h := range list {
			p = append(p, h)
		}
	}
	if before.Size > 0 && tlog.CheckTree(p, c.Size, c.Root, before.Size, before.Root) != nil {
		r.fail("consistency.changed", "日志的历史被改写：前 %d 个条目与以前保存的检查点不同", before.Size)
		return
	}
	r.prove("日志只增未改：以前保存的检查点中的 %d 个条目原样保留", before.Size)
}
