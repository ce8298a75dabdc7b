package planning

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Text writes a plan as one table per stage.
func (p *Plan) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %.4g predictions a minute, windows of %v\n", p.Rollout, p.PerMinute, p.Window)
	for _, s := range p.Stages {
		if s.Weight == 0 {
			fmt.Fprintf(&b, "\nstage %d: mirrored, %.3g pairs a window, bake %v\n", s.Stage, s.Units[1], s.Bake)
		} else {
			fmt.Fprintf(&b, "\nstage %d: %.4g %% canary, %.3g stable and %.3g canary predictions a window, bake %v\n", s.Stage, 100*s.Share, s.Units[0], s.Units[1], s.Bake)
		}
		if len(s.Metrics) > 0 {
			s.table(&b)
		}
		for _, warning := range s.Warnings {
			fmt.Fprintf(&b, "  ! %s\n", warning)
		}
	}
	if len(p.Notes) > 0 {
		fmt.Fprintln(&b)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "! %s\n", n)
	}
	return b.String()
}

func (s *Stage) table(b *strings.Builder) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  guardrail\tbase\tmargin\tbake reaches\tsafe: median\tp90\tharm of 2 margins: median\tp90")
	for _, r := range s.Metrics {
		reachable := "–"
		if r.Reachable > 0 {
			reachable = size(r.Reachable, r.Relative)
		}
		fmt.Fprintf(t, "  %s\t%.3g\t%s\t%s\t%v\t%v\t%v\t%v\n", r.Metric, r.Base, size(r.Margin, r.Relative), reachable,
			r.Safe.median(), r.Safe.p90(), r.Harm.median(), r.Harm.p90())
	}
	fmt.Fprintf(t, "  step forward\t\t\t\t%v\t%v\n", s.Forward.median(), s.Forward.p90())
	t.Flush()
}

func (t Time) median() string { return spent(t.Median, t.MedianTime) }
func (t Time) p90() string    { return spent(t.P90, t.P90Time) }

// spent is a time with its windows in brackets.
func spent(windows float64, d Duration) string {
	if windows == 0 {
		return "never"
	}
	return fmt.Sprintf("%v (%.6g)", d, windows)
}
