package repair

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gongxin/internal/audit"
	"gongxin/internal/catalog"
	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
)

type itemCode = catalog.ItemCode

// The forms of what is signed.
const (
	letterFormat  = "gongxin-repair-commitment/1"
	receiptFormat = "gongxin-repair-commitment-receipt/1"
	algorithm     = "SM2-SM3"
	timeForm      = "2006-01-02T15:04:05Z"
)

// LetterText writes the commitment as it is read and signed: the template in force with whom and what it is about.
func (s *Service) LetterText(name, code string, picks []Pick) (title, text string) {
	l := s.Rules.Today().Letter
	text = l.Text
	if code == "" { // a person: no number stands in a letter
		text = strings.Replace(text, "（统一社会信用代码：{代码}）", "", 1)
	}
	var list strings.Builder
	for i := range picks {
		p := &picks[i]
		fmt.Fprintf(&list, "（%d）%s，%s作出", i+1, p.what(), p.Unit)
		if p.DocNo != "" {
			list.WriteString("，文书号 " + p.DocNo)
		}
		list.WriteString("，日期 " + p.On.String())
		if i+1 < len(picks) {
			list.WriteString("；\n")
		}
	}
	return l.Title, strings.TrimSpace(strings.NewReplacer("{主体}", name, "{代码}", code, "{记录}", list.String()+"。").Replace(text)) + "\n"
}

// what names a pick in one phrase.
func (p *Pick) what() string {
	if p.Title == "" || p.Title == p.ItemName {
		return p.ItemName
	}
	return p.ItemName + "：" + p.Title
}

// letter writes the canonical form of a commitment: the format's name, a line "key: value" for each element in this order, an empty line, and the text.
func (s *Service) letter(a *Application, code, text string, who audit.Who) []byte {
	var b bytes.Buffer
	line := func(key, value string) { b.WriteString(key + ": " + cntext.Clean(value) + "\n") }
	b.WriteString(letterFormat + "\n")
	line("application", strconv.FormatInt(a.ID, 10))
	line("subject", code)
	line("signed-by", who.String())
	line("session", strconv.FormatInt(who.Session, 10))
	line("address", who.Address)
	line("signed-at", s.now().Format(timeForm))
	for i := range a.Picks {
		line("target", a.Picks[i].Target)
	}
	for _, f := range a.Files {
		line("file", "sha256:"+f.Hash)
	}
	sum := sha256.Sum256([]byte(a.Statement))
	line("statement", "sha256:"+hex.EncodeToString(sum[:]))
	b.WriteString("\n" + text)
	return b.Bytes()
}

// LetterReceipt is what the subject keeps of a commitment: the signed bytes, the signature and the key, verifiable without the platform.
type LetterReceipt struct {
	Format    string `json:"format"`
	Document  string `json:"document"`
	Algorithm string `json:"algorithm"`
	KeyID     string `json:"keyId"`
	PublicKey string `json:"publicKey"`
	Signature string `json:"signature"` // base64 of the ASN.1 DER
}

// ReceiptOf gives the receipt of a sent application.
func (s *Service) ReceiptOf(a *Application) *LetterReceipt {
	r := &LetterReceipt{Format: receiptFormat, Document: string(a.Letter), Algorithm: algorithm, KeyID: a.KeyID, Signature: base64.StdEncoding.EncodeToString(a.Signature)}
	if a.KeyID == s.Key.ID() {
		r.PublicKey = string(s.Key.Public())
	}
	return r
}

// ErrReceipt refuses a receipt that does not hold.
var ErrReceipt = fault.New(fault.Invalid, "repair.receipt", "承诺书回执未通过核验", "回执可能被改动，或不是由这个平台签发；请向平台核对公钥")

// maxReceipt bounds a receipt, in bytes.
const maxReceipt = 256 << 10

// VerifyReceipt checks a receipt offline against a platform's public key (PEM), which the verifier has from elsewhere, and gives what was signed.
func VerifyReceipt(in io.Reader, trusted []byte) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(in, maxReceipt+1))
	if err != nil {
		return "", fmt.Errorf("repair: receipt: %w", err)
	}
	var r LetterReceipt
	if len(raw) > maxReceipt || json.Unmarshal(raw, &r) != nil || r.Format != receiptFormat || r.Algorithm != algorithm || !strings.HasPrefix(r.Document, letterFormat+"\n") {
		return "", ErrReceipt
	}
	signature, err := base64.StdEncoding.DecodeString(r.Signature)
	if err != nil {
		return "", ErrReceipt
	}
	if _, keyID, err := gm.ParsePublic(trusted); err != nil || keyID != r.KeyID {
		return "", ErrReceipt
	}
	if err := gm.VerifySignature(trusted, []byte(r.Document), signature); err != nil {
		return "", ErrReceipt.With(err)
	}
	return r.Document, nil
}
