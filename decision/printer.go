package decision

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// String prints a margin as a spec would.
func (m Margin) String() string {
	return "{" + onOff(m.Relative, "relative: ", "absolute: ") + num(m.Value) + "}"
}

// printer writes a spec. In its canonical form, of which the digest is made, fields
// that came to the format later are left out while they have their default: so the
// digest of a spec stays what it was when the format grows.
type printer struct {
	strings.Builder
	canonical bool
}

// later prints a field that came to the format after its first version.
func (p *printer) later(usual bool, depth int, format string, args ...any) {
	if !p.canonical || !usual {
		p.line(depth, format, args...)
	}
}

func (p *printer) line(depth int, format string, args ...any) {
	p.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(p, format, args...)
	p.WriteByte('\n')
}

// flow is a mapping on one line.
type flow []string

func (f *flow) add(key, value string) { *f = append(*f, key+": "+value) }

func (f *flow) word(key, value string) {
	if value != "" {
		f.add(key, value)
	}
}

func (f *flow) number(key string, value float64) {
	if value != 0 {
		f.add(key, num(value))
	}
}

func (f flow) String() string { return "{" + strings.Join(f, ", ") + "}" }

// num prints a number so that it reads back to the same bits.
func num(x float64) string {
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e15) {
		return strconv.FormatFloat(x, 'e', -1, 64)
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// brief prints a duration without its empty parts: 30m, 1h30m, 24h.
func brief(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// percent prints a share for people, with up to 4 digits after the point.
func percent(x float64) string {
	return strconv.FormatFloat(math.Round(x*1e6)/1e4, 'f', -1, 64) + " %"
}

// quote prints text as it stands if it is a plain word in every YAML, else in quotes.
func quote(s string) string {
	plain := s != "" && !contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"}, strings.ToLower(s))
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		plain = plain && (letter || i > 0 && (r >= '0' && r <= '9' || r == '.' || r == '-' || r == '/'))
	}
	if plain {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m { // order-free: sorted below
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
