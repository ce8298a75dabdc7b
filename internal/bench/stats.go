package bench

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// rivals are the rules of others, as they stand in tables and figures.
var rivals = []string{"z-test, each look", "GrowthBook", "Howard–Ramdas", "Argo Rollouts", "Flagger"}

// Stats plays everything about the sequential tests.
func Stats(ctx context.Context, o Options) (Report, error) {
	r := Report{Part: "stats"}
	version := "quick version: it can refute a bar, not prove it"
	if o.Full() {
		version = "full version"
	}
	r.Text = fmt.Sprintf("Made by `verdin bench stats` with seed %d and %s runs a row where no other number stands (%s).\n\n",
		o.Seed, Thousands(o.Runs), version)
	o.exactness(&r)
	for _, part := range []func(context.Context, *Report) error{o.falseAlarms, o.falsePromotions, o.power} {
		if err := part(ctx, &r); err != nil {
			return Report{}, err
		}
	}
	return r, nil
}

func (o Options) exactness(r *Report) {
	most := int64(4)
	if o.Full() {
		most = 12
	}
	t := Table{Columns: []string{"method", "designs", "outcomes", "greatest expectation − 1"}}
	for _, e := range Enumerate(most) {
		t.Rows = append(t.Rows, []string{e.Method, Thousands(e.Designs), Thousands(e.Outcomes), fmt.Sprintf("%.1e", e.Greatest-1)})
		if !(e.Greatest <= exactly) {
			r.Break("%s: the expectation of a factor is %.17g, above 1 + 1e-12", e.Method, e.Greatest)
		}
	}
	r.Section("Exactness", fmt.Sprintf("Expectation of one block's factor, summed over all outcomes, for all sizes of both arms from 1 to %d, several base rates, margins, and points of the null. Bar: at most 1 + 10⁻¹².", most), t)
}

func (o Options) falseAlarms(ctx context.Context, r *Report) error {
	results, err := o.PlayAll(ctx, "harmless", harmless())
	if err != nil {
		return err
	}
	t := Table{Columns: append([]string{"harmless world", "runs", "Verdin", "upper bound", "bar"}, rivals...)}
	var about strings.Builder
	for _, x := range results {
		ours := x.Tallies[0]
		t.Rows = append(t.Rows, alarmRow(x))
		fmt.Fprintf(&about, "- *%s*: %s\n", x.Name, x.About)
		if o.Broken(ours.Count(Harm), ours.Runs(), x.Bar()) {
			r.Break("%s: %d false alarms in %d runs, the bar is %v", x.Name, ours.Count(Harm), ours.Runs(), x.Bar())
		}
	}
	if k, n, bad := o.pooledBroken(results, Harm); bad {
		r.Break("harmless worlds of exact methods together: %d false alarms in %d runs", k, n)
	}
	r.Section("False alarms", "Share of harmless canaries that are rolled back, in percent, under a look at every window. The upper bound is that of Clopper and Pearson at 99 %. Exact methods have α as bar, asymptotic ones 1.2·α.", t)
	r.Draw("false-alarms.svg", "false alarms by world and rule", o.alarmDots(results))
	for _, x := range results {
		if x.Name == "daily swing" {
			r.Draw("false-alarms-by-look.svg", "false alarms by look, in the daily swing", o.alarmLines(x, twoHours))
		}
	}
	r.Text += "The worlds:\n\n" + about.String() + "\n"
	return nil
}

// alarmRow is a row of the table of false alarms.
func alarmRow(x Result) []string {
	ours := x.Tallies[0]
	row := []string{x.Name, Thousands(ours.Runs()), Percent(ours.Share(Harm)), Percent(ours.Upper(Harm)), Percent(x.Bar())}
	for _, name := range rivals {
		row = append(row, cell(x, name, func(t Tally) float64 { return t.Share(Harm) }))
	}
	return row
}

func cell(x Result, rule string, value func(Tally) float64) string {
	if t, ok := x.Find(rule); ok {
		return Percent(value(t))
	}
	return "–"
}

func (o Options) alarmDots(results []Result) []byte {
	return harmDots("Harmless canaries that are rolled back (dashed: the promise of 5 %)", falseRollback, results,
		append([]string{"Verdin"}, rivals...)...)
}

// harmDots draws how often rules find harm in each row, in percent, beside what was promised.
func harmDots(title string, promise float64, results []Result, rules ...string) []byte {
	var labels []string
	series := make([]Series, len(rules))
	for i, name := range rules {
		series[i].Name = name
		for _, x := range results {
			v := math.NaN()
			if t, ok := x.Find(name); ok {
				v = 100 * t.Share(Harm)
			}
			series[i].Values = append(series[i].Values, v)
		}
	}
	for _, x := range results {
		labels = append(labels, x.Name)
	}
	return Dots(title, " %", labels, series, 100, 100*promise)
}

func (o Options) alarmLines(x Result, length int) []byte {
	var series []Series
	for _, t := range x.Tallies {
		s := Series{Name: t.Rule}
		for _, v := range t.By(length) {
			s.Values = append(s.Values, 100*v)
		}
		series = append(series, s)
	}
	return Lines("Harmless canaries rolled back by each look: "+x.About, "windows", " %", series, 100, 100*falseRollback)
}

func (o Options) falsePromotions(ctx context.Context, r *Report) error {
	results, err := o.PlayAll(ctx, "at the margin", atTheMargin())
	if err != nil {
		return err
	}
	t := Table{Columns: append([]string{"canary at the margin", "world", "runs", "Verdin", "upper bound", "bar"}, rivals...)}
	for _, x := range results {
		ours := x.Tallies[0]
		row := []string{x.Name, x.About, Thousands(ours.Runs()), Percent(ours.Share(Safe)), Percent(ours.Upper(Safe)), Percent(x.Bar())}
		for _, name := range rivals {
			row = append(row, cell(x, name, func(t Tally) float64 { return t.Share(None) }))
		}
		t.Rows = append(t.Rows, row)
		if o.Broken(ours.Count(Safe), ours.Runs(), x.Bar()) {
			r.Break("%s: called safe in %d of %d runs, the bar is %v", x.Name, ours.Count(Safe), ours.Runs(), x.Bar())
		}
	}
	if k, n, bad := o.pooledBroken(results, Safe); bad {
		r.Break("canaries at the margin, exact methods together: called safe in %d of %d runs", k, n)
	}
	r.Section("False promotions", "Share of canaries exactly as bad as the margin that are called safe at some look, in percent. The others have no such claim: what they do not roll back by the end of the ramp, they promote; that is their column.", t)
	return nil
}
