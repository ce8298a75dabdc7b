package decision

import (
	"strconv"
	"strings"
)

// describe names a value in a message.
func (n *node) describe() string {
	switch n.kind {
	case textNode, numberNode, boolNode:
		if len(n.text) > 40 {
			return "a long text"
		}
		return strconv.Quote(n.text)
	}
	return string(n.kind)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// nearest is the word that s may have been meant to be, "" if none is close.
func nearest(s string, words []string) string {
	best, at := "", 3
	for _, w := range words {
		if d := distance(s, w); d < at && d < len(w) {
			best, at = w, d
		}
	}
	return best
}

// distance is the edit distance between two short words; letter case counts for nothing.
func distance(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
