package decision

import (
	"fmt"
	"strings"

	"verdin/schemas"
)

// Explain puts a verdict into plain words: what was decided, why, every check with
// every number, and what would have changed it.
func Explain(v *schemas.Verdict) string { return Explained(v).Text() }

// ExplainMarkdown is Explain as Markdown, with the checks in a table.
func ExplainMarkdown(v *schemas.Verdict) string { return Explained(v).Markdown() }

// ExplainJSON is Explain as JSON.
func ExplainJSON(v *schemas.Verdict) []byte { return Explained(v).JSON() }

// Text is the account for a terminal.
func (a Account) Text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s, generation %d, verdict %d: %s", a.Rollout, a.Generation, a.Sequence, strings.ToUpper(a.Verdict))
	line("Why: %s (%s: %s).", a.Message, a.Reason, a.Meaning)
	line("Traffic now: canary %g %%, stable %g %%. What to do: %s.", a.Canary, a.Stable, a.Remedy)
	if len(a.Checks) > 0 {
		line("Checks:")
	}
	for i := range a.Checks {
		c := &a.Checks[i]
		line("  %s", c.head())
		if c.scored() {
			line("%28s%s", "", c.details())
		}
		line("%28sWhat would change it: %s.", "", c.Changed)
	}
	for _, m := range a.Missing {
		line("Missing for the next step: %s.", m)
	}
	if a.ETASeconds > 0 {
		line("At this pace all of it is there in about %s.", a.eta())
	}
	line("%s", a.Changed)
	return b.String()
}

func (a Account) eta() string { return soon(seconds(a.ETASeconds)) }

func (c *CheckAccount) scored() bool { return c.Blocks > 0 && c.N[0]+c.N[1] > 0 }

// head is a check on one line: result, effect and evidence.
func (c *CheckAccount) head() string {
	head := fmt.Sprintf("%-24s %-7s", c.label(), c.Result)
	if !c.scored() {
		return head + " no window of this stage scored yet"
	}
	need := "is needed"
	if c.Result != "unknown" {
		need = "was needed"
	}
	return fmt.Sprintf("%s %s; n %d and %d; e^%s against %q, e^%s %s", head, c.effect(), c.N[0], c.N[1], show(c.LogE), c.Null, show(c.Threshold), need)
}

func (c *CheckAccount) label() string {
	if c.Segment == "" {
		return c.Name
	}
	return c.Name + " in " + c.Segment
}

func (c *CheckAccount) effect() string {
	numbers := fmt.Sprintf("stable %.4g, canary %.4g", c.value[0], c.value[1])
	switch c.kind {
	case "drift":
		numbers = c.Method + " " + short(c.Estimate, "%.3g")
	case "sample_ratio":
		numbers = fmt.Sprintf("ordered %.4g, arrived %.4g", c.value[0], c.value[1])
	}
	if c.Level > 0 {
		numbers += fmt.Sprintf(", %s %s in [%s, %s]", c.Scale, short(c.Estimate, "%+.4g"), short(c.Low, "%.4g"), short(c.High, "%.4g"))
	}
	return numbers
}

// details are the numbers beside the decisive ones.
func (c *CheckAccount) details() string {
	kind := "exact"
	if !c.Exact {
		kind = "asymptotic"
	}
	out := fmt.Sprintf("%s, %s; largest evidence e^%s; p %s; error budget %s; %d blocks", c.Method, kind, show(c.LogEMax), short(c.P, "%.3g"), short(c.Budget, "%.3g"), c.Blocks)
	if c.Level > 0 {
		out += fmt.Sprintf("; interval at %g %%", c.Level*100)
	}
	if s := c.skips(); s != "" {
		out += "; left out: " + s
	}
	if len(c.Warnings) > 0 {
		out += "; " + strings.Join(c.Warnings, ", ")
	}
	return out
}

// skips counts the blocks that were not scored, by reason.
func (c *CheckAccount) skips() string {
	var out []string
	for i, why := range []string{"with an empty arm", "while the split changed", "incomplete", "learning", "with too few units", "of unknown share"} {
		if n := c.Skipped[i]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, why))
		}
	}
	return strings.Join(out, ", ")
}

// show prints an exponent, short any number; both say when there is none.
func show(x *float64) string { return short(x, "%.1f") }

func short(x *float64, format string) string {
	if x == nil {
		return "?"
	}
	return fmt.Sprintf(format, *x)
}

// Markdown is the account for a pull request or a chat.
func (a Account) Markdown() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("## %s: %s", a.Rollout, a.Verdict)
	line("")
	line("Generation %d, verdict %d, stage %d, phase %s, by %s. Canary %g %%, stable %g %%.", a.Generation, a.Sequence, a.Stage, a.Phase, plain(a.Actor), a.Canary, a.Stable)
	line("")
	line("**Why:** %s (`%s`: %s). **What to do:** %s.", plain(a.Message), a.Reason, a.Meaning, a.Remedy)
	if len(a.Checks) > 0 {
		line("")
		line("| check | role | result | effect | n | evidence | needed | method | what would change it |")
		line("|---|---|---|---|---|---|---|---|---|")
	}
	for i := range a.Checks {
		c := &a.Checks[i]
		effect, evidence := "none yet", "none yet"
		if c.scored() {
			effect, evidence = c.effect(), fmt.Sprintf("e^%s, at most e^%s", show(c.LogE), show(c.LogEMax))
		}
		line("| %s | %s | %s | %s | %d, %d | %s | e^%s | %s | %s |", plain(c.label()), c.Role, c.Result, plain(effect), c.N[0], c.N[1], evidence, show(c.Threshold), plain(c.Method), plain(c.Changed))
	}
	if len(a.Missing) > 0 {
		line("")
		line("Missing for the next step:")
		line("")
	}
	for _, m := range a.Missing {
		line("- %s", plain(m))
	}
	if a.ETASeconds > 0 {
		line("")
		line("At this pace all of it is there in about %s.", a.eta())
	}
	line("")
	line("%s", a.Changed)
	return b.String()
}

// plain keeps text of specs and operators from being read as Markdown or HTML.
func plain(s string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "\n", " ").Replace(s)
}

// changed says what other evidence would have led elsewhere.
func changed(v *schemas.Verdict) string {
	switch v.Verdict {
	case schemas.VerdictRollback:
		if v.Reason.Code == ReasonCommand {
			return "What would have changed it: no command."
		}
		if v.Reason.Code == ReasonCanarySilent {
			return "What would have changed it: any event of the canary."
		}
		if v.Reason.Code == ReasonMaxDuration {
			return "What would have changed it: what was missing, in time, or policy.onMaxDuration: hold."
		}
		return "What would have changed it: less evidence of harm, or a wider tolerance, stated before the rollout."
	case schemas.VerdictHold:
		return "What would change it: the cause of the hold going away, or an operator's command."
	}
	return "What would have changed it: harm shown on any guardrail, or safety not shown on one of them."
}
