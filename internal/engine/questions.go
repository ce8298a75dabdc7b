package engine

import (
	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

// Questions are the tests that a spec asks for in its first generation, as they stand
// before any data: the claim that each speaks against, its method, whether the bound on its
// false claims is exact or asymptotic, and the log e at which it answers.
func Questions(s *decision.Spec) (all []stats.Evidence) {
	plan := Compile(s, Layout(s), 1, schemas.Time(0))
	for _, t := range newTests(s, s.Budget(1), plan) {
		all = t.Evidence(all)
	}
	return all
}
