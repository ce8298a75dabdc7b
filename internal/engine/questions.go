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

// Checks are the names that evidence may have under a spec: of its tests, and of the watch
// for labels that do not come.
func Checks(s *decision.Spec) (names []string) {
	for _, q := range Questions(s) {
		names = append(names, q.Name)
	}
	for i := range s.Metrics {
		names = append(names, s.Metrics[i].Name+"/heard")
	}
	return names
}
