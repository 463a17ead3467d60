package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gongxin/internal/consent"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
	"gongxin/internal/repair"
	"gongxin/internal/verify"
)

// maxVerified bounds a file that is verified.
const maxVerified = 64 << 20

// VerifyCmd verifies a report, a proof, a bundle, a checkpoint or a receipt offline.
type VerifyCmd struct {
	File string   `arg:"" help:"信用报告（PDF 或数据）、证明、证明包、检查点、授权回执或者信用修复承诺书回执。" type:"existingfile"`
	Key  []string `help:"公钥，或保存公钥的文件：日志公钥每行一个，信用报告、授权回执和承诺书回执的公钥是 PEM；可重复。默认取本机的公钥。" placeholder:"KEY"`
	Old  string   `help:"以前保存的检查点：比对日志是否只增未改。" type:"existingfile" placeholder:"FILE"`
}

var (
	errUnknownFile = fault.New(fault.Invalid, "verify.unknown", "认不出这个文件：不是本平台的信用报告、证明、证明包、检查点、授权回执或者承诺书回执", "请检查是否选对了文件，或者文件在传送中损坏")
	errFileSize    = fault.New(fault.TooLarge, "verify.size", "文件超过 64 MB", "请检查是否选对了文件")
	errReceiptKey  = fault.New(fault.Invalid, "verify.receipt_key", "没有可用的回执公钥", "请用 --key 给出平台公布的公钥文件（PEM），并同另外的来源核对")
)

// Run says what the file proves and what it does not; a file that does not hold is exit code 1, one that cannot be read is 2.
func (c *VerifyCmd) Run(e *Env) error {
	raw, err := readBounded(c.File)
	if err != nil {
		return err
	}
	switch verify.SortOf(raw) {
	case verify.SortUnknown:
		return errUnknownFile
	case verify.SortReceipt:
		return c.receipt(e, raw)
	case verify.SortLetter:
		return c.letter(e, raw)
	case verify.SortReport:
		return c.report(e, raw)
	}
	keys, err := (&LogVerifyCmd{Key: c.Key}).keys(e)
	if err != nil {
		return err
	}
	var old []byte
	if c.Old != "" {
		if old, err = readBounded(c.Old); err != nil {
			return err
		}
	}
	return e.verdict(verify.File(raw, keys, string(old)))
}

func readBounded(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, usage{err}
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxVerified+1))
	switch {
	case err != nil:
		return nil, usage{err}
	case len(raw) > maxVerified:
		return nil, errFileSize
	}
	return raw, nil
}

// receipt verifies the receipt of a consent or of its revocation.
func (c *VerifyCmd) receipt(e *Env, raw []byte) error {
	keys, err := c.receiptKeys(e, "consent.pem")
	if err != nil {
		return err
	}
	var elements [][2]string
	for _, k := range keys {
		if elements, err = consent.VerifyReceipt(bytes.NewReader(raw), k); err == nil {
			break
		}
	}
	r := &verify.Result{Proven: []string{}}
	if err != nil {
		message := "授权回执未通过核验：内容被改动，或者不是由给定的公钥签发的"
		r.Failures = []verify.Failure{{Code: "receipt.signature", Message: message}}
		return e.verdict(r)
	}
	r.Proven = append(r.Proven, "授权回执的签名有效（SM2），签名的要素如下")
	for _, x := range elements {
		r.Proven = append(r.Proven, x[0]+"："+x[1])
	}
	r.Limits = []string{"授权现在是否仍然有效：回执签发以后可能已经撤销或者用完，请向平台查询"}
	return e.verdict(r)
}

// letter verifies the receipt of the commitment that an application for repair was signed with.
func (c *VerifyCmd) letter(e *Env, raw []byte) error {
	keys, err := c.receiptKeys(e, "repair.pem")
	if err != nil {
		return err
	}
	var document string
	for _, k := range keys {
		if document, err = repair.VerifyReceipt(bytes.NewReader(raw), k); err == nil {
			break
		}
	}
	r := &verify.Result{Proven: []string{}}
	if err != nil {
		r.Failures = []verify.Failure{{Code: "letter.signature", Message: "承诺书回执未通过核验：内容被改动，或者不是由给定的公钥签发的"}}
		return e.verdict(r)
	}
	head, text, _ := strings.Cut(document, "\n\n")
	r.Proven = append(r.Proven, "信用修复承诺书的签名有效（SM2），签署的账号、时间、材料的摘要和全文如下")
	_, head, _ = strings.Cut(head, "\n")
	r.Proven = append(r.Proven, strings.Split(head, "\n")...)
	r.Proven = append(r.Proven, strings.Split(strings.TrimSpace(text), "\n")...)
	r.Limits = []string{
		"签名由平台在账号确认时代为签署：它证明平台收到了这个账号对这段文字的确认，账号背后是谁由平台的实名核验保证",
		"承诺是否履行、修复是否准予，请向作出认定的单位查询",
	}
	return e.verdict(r)
}

// receiptKeys gives the public keys that a receipt may be signed by.
func (c *VerifyCmd) receiptKeys(e *Env, own string) ([][]byte, error) {
	var out [][]byte
	for _, file := range c.Key {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, errReceiptKey.With(err)
		}
		if _, _, err := gm.ParsePublic(raw); err != nil {
			return nil, errReceiptKey.With(err)
		}
		out = append(out, raw)
	}
	if len(out) > 0 {
		return out, nil
	}
	data, err := e.dataDir()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(data, "keys", own)
	if _, err := os.Stat(file); err != nil { // opening would make one
		return nil, errReceiptKey.With(err)
	}
	key, err := gm.OpenSigningKey(file)
	if err != nil {
		return nil, errReceiptKey.With(err)
	}
	return [][]byte{key.Public()}, nil
}

// sayResult prints what a result says.
func sayResult(out io.Writer, r *verify.Result) {
	say := func(word string, lines []string) {
		for _, line := range lines {
			_, _ = fmt.Fprintln(out, word, line)
		}
	}
	say("已证明：", r.Proven)
	say("未证明：", r.Limits)
	say("说明：", r.Notes)
	say("不符：", r.FailureWords())
}
