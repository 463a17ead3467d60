package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gongxin/internal/consent"
	"gongxin/internal/fault"
	"gongxin/internal/gm"
	"gongxin/internal/repair"
)

// verifyFile runs the command on a file's content and gives what it prints and its exit code.
func verifyFile(t *testing.T, content, old string, asJSON bool, keys ...string) (string, int, error) {
	t.Helper()
	dir := t.TempDir()
	c := &VerifyCmd{File: filepath.Join(dir, "file"), Key: keys}
	write(t, c.File, []byte(content))
	if old != "" {
		c.Old = filepath.Join(dir, "old")
		write(t, c.Old, []byte(old))
	}
	var out bytes.Buffer
	err := c.Run(&Env{Context: t.Context(), CLI: &CLI{Data: dir, JSON: asJSON}, Out: &out, Msg: &bytes.Buffer{}})
	return out.String(), report(err, false), err
}

// Every shared file is judged with the exit code that scripts rely on: 0 it holds, 1 it does not, 2 it cannot be read.
func TestVerifyCommand(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../internal/verify/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Name, Text, Keys, Old, Code string
		Proven, Limits              []string
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		if v.Code == "file.receipt" || v.Code == "file.report" { // the command verifies them too, by other keys
			continue
		}
		said, code, err := verifyFile(t, v.Text, v.Old, false, strings.Split(v.Keys, "\n")...)
		want := 1
		switch v.Code {
		case "":
			want = 0
		case "file.format":
			want = 2
		}
		if code != want || want == 1 && !strings.Contains(said, "（"+v.Code+"）") {
			t.Errorf("%s: exit code %d, %v\n%s", v.Name, code, err, said)
		}
		for _, line := range v.Proven {
			if !strings.Contains(said, "已证明： "+line+"\n") {
				t.Errorf("%s: says nothing of %q", v.Name, line)
			}
		}
		for _, line := range v.Limits {
			if !strings.Contains(said, "未证明： "+line+"\n") {
				t.Errorf("%s: does not say what it does not prove: %q", v.Name, line)
			}
		}
	}
	for _, v := range list {
		if v.Code != "" {
			continue
		}
		if said, code, err := verifyFile(t, v.Text, v.Old, true, strings.Split(v.Keys, "\n")...); code != 0 || !json.Valid([]byte(said)) {
			t.Errorf("machine output: %d %v %s", code, err, said)
		}
		if _, code, err := verifyFile(t, v.Text, "", false); code != 2 || fault.KindOf(err) != fault.Invalid { // no key here and none given
			t.Errorf("without keys: %d %v", code, err)
		}
		return
	}
}

func TestVerifyReceipt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, err := gm.OpenSigningKey(filepath.Join(dir, "consent.pem"))
	if err != nil {
		t.Fatal(err)
	}
	document := "gongxin-consent/1\nid: 00000000000000000000000001\nuses: 3\n"
	signature, err := key.Sign([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := json.Marshal(consent.Receipt{
		Format: "gongxin-consent-receipt/1", Document: document, Algorithm: "SM2-SM3", KeyID: key.ID(), PublicKey: string(key.Public()),
		Signature: base64.StdEncoding.EncodeToString(signature),
	})
	if err != nil {
		t.Fatal(err)
	}
	public := filepath.Join(dir, "public.pem")
	write(t, public, key.Public())
	if said, code, err := verifyFile(t, string(receipt), "", false, public); code != 0 || !strings.Contains(said, "uses：3") || !strings.Contains(said, "未证明： 授权现在") {
		t.Errorf("%d %v %s", code, err, said)
	}
	changed := strings.Replace(string(receipt), "uses: 3", "uses: 9", 1)
	var p printed
	if said, code, err := verifyFile(t, changed, "", false, public); code != 1 || !errors.As(err, &p) || !strings.Contains(said, "receipt.signature") {
		t.Errorf("changed: %d %v %s", code, err, said)
	}
	// The key that lies in the receipt itself is nobody's word.
	if _, code, _ := verifyFile(t, string(receipt), "", false); code != 2 {
		t.Errorf("without a key: %d", code)
	}
	if _, code, _ := verifyFile(t, string(receipt), "", false, "nonsense"); code != 2 {
		t.Errorf("a key that is none: %d", code)
	}
}

// The letter that a subject signed is verified without the platform: what was signed is said, a changed word is found, and another's key is not taken.
func TestVerifyLetter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, err := gm.OpenSigningKey(filepath.Join(dir, "repair.pem"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := gm.OpenSigningKey(filepath.Join(dir, "other.pem"))
	if err != nil {
		t.Fatal(err)
	}
	document := "gongxin-repair-commitment/1\napplication: 42\nsubject: 91990102MA0A00014H\nsigned-by: account:7\nfile: sha256:ab\n\n示例公司郑重承诺：\n一、已经履行义务；\n"
	signature, err := key.Sign([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := json.Marshal(repair.LetterReceipt{
		Format: "gongxin-repair-commitment-receipt/1", Document: document, Algorithm: "SM2-SM3", KeyID: key.ID(), PublicKey: string(key.Public()), Signature: base64.StdEncoding.EncodeToString(signature),
	})
	if err != nil {
		t.Fatal(err)
	}
	public, wrong := filepath.Join(dir, "public.pem"), filepath.Join(dir, "wrong.pem")
	write(t, public, key.Public())
	write(t, wrong, other.Public())
	said, code, err := verifyFile(t, string(receipt), "", false, public)
	for _, want := range []string{"signed-by: account:7", "file: sha256:ab", "一、已经履行义务", "未证明： 签名由平台"} {
		if code != 0 || !strings.Contains(said, want) {
			t.Errorf("%d %v, no %q in %s", code, err, want, said)
		}
	}
	if said, code, _ := verifyFile(t, string(receipt), "", false, wrong, public); code != 0 {
		t.Errorf("with two keys: %d %s", code, said)
	}
	for name, x := range map[string][2]string{"changed": {strings.Replace(string(receipt), "履行义务", "履行业务", 1), public}, "another's key": {string(receipt), wrong}} {
		if said, code, _ := verifyFile(t, x[0], "", false, x[1]); code != 1 || !strings.Contains(said, "letter.signature") {
			t.Errorf("%s: %d %s", name, code, said)
		}
	}
	if _, code, _ := verifyFile(t, string(receipt), "", false); code != 2 { // the key that lies in the receipt is nobody's word
		t.Errorf("without a key: %d", code)
	}
}
