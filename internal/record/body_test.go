package record

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecodeBody holds the short cut against the library: where it answers, it answers the same.
func FuzzDecodeBody(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":"b"}`, `{"a":"b","c":"张三"}`, `{"a":"b",}`, `{"a":"b" }`, `{"a":1}`, `{"a":"\\n"}`, `{"a":"b","a":"c"}`, `{"a":"b"},{}`, `{"":""}`, `{`, `{,"a":"b"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		have, ok := decodePlain(body)
		if !ok {
			return
		}
		var want map[string]string
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatalf("%q: the library refuses: %v", body, err)
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%q: %s", body, diff)
		}
	})
}

func BenchmarkDecodeBody(b *testing.B) {
	body := `{"CF_XDR_MC":"临溪市云岭机械制造有限公司","CF_XDR_SHXYM":"91990102MA0000001X","CF_WSH":"临市监处罚〔2026〕17号","CF_WFXW":"未按规定明码标价","CF_SY":"经营者不按规定明码标价","CF_CFLB":"罚款","CF_NR":"罚款人民币二千元","CF_NR_FK":"0.2","CF_JDRQ":"2026-03-02","CF_CFJG":"临溪市市场监督管理局"}`
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeBody(body); err != nil {
			b.Fatal(err)
		}
	}
}
