//go:build !race

package engine_test

// What these tests look at is the same with the race detector and without it, and takes
// a minute with it: they run without it alone.

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"verdin/internal/engine"
	"verdin/internal/scenario"
)

// fixed are the fields that stay as they were made, by type.
var fixed = []string{
	"engine.Engine.logs", "engine.Engine.rollouts", "engine.Engine.shards",
	"engine.Judge.origins", "engine.Judge.tests", "engine.Judge.heard",
	"engine.Shard.base", "engine.Shard.index", "engine.Shard.logs", "engine.Shard.views",
	"engine.Shard.out", "engine.rollout.pending", // empty after a cut
	"engine.driftCheck.features", "engine.driftCheck.limit", "engine.driftCheck.segment", "engine.driftCheck.within", "engine.watched.slot", "engine.driftCheck.stages", "engine.watched.at", "engine.watched.field",
	"engine.historyCheck.fields", "engine.historyCheck.length", "engine.historyCheck.limit", "engine.ownPast.first", // of an arm that moves: TestTheRememberedPastIsBounded
	"engine.driftCheck.subs", "engine.driftCheck.sticky", "engine.driftCheck.same", "engine.coverage.need", "engine.thresholds.cap", "engine.capCheck.safe", "engine.held.need", "engine.held.stage", "engine.held.first", "engine.held.blocks", "engine.held.since", "engine.held.bake", // after promotion, which no scene reaches: see TestEveryTestKeepsItsState

	"engine.sticky.safe", "engine.sticky.capSafe", "engine.sampleRatio.sticky", "engine.exposed.level", // of more units than a scene has
	"engine.hasher.a", "engine.hasher.b", "engine.learner.features", "engine.learner.samples", "engine.learner.want", "engine.wanted.groups", "engine.wanted.fine", "engine.watched.world", // of a spec with a baseline: TestEveryTestKeepsItsState

	"engine.mean.safe", "engine.proportion.safe", "engine.quantile.safe", "engine.sampleRatio.limit",
	"engine.metricTest.at", "engine.metricTest.segment", "engine.metricTest.within", "engine.metricTest.lane", "engine.metricTest.margins", "engine.metricTest.use",
	"engine.origin.counts", "engine.rollout.name", "engine.thresholds.harm", "engine.thresholds.limit", "engine.thresholds.safe",
	"engine.rates.sticky", "engine.view.base", "engine.view.asks", "engine.view.pairs", "engine.metricTest.pairs", "engine.pairs.safe", "engine.pairedCap.safe", "engine.rate.safe", "engine.quotient.safe", "engine.view.labels", "engine.view.logs", "engine.view.planHash", "engine.view.pools", "engine.view.shard",
	"join.Joiner.units", "join.Joiner.horizon", "join.Joiner.length", "join.Joiner.skew",
	"decision.HealthData.Since",
}

// The comparison of fields is about something: in some scenario each of them is other
// than at the start, but for those that are fixed from the start. A new field of the
// engine must be exercised by the scenes, or stand in the list.
func TestEveryFieldOfTheStateIsExercised(t *testing.T) {
	seen, touched := map[string]bool{}, map[string]bool{}
	for _, name := range append(scenario.Names(), "sticky") {
		s, n := newScene(t, name), 0
		s.play(t, func(engine.Outcome) {
			if n++; n%7 > 0 && n < 120 {
				return
			}
			w := newWalker()
			w.compare(reflect.ValueOf(s.fresh(t)), reflect.ValueOf(s.core), "engine.Engine")
			maps.Copy(seen, w.all)
			maps.Copy(touched, w.touched)
		})
	}
	for f := range seen {
		own := strings.HasPrefix(f, "engine.") || strings.HasPrefix(f, "join.") || strings.HasPrefix(f, "decision.HealthData.") || strings.HasPrefix(f, "decision.StageData.")
		if own && !touched[f] && !slices.Contains(fixed, f) {
			t.Errorf("%s is never other than at the start: have a scene change it, or say that it is fixed", f)
		}
	}
}
