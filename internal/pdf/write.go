package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
)

// objects collects a file's indirect objects.
type objects struct {
	list  [][]byte     // body of object i+1
	plain map[int]bool // objects that stand in the file as they are: streams, and what is found by its place
}

// next keeps a number for an object that comes later.
func (o *objects) next() int {
	o.list = append(o.list, nil)
	return len(o.list)
}

func (o *objects) set(n int, body string) { o.list[n-1] = []byte(body) }

func (o *objects) add(body string) int {
	n := o.next()
	o.set(n, body)
	return n
}

// stream adds a stream, packed unless plain.
func (o *objects) stream(dict string, data []byte, plain bool) (int, error) {
	if !plain {
		packed, err := deflate(data)
		if err != nil {
			return 0, err
		}
		data, dict = packed, dict+" /Filter /FlateDecode"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<<%s /Length %d>>\nstream\n", dict, len(data))
	b.Write(data)
	b.WriteString("\nendstream")
	n := o.next()
	o.list[n-1] = b.Bytes()
	o.keep(n)
	return n, nil
}

// keep lets an object stand in the file as it is.
func (o *objects) keep(n int) {
	if o.plain == nil {
		o.plain = map[int]bool{}
	}
	o.plain[n] = true
}

// packers are kept: each holds half a megabyte.
var packers = sync.Pool{New: func() any {
	w, err := zlib.NewWriterLevel(nil, zlib.BestSpeed)
	if err != nil {
		return nil
	}
	return w
}}

func deflate(data []byte) ([]byte, error) {
	w, ok := packers.Get().(*zlib.Writer)
	if !ok {
		return nil, ErrFile
	}
	defer packers.Put(w)
	var b bytes.Buffer
	w.Reset(&b)
	_, err := w.Write(data)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("pdf: %w", err)
	}
	return b.Bytes(), nil
}

func ref(n int) string { return strconv.Itoa(n) + " 0 R" }

// text writes a text string: UTF-16 with its mark, in hexadecimal.
func text(s string) string {
	raw := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(s)) {
		raw = append(raw, byte(u>>8), byte(u))
	}
	return "<" + hex.EncodeToString(raw) + ">"
}

// moment writes a date in UTC.
func moment(t time.Time) string { return "(D:" + t.UTC().Format("20060102150405") + "Z)" }

// Bytes gives the file; a document with a signer is signed.
func (b *Builder) Bytes() ([]byte, error) {
	if b.err != nil {
		return nil, b.err
	}
	b.furnish()
	if b.err != nil {
		return nil, b.err
	}
	o := &objects{}
	catalog, pageTree := o.next(), o.next()
	resources := o.next()
	pageObjects := make([]int, len(b.pages))
	for i := range b.pages {
		pageObjects[i] = o.next()
	}
	watermark, err := b.watermarkObject(o)
	if err != nil {
		return nil, err
	}
	fonts, err := b.writeFonts(o)
	if err != nil {
		return nil, err
	}
	o.set(resources, "<</Font <<"+fonts+">>"+watermark+" /ProcSet [/PDF /Text]>>")
	extra := b.writeSignature(o, pageObjects[0])
	for i, p := range b.pages {
		content, err := o.stream("", p.content(), false)
		if err != nil {
			return nil, err
		}
		annots := ""
		if i == 0 && extra.widget != 0 {
			annots = " /Annots [" + ref(extra.widget) + "]"
		}
		o.set(pageObjects[i], fmt.Sprintf("<</Type /Page /Parent %s /MediaBox [0 0 595.276 841.89] /Resources %s /Contents %s /StructParents %d /Tabs /S%s>>",
			ref(pageTree), ref(resources), ref(content), i, annots))
	}
	refs := make([]string, len(pageObjects))
	for i, n := range pageObjects {
		refs[i] = ref(n)
	}
	o.set(pageTree, fmt.Sprintf("<</Type /Pages /Kids [%s] /Count %d>>", strings.Join(refs, " "), len(refs)))
	structure := b.writeStructure(o, pageObjects)
	outline := b.writeOutline(o, pageObjects)
	embedded, err := b.writeFiles(o)
	if err != nil {
		return nil, err
	}
	meta, err := o.stream(" /Type /Metadata /Subtype /XML", b.xmp(), true)
	if err != nil {
		return nil, err
	}
	o.set(catalog, fmt.Sprintf("<</Type /Catalog /Version /1.7 /Pages %s /Lang %s /MarkInfo <</Marked true>> /StructTreeRoot %s /Metadata %s"+
		" /ViewerPreferences <</DisplayDocTitle true>>%s%s%s>>",
		ref(pageTree), text(b.options.Lang), ref(structure), ref(meta), outline, embedded, extra.form))
	info := o.add("<</Title " + text(b.options.Title) + " /Author " + text(b.options.Author) + " /Subject " + text(b.options.Subject) +
		" /Creator " + text(b.options.Creator) + " /Producer " + text(b.options.Creator) + " /CreationDate " + moment(b.options.At) + " /ModDate " + moment(b.options.At) + ">>")
	file, err := o.file(catalog, info)
	if err != nil || b.sign == nil {
		return file, err
	}
	return b.sign.place(file)
}

// content joins a page's layers.
func (p *page) content() []byte {
	out := append([]byte(nil), p.under.Bytes()...)
	return append(out, p.buf.Bytes()...)
}

// furnish puts what stands on every page: head, foot, watermark.
func (b *Builder) furnish() {
	const small = 8 * Pt
	gray := ink{size: small, gray: "0.36"}
	for i, p := range b.pages {
		b.artifact(&p.buf, "/Type /Pagination /Subtype /Header", func(w *bytes.Buffer) {
			b.show(w, b.options.Header, left, 46*Pt, gray)
			b.show(w, b.options.HeaderEnd, pageWidth-right-b.textWidth(b.options.HeaderEnd, small, false), 46*Pt, gray)
			w.WriteString("0.72 G 0.5 w ")
			numbers(w, left, pageHeight-52*Pt)
			w.WriteString("m ")
			numbers(w, pageWidth-right, pageHeight-52*Pt)
			w.WriteString("l S 0 G\n")
		})
		b.artifact(&p.buf, "/Type /Pagination /Subtype /Footer", func(w *bytes.Buffer) {
			count := "第 " + strconv.Itoa(i+1) + " 页，共 " + strconv.Itoa(len(b.pages)) + " 页"
			b.show(w, b.options.Footer, left, pageHeight-40*Pt, gray)
			b.show(w, count, pageWidth-right-b.textWidth(count, small, false), pageHeight-40*Pt, gray)
		})
		if b.options.Watermark != "" {
			b.artifact(&p.under, "/Type /Pagination /Subtype /Watermark", func(w *bytes.Buffer) { w.WriteString("q /Watermark Do Q\n") })
		}
	}
}

func (b *Builder) writeFonts(o *objects) (string, error) {
	var resources strings.Builder
	for _, use := range b.order {
		n, err := use.write(o)
		if err != nil {
			return "", err
		}
		resources.WriteString("/" + use.name + " " + ref(n))
	}
	return resources.String(), nil
}

// write embeds what a document uses of a font (ISO 32000-1 9.7.4): a CIDFontType2 whose numbers are those of the subset.
func (u *face) write(o *objects) (int, error) {
	f := u.font
	data, err := f.subset(u.glyphs)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(data)
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + sum[i]%26
	}
	name := string(tag) + "+" + f.name
	file, err := o.stream(" /Length1 "+strconv.Itoa(len(data)), data, false)
	if err != nil {
		return 0, err
	}
	flags := 4 // symbolic: not of the Adobe standard Latin set
	descriptor := o.add(fmt.Sprintf("<</Type /FontDescriptor /FontName /%s /Flags %d /FontBBox [%d %d %d %d] /ItalicAngle %d /Ascent %d /Descent %d /CapHeight %d /StemV %d /FontFile2 %s>>",
		name, flags, f.perMille(f.box[0]), f.perMille(f.box[1]), f.perMille(f.box[2]), f.perMille(f.box[3]), f.italic, f.perMille(f.ascent), f.perMille(f.descent),
		f.perMille(f.capHeight), 10+f.weight/5, ref(file)))
	var widths strings.Builder
	for _, g := range u.glyphs {
		widths.WriteString(strconv.Itoa(f.perMille(f.advance(g))) + " ")
	}
	cid := o.add("<</Type /Font /Subtype /CIDFontType2 /BaseFont /" + name + " /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> /FontDescriptor " +
		ref(descriptor) + " /CIDToGIDMap /Identity /DW 1000 /W [0 [" + strings.TrimSpace(widths.String()) + "]]>>")
	unicode, err := o.stream("", u.toUnicode(), false)
	if err != nil {
		return 0, err
	}
	return o.add("<</Type /Font /Subtype /Type0 /BaseFont /" + name + " /Encoding /Identity-H /DescendantFonts [" + ref(cid) + "] /ToUnicode " + ref(unicode) + ">>"), nil
}

// toUnicode says which character each number is, so that text can be searched and copied.
func (u *face) toUnicode() []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n")
	for from := 1; from < len(u.runes); from += 100 {
		part := u.runes[from:min(from+100, len(u.runes))]
		fmt.Fprintf(&b, "%d beginbfchar\n", len(part))
		for i, r := range part {
			fmt.Fprintf(&b, "<%04x> <", from+i)
			for _, c := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, "%04x", c)
			}
			b.WriteString(">\n")
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}

// writeStructure writes the tree of elements and the way back from each marked piece.
func (b *Builder) writeStructure(o *objects, pages []int) int {
	root := o.next()
	var number func(e *element)
	number = func(e *element) {
		e.object = o.next()
		for _, k := range e.kids {
			if k.element != nil {
				number(k.element)
			}
		}
	}
	number(b.root)
	var write func(e *element, parent int)
	write = func(e *element, parent int) {
		var s strings.Builder
		s.WriteString("<</S /" + e.role + " /P " + ref(parent))
		home := -1
		for _, k := range e.kids {
			if k.page != nil {
				home = k.page.number
				s.WriteString(" /Pg " + ref(pages[home]))
				break
			}
		}
		if e.alt != "" {
			s.WriteString(" /Alt " + text(e.alt))
		}
		if e.attrs != "" {
			s.WriteString(" /A <<" + e.attrs + ">>")
		}
		if len(e.kids) > 0 {
			s.WriteString(" /K [")
			for i, k := range e.kids {
				if i > 0 {
					s.WriteByte(' ')
				}
				switch {
				case k.element != nil:
					s.WriteString(ref(k.element.object))
				case k.page.number == home:
					s.WriteString(strconv.Itoa(k.mcid))
				default:
					s.WriteString("<</Type /MCR /Pg " + ref(pages[k.page.number]) + " /MCID " + strconv.Itoa(k.mcid) + ">>")
				}
			}
			s.WriteString("]")
		}
		s.WriteString(">>")
		o.set(e.object, s.String())
		for _, k := range e.kids {
			if k.element != nil {
				write(k.element, e.object)
			}
		}
	}
	write(b.root, root)
	var parents strings.Builder
	for i, p := range b.pages {
		list := make([]string, len(p.marked))
		for j, e := range p.marked {
			list[j] = ref(e.object)
		}
		fmt.Fprintf(&parents, "%d [%s] ", i, strings.Join(list, " "))
	}
	tree := o.add("<</Nums [" + strings.TrimSpace(parents.String()) + "]>>")
	o.set(root, fmt.Sprintf("<</Type /StructTreeRoot /K %s /ParentTree %s /ParentTreeNextKey %d>>", ref(b.root.object), ref(tree), len(b.pages)))
	return root
}

// writeOutline writes the bookmarks: the headings of level 2, with those of level 3 below them.
func (b *Builder) writeOutline(o *objects, pages []int) string {
	type node struct {
		bookmark
		object int
		kids   []*node
	}
	var tops []*node
	for _, m := range b.outline {
		switch {
		case m.level == 2 || m.level == 1:
			tops = append(tops, &node{bookmark: m, object: o.next()})
		case len(tops) > 0:
			last := tops[len(tops)-1]
			last.kids = append(last.kids, &node{bookmark: m, object: o.next()})
		}
	}
	if len(tops) == 0 {
		return ""
	}
	root := o.next()
	var write func(list []*node, parent int)
	write = func(list []*node, parent int) {
		for i, n := range list {
			s := "<</Title " + text(n.title) + " /Parent " + ref(parent)
			if i > 0 {
				s += " /Prev " + ref(list[i-1].object)
			}
			if i+1 < len(list) {
				s += " /Next " + ref(list[i+1].object)
			}
			if len(n.kids) > 0 {
				s += fmt.Sprintf(" /First %s /Last %s /Count -%d", ref(n.kids[0].object), ref(n.kids[len(n.kids)-1].object), len(n.kids))
			}
			o.set(n.object, s+" /Dest ["+ref(pages[n.page.number])+" /XYZ null "+box(pageHeight-n.y)+" null]>>")
			write(n.kids, n.object)
		}
	}
	write(tops, root)
	o.set(root, fmt.Sprintf("<</Type /Outlines /First %s /Last %s /Count %d>>", ref(tops[0].object), ref(tops[len(tops)-1].object), len(tops)))
	return " /Outlines " + ref(root) + " /PageMode /UseOutlines"
}

// writeFiles embeds the attached files.
func (b *Builder) writeFiles(o *objects) (string, error) {
	if len(b.files) == 0 {
		return "", nil
	}
	var names, list []string
	for _, f := range b.files {
		data, err := o.stream(fmt.Sprintf(" /Type /EmbeddedFile /Subtype /%s /Params <</Size %d /ModDate %s>>", strings.ReplaceAll(f.mime, "/", "#2F"), len(f.data), moment(b.options.At)), f.data, false)
		if err != nil {
			return "", err
		}
		spec := o.add("<</Type /Filespec /F " + text(f.name) + " /UF " + text(f.name) + " /Desc " + text(f.description) + " /AFRelationship /Data /EF <</F " + ref(data) + " /UF " + ref(data) + ">>>>")
		names = append(names, text(f.name)+" "+ref(spec))
		list = append(list, ref(spec))
	}
	return " /Names <</EmbeddedFiles <</Names [" + strings.Join(names, " ") + "]>>>> /AF [" + strings.Join(list, " ") + "]", nil
}

func (b *Builder) xmp() []byte {
	escape := func(s string) string {
		var w bytes.Buffer
		_ = xml.EscapeText(&w, []byte(s)) // a buffer takes everything
		return w.String()
	}
	at := b.options.At.UTC().Format("2006-01-02T15:04:05Z")
	return []byte(`<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<dc:format>application/pdf</dc:format><dc:language><rdf:Bag><rdf:li>` + escape(b.options.Lang) + `</rdf:li></rdf:Bag></dc:language>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">` + escape(b.options.Title) + `</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>` + escape(b.options.Author) + `</rdf:li></rdf:Seq></dc:creator>
<xmp:CreateDate>` + at + `</xmp:CreateDate><xmp:ModifyDate>` + at + `</xmp:ModifyDate><xmp:CreatorTool>` + escape(b.options.Creator) + `</xmp:CreatorTool><pdf:Producer>` + escape(b.options.Creator) + `</pdf:Producer>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>`)
}
