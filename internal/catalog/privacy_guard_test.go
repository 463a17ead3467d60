package catalog

import (
	"errors"
	"testing"
	"testing/fstest"
)

// TestAnOperatorCannotLiftTheBan: whatever an operator's folder brings as its list of prohibited data, the shipped one holds.
func TestAnOperatorCannotLiftTheBan(t *testing.T) {
	t.Parallel()
	item := `code = "JBXX"
name = "患者病史"
category = "其他"
chapter = 9
subject_kinds = ["person"]
class = "C"
polarity = "neutral"
providers = ["医院"]
natural_key = ["JB_WSH"]
publicity = "none"
retention = "一年"
summary = "不应当被装载"
[[basis]]
law = "某法"
article = "第一条"
from = "2020-01-01"
[[field]]
code = "JB_WSH"
name = "病史"
type = "text"
required = true
role = "doc_no"
`
	for name, list := range map[string]string{
		"none":      "",
		"other":     "[[group]]\nid='x'\ntitle='x'\nlaw='x'\nwords=['绝无此词']\n[[conditional]]\nid='y'\ntitle='y'\nlaw='y'\nwords=['也无此词']\n",
		"harmless":  "harmless=['病史','患者病史']\n",
		"duplicate": "person_words=['某']\n",
	} {
		files := fstest.MapFS{"edition.toml": {Data: []byte("id='city.1'\neffective_from='2026-01-01'\nsource='x'\nnote='x'\n")}, "items/JBXX.toml": {Data: []byte(item)}}
		if list != "" {
			files["prohibited.toml"] = &fstest.MapFile{Data: []byte(list)}
		}
		if _, err := LoadOver(Default(), files); !errors.Is(err, errProhibited) {
			t.Errorf("%s: the ban on medical history was lifted: %v", name, err)
		}
	}
}
