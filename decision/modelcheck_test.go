package decision_test

import (
	"time"

	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

// check holds one look against the promises.
func (m *model) check(was decision.State, in *decision.Input, v *schemas.Verdict) {
	m.t.Helper()
	m.silent(was, in, v)
	if v == nil {
		return
	}
	m.chained(v)
	m.moved(was, in, v)
	m.chain = append(m.chain, link{v: v, digest: schemas.Digest(v.AppendJSON(nil))})
}

// silent: what must be said, and what must not.
func (m *model) silent(was decision.State, in *decision.Input, v *schemas.Verdict) {
	m.t.Helper()
	over := was.Final() && was.Phase != schemas.PhaseCompleted
	switch {
	case v != nil && over:
		m.fail("%s after the end", v.Verdict)
	case v != nil && in.Cut.CatchingUp && v.Verdict != rollback:
		m.fail("%s on old news", v.Verdict)
	case over || m.st.Fenced:
	case m.ended && (v == nil || v.Verdict != rollback):
		m.fail("an operator's rollback was not obeyed: %+v", v)
	case harm(m.spec, in) && live(m.st) && (v == nil || v.Verdict != rollback):
		m.fail("harm is shown and nothing follows: %+v", v)
	}
}

// live: is a stage running, after whatever news the look brought?
func live(st decision.State) bool {
	switch st.Phase {
	case schemas.PhaseRunning, schemas.PhaseHeld, schemas.PhasePaused, schemas.PhasePromoted:
		return st.Sequence > 1
	}
	return false
}

// harm: does a guardrail's evidence of harm order a rollback?
func harm(s *decision.Spec, in *decision.Input) bool {
	for _, e := range in.Evidence {
		if s.Policy.OnGuardrail == "rollback" && e.Role == decision.Guardrail && e.Result == stats.Harm && e.LogEMax >= e.Threshold {
			return true
		}
	}
	return false
}

// chained: no sequence twice, each verdict names the one before it that was sent.
func (m *model) chained(v *schemas.Verdict) {
	m.t.Helper()
	prev := ""
	if n := len(m.chain); n > 0 {
		prev = m.chain[n-1].digest
	}
	if m.used[v.Sequence] || v.PrevDigest != prev || v.Generation != 1 {
		m.fail("verdict %d (used: %v) names %.12s, the last sent is %.12s", v.Sequence, m.used[v.Sequence], v.PrevDigest, prev)
	}
	m.used[v.Sequence] = true
}

// moved: weights go along the stages or to 0, and only with grounds.
func (m *model) moved(was decision.State, in *decision.Input, v *schemas.Verdict) {
	m.t.Helper()
	from, to := m.weight(), v.WeightOf(schemas.ArmCanary)
	forward := v.Reason.Code == "stage_passed" || v.Reason.Code == "promoted" || v.Reason.Code == "completed"
	switch {
	case v.Verdict == hold && to != from, v.Reason.Code == "resumed" && to != from:
		m.fail("%s %s moves %d → %d", v.Verdict, v.Reason.Code, from, to)
	case v.Verdict == rollback && (to != 0 || !m.grounds(in, v)):
		m.fail("rollback to %d without grounds: %+v", to, v.Reason)
	case m.spec.Strategy == decision.Shadow && to != 0, m.spec.Strategy == decision.Guard && to > 1000:
		m.fail("strategy %s gives the canary %d", m.spec.Strategy, to)
	case to > from && !forward && v.Reason.Code != "started":
		m.fail("%s raises %d → %d", v.Reason.Code, from, to)
	}
	if !forward {
		if v.Reason.Code == "started" {
			m.begun()
		}
		return
	}
	stage := v.Stage.Index - 1
	if v.Reason.Code == "completed" {
		stage = v.Stage.Index
	}
	if why := m.why(stage, in); why != "" {
		m.fail("%s: %d → %d although %s", v.Reason.Code, from, to, why)
	}
	if want := m.weightOf(v); to != want {
		m.fail("%s leads to %d, want %d", v.Reason.Code, to, want)
	}
	m.begun()
}

func (m *model) begun() {
	m.paced = m.at
	clear(m.votes)
}

// weightOf is the weight that a step forward leads to.
func (m *model) weightOf(v *schemas.Verdict) int {
	w := m.spec.Stages[v.Stage.Index].Weight * 100
	switch {
	case w == 10000 && v.Reason.Code != "completed":
		return w - int(m.spec.HoldBack*10000+0.5)
	}
	return w
}

// why is a second, dumb answer to what forbids a step forward from a stage.
func (m *model) why(stage int, in *decision.Input) string {
	s := m.spec.Stages[stage]
	last := m.chain[len(m.chain)-1]
	alone := s.Weight == 100 && m.spec.HoldBack == 0
	switch {
	case m.spec.Strategy == decision.Guard && !in.Cut.Ended:
		return "a guard never steps"
	case in.Stage.Bake < s.Bake || !alone && in.Stage.LabelBake < s.Bake || in.Stage.LabelBake == 0 && stage == len(m.spec.Stages)-1:
		return "the bake is too short"
	case !alone && min(in.Stage.Samples[0], in.Stage.Samples[1]) < s.MinSamples || in.Stage.Samples[1] < s.MinSamples:
		return "samples are too few"
	case in.Cut.CatchingUp || in.Cut.Wall.Sub(in.Health.Mark) > 160*time.Second:
		return "windows are judged too late"
	case m.at-m.paced < s.Bake/2:
		return "the last step was a moment ago"
	case s.Gate == "manual" && len(m.votes) < m.spec.Policy.Approvals:
		return "too few operators have promoted"
	case !last.acked && last.v.Verdict != hold && last.v.Reason.Code != "resumed":
		return "no router has acknowledged the stage"
	case in.Faults.Internal != "":
		return "the engine has failed"
	case in.Faults.Strangers[1] > 0 && !alone:
		return "another version answers"
	}
	return unsafe(in, alone)
}

// unsafe: is anything shown that forbids a step, or not shown that it needs?
func unsafe(in *decision.Input, alone bool) string {
	safe := 0
	for _, e := range in.Evidence {
		if e.LogE != e.LogE {
			return e.Name + " is no number"
		}
		if e.Result == stats.Harm && (e.Role != "health" || e.LogEMax >= e.Threshold && !alone) {
			return e.Name + " speaks"
		}
		if e.Result == stats.Safe && e.LogE >= e.Threshold {
			safe++
		}
	}
	if safe != 4 && !alone {
		return "not every guardrail is shown safe"
	}
	return ""
}

// grounds: a rollback needs shown harm, a shown silence, a command, or a policy.
func (m *model) grounds(in *decision.Input, v *schemas.Verdict) bool {
	switch v.Reason.Code {
	case "harm", "limit_exceeded", "drift":
		return harm(m.spec, in)
	case "command":
		return v.Actor == "user:bob" && m.ended
	case "canary_silent":
		return in.Health.StableSinceCanary >= 20
	case "max_duration":
		return m.spec.Policy.OnMaxDuration == "rollback"
	}
	return false
}
