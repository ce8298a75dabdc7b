package decision

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SpecError points at the place in a spec that is refused, and says what to
// write instead.
type SpecError struct {
	File    string // as given to Parse
	Line    int    // from 1
	Column  int    // from 1, in characters
	Message string // what is wrong
	Remedy  string // what to do, "" where the message says it
	Source  string // the line itself
}

// Error is the place, the message with its remedy, the line, and a caret:
//
//	spec.yaml:7:9: unknown field "wieght": did you mean "weight"?
//	  7 |     - {wieght: 10}
//	    |        ^
func (e *SpecError) Error() string {
	msg := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, shorten(e.Message))
	if e.Remedy != "" {
		msg += ": " + e.Remedy
	}
	if e.Source == "" {
		return msg
	}
	number := fmt.Sprintf("%3d", e.Line)
	source, column := excerpt(e.Source, e.Column)
	return fmt.Sprintf("%s\n%s | %s\n%s | %s^", msg, number, source,
		strings.Repeat(" ", len(number)), indent(source, column-1))
}

// A line of a spec is shown whole. A file that is no spec may have lines of any
// length: of those above maxLine characters, maxExcerpt around the place are shown.
const (
	maxLine    = 200
	maxExcerpt = 80
)

// shorten cuts the middle out of a message that names something very long.
func shorten(msg string) string {
	text := []rune(msg)
	if len(text) <= maxLine {
		return msg
	}
	return string(text[:maxLine-maxExcerpt]) + "…" + string(text[len(text)-maxExcerpt:])
}

// excerpt cuts a long line around a column, and replaces what a terminal would obey.
func excerpt(line string, column int) (string, int) {
	text := []rune(line)
	for i, r := range text {
		if r != '\t' && !unicode.IsPrint(r) {
			text[i] = unicode.ReplacementChar
		}
	}
	if len(text) <= maxLine {
		return string(text), column
	}
	from := min(max(0, column-1-maxExcerpt/2), len(text)-maxExcerpt)
	text, column = text[from:from+maxExcerpt], column-from
	if from > 0 {
		text[0] = '…'
	}
	if from+maxExcerpt < utf8.RuneCountInString(line) {
		text[maxExcerpt-1] = '…'
	}
	return string(text), column
}

// indent is blank text as wide as the first n characters of line: tabs stay tabs.
func indent(line string, n int) string {
	var b strings.Builder
	for _, r := range line {
		if b.Len() >= n {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}
