package main

import (
	"fmt"
	"slices"
	"strings"

	"verdin/decision"
	"verdin/schemas"
)

// oneLine is a verdict on a timeline: when, what, where the traffic goes, why.
func oneLine(v *schemas.Verdict) string {
	var routes []string
	for _, r := range v.Routes {
		routes = append(routes, fmt.Sprintf("%s %g%%", r.Arm, float64(r.WeightBps)/100))
	}
	return fmt.Sprintf("%s  %-8s  %-24s  %s: %s", v.Time.Std().Format("15:04:05"), v.Verdict, strings.Join(routes, ", "), v.Reason.Code, v.Reason.Message)
}

// numbers are the decisive checks of a verdict, one line each: those with a shown
// claim, and the guardrails.
func numbers(v *schemas.Verdict) []string {
	var lines []string
	for _, c := range v.Checks {
		if slices.Contains([]string{"safe", "safe_stage", "same", "same_stage"}, c.Test) || c.Test == "holdback" && c.Result == "unknown" || c.Blocks == 0 || c.N[0]+c.N[1] == 0 || c.Role != "guardrail" && c.Result == "unknown" {
			continue
		}
		what := c.Metric
		switch {
		case c.Segment != "":
			what += " in " + c.Segment
		case c.Test == decision.HistoryTest:
			what = c.Name // which arm it is
		}
		line := fmt.Sprintf("%-14s %.4g → %.4g", what, c.Value[0], c.Value[1])
		if c.Effect.Level > 0 {
			form := "  %s %.4g, %g %% interval [%.4g, %.4g]"
			if c.Effect.Scale == "difference" {
				form = "  %s %+.4g, %g %% interval [%.4g, %.4g]"
			}
			line += fmt.Sprintf(form, c.Effect.Scale, c.Effect.Estimate, c.Effect.Level*100, c.Effect.Low, c.Effect.High)
		} else if c.Kind == "drift" {
			line = fmt.Sprintf("%-14s %s %.3g", what, c.Effect.Scale, c.Effect.Estimate)
		}
		if c.Method == decision.Rule {
			lines = append(lines, fmt.Sprintf("%s  n %d / %d  harm: %.0f windows of %.0f", line, c.N[0], c.N[1], c.LogEMax, c.Threshold))
			continue
		}
		lines = append(lines, fmt.Sprintf("%s  n %d / %d  harm: log e %.1f of %.1f", line, c.N[0], c.N[1], c.LogEMax, c.Threshold))
	}
	return lines
}
