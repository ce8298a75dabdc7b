package bench

import (
	"context"
	"fmt"
	"math"

	"verdin/stats/sequential"
)

// plans holds the planning formula against simulations, in a table of its own.
type plans struct{ Table }

func (p *plans) add(o Options, r *Report, what string, t Tally, law sequential.Passage) {
	median, p90 := float64(t.Quantile(0.5)), float64(t.Quantile(0.9))
	m, q := law.Quantile(0.5), law.Quantile(0.9)
	p.Rows = append(p.Rows, []string{what, Number(median), Number(m), Number(p90), Number(q)})
	if o.Full() && math.Abs(m-median) > math.Max(1, 0.2*median) {
		r.Break("%s: the planned median is %v windows, the simulated one %v", what, m, median)
	}
	if o.Full() && math.Abs(q-p90) > math.Max(1, 0.3*p90) {
		r.Break("%s: the planned 90th percentile is %v windows, the simulated one %v", what, q, p90)
	}
}

// Bars of delay: against an oracle that is told the size of the harm, and one that is
// told the base rate as well.
const (
	barConditional = 1.30
	barSPRT        = 1.50
	z99            = 2.326
	barFixed       = 1.60 // median time to safety ÷ a fixed sample at 80 % power
)

// power plays what takes time, and what was planned.
func (o Options) power(ctx context.Context, r *Report) error {
	p := plans{Table{Columns: []string{"windows until it is shown", "median", "planned", "p90", "planned"}}}
	if err := o.foundHarm(ctx, r, &p); err != nil {
		return err
	}
	if err := o.shownSafe(ctx, r, &p); err != nil {
		return err
	}
	r.Section("Planning", "The formula of `verdin plan` ([planning](planning.md)) beside the simulations of the last two tables. Bars: ± 20 % or one window at the median, ± 30 % at the 90th percentile.", p.Table)
	return nil
}

func (o Options) foundHarm(ctx context.Context, r *Report, p *plans) error {
	var cases []Case
	for _, d := range delays {
		cases = append(cases, d.Case(fmt.Sprintf("%g × odds %g, %g a window", d.Rate, d.Odds, d.PerWindow)))
	}
	results, err := o.PlayAll(ctx, "harm", cases)
	if err != nil {
		return err
	}
	t := Table{Columns: []string{"base rate × harm", "runs", "Wald's limit", OracleSPRT, OracleConditional, "Verdin", "÷ SPRT", "÷ conditional", Uninformed, "GrowthBook", "Howard–Ramdas"}}
	var labels []string
	series := make([]Series, 4)
	for i, x := range results {
		length := delays[i].Windows
		mean := func(rule string) float64 { t, _ := x.Find(rule); return t.Mean(length) }
		row := []string{x.Name, Thousands(x.Tallies[0].Runs()), Number(delays[i].Wald())}
		for _, rule := range []string{OracleSPRT, OracleConditional, "Verdin"} {
			row = append(row, Number(mean(rule)))
		}
		for _, b := range []struct {
			oracle string
			bar    float64
		}{{OracleSPRT, barSPRT}, {OracleConditional, barConditional}} {
			oracle, _ := x.Find(b.oracle)
			q, se := ratio(x.Tallies[0], oracle, length)
			row = append(row, fmt.Sprintf("%.3f ± %.3f", q, se))
			if o.judges() && q-z99*se > b.bar {
				r.Break("%s: mean delay is %.3f × that of the %s, the bar is %v", x.Name, q, b.oracle, b.bar)
			}
		}
		for _, rule := range []string{Uninformed, "GrowthBook", "Howard–Ramdas"} {
			row = append(row, Number(mean(rule)))
		}
		t.Rows = append(t.Rows, row)
		labels = append(labels, x.Name)
		p.add(o, r, "harm: "+x.Name, x.Tallies[0], delays[i].Planned())
		for k, rule := range []string{"Verdin", "GrowthBook", "Howard–Ramdas", OracleConditional} {
			series[k].Name = rule
			series[k].Values = append(series[k].Values, mean(rule)/mean(OracleSPRT))
		}
	}
	r.Section("Delay", fmt.Sprintf("Mean number of windows until harm is shown at α = 1 %%, tolerance 0, one stage of 10 %% canary, a rate that never changes (the others' bounds hold only there). The conditional oracle is told the odds ratio, the SPRT both rates; Verdin the historical rate, or nothing. Bars: ≤ %.2f × SPRT, ≤ %.2f × conditional; ratios have their standard error beside them, and a bar is broken where the lower bound at 99 %% lies above it.", barSPRT, barConditional), t)
	r.Draw("delay.svg", "mean delay in units of the oracle's", Dots("Mean windows to show harm, in units of the oracle SPRT (dashed: the bar)", "", labels, series, 5, barSPRT))
	return nil
}

func (o Options) shownSafe(ctx context.Context, r *Report, p *plans) error {
	var cases []Case
	for _, s := range noninferiors {
		cases = append(cases, s.Case())
	}
	results, err := o.PlayAll(ctx, "safe", cases)
	if err != nil {
		return err
	}
	t := Table{Columns: []string{"base rate and margin", "runs", "fixed sample, 80 %", "Verdin, median", "÷ fixed", "p90", "never"}}
	for i, x := range results {
		ours, s := x.Tallies[0], noninferiors[i]
		fixed, median := s.Fixed(), float64(ours.Quantile(0.5))
		t.Rows = append(t.Rows, []string{x.Name, Thousands(ours.Runs()), Number(fixed), Number(median), fmt.Sprintf("%.2f", median/fixed), Number(float64(ours.Quantile(0.9))), Percent(ours.Share(None))})
		p.add(o, r, "safe: "+x.Name, ours, s.Planned())
		most := barFixed * fixed
		if !o.Full() {
			most++ // a window: what a median of few runs may be off
		}
		if o.judges() && !(median > 0 && median <= most) {
			r.Break("%s: the median is %v windows, the bar %.2f × %v", x.Name, median, barFixed, fixed)
		}
	}
	r.Section("Time to safety", fmt.Sprintf("Windows until a harmless canary is shown to be within its margin, α = 5 %%, one stage of 10 %% canary, ± 30 %% over the day. Bar: median ≤ %.2f × the fixed sample that one look with 80 %% power would need.", barFixed), t)
	return nil
}
