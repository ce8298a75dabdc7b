package decision

import (
	"fmt"
	"strings"

	"verdin/schemas"
)

// Explain puts a verdict into plain words: what was decided, why, every check on a
// line, and what would have changed it.
func Explain(v *schemas.Verdict) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s/%s, generation %d, verdict %d: %s", v.Namespace, v.Rollout, v.Generation, v.Sequence, strings.ToUpper(v.Verdict))
	r := reason(v.Reason.Code)
	line("Why: %s (%s: %s).", v.Reason.Message, r.Code, r.Meaning)
	line("Traffic now: canary %g %%, stable %g %%. What to do: %s.",
		float64(v.WeightOf(schemas.ArmCanary))/100, float64(v.WeightOf(schemas.ArmStable))/100, r.Remedy)
	if len(v.Checks) > 0 {
		line("Checks:")
	}
	for _, c := range v.Checks {
		line("  %s", explainCheck(c))
	}
	for _, m := range v.Next.Missing {
		line("Missing for the next step: %s.", m)
	}
	line("%s", changed(v))
	return b.String()
}

func explainCheck(c schemas.Check) string {
	head := fmt.Sprintf("%-24s %-7s", c.Name, c.Result)
	if c.Blocks == 0 || c.N[0]+c.N[1] == 0 {
		return head + " no window of this stage scored yet"
	}
	numbers := fmt.Sprintf("stable %.4g, canary %.4g", c.Value[0], c.Value[1])
	switch c.Kind {
	case "drift":
		numbers = fmt.Sprintf("%s %.3g", c.Method, c.Effect.Estimate)
	case "sample_ratio":
		numbers = fmt.Sprintf("ordered %.4g, arrived %.4g", c.Value[0], c.Value[1])
	}
	if c.Effect.Level > 0 {
		numbers += fmt.Sprintf(", %s %+.4g in [%.4g, %.4g]", c.Effect.Scale, c.Effect.Estimate, c.Effect.Low, c.Effect.High)
	}
	need := "is needed"
	if c.Result != "unknown" {
		need = "was needed"
	}
	return fmt.Sprintf("%s %s; n %d and %d; e^%.1f against %q, e^%.1f %s", head, numbers, c.N[0], c.N[1], c.LogE, c.Null, c.Threshold, need)
}

// changed says what other evidence would have led elsewhere.
func changed(v *schemas.Verdict) string {
	switch v.Verdict {
	case schemas.VerdictRollback:
		if v.Reason.Code == ReasonCommand {
			return "What would have changed it: no command."
		}
		return "What would have changed it: less evidence of harm, or a wider tolerance, stated before the rollout."
	case schemas.VerdictHold:
		return "What would change it: the cause of the hold going away, or an operator's command."
	}
	return "What would have changed it: harm shown on any guardrail, or safety not shown on one of them."
}
