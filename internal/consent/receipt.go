package consent

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"gongxin/internal/agency"
	"gongxin/internal/audit"
	"gongxin/internal/catalog"
	"gongxin/internal/cntext"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
	"gongxin/internal/id"
)

type (
	itemCode = catalog.ItemCode
	class    = catalog.Class
)

// The formats; docs/standards/consent.md describes them byte for byte.
const (
	documentFormat   = "gongxin-consent/1"
	revocationFormat = "gongxin-consent-revocation/1"
	receiptFormat    = "gongxin-consent-receipt/1"
	algorithm        = "SM2-SM3"
	timeForm         = "2006-01-02T15:04:05Z"
)

// document writes the canonical form of a consent: the format's name, then one line "key: value" for each element in this order, each line ended by LF.
func document(c *Consent, subjectCode string, grantee *agency.Agency) []byte {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	return lines(documentFormat,
		"id", id.Pair(c.Subject, c.ID),
		"subject", subjectCode,
		"grantor", c.Grantor.String(),
		"grantor-session", number(c.Grantor.Session),
		"grantor-address", c.Grantor.Address,
		"grantee", grantee.Code,
		"grantee-name", grantee.Name,
		"items", codes(c.Items),
		"classes", codes(c.Classes),
		"purpose", c.Purpose,
		"from", c.From.Format(timeForm),
		"until", c.Until.Format(timeForm),
		"uses", strconv.Itoa(c.Uses),
		"created", c.CreatedAt.Format(timeForm),
		"nonce", hex.EncodeToString(nonce),
	)
}

// revocation writes the canonical form of a revocation.
func revocation(c *Consent, at time.Time, by audit.Who) []byte {
	return lines(revocationFormat,
		"id", id.Pair(c.Subject, c.ID),
		"document", digest(c.Document),
		"revoked", at.Format(timeForm),
		"by", by.String(),
	)
}

func lines(format string, pairs ...string) []byte {
	var b bytes.Buffer
	b.WriteString(format + "\n")
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteString(pairs[i] + ": " + cntext.Clean(pairs[i+1]) + "\n")
	}
	return b.Bytes()
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Receipt is what grantor and grantee keep: the signed bytes, the signature and the key, verifiable without the platform.
type Receipt struct {
	Format    string `json:"format"`
	Document  string `json:"document"`
	Algorithm string `json:"algorithm"`
	KeyID     string `json:"keyId"`
	PublicKey string `json:"publicKey"`
	Signature string `json:"signature"` // base64 of the ASN.1 DER
}

func (s *Store) receipt(text, signature []byte, keyID string) *Receipt {
	r := &Receipt{Format: receiptFormat, Document: string(text), Algorithm: algorithm, KeyID: keyID, Signature: base64.StdEncoding.EncodeToString(signature)}
	if keyID == s.key.ID() {
		r.PublicKey = string(s.key.Public())
	}
	return r
}

// ErrReceipt refuses a receipt that does not hold.
var ErrReceipt = fault.New(fault.Invalid, "consent.receipt", "授权回执未通过核验", "回执可能被改动，或不是由这个平台签发；请向平台核对公钥")

// maxReceipt bounds a receipt, in bytes.
const maxReceipt = 64 << 10

// VerifyReceipt checks a receipt offline against a platform's public key (PEM), which the verifier has from elsewhere, and gives the elements that
// were signed, in their order. It trusts nothing in the receipt but what the signature covers.
func VerifyReceipt(r io.Reader, trusted []byte) ([][2]string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxReceipt+1))
	if err != nil {
		return nil, fmt.Errorf("consent: receipt: %w", err)
	}
	var receipt Receipt
	if len(raw) > maxReceipt || json.Unmarshal(raw, &receipt) != nil || receipt.Format != receiptFormat || receipt.Algorithm != algorithm {
		return nil, ErrReceipt
	}
	signature, err := base64.StdEncoding.DecodeString(receipt.Signature)
	if err != nil {
		return nil, ErrReceipt
	}
	_, keyID, err := gm.ParsePublic(trusted)
	if err != nil || keyID != receipt.KeyID {
		return nil, ErrReceipt.Messagef("授权回执不是由给定的公钥签发的")
	}
	if err := gm.VerifySignature(trusted, []byte(receipt.Document), signature); err != nil {
		return nil, ErrReceipt.With(err)
	}
	return parseDocument(receipt.Document)
}

func parseDocument(text string) ([][2]string, error) {
	format, rest, ok := strings.Cut(text, "\n")
	if !ok || (format != documentFormat && format != revocationFormat) || !strings.HasSuffix(text, "\n") {
		return nil, ErrReceipt
	}
	out := [][2]string{{"format", format}}
	for line := range strings.Lines(rest) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if !ok || key == "" {
			return nil, ErrReceipt
		}
		out = append(out, [2]string{key, strings.TrimPrefix(value, " ")})
	}
	return out, nil
}
