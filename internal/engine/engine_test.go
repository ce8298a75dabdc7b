package engine_test

import (
	"slices"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/internal/engine"
	"verdin/schemas"
)

// namesake is the spec of these tests under another name.
func namesake(t testing.TB, name string) *decision.Spec {
	t.Helper()
	spec, err := decision.Parse([]byte(strings.Replace(specYAML, "name: law", "name: "+name, 1)), name)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// feedAll gives events to shard 0 of an engine with one log of every kind.
func feedAll(e *engine.Engine, layout *schemas.Layout, events ...schemas.Event) {
	d := codec.New(layout, codec.Options{Recording: true})
	var c schemas.Chunk
	c.Reset(0, layout)
	for i, ev := range events {
		d.Append(&c, codec.Record{Offset: int64(i), Value: ev.AppendLine(nil)})
	}
	for row := 0; row < c.Len(); {
		row = e.Feed(0, &c, row)
	}
}

// Rollouts of one source see the same rows and share nothing else.
func TestRolloutsOfOneSourceAreIndependent(t *testing.T) {
	e := engine.New([][]schemas.Log{{{Topic: "all", Kinds: predictions | outcomes}}})
	one, two := namesake(t, "law"), namesake(t, "order")
	layout := engine.Layout(one, two)
	for _, s := range []*decision.Spec{one, two} {
		if err := e.Start(s, layout, decision.Head{Generation: 3}, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Start(one, layout, decision.Head{}, 0); err == nil || !strings.Contains(err.Error(), "default/law is already running") {
		t.Errorf("a second start: %v", err)
	}
	if got := e.Rollouts(); !slices.Equal(got, []string{"default/law", "default/order"}) {
		t.Fatalf("running %v", got)
	}
	other := answer("b", "stable", 2)
	other.Rollout = "order"
	feedAll(e, layout, answer("a", "stable", 1), other, answer("c", "stable", 16), answer("d", "stable", 17))
	if !e.Sealed() {
		t.Error("nothing is sealed")
	}
	out := e.Cut(engine.CutInput{Upto: schemas.Never})
	if len(out) != 2 || out[0].Rollout != "default/law" || out[0].Verdict.Rollout != "law" || out[1].Verdict.Rollout != "order" {
		t.Fatalf("outcomes %+v", out)
	}
	if out[0].Verdict.Generation != 4 {
		t.Errorf("generation %d follows 3", out[0].Verdict.Generation)
	}
	if e.Sealed() {
		t.Error("what a cut has judged is still new")
	}
	if law, order := e.Shard(0).Counts("default/law"), e.Shard(0).Counts("default/order"); law.Counted != 3 || law.Other != 1 || order.Counted != 1 || order.Other != 3 {
		t.Errorf("law %+v, order %+v", law, order)
	}
	e.Stop("default/law")
	if out := e.Cut(engine.CutInput{Upto: schemas.Never}); len(out) != 1 || out[0].Rollout != "default/order" {
		t.Errorf("after one was stopped: %+v", out)
	}
	if c := e.Shard(0).Counts("default/law"); c != (engine.Counts{}) {
		t.Errorf("a stopped rollout counts: %+v", c)
	}
}

// The layout is the union of what the rollouts read, each column once.
func TestOneLayoutServesAllRollouts(t *testing.T) {
	one, two := namesake(t, "law"), namesake(t, "order")
	if a, b := engine.Layout(one), engine.Layout(one, two); !slices.Equal(a.Fields[0], b.Fields[0]) {
		t.Errorf("%v and %v", a.Fields, b.Fields)
	}
	two.Metrics[0].Field = "ttft_seconds"
	all := engine.Layout(one, two).Fields[schemas.KindPrediction]
	if !slices.IsSorted(all) || !slices.Contains(all, "ttft_seconds") || !slices.Contains(all, "error_type") {
		t.Errorf("columns %v", all)
	}
	plan := engine.Compile(two, engine.Layout(one, two), 1, at(17))
	if plan.Start != at(10) || all[plan.Metrics[0].Column] != "ttft_seconds" || all[plan.ErrorCol] != "error_type" {
		t.Errorf("plan %+v over %v", plan, all)
	}
}
