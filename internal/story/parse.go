package story

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"verdin/decision"
)

// ErrScript is wrapped by every error about a script.
var ErrScript = errors.New("script")

// longest is the longest story that is played.
const longest = 48 * time.Hour

// Load reads a script from a file. A spec that it names stands beside it.
func Load(file string) (*Script, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read script: %w", err)
	}
	return Parse(file, string(text), func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(filepath.Dir(file), name))
	})
}

// Parse reads a script. Open reads the spec that a script names; nil refuses that.
// Errors name the file and the line, and say what to write instead.
func Parse(file, text string, open func(name string) ([]byte, error)) (*Script, error) {
	p := &parser{file: file, s: &Script{File: file, Seed: 1, Base: true}, open: open}
	if err := p.parse(text); err != nil {
		return nil, err
	}
	return p.s, nil
}

type parser struct {
	file  string
	s     *Script
	open  func(string) ([]byte, error)
	n     int // line, from 1
	last  time.Duration
	spec  []string // lines of the section
	first int      // line of the first of them
	named string   // a spec's file
	at    int      // line that named it
}

func (p *parser) fail(format string, a ...any) error {
	return fmt.Errorf("%w %s:%d: %w", ErrScript, p.file, p.n, fmt.Errorf(format, a...))
}

func (p *parser) parse(text string) error {
	section := "head"
	for raw := range strings.Lines(text) {
		p.n++
		raw = strings.TrimRight(raw, "\r\n\t ")
		if name, ok := sectionOf(raw); ok {
			if section = name; name != "spec" && name != "story" {
				return p.fail("unknown section %q: a script has the sections spec and story", name)
			}
			continue
		}
		if section == "spec" {
			if len(p.spec) == 0 {
				p.first = p.n
			}
			p.spec = append(p.spec, raw)
			continue
		}
		words := strings.TrimSpace(raw)
		if words == "" || strings.HasPrefix(words, "#") {
			continue
		}
		read := p.head
		if section == "story" {
			read = p.told
		}
		if err := read(words); err != nil {
			return err
		}
	}
	return p.finish()
}

func sectionOf(line string) (name string, ok bool) {
	if !strings.HasPrefix(line, "-- ") || !strings.HasSuffix(line, " --") || len(line) < 7 {
		return "", false
	}
	return strings.TrimSpace(line[3 : len(line)-3]), true
}

// head reads a line before the sections.
func (p *parser) head(words string) error {
	key, value, _ := strings.Cut(words, ":")
	value = strings.TrimSpace(value)
	switch {
	case value == "":
	case key == "title":
		p.s.Title = value
		return nil
	case key == "spec":
		p.named, p.at, p.s.Base = value, p.n, false
		return nil
	case key == "refused":
		p.s.Refused = value
		return nil
	case key == "seed":
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return p.fail("seed %q is no whole number: write seed: 7", value)
		}
		p.s.Seed = n
		return nil
	}
	return p.fail("%q is no line of a script's head: write title: TEXT, spec: FILE, seed: N, refused: WORDS, or begin a section with -- story --", clip(words))
}

// told reads a line of the story: a time and what happens then.
func (p *parser) told(words string) error {
	if rest, ok := strings.CutPrefix(words, "never "); ok {
		return p.forbid(0, longest, strings.Fields(rest))
	}
	when, rest, _ := strings.Cut(words, " ")
	rest = strings.TrimSpace(rest)
	from, to, err := p.times(when)
	if err != nil {
		return err
	}
	fields, err := split(rest)
	if err != nil {
		return p.fail("%w", err)
	}
	switch {
	case len(fields) == 0:
		return p.fail("nothing happens at %s: write what, such as %s traffic 20/s", when, when)
	case fields[0] == "see":
		return p.expect(from, to, fields[1:])
	case fields[0] == "never":
		return p.forbid(from, to, fields[1:])
	case from != to:
		return p.fail("a span of time is for see and never: %q happens at one time", clip(rest))
	case from < p.last:
		return p.fail("%v comes after %v: put the lines in order of time", from, p.last)
	case fields[0] == "end":
		p.s.End, p.last = from, from
		return nil
	case p.s.End > 0:
		return p.fail("the story has ended at %v: put the line before the end", p.s.End)
	}
	p.last = from
	do, err := act(fields)
	if err != nil {
		return p.fail("%w", err)
	}
	p.s.world = append(p.s.world, line{Line: p.n, At: from, Text: rest, do: do})
	return nil
}

// times reads "3m" or "3m..4m30s".
func (p *parser) times(when string) (from, to time.Duration, err error) {
	a, b, span := strings.Cut(when, "..")
	if from, err = time.ParseDuration(a); err == nil {
		to = from
		if span {
			to, err = time.ParseDuration(b)
		}
	}
	if err != nil {
		return 0, 0, p.fail("%q is no time: a line begins with one, such as 90s, 12m or 3m..4m", clip(when))
	}
	if from < 0 || to < from || to > longest {
		return 0, 0, p.fail("the time %s does not lie between 0s and %v in order", when, longest)
	}
	return from, to, nil
}

// split cuts a line into words; "quoted words" are one.
func split(s string) (words []string, err error) {
	for {
		if s = strings.TrimLeftFunc(s, unicode.IsSpace); s == "" || s[0] == '#' {
			return words, nil
		}
		if s[0] == '"' {
			end := strings.IndexByte(s[1:], '"')
			if end < 0 {
				return nil, fmt.Errorf("%s has no second quotation mark", clip(s))
			}
			words, s = append(words, s[:end+2]), s[end+2:]
			continue
		}
		end := strings.IndexFunc(s, unicode.IsSpace)
		if end < 0 {
			end = len(s)
		}
		words, s = append(words, s[:end]), s[end:]
	}
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// finish checks the whole.
func (p *parser) finish() error {
	p.n = max(p.n, 1)
	switch {
	case p.s.Title == "":
		return p.fail("the script has no title: begin it with title: and a claim")
	case p.s.Refused != "" && (len(p.s.world)+len(p.s.sees)+len(p.s.looks)+len(p.s.never) > 0 || p.s.End > 0):
		return p.fail("a spec that is refused has no story: remove the section story, or the line refused")
	case p.s.End <= 0 && p.s.Refused == "":
		return p.fail("the story has no end: close it with a line such as 20m end")
	}
	for _, s := range p.s.sees {
		if s.From > p.s.End {
			p.n = s.Line
			return p.fail("%v is after the end of the story at %v", s.From, p.s.End)
		}
	}
	origin, err := p.compose()
	if err != nil {
		return err
	}
	p.s.Spec, err = decision.Parse([]byte(p.s.Text), p.file)
	switch {
	case p.s.Refused != "" && err == nil:
		return p.fail("the spec is not refused: the script expects an error with %q", p.s.Refused)
	case p.s.Refused != "" && !strings.Contains(err.Error(), p.s.Refused):
		return p.fail("the spec is refused with another error than %q: %w", p.s.Refused, placed(err, origin))
	case p.s.Refused != "":
		return nil
	case err != nil:
		return fmt.Errorf("%w %s: the spec: %w", ErrScript, p.file, placed(err, origin))
	}
	if err := p.bind(); err != nil {
		return fmt.Errorf("%w %s: the spec: %w", ErrScript, p.file, err)
	}
	if p.s.Base {
		p.s.world = append(usual(), p.s.world...)
	}
	return nil
}
