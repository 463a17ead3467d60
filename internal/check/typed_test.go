package check

import (
	"errors"
	"strings"
	"testing"

	"gongxin/internal/fault"
	"gongxin/internal/publish"
)

// Whoever mistypes a code is told where; it stays the same refusal, and nothing of what was written is in it.
func TestTyped(t *testing.T) {
	t.Parallel()
	none := publish.MissingSubject.Err()
	for code, want := range map[string]string{
		"91370303MA3C00011": "18", "91370303MA3C000119": "8", "91370303MA3CO00118": "字母 O", "370303199001010017": "证件号码", "王小明的公司": "不能按名称",
		"91370303MA3C000118": "没有查到这个主体", " 91370303ma3c000118 ": "没有查到这个主体", "": "没有查到这个主体",
	} {
		var f *fault.Error
		err := typed(none, code)
		if !errors.As(err, &f) || !errors.Is(err, none) || !strings.Contains(f.Message, want) || f.Fix == "" {
			t.Errorf("%q: %v", code, err)
			continue
		}
		if len(code) > 8 && strings.Contains(f.Message+f.Fix, code) {
			t.Errorf("%q is repeated: %v", code, f)
		}
	}
	other := errors.New("another")
	if err := typed(other, "x"); !errors.Is(err, other) || err.Error() != "another" {
		t.Error(err)
	}
}
