package story

import (
	"fmt"
	"math"
	"slices"

	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

// Check holds a tale against what is true in every story, whatever its script says. It
// knows nothing of the rules of decision but what they promise. It returns what is
// broken, one sentence each.
func (t *Tale) Check() (broken []string) {
	l := &laws{Tale: t, spec: t.Script.Spec}
	for i := range t.Cuts {
		l.m = &t.Cuts[i]
		if v := l.m.Out.Verdict; v != nil {
			l.said(v)
		}
		l.silent()
		l.was = l.m.Out.State
	}
	return l.broken
}

// laws walks through a tale.
type laws struct {
	*Tale
	spec       *decision.Spec
	m          *Moment
	was        decision.State // before the look
	head       *schemas.Verdict
	superseded bool // by another generation that has not begun
	used       map[[2]uint64]bool
	chain      []*schemas.Verdict // of the generation
	broken     []string
}

func (l *laws) fail(format string, a ...any) {
	l.broken = append(l.broken, fmt.Sprintf("at %v: ", l.m.At)+fmt.Sprintf(format, a...))
}

// said: what holds of every verdict.
func (l *laws) said(v *schemas.Verdict) {
	if l.head != nil && l.head.Generation != v.Generation {
		l.head, l.chain, l.was = nil, nil, decision.State{Stage: -1}
	}
	l.chained(v)
	if l.superseded && v.Reason.Code != decision.ReasonStarted {
		l.fail("%s of a generation that was superseded", v.Verdict)
	}
	l.superseded = v.Phase == schemas.PhaseSuperseded
	if decision.Final(l.was.Phase) && l.was.Phase != schemas.PhaseCompleted {
		l.fail("%s after the end", v.Verdict)
	}
	if l.m.Cut.CatchingUp && v.Verdict != schemas.VerdictRollback {
		l.fail("%s on old news", v.Verdict)
	}
	from := l.weight()
	to := v.WeightOf(schemas.ArmCanary)
	forward := slices.Contains([]string{decision.ReasonStagePassed, decision.ReasonPromoted, decision.ReasonCompleted}, v.Reason.Code)
	switch {
	case v.Reason.Code == decision.ReasonStarted:
		if to != 100*l.spec.Stages[0].Weight-l.held(0) {
			l.fail("the rollout starts with %d", to)
		}
	case v.Verdict == schemas.VerdictRollback:
		if to != 0 {
			l.fail("a rollback leaves %d", to)
		}
		l.grounds(v)
	case forward:
		l.step(v, from, to)
	case to != from:
		l.fail("%s %s moves %d → %d", v.Verdict, v.Reason.Code, from, to)
	}
	l.head, l.chain = v, append(l.chain, v)
}

// held is what the hold-back keeps from the canary in a stage, in 1/10,000.
func (l *laws) held(stage int) int {
	if l.spec.Stages[stage].Weight < 100 {
		return 0
	}
	return int(math.Round(l.spec.HoldBack * 1e4))
}

func (l *laws) weight() int {
	if l.head == nil {
		return 0
	}
	return l.head.WeightOf(schemas.ArmCanary)
}

// chained: no sequence twice, and each verdict names one before it, mostly the last. One
// that was never sent is passed over.
func (l *laws) chained(v *schemas.Verdict) {
	if l.used == nil {
		l.used = map[[2]uint64]bool{}
	}
	key := [2]uint64{v.Generation, v.Sequence}
	if l.used[key] {
		l.fail("sequence %d is given twice", v.Sequence)
	}
	l.used[key] = true
	for len(l.chain) > 0 && schemas.Digest(l.head.AppendJSON(nil)) != v.PrevDigest {
		l.chain = l.chain[:len(l.chain)-1]
		l.head = nil
		if n := len(l.chain); n > 0 {
			l.head = l.chain[n-1]
			l.was.Stage = l.head.Stage.Index
		}
	}
	if l.head == nil && v.PrevDigest != "" {
		l.fail("verdict %d follows one that was never given", v.Sequence)
	}
}

// step: a step forward goes to the next stage, with every guardrail shown safe, on
// fresh and complete data of a stage that every router has served long enough.
func (l *laws) step(v *schemas.Verdict, from, to int) {
	at := v.Stage.Index - 1
	want := 0
	if v.Reason.Code == decision.ReasonCompleted {
		at = len(l.spec.Stages) - 1
		want = 100 * l.spec.Stages[at].Weight
	} else if at >= 0 {
		want = 100*l.spec.Stages[at+1].Weight - l.held(at+1)
	}
	if at < 0 || l.head == nil || l.head.Stage.Index != at || to != want || to < from {
		l.fail("%s leads %d → %d, stage %d", v.Reason.Code, from, to, v.Stage.Index)
		return
	}
	stage, out := l.spec.Stages[at], &l.m.Out
	if l.spec.Strategy == decision.Guard {
		l.fail("a guard steps")
	}
	if out.Stage.Bake < stage.Bake {
		l.fail("%s after %v of %v", v.Reason.Code, out.Stage.Bake, stage.Bake)
	}
	if applied := l.applied(at); applied == schemas.Unknown || l.m.Cut.Wall.Sub(applied) < stage.Bake {
		l.fail("%s before every router served the stage for %v", v.Reason.Code, stage.Bake)
	}
	src := l.spec.Source
	if lag := l.m.Cut.Wall.Sub(out.Health.Mark); lag > max(2*src.Window, l.spec.Health.Lag)+src.Lateness+src.Window {
		l.fail("%s on windows that are %v old", v.Reason.Code, lag)
	}
	if out.State.Paused {
		l.fail("%s while paused", v.Reason.Code)
	}
	needed := claims
	if stage.Weight == 0 {
		needed = ofPairs
	}
	l.unsafe(v, needed, stage.Weight == 100 && l.held(at) == 0)
}

// applied is when every router served a stage that the state before the look knew.
func (l *laws) applied(stage int) schemas.Time {
	at := schemas.Unknown
	for _, h := range l.m.Out.State.History {
		if h.Stage == stage && h.AppliedAt != schemas.Unknown {
			at = h.AppliedAt
		}
	}
	return at
}

// claims are the tests of a guardrail that show safety; the others look for harm.
var claims = []string{"safe", "safe_stage", "cap_safe", "cap_safe_stage", "same", "same_stage"}

// ofPairs are those of a stage in which copies of requests are answered.
var ofPairs = []string{"paired_safe", "paired_safe_stage", "paired_cap_safe", "paired_cap_safe_stage", "same", "same_stage"}

// unsafe: is anything unknown or harmful where safety is needed?
func (l *laws) unsafe(v *schemas.Verdict, needed []string, alone bool) {
	shown := map[string]int{}
	for _, e := range l.m.Out.Evidence {
		switch {
		case e.Role != decision.Guardrail:
		case math.IsNaN(e.LogE + e.LogEMax):
			l.fail("%s with %s no number", v.Reason.Code, e.Name)
		case e.Result == stats.Harm && e.LogEMax >= e.Threshold:
			l.fail("%s although %s shows harm", v.Reason.Code, e.Name)
		case alone || e.Segment != "" || !slices.Contains(needed, e.Test) || !l.gates(e.Metric):
		case e.Result != stats.Safe || e.LogE < e.Threshold:
			l.fail("%s although %s is not shown: e^%.2f of e^%.2f", v.Reason.Code, e.Name, e.LogE, e.Threshold)
		default:
			shown[e.Metric]++
		}
	}
	for _, m := range l.spec.Metrics {
		if m.Role == decision.Guardrail && l.gates(m.Name) && !alone && shown[m.Name] < 2 {
			l.fail("%s although nothing speaks for %s", v.Reason.Code, m.Name)
		}
	}
}

// gates tells whether a metric must be shown safe: one of outcomes may watch only.
func (l *laws) gates(metric string) bool {
	for _, m := range l.spec.Metrics {
		if m.Name == metric {
			return m.On != "resource" && m.Mode != "watch" && m.Mode != "proxy"
		}
	}
	return true
}

// grounds: a rollback needs shown harm, a shown silence, a command or a policy.
func (l *laws) grounds(v *schemas.Verdict) {
	ok := false
	switch v.Reason.Code {
	case decision.ReasonHarm, decision.ReasonLimit, decision.ReasonDrift, decision.ReasonSignal:
		for _, e := range l.m.Out.Evidence {
			ok = ok || e.Result == stats.Harm && e.LogEMax >= e.Threshold &&
				(e.Role == decision.Guardrail || e.Role == decision.Signal && l.spec.Policy.OnSignal == "rollback")
		}
	case decision.ReasonCanarySilent:
		h := l.m.Out.Health
		ok = h.StableSinceCanary > 0 && l.m.Cut.Wall.Sub(h.LastArm[1]) >= l.spec.Health.SilentCanary
	case decision.ReasonCommand:
		ok = v.Actor != "" && v.Actor != "auto"
	case decision.ReasonMaxDuration:
		ok = l.spec.Policy.OnMaxDuration == "rollback"
	}
	if !ok {
		l.fail("a rollback without grounds: %s", v.Reason.Message)
	}
}

// silent: where harm is shown or an operator ends it, a rollback must come.
func (l *laws) silent() {
	st := l.m.Out.State
	if st.Fenced || decision.Final(st.Phase) || st.Stage < 0 || l.was.Stage < 0 || l.spec.Policy.OnGuardrail != "rollback" {
		return
	}
	for _, e := range l.m.Out.Evidence {
		if e.Role == decision.Guardrail && e.Result == stats.Harm && e.LogEMax >= e.Threshold {
			l.fail("%s shows harm and the rollout is %s", e.Name, st.Phase)
		}
	}
}
