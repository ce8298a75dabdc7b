package decision

import (
	"fmt"
	"strings"
)

// SpecTable describes every field of a spec, one line each, in Markdown.
func SpecTable() string {
	var b strings.Builder
	b.WriteString("| field | type | default | meaning |\n|---|---|---|---|\n")
	newPainter().rows(&b, drawn(), "", false)
	return b.String()
}

func (p painter) rows(b *strings.Builder, s *shape, path string, required bool) {
	if path != "" && help[path] != "" {
		usual := ""
		if v := p.usual(path); v != nil {
			usual = fmt.Sprintf("`%v`", v)
		}
		if required {
			usual = "required"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", strings.TrimPrefix(path, "spec."), typeOf(s), usual, help[path])
	}
	for _, f := range s.props {
		p.rows(b, f, join(path, f.name), contains(s.required, f.name))
	}
	switch {
	case s.open:
		p.rows(b, s.item, path+".NAME", false)
	case s.item != nil:
		p.rows(b, s.item, path+"[]", false)
	}
}

func typeOf(s *shape) string {
	words := s.kind
	if len(s.enum) > 0 {
		words = "`" + strings.Join(s.enum, "`, `") + "`"
	}
	for _, w := range s.also {
		words += " or `" + w + "`"
	}
	if s.lone != "" {
		words += " or " + map[string]string{"item": "one item", "list": "a list", "text": "text"}[s.lone]
	}
	return words
}
