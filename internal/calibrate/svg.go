package calibrate

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// drawing collects the marks of a plot. Colours are classes of the page's style, so
// that plots follow light and dark.
type drawing struct {
	w, h float64
	b    strings.Builder
}

func (d *drawing) mark(format string, args ...any) { fmt.Fprintf(&d.b, format+"\n", args...) }

func (d *drawing) text(x, y float64, anchor, words string) {
	d.mark(`<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, template.HTMLEscapeString(words))
}

func (d *drawing) svg(title string) template.HTML {
	return template.HTML(fmt.Sprintf("<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s\">\n%s</svg>", d.w, d.h, template.HTMLEscapeString(title), d.b.String()))
}

const (
	plotLeft  = 300.0
	plotRight = 30.0
	rowHeight = 24.0
)

// nice is the least of 1, 2, 2.5, 5 and 10 times a power of ten that is at least x, so
// that five steps of a scale are round numbers.
func nice(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 0) {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	for _, step := range []float64{1, 2, 2.5, 5, 10} {
		if step*unit >= x*(1-1e-9) {
			return step * unit
		}
	}
	return 10 * unit
}

// rows draws one row per label on a scale from 0 to most, with a dashed line at bar.
func rows(title, unit string, labels []string, most, bar float64, draw func(d *drawing, i int, x func(float64) float64, y float64)) template.HTML {
	most = nice(most)
	d := &drawing{w: 900, h: rowHeight*float64(len(labels)) + 40}
	x := func(v float64) float64 {
		return plotLeft + (d.w-plotLeft-plotRight)*math.Min(math.Max(v, 0), most)/most
	}
	bottom := rowHeight * float64(len(labels))
	for i := range 6 {
		v := most * float64(i) / 5
		d.mark(`<line class="grid" x1="%.1f" y1="0" x2="%.1f" y2="%.1f"/>`, x(v), x(v), bottom)
		d.text(x(v), bottom+18, "middle", fmt.Sprintf("%.3g%s", v, unit))
	}
	if bar >= 0 {
		d.mark(`<line class="bar" x1="%.1f" y1="0" x2="%.1f" y2="%.1f"/>`, x(bar), x(bar), bottom)
	}
	for i, l := range labels {
		y := rowHeight * (float64(i) + 0.5)
		d.text(plotLeft-10, y+4, "end", l)
		draw(d, i, x, y)
	}
	return d.svg(title)
}

// rate draws a share with its bounds, in percent.
func (d *drawing) rate(class string, r Rate, x func(float64) float64, y float64) {
	d.mark(`<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x(100*r.Low), y, x(100*r.High), y)
	d.mark(`<circle class="%s" cx="%.1f" cy="%.1f" r="4"><title>%d of %d</title></circle>`, class, x(100*r.Share), y, r.Found, r.Runs)
}

// alarmPlot shows the false alarms of every check, before and as suggested.
func (r *Report) alarmPlot() template.HTML {
	var labels []string
	most := 100 * r.Target
	for i, c := range r.Before {
		labels = append(labels, c.Name)
		most = math.Max(most, math.Max(100*c.Alarms.High, 100*r.After[i].Alarms.High))
	}
	return rows("false alarms of each check, with 95 % bounds", " %", labels, math.Min(100, most), 100*r.Target, func(d *drawing, i int, x func(float64) float64, y float64) {
		d.rate("was", r.Before[i].Alarms, x, y-4)
		d.rate("now", r.After[i].Alarms, x, y+4)
	})
}

// reachPlot shows how near every harmless split came to an alarm.
func (r *Report) reachPlot() template.HTML {
	var labels []string
	most := 1.2
	for _, c := range r.After {
		labels = append(labels, c.Name)
		for _, v := range c.Reached {
			most = math.Max(most, math.Min(v, 4))
		}
	}
	return rows("greatest evidence of each split, as a part of what an alarm needs", "", labels, most, 1, func(d *drawing, i int, x func(float64) float64, y float64) {
		for k, v := range r.After[i].Reached {
			d.mark(`<circle class="now faint" cx="%.1f" cy="%.1f" r="2.5"/>`, x(v), y-7+14*uniform(uint64(k), nil))
		}
	})
}

// powerPlot shows the share of every fault that was found.
func (r *Report) powerPlot() template.HTML {
	var labels []string
	for _, p := range r.Power {
		labels = append(labels, p.Field+": "+p.Shift)
	}
	return rows("share of faults found, with 95 % bounds", " %", labels, 100, 80, func(d *drawing, i int, x func(float64) float64, y float64) {
		d.rate("now", r.Power[i].Rate, x, y)
	})
}

// timePlot shows when faults were found.
func (r *Report) timePlot() template.HTML {
	var labels []string
	most := 60.0
	for _, p := range r.Power {
		labels = append(labels, p.Field+": "+p.Shift)
		for _, s := range p.Times {
			most = math.Max(most, s)
		}
	}
	return rows("minutes of event time until a fault was found", " min", labels, most/60, -1, func(d *drawing, i int, x func(float64) float64, y float64) {
		for k, s := range r.Power[i].Times {
			d.mark(`<circle class="now faint" cx="%.1f" cy="%.1f" r="2.5"/>`, x(s/60), y-7+14*uniform(uint64(k), nil))
		}
	})
}

// referencePlot draws a reference distribution as a share per bin.
func referencePlot(counts []int64) template.HTML {
	d := &drawing{w: 420, h: 90}
	most, total := int64(1), int64(0)
	for _, n := range counts {
		most, total = max(most, n), total+n
	}
	w := d.w / float64(len(counts))
	for i, n := range counts {
		h := 80 * float64(n) / float64(most)
		d.mark(`<rect class="fill" x="%.2f" y="%.1f" width="%.2f" height="%.1f"/>`, float64(i)*w, 85-h, math.Max(w*0.9, 0.5), h)
	}
	return d.svg(fmt.Sprintf("%d values in %d bins", total, len(counts)))
}
