package bench

import (
	"verdin/stats/sequential"
)

// HarmShown is Verdin's rule for a rollback on a share: the maximum of log E against
// "harm ≤ tolerance" has reached log(1/α).
func HarmShown(null sequential.Null, opt sequential.Options, alpha float64) Rule[Counts] {
	return Alarm("Verdin", func() func(Counts) bool {
		h := sequential.NewHarm(null, opt)
		return func(l Counts) bool {
			a, b := oriented(null, l)
			h.Observe(a, b, l.Stage)
			return h.LogEMax() >= threshold(alpha)
		}
	})
}

// SafetyShown is its rule for a step forward: log E against "harm ≥ margin" is now at
// least log(1/α), over all stages and in the running one.
func SafetyShown(null sequential.Null, opt sequential.Options, alpha float64) Rule[Counts] {
	return Pass("Verdin", func() func(Counts) bool {
		s, stage := sequential.NewSafe(null, opt), 0
		return func(l Counts) bool {
			if l.Stage != stage {
				stage = l.Stage
				s.StartStage(stage)
			}
			a, b := oriented(null, l)
			s.Observe(a, b, l.Stage)
			return min(s.LogE(), s.StageLogE()) >= threshold(alpha)
		}
	})
}

// oriented turns counts of what is bad into those of the metric.
func oriented(null sequential.Null, l Counts) (a, b sequential.Counts) {
	a, b = l.Stable, l.Canary
	if null.Worse == sequential.Lower {
		a.Y, b.Y = a.N-a.Y, b.N-b.Y
	}
	return a, b
}
