package decision

import (
	"fmt"
	"strings"
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
	msg := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
	if e.Remedy != "" {
		msg += ": " + e.Remedy
	}
	if e.Source == "" {
		return msg
	}
	number := fmt.Sprintf("%3d", e.Line)
	return fmt.Sprintf("%s\n%s | %s\n%s | %s^", msg, number, e.Source,
		strings.Repeat(" ", len(number)), indent(e.Source, e.Column-1))
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
