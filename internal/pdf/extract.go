package pdf

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// Pages gives the text of each page, line by line as it was set. What is marked as an artifact is left out.
func (f *File) Pages() ([]string, error) {
	root, err := f.Catalog()
	if err != nil {
		return nil, err
	}
	tree, err := f.dict(root["Pages"])
	if err != nil {
		return nil, err
	}
	kids, err := f.array(tree["Kids"])
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(kids))
	for _, k := range kids {
		page, err := f.dict(k)
		if err != nil {
			return nil, err
		}
		text, err := f.pageText(page)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

func (f *File) pageText(page Dict) (string, error) {
	fonts, err := f.characterMaps(page)
	if err != nil {
		return "", err
	}
	data, err := f.Data(page["Contents"])
	if err != nil {
		return "", err
	}
	var out strings.Builder
	p := &parser{b: data, content: true}
	var stack []any
	var font map[int]string
	var artifact []bool
	hidden := func() bool { return len(artifact) > 0 && artifact[len(artifact)-1] }
	for {
		if p.skip(); p.at >= len(p.b) {
			return out.String(), nil
		}
		v, err := p.object()
		if err != nil {
			return "", err
		}
		op, ok := v.(operator)
		if !ok {
			if stack = append(stack, v); len(stack) > 64 {
				return "", ErrFile
			}
			continue
		}
		switch op {
		case "BMC", "BDC":
			artifact = append(artifact, len(stack) > 0 && stack[0] == Name("Artifact"))
		case "EMC":
			artifact = artifact[:max(0, len(artifact)-1)]
		case "Tf":
			if len(stack) == 2 {
				name, _ := stack[0].(Name)
				font = fonts[name]
			}
		case "Tj":
			if len(stack) == 1 && !hidden() {
				s, _ := stack[0].(Str)
				for i := 0; i+1 < len(s.Bytes); i += 2 {
					out.WriteString(font[int(s.Bytes[i])<<8|int(s.Bytes[i+1])])
				}
			}
		case "ET":
			if !hidden() {
				out.WriteByte('\n')
			}
		}
		stack = stack[:0]
	}
}

// characterMaps reads the ToUnicode maps of a page's fonts.
func (f *File) characterMaps(page Dict) (map[Name]map[int]string, error) {
	resources, err := f.dict(page["Resources"])
	if err != nil {
		return nil, err
	}
	list, err := f.dict(resources["Font"])
	if err != nil {
		return nil, err
	}
	out := map[Name]map[int]string{}
	for name, v := range list {
		font, err := f.dict(v)
		if err != nil {
			return nil, err
		}
		data, err := f.Data(font["ToUnicode"])
		if err != nil {
			return nil, err
		}
		out[name] = characterMap(data)
	}
	return out, nil
}

// characterMap reads the lines <number> <UTF-16> of a map.
func characterMap(data []byte) map[int]string {
	out := map[int]string{}
	for line := range strings.SplitSeq(string(data), "\n") {
		from, to, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(line, "<"), ">"), "> <")
		if !ok || len(from) != 4 || len(to)%4 != 0 {
			continue
		}
		id, err := strconv.ParseUint(from, 16, 16)
		if err != nil {
			continue
		}
		var units []uint16
		for i := 0; i+4 <= len(to); i += 4 {
			u, err := strconv.ParseUint(to[i:i+4], 16, 16)
			if err != nil {
				break
			}
			units = append(units, uint16(u))
		}
		out[int(id)] = string(utf16.Decode(units))
	}
	return out
}
