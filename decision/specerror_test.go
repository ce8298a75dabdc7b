package decision_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"verdin/decision"
)

// A file that is no spec, a recording above all, may have lines of any length: the
// message shows what stands around the place, and the caret points at it.
func TestLongLinesAreShownAroundThePlace(t *testing.T) {
	line := strings.Repeat("é", 500) + "X" + strings.Repeat("\x1b", 500)
	for _, c := range []struct {
		column int
		under  rune
	}{{1, 'é'}, {30, 'é'}, {501, 'X'}, {502, utf8.RuneError}, {1001, utf8.RuneError}, {1002, 0}} {
		e := &decision.SpecError{File: "x", Line: 1, Column: c.column, Message: "bad", Source: line}
		lines := strings.Split(e.Error(), "\n")
		if len(lines) != 3 {
			t.Fatalf("%q", lines)
		}
		shown, caret := []rune(strings.TrimPrefix(lines[1], "  1 | ")), strings.Index(strings.TrimPrefix(lines[2], "    | "), "^")
		if len(shown) != 80 || strings.ContainsRune(lines[1], '\x1b') {
			t.Errorf("column %d: %d characters are shown: %q", c.column, len(shown), lines[1])
		}
		under := rune(0)
		if caret < len(shown) {
			under = shown[caret]
		}
		if under != c.under {
			t.Errorf("column %d: the caret points at %q, want %q", c.column, under, c.under)
		}
	}
}

func TestNoMessageAboutARecordingIsLong(t *testing.T) {
	event := `{"type":"prediction","prediction_id":"` + strings.Repeat("x", 3000) + `","rollout":"r","features":{"a":[1,2,{"b":"` + strings.Repeat("y", 2000) + `"}]}}`
	for _, text := range []string{event, event + "\n" + event, strings.Repeat(event+"\n", 100), event[:4000], strings.Repeat("x", 5000) + ": 1", "{" + strings.Repeat("k", 3000) + ": 1}", "ARROW1\x00\x00" + strings.Repeat("\x01", 5000)} {
		_, err := decision.Parse([]byte(text), "events.ndjson")
		if err == nil {
			t.Fatal("accepted")
		}
		for _, line := range strings.Split(err.Error(), "\n") {
			if utf8.RuneCountInString(line) > 300 {
				t.Errorf("%.20q: a line of %d characters: %.200s", text, len(line), fmt.Sprint(line))
			}
		}
	}
}
