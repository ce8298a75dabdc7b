package story

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"verdin/decision"
	"verdin/internal/engine"
)

// origin is where a line of a composed spec comes from.
type origin struct {
	file  string
	line  int
	shift int // columns that it was moved to the right
}

// compose puts the spec together: the named one or the built-in one, with the members
// that the section gives in their places. A section that holds a whole spec stands alone.
func (p *parser) compose() (from []origin, err error) {
	text, file := baseSpec, "the built-in spec"
	if p.named != "" {
		p.n, file = p.at, p.named
		if p.open == nil {
			return nil, p.fail("spec: %s cannot be read here: write the spec into the section spec", p.named)
		}
		b, err := p.open(p.named)
		if err != nil {
			return nil, p.fail("spec: %w", err)
		}
		text = string(b)
	}
	var lines []string
	add := func(l string, o origin) { lines, from = append(lines, l), append(from, o) }
	for _, l := range p.spec {
		if strings.HasPrefix(l, "apiVersion:") {
			p.s.Base = false
			for i, l := range p.spec {
				add(l, origin{p.file, p.first + i, 0})
			}
			p.s.Text = strings.Join(lines, "\n") + "\n"
			return from, nil
		}
	}
	fresh, inside, keep := members(p.spec), false, true
	for i, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if key, ok := member(l, "  "); ok && inside {
			keep = !fresh[key]
		}
		if keep {
			add(l, origin{file, i + 1, 0})
		}
		if inside = inside || l == "spec:"; l != "spec:" {
			continue
		}
		for k, with := range p.spec {
			if with != "" {
				with = "  " + with
			}
			add(with, origin{p.file, p.first + k, 2})
		}
	}
	p.s.Text = strings.Join(lines, "\n") + "\n"
	return from, nil
}

// bind attaches the baselines that drift checks of the spec name; they stand beside the
// script, and travel with the text of the spec as they do in a journal.
func (p *parser) bind() error {
	bound, err := engine.Bind(p.s.Spec, func(name string) ([]byte, error) {
		if p.open == nil {
			return nil, fmt.Errorf("baseline %s cannot be read here: play the script from its file", name)
		}
		return p.open(name)
	})
	if err != nil || bound == p.s.Spec {
		return err
	}
	p.s.Spec, p.s.Text = bound, string(bound.Text())
	return nil
}

func members(lines []string) map[string]bool {
	all := map[string]bool{}
	for _, l := range lines {
		if key, ok := member(l, ""); ok {
			all[key] = true
		}
	}
	return all
}

// member is the key of a line that begins a member at an indentation.
func member(line, indent string) (key string, ok bool) {
	rest, ok := strings.CutPrefix(line, indent)
	if !ok || rest == "" || !unicode.IsLetter(rune(rest[0])) {
		return "", false
	}
	key, _, ok = strings.Cut(rest, ":")
	return key, ok
}

// placed says of an error where the line stands that it is about.
func placed(err error, from []origin) error {
	var e *decision.SpecError
	if !errors.As(err, &e) || e.Line < 1 || e.Line > len(from) {
		return err
	}
	o, moved := from[e.Line-1], *e
	moved.File, moved.Line, moved.Column = o.file, o.line, max(1, e.Column-o.shift)
	moved.Source = strings.TrimPrefix(e.Source, strings.Repeat(" ", o.shift))
	return &moved
}
