package bench

import (
	"fmt"
	"math"
	"strings"
)

// Table is a table of text cells.
type Table struct {
	Columns []string
	Rows    [][]string
}

// Markdown writes it; columns but the first are aligned to the right.
func (t Table) Markdown() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.Columns)
	rule := make([]string, len(t.Columns))
	for i := range rule {
		rule[i] = "--:"
	}
	rule[0] = "---"
	line(rule)
	for _, r := range t.Rows {
		line(r)
	}
	return b.String()
}

// Percent writes a share in percent with two digits after the point below 10 %.
func Percent(x float64) string {
	if x < 0.0995 {
		return fmt.Sprintf("%.2f", 100*x)
	}
	return fmt.Sprintf("%.1f", 100*x)
}

// Number writes three significant digits.
func Number(x float64) string {
	if a := math.Abs(x); a >= 100 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.3g", x)
}

// Thousands writes a count with separators.
func Thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
