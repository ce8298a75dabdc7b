package calibrate

import (
	_ "embed"
	"html/template"
	"io"

	"verdin/drift"
)

//go:embed report.html
var pageText string

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"percent": percent, "bounds": bounds, "set": set,
	"seconds": func(p Power) string { return p.after() },
	"finders": func(p Power) string { return p.finders() },
}).Parse(pageText))

// reference is a row of the page's table of distributions.
type reference struct {
	Field        string
	Kind         string
	Values, Rows int64
	Plot         template.HTML
}

// HTML writes the report as one page without scripts, and without anything to load.
func (r *Report) HTML(out io.Writer) error {
	data := struct {
		*Report
		Alarms, Reach, Found, When template.HTML
		References                 []reference
	}{Report: r, Alarms: r.alarmPlot(), Reach: r.reachPlot()}
	if len(r.Power) > 0 {
		data.Found, data.When = r.powerPlot(), r.timePlot()
	}
	for i := range r.Baseline.Features {
		data.References = append(data.References, referenceOf(&r.Baseline.Features[i]))
	}
	return page.Execute(out, data)
}

// referenceOf draws a reference; numbers in about 60 bins of one width, so that the
// form is seen: bins of equal mass would all look alike.
func referenceOf(f *drift.Reference) reference {
	row := reference{Field: f.Field, Kind: "categories"}
	for _, n := range f.Counts {
		row.Values += n
	}
	row.Rows = row.Values
	for _, n := range f.Odd {
		row.Rows += n
	}
	if f.Edges == nil {
		row.Plot = referencePlot(f.Counts)
		return row
	}
	row.Kind = "numbers"
	row.Plot = referencePlot(evenly(f.Edges.Positions(), f.Counts, row.Values))
	return row
}

// evenly spreads counts over bins of one width between the 0.5th and the 99.5th
// percentile.
func evenly(at []float64, counts []int64, total int64) []int64 {
	low, high, seen := at[0], at[len(at)-1], int64(0)
	for i, n := range counts {
		if float64(seen) <= 0.005*float64(total) {
			low = at[i]
		}
		if float64(seen) <= 0.995*float64(total) {
			high = at[i]
		}
		seen += n
	}
	const bins = 60
	out := make([]int64, bins)
	for i, n := range counts {
		k := 0
		if high > low {
			k = int((at[i] - low) / (high - low) * bins)
		}
		out[min(max(k, 0), bins-1)] += n
	}
	return out
}
