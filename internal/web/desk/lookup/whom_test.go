package lookup

import (
	"net/url"
	"strings"
	"testing"
)

// Whatever is typed, one subject is named or a field is blamed, and no fault repeats a document's number.
func FuzzWhom(f *testing.F) {
	f.Add(firmCode, "", "")
	f.Add("", docKind, number)
	f.Add("９１３７０３０３ＭＡ３Ｃ０００１１８", "", "")
	f.Add("x", docKind, "1")
	f.Fuzz(func(t *testing.T, code, kind, doc string) {
		form := whomForm{persons: true}
		whom, ok := form.read(url.Values{"code": {code}, "doc_kind": {kind}, "number": {doc}})
		blamed := form.codeFault+form.numberFault != ""
		switch {
		case ok == blamed:
			t.Errorf("ok %v, blamed %q %q", ok, form.codeFault, form.numberFault)
		case ok && (whom.Code != "") == (whom.Number != ""):
			t.Errorf("names %q and a number: %v", whom.Code, whom.Number != "")
		case !ok && whom.Code+whom.Number != "":
			t.Error("names somebody although a field is to be mended")
		}
		if len(doc) > 6 && strings.Contains(form.numberFault, doc) {
			t.Error("the fault repeats the number")
		}
	})
}
