package catalog

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"gongxin/internal/cntext"
)

// prohibitions is the word list of what may not be collected about natural persons. It is data, because laws
// change and cities add to it.
type prohibitions struct {
	Harmless    []string      `toml:"harmless"`
	PersonWords []string      `toml:"person_words"`
	Groups      []prohibition `toml:"group"`
	Conditional []prohibition `toml:"conditional"`
}

type prohibition struct {
	ID          string   `toml:"id"`
	Title       string   `toml:"title"`
	Law         string   `toml:"law"`
	Words       []string `toml:"words"`
	OnlyPersons []string `toml:"only_persons"`
}

// readProhibited starts from the list that ships with the program, whatever lies beside an operator's catalogue: a city may forbid more, never less. So
// its file adds groups and words about people; a compound that it calls harmless would open a hole and is refused.
func (b *builder) readProhibited() {
	shipped := shippedProhibitions()
	b.prohibited = shipped
	if _, ok := b.files[prohibitedFile]; !ok {
		return
	}
	var own prohibitions
	if !b.decode(prohibitedFile, &own) {
		return
	}
	for _, word := range own.Harmless {
		if !slices.Contains(shipped.Harmless, word) {
			b.refuse(errProhibited, "文件“%s”把“%s”列为无害词：禁止归集的范围只能增加，不能减少", prohibitedFile, shorten(word))
		}
	}
	b.prohibited.PersonWords = append(slices.Clone(shipped.PersonWords), own.PersonWords...)
	b.prohibited.Groups = append(slices.Clone(shipped.Groups), own.Groups...)
	b.prohibited.Conditional = append(slices.Clone(shipped.Conditional), own.Conditional...)
}

// shippedProhibitions reads the embedded list once.
var shippedProhibitions = sync.OnceValue(func() prohibitions {
	var p prohibitions
	raw, err := embedded.ReadFile("data/" + prohibitedFile)
	if err == nil {
		_, err = toml.Decode(string(raw), &p)
	}
	if err != nil || len(p.Groups) == 0 || len(p.Conditional) == 0 {
		panic("catalog: the list of prohibited data that ships with the program is unreadable") // a broken build, not an input
	}
	return p
})

// personRoles are the fields that can only be about a natural person.
var personRoles = []Role{RolePersonID, RolePersonIDType, RoleRepID, RoleRepIDType}

// aboutPerson says whether a field holds data of a natural person that must not be public: by its role, by its mark,
// or because it is kept for persons alone.
func (it *Item) aboutPerson(f *Field) bool {
	if f.Personal || slices.Contains(personRoles, f.Role) {
		return true
	}
	kinds := kindsOf(it.SubjectKinds) &^ kindBit(Person)
	return kinds != 0 && kinds&^kindsOf(f.EmptyFor) == 0
}

// checkPrivacy holds the limits that public-credit law sets to data about natural persons: what is never
// collected, what needs a named basis, and what is never public.
func (b *builder) checkPrivacy(it *Item, file string) {
	persons := slices.Contains(it.SubjectKinds, Person)
	if it.Class == Public && len(it.SubjectKinds) == 1 && persons {
		b.refuse(errPersonPublic, "%s：目录项“%s”只关于自然人，却是 A 类", file, it.Name)
	}
	for i := range it.Fields {
		f := &it.Fields[i]
		if it.FieldClass(f) == Public && it.aboutPerson(f) {
			b.refuse(errPersonPublic, "%s：字段“%s”（%s）关于自然人，却是 A 类", file, f.Code, f.Name)
		}
		if (f.Role == RolePersonID || f.Role == RoleRepID || f.Type == IDDoc) && (!f.Sensitive || it.FieldClass(f) != Shared) {
			b.refuse(errSensitive, "%s：字段“%s”（%s）是身份证件号码，要写明 sensitive 和 C 类", file, f.Code, f.Name)
		}
	}
	b.searchProhibited(it, persons, file)
}

// searchProhibited looks for the words of the list in the name of the item and in the name and headers of its
// fields.
func (b *builder) searchProhibited(it *Item, persons bool, file string) {
	covered := ""
	for _, basis := range it.Basis {
		covered += strings.Join(basis.Covers, " ")
	}
	b.searchText(it.Name, persons, covered, file+"：目录项“"+it.Name+"”")
	for i := range it.Fields {
		f := &it.Fields[i]
		allowed := covered
		if strings.TrimSpace(f.Basis) != "" {
			allowed = everything
		}
		for _, text := range slices.Concat([]string{f.Name}, f.Aliases, f.Old) {
			if b.searchText(text, persons || it.aboutPerson(f), allowed, file+"：字段“"+f.Code+"”（"+text+"）") {
				break
			}
		}
	}
}

// everything as the covered words means that a basis is named for the very field.
const everything = "*"

// searchText refuses a text that names prohibited data; persons says whether it can be about a person anyway.
func (b *builder) searchText(text string, persons bool, covered, where string) bool {
	s := strings.ToUpper(cntext.Name(text))
	for _, h := range b.prohibited.Harmless {
		s = strings.ReplaceAll(s, h, "")
	}
	persons = persons || containsAny(s, b.prohibited.PersonWords) != ""
	for _, g := range b.prohibited.Groups {
		word := containsAny(s, g.Words)
		if word == "" && persons {
			word = containsAny(s, g.OnlyPersons)
		}
		if word != "" {
			b.refuse(errProhibited, "%s含有“%s”，属于自然人的%s，不得归集（%s）", where, word, g.Title, g.Law)
			return true
		}
	}
	if !persons || covered == everything {
		return false
	}
	for _, g := range b.prohibited.Conditional {
		if word := containsAny(s, g.Words); word != "" && !strings.Contains(covered, word) {
			b.refuse(errConditional, "%s含有“%s”，属于%s，没有写明法律依据（%s）", where, word, g.Title, g.Law)
			return true
		}
	}
	return false
}

func containsAny(s string, words []string) string {
	for _, w := range words {
		if w != "" && strings.Contains(s, strings.ToUpper(w)) {
			return w
		}
	}
	return ""
}

func itoa(n int) string { return strconv.Itoa(n) }
