package main

import "testing"

// Rows that come and do not count are told of once, by what became of them.
func TestRowsThatNameAnotherRolloutAreToldOf(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a", "name: a}", "name: a, namespace: prod}")
	p := launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"verdict acked"`)
	r.fill(t, "events", "a", strangers)
	p.await(t, "rows come and none counts for this rollout: its events must say rollout prod/a", `"rows":{"other_rollout":1000`)
	p.stop(t)
	noGoroutinesLeft(t)
}
