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
	m.dated()
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
	case v != nil && in.Cut.CatchingUp && v.Verdict != rollback && v.Reason.Code != decision.ReasonInternal:
		m.fail("%s on old news", v.Verdict)
	case over || m.st.Fenced:
	case m.ended && (v == nil || v.Verdict != rollback):
		m.fail("an operator's rollback was not obeyed: %+v", v)
	case harm(m.spec, in) && live(m.st) && (v == nil || v.Verdict != rollback):
		m.fail("harm is shown and nothing follows: %+v", v)
	}
}

// dated: a window speaks for a stage only if it lies wholly between the routers'
// acknowledgement of that stage and the decision of the next.
func (m *model) dated() {
	m.t.Helper()
	from := wall(time.Duration(m.rng.Int64N(int64(m.at) + 1)))
	to := from.Add(10 * time.Second)
	stage, clean := m.st.StageAt(from, to)
	if !clean {
		return
	}
	for i, h := range m.st.History {
		begun := h.Stage == stage && h.AppliedAt != schemas.Unknown && h.AppliedAt <= from
		if begun && (i+1 == len(m.st.History) || to <= m.st.History[i+1].DecidedAt) {
			return
		}
	}
	m.fail("window %v counts for stage %d: %+v", from.Sub(start), stage, m.st.History)
}

// settles: when everything is well again, a rollout that has not ended goes on, or it
// says within a minute why not.
func (m *model) settles() {
	m.t.Helper()
	quiet := 0
	for range 600 {
		if m.st.Fenced || m.st.Final() || m.spec.Strategy == decision.Guard {
			return
		}
		m.at += 10 * time.Second
		in := good(m.spec, m.at)
		in.Commands = []decision.Command{{Verb: "resume", Actor: "ann"}, {Verb: "promote", Actor: "ann"}, {Verb: "promote", Actor: "bob"}}
		for i := range m.chain {
			if l := &m.chain[i]; !l.acked {
				l.acked = true
				in.Publish = append(in.Publish, decision.PublishResult{Generation: 1, Sequence: l.v.Sequence, Digest: l.digest, Result: "acked"})
				in.Applied = append(in.Applied, decision.Applied{Generation: 1, Sequence: l.v.Sequence, At: wall(m.at - time.Second)})
			}
		}
		var v *schemas.Verdict
		if m.st, v = decision.Decide(m.spec, m.st, in); v != nil {
			m.chain = append(m.chain, link{v: v, digest: schemas.Digest(v.AppendJSON(nil))})
		}
		if quiet++; v != nil || m.st.Held != "" || len(decision.Missing(m.spec, m.st, in)) > 0 {
			quiet = 0
		}
		if quiet > 6 {
			m.fail("nothing is missing, nothing holds, and nothing happens in %s", m.st.Phase)
		}
	}
	if m.st.Held == "" {
		m.fail("100 minutes of good looks, and it is %s", m.st.Phase)
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
	if why := m.red(in); why != "" {
		return why
	}
	return unsafe(in, alone)
}

// red: is a gate of the data's health red at this cut?
func (m *model) red(in *decision.Input) string {
	h := &in.Health
	switch {
	case m.still:
		return "an operator has paused it"
	case in.Cut.Unread != "":
		return "a topic is not read whole"
	case in.Cut.Wall.Sub(h.LastData) > 4*time.Minute:
		return "nothing was heard for minutes"
	case h.Late[0] > h.Seen[0]/20 || h.Late[1] > h.Seen[1]/10:
		return "too much came late"
	case m.spec.Health.Concentration > 0 && (in.Faults.Largest[0] > h.Seen[0]/10 || in.Faults.Largest[1] > h.Seen[1]/10) && h.Units[1] > 200:
		return "one unit is a crowd"
	}
	return ""
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
