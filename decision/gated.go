package decision

import "slices"

// Gated tells whether anything must be shown safe, or the same, before a step forward. If
// not, bake and samples alone move the rollout: there is no proof without a guardrail.
func (s *Spec) Gated() bool {
	return slices.ContainsFunc(s.Metrics, func(m Metric) bool {
		return m.Role == Guardrail && m.On != "resource" && m.gates()
	}) || slices.ContainsFunc(s.Drift, func(d Drift) bool {
		return d.Role == Guardrail && d.Comparison() == Tolerance
	})
}

// proof is what moved the rollout forward, in words.
func (s *Spec) proof() string {
	if s.Gated() {
		return "every guardrail is shown safe"
	}
	return "nothing had to be shown safe, for no guardrail asks for it"
}
