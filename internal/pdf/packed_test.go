package pdf

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Files made before there were object streams are read as ever.
func TestClassicTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("%PDF-1.7\n")
	var at []int
	for i, body := range []string{"<</Type /Catalog /Names <</EmbeddedFiles <</Names [(a) 2 0 R]>>>>>>", "<</EF <</F 3 0 R>>>>", "<</Length 2>>\nstream\nhi\nendstream"} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, body)
	}
	start := b.Len()
	b.WriteString("xref\n0 4\n0000000000 65535 f \n")
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<</Size 4 /Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", start)
	f, err := Open([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if data, err := f.Attachment("a"); err != nil || string(data) != "hi" {
		t.Errorf("%q %v", data, err)
	}
}

// A signature whose dictionary stands in an object stream has no place in the file, and covers nothing.
func TestPackedSignatureIsNone(t *testing.T) {
	t.Parallel()
	for _, ranges := range []string{"[0 -1 -1 2]", "[0 0 0 0]"} {
		o := &objects{}
		catalog := o.add("<</Type /Catalog /AcroForm <</Fields [2 0 R]>>>>")
		o.add("<</T (signature) /V 3 0 R>>")
		o.add("<</Type /Sig /Filter /" + SignatureFilter + " /SubFilter /" + SignatureSubFilter + " /ByteRange " + ranges + " /Contents <3006" + strings.Repeat("0", 156) + "> /GXKeyID (00)>>")
		raw, err := o.file(catalog, catalog)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Open(raw)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Signature(); !errors.Is(err, ErrSigned) {
			t.Errorf("%s: %v", ranges, err)
		}
	}
}

// Tables and object streams that say what is not so are refused.
func TestPackedRefusals(t *testing.T) {
	t.Parallel()
	o := &objects{}
	catalog := o.add("<</Type /Catalog>>")
	raw, err := o.file(catalog, catalog)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range [][2]string{
		{"/W [1 4 2]", "/W [1 2 4]"}, {"/Type /XRef", "/Type /XXXX"}, {"/Size 4", "/Size 9"}, {"/Type /ObjStm", "/Type /XbjStm"}, {"/N 1", "/N 9"}, {"/First 4", "/First 9"}, {" 0 obj", " 1 obj"},
	} {
		changed := strings.Replace(string(raw), x[0], x[1], 1)
		if changed == string(raw) {
			t.Fatalf("%q is not in the file", x[0])
		}
		f, err := Open([]byte(changed))
		if err == nil {
			_, err = f.Catalog()
		}
		if err == nil && x[0] != " 0 obj" {
			t.Errorf("%s: not refused", x[1])
		}
	}
}
