package ingest

import (
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gongxin/internal/catalog"
)

// opener is a service that knows the catalogue.
func opener(t testing.TB) *Service {
	t.Helper()
	editions, err := catalog.NewStore(catalog.Default())
	if err != nil {
		t.Fatal(err)
	}
	return NewService(Config{Editions: editions})
}

// TestDeskSeesPersonsMasked: names and numbers of persons are masked, what tells nothing about anybody is not, and nothing is shown of a row whose
// edition is gone.
func TestDeskSeesPersonsMasked(t *testing.T) {
	t.Parallel()
	item, ok := catalog.Default().Item("XZCF")
	if !ok {
		t.Fatal("no XZCF")
	}
	values := make(catalog.Values, len(item.Fields))
	name := func(role catalog.Role) string {
		f, ok := item.ByRole(role)
		if !ok {
			t.Fatalf("no field %s", role)
		}
		return f.Name
	}
	set := func(role catalog.Role, value string) {
		f, _ := item.ByRole(role)
		values[f.Index] = value
	}
	set(catalog.RoleName, "欧阳小明")
	set(catalog.RoleKind, "自然人")
	set(catalog.RolePersonIDType, "身份证")
	set(catalog.RolePersonID, "370303199001010017")
	set(catalog.RoleRepID, "370303199001010018")
	set(catalog.RoleDocNo, "临市监罚〔2026〕1号")
	s := opener(t)
	seen := func(o Opened) map[string]string {
		got := map[string]string{}
		for _, f := range o.Fields {
			got[f.Name] = f.Value
		}
		return got
	}
	e := &QueueEntry{Item: "XZCF", Edition: catalog.Default().ID}
	o := s.show(e, values)
	want := map[string]string{
		name(catalog.RoleName): "欧阳**", name(catalog.RoleKind): "自然人", name(catalog.RolePersonIDType): "身份证",
		name(catalog.RolePersonID): "370303********0017", name(catalog.RoleRepID): "370303********0018", name(catalog.RoleDocNo): "临市监罚〔2026〕1号",
	}
	if diff := cmp.Diff(want, seen(o)); diff != "" {
		t.Error(diff)
	}
	if !o.Person || o.Name != "欧阳**" || o.DocNo != "临市监罚〔2026〕1号" || !slices.Equal(o.Leads, []string{""}) {
		t.Errorf("%+v", o)
	}

	set(catalog.RoleName, "临溪市示例食品有限公司")
	set(catalog.RoleKind, "法人及非法人组织")
	set(catalog.RolePersonID, "")
	set(catalog.RoleUSCC, "91990102MA0A00014H")
	o = s.show(e, values)
	if o.Person || o.Name != "临溪市示例食品有限公司" || !slices.Equal(o.Leads, []string{"91990102MA0A00014H", "临溪市示例食品有限公司"}) || seen(o)[name(catalog.RoleRepID)] != "370303********0018" {
		t.Errorf("an organisation: %+v", o)
	}

	e.Edition = "gone"
	if o := s.show(e, values); o.Person || o.Name != "" || o.DocNo != "" || len(o.Fields) != 0 || len(o.Leads) != 0 {
		t.Errorf("nobody knows any more which value needs a mask: %+v", o)
	}
}

// TestNothingLeavesButByALook: no exported method hands a row's values out, and only those of a Desk that leave an entry hand out a file, an opened row
// or a workbook.
func TestNothingLeavesButByALook(t *testing.T) {
	t.Parallel()
	values, file, writer := reflect.TypeFor[catalog.Values](), reflect.TypeFor[*os.File](), reflect.TypeFor[io.Writer]()
	opened := []reflect.Type{reflect.TypeFor[Opened](), reflect.TypeFor[*Opened](), reflect.TypeFor[[]Opened]()}
	var out []string
	for _, of := range []reflect.Type{reflect.TypeFor[*Service](), reflect.TypeFor[*Desk]()} {
		for m := range of.Methods() {
			hands := false
			for r := range m.Type.Outs() {
				if r == values {
					t.Errorf("%s.%s hands out the values of a row", of, m.Name)
				}
				hands = hands || r == file || slices.Contains(opened, r)
			}
			for p := range m.Type.Ins() {
				hands = hands || p == writer
			}
			if hands {
				out = append(out, of.Elem().Name()+"."+m.Name)
			}
		}
	}
	want := []string{"Desk.Content", "Desk.Contents", "Desk.File", "Desk.WriteErrors", "Desk.WriteReceipt", "Service.WriteReceipt"} // a receipt has reasons, no values
	slices.Sort(out)
	if diff := cmp.Diff(want, out); diff != "" {
		t.Error(diff)
	}
}

// TestRanges: the numbers that are written are those that were given.
func TestRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		list []int
		want string
	}{{nil, ""}, {[]int{3}, "3"}, {[]int{3, 1, 2}, "1–3"}, {[]int{9, 1, 2, 2, 7}, "1–2、7、9"}} {
		if got := ranges(c.list); got != c.want {
			t.Errorf("%v: %q, want %q", c.list, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		set := rapid.SliceOfNDistinct(rapid.IntRange(1, 60), 0, 40, rapid.ID[int]).Draw(t, "rows")
		want := slices.Sorted(slices.Values(set))
		if got := numbersIn(ranges(slices.Clone(set))); !slices.Equal(got, want) {
			t.Errorf("%v becomes %v", want, got)
		}
	})
}

// numbersIn reads what ranges writes.
func numbersIn(text string) (out []int) {
	if text == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, "、") {
		first, last, span := strings.Cut(part, "–")
		if !span {
			last = first
		}
		from, _ := strconv.Atoi(first)
		to, _ := strconv.Atoi(last)
		for n := from; n <= to; n++ {
			out = append(out, n)
		}
	}
	return out
}
