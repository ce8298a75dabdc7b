package bench

import (
	"fmt"
	"math"
	"strings"
)

// palette is that of Okabe and Ito, which people with any colour vision can tell apart.
var palette = []string{"#0072b2", "#d55e00", "#e69f00", "#009e73", "#cc79a7", "#56b4e9"}

// colours give a rule the same colour in every figure.
var colours = map[string]string{
	"Verdin": palette[0], "z-test, each look": palette[1], "GrowthBook": palette[2], "Howard–Ramdas": palette[3],
	"Argo Rollouts": palette[4], "Flagger": palette[5], OracleConditional: "#999999",
}

// colour of the k-th series.
func colour(name string, k int) string {
	if c, known := colours[name]; known {
		return c
	}
	return palette[k%len(palette)]
}

// svg collects the marks of a drawing.
type svg struct {
	w, h int
	b    strings.Builder
}

func newSVG(w, h int) *svg { return &svg{w: w, h: h} }

func (s *svg) line(x1, y1, x2, y2 float64, style string) {
	fmt.Fprintf(&s.b, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, style)
}

func (s *svg) dot(x, y, r float64, colour string) {
	fmt.Fprintf(&s.b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%g\" fill=\"%s\"/>\n", x, y, r, colour)
}

func (s *svg) path(xs, ys []float64, colour string) {
	var p strings.Builder
	for i := range xs {
		fmt.Fprintf(&p, "%.1f,%.1f ", xs[i], ys[i])
	}
	fmt.Fprintf(&s.b, "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", strings.TrimSpace(p.String()), colour)
}

// text writes at a point; anchor is start, middle or end.
func (s *svg) text(x, y float64, anchor, words string) {
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(words)
	fmt.Fprintf(&s.b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, escaped)
}

func (s *svg) bytes() []byte {
	return fmt.Appendf(nil, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n"+
		"<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n%s</svg>\n", s.w, s.h, s.w, s.h, s.b.String())
}

const (
	grey   = `stroke="#ddd"`
	dashed = `stroke="#333" stroke-dasharray="4 3"`
)

// Series is a named sequence of values.
type Series struct {
	Name   string
	Values []float64 // NaN = none
}

// Dots draws one row per label and one dot per series, on a scale from 0 to most, with
// a dashed line at the bar.
func Dots(title, unit string, labels []string, series []Series, most, bar float64) []byte {
	const right, top, step = 30, 70, 24
	left := 210.0
	for _, l := range labels {
		left = max(left, 7*float64(len([]rune(l))))
	}
	s := newSVG(820, top+step*len(labels)+40)
	x := func(v float64) float64 { return left + (float64(s.w)-left-right)*math.Min(v, most)/most }
	s.text(10, 20, "start", title)
	s.legend(60, 42, series)
	bottom := float64(top + step*len(labels))
	for i := range 6 {
		v := most * float64(i) / 5
		s.line(x(v), top-10, x(v), bottom, grey)
		s.text(x(v), bottom+16, "middle", Number(v)+unit)
	}
	s.line(x(bar), top-10, x(bar), bottom, dashed)
	for i, l := range labels {
		y := float64(top + step*i + step/2)
		s.text(left-10, y+4, "end", l)
		for k := len(series) - 1; k >= 0; k-- { // ours last, on top
			if v := series[k].Values[i]; !math.IsNaN(v) {
				s.dot(x(v), y+2*(float64(k)-float64(len(series)-1)/2), 4, colour(series[k].Name, k))
			}
		}
	}
	return s.bytes()
}

// Lines draws series over 0, 1, 2, … on scales from 0, with a dashed line at the bar.
func Lines(title, across, unit string, series []Series, most, bar float64) []byte {
	const left, right, top, height = 60, 30, 70, 260
	s := newSVG(820, top+height+50)
	n := 1
	for _, l := range series {
		n = max(n, len(l.Values)-1)
	}
	x := func(i float64) float64 { return left + float64(s.w-left-right)*i/float64(n) }
	y := func(v float64) float64 { return top + height*(1-math.Min(v, most)/most) }
	s.text(10, 20, "start", title)
	s.legend(60, 42, series)
	for i := range 6 {
		f := float64(i) / 5
		s.line(left, y(f*most), float64(s.w-right), y(f*most), grey)
		s.text(left-8, y(f*most)+4, "end", Number(f*most)+unit)
		s.text(x(f*float64(n)), top+height+18, "middle", Number(f*float64(n)))
	}
	s.text(float64(s.w)/2, top+height+38, "middle", across)
	s.line(left, y(bar), float64(s.w-right), y(bar), dashed)
	for k := len(series) - 1; k >= 0; k-- {
		var xs, ys []float64
		for i, v := range series[k].Values {
			xs, ys = append(xs, x(float64(i))), append(ys, y(v))
		}
		s.path(xs, ys, colour(series[k].Name, k))
	}
	return s.bytes()
}

func (s *svg) legend(x, y float64, series []Series) {
	for k, l := range series {
		s.dot(x, y-4, 5, colour(l.Name, k))
		s.text(x+10, y, "start", l.Name)
		x += 30 + 7*float64(len([]rune(l.Name)))
	}
}
