package decision

import (
	"cmp"
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
	line("%s", a.setting())
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
	line("%s", a.basis())
	return b.String()
}

// setting is who decided when, in which stage and phase.
func (a Account) setting() string {
	out := fmt.Sprintf("Decided by %s at %s in stage %d of weight %d %%, entered %s, phase %s; bake %s, samples %d per arm.", a.Actor, a.Time,
		a.Stage, a.Weight, a.EnteredAt, a.Phase, soon(seconds(int64(a.BakeSeconds))), a.MinSamples)
	if a.KillSwitch {
		out += " The kill switch is on."
	}
	if a.DryRun {
		out += " Dry run: routers do not follow."
	}
	return out
}

// basis is what the verdict rests on, and how long it holds.
func (a Account) basis() string {
	var logs []string
	for _, in := range a.Inputs {
		logs = append(logs, fmt.Sprintf("%s/%d %d to %d", in.Topic, in.Partition, in.From, in.To))
	}
	return fmt.Sprintf("Valid until %s, then %s. Spec %s, rules %s; read: %s.", a.ValidUntil, a.OnExpiry, a.Spec, a.Rules, cmp.Or(strings.Join(logs, ", "), "nothing yet"))
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
	if c.Method == Rule {
		need = "needed"
	}
	return fmt.Sprintf("%s %s; n %d and %d; %s against %q, %s %s", head, c.effect(), c.N[0], c.N[1], c.evidence(c.LogE), c.Null, c.evidence(c.Threshold), need)
}

// evidence prints what a test has or needs: a power of e, or a rule's windows.
func (c *CheckAccount) evidence(x *float64) string {
	if c.Method == Rule && x != nil {
		return Windows(*x)
	}
	return "e^" + show(x)
}

func (c *CheckAccount) label() string {
	return labelled(c.Name, c.Segment)
}

func (c *CheckAccount) effect() string {
	numbers := fmt.Sprintf("stable %.4g, canary %.4g", c.value[0], c.value[1])
	switch c.kind {
	case "drift":
		numbers = cmp.Or(c.Scale, c.Method) + " " + short(c.Estimate, "%.3g") // a distance, or the share of a fault
	case "sample_ratio":
		numbers = fmt.Sprintf("ordered %.4g, arrived %.4g", c.value[0], c.value[1])
	}
	if c.Level > 0 {
		form := "%.4g"
		if c.Scale == "difference" {
			form = "%+.4g"
		}
		numbers += fmt.Sprintf(", %s %s in [%s, %s]", c.Scale, short(c.Estimate, form), short(c.Low, "%.4g"), short(c.High, "%.4g"))
	}
	return numbers
}

// details are the numbers beside the decisive ones.
func (c *CheckAccount) details() string {
	kind := "exact"
	if !c.Exact {
		kind = "asymptotic"
	}
	promise := fmt.Sprintf("%s, %s; largest evidence e^%s; p %s; error budget %s", c.Method, kind, show(c.LogEMax), short(c.P, "%.3g"), short(c.Budget, "%.3g"))
	if c.Method == Rule {
		promise = fmt.Sprintf("a rule without error control; at most %s", c.evidence(c.LogEMax))
	}
	out := fmt.Sprintf("%s; %d blocks", promise, c.Blocks)
	if c.Level > 0 {
		out += fmt.Sprintf("; interval at %g %%, %s", c.Level*100, c.Interval)
	}
	if c.Note != "" {
		out += "; " + c.Note
	}
	if c.Info != nil && *c.Info != 0 {
		out += "; information " + short(c.Info, "%.4g")
	}
	if c.First > 0 {
		out += "; first shown in the window of " + schemas.Time(c.First*1e6).String()
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
	line("Generation %d, verdict %d. Canary %g %%, stable %g %%. %s", a.Generation, a.Sequence, a.Canary, a.Stable, plain(a.setting()))
	line("")
	line("**Why:** %s (`%s`: %s). **What to do:** %s.", plain(a.Message), a.Reason, a.Meaning, a.Remedy)
	if len(a.Checks) > 0 {
		line("")
		line("| check | role | result | effect | n | evidence | against | needed | details | what would change it |")
		line("|---|---|---|---|---|---|---|---|---|---|")
	}
	for i := range a.Checks {
		c := &a.Checks[i]
		effect, evidence := "none yet", "none yet"
		if c.scored() {
			effect, evidence = c.effect(), c.evidence(c.LogE)
		}
		line("| %s | %s | %s | %s | %d, %d | %s | %s | %s | %s | %s |", plain(c.label()), c.Role, c.Result, plain(effect), c.N[0], c.N[1], evidence, plain(c.Null), c.evidence(c.Threshold), plain(c.details()), plain(c.Changed))
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
	line("%s", plain(a.Changed))
	line("")
	line("%s", plain(a.basis()))
	return b.String()
}

// plain keeps text of specs and operators from being read as Markdown or HTML.
func plain(s string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "\n", " ").Replace(s)
}
