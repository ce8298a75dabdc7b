package flags_test

import (
	"fmt"
	"testing"
	"time"

	of "github.com/open-feature/go-sdk/openfeature"

	"verdin/publish/flags"
	"verdin/publish/router"
	"verdin/schemas"
)

var noon = schemas.TimeOf(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))

// served stands for a router that follows one rollout.
type served struct{ flag *flags.Flag }

func (s served) Status(name string) (router.Status, bool) {
	return router.Status{WeightBps: s.flag.WeightBps, Killed: s.flag.Killed}, name == "prod/recsys"
}

func (s served) Choose(_, id string) router.Choice {
	arm, _ := s.flag.Choose(id)
	return router.Choice{Arm: arm, ModelVersion: s.flag.Value(arm), Generation: s.flag.Generation, Stage: s.flag.Stage}
}

// client is an OpenFeature client of the SDK before a provider.
func client(t testing.TB, f *flags.Flag, sink flags.Sink) *of.Client {
	t.Helper()
	p := flags.NewProvider(served{f}, func() schemas.Time { return noon }, sink)
	if err := of.SetNamedProviderAndWait(t.Name(), p); err != nil {
		t.Fatal(err)
	}
	return of.NewClient(t.Name())
}

func unit(key string) of.EvaluationContext { return of.NewEvaluationContext(key, nil) }

func TestTheSDKGetsTheRoutersChoice(t *testing.T) {
	f := flags.Of(verdict(2500))
	c := client(t, &f, nil)
	seen := map[string]int{}
	for n := range 1000 {
		id := fmt.Sprint("user-", n)
		want, _ := f.Choose(id)
		d, err := c.StringValueDetails(t.Context(), "prod.recsys", "code default", unit(id))
		if err != nil || d.Value != f.Value(want) || d.Variant != want || d.Reason != of.SplitReason {
			t.Fatalf("%s: %+v %v, want %s", id, d, err, want)
		}
		if on, err := c.BooleanValue(t.Context(), "prod/recsys", false, unit(id)); err != nil || on != (want == "canary") {
			t.Fatalf("%s: boolean %v %v", id, on, err)
		}
		seen[want]++
	}
	if seen["canary"] < 200 || seen["canary"] > 300 { // 250 ± 3.6 standard deviations
		t.Errorf("of 1000 units at 25 %% the canary got %d", seen["canary"])
	}
	d, err := c.ObjectValueDetails(t.Context(), "prod.recsys", nil, unit("user-1"))
	if m, ok := d.Value.(map[string]any); err != nil || !ok || m["generation"] != int64(3) {
		t.Errorf("object %+v %v", d, err)
	}
	if got, _ := d.FlagMetadata.GetInt("generation"); got != 3 {
		t.Errorf("metadata %+v", d.FlagMetadata)
	}
}

func TestTheSDKGetsItsDefaultWithAReason(t *testing.T) {
	f := flags.Of(verdict(2500))
	c := client(t, &f, nil)
	for name, x := range map[string]struct {
		flag string
		ctx  of.EvaluationContext
		want of.ErrorCode
	}{
		"unknown":       {"prod.absent", unit("u"), of.FlagNotFoundCode},
		"nobody":        {"prod.recsys", of.EvaluationContext{}, of.TargetingKeyMissingCode},
		"an unreadable": {"prod.recsys", of.NewTargetlessEvaluationContext(map[string]any{"targetingKey": 5}), of.InvalidContextCode},
	} {
		d, err := c.StringValueDetails(t.Context(), x.flag, "code default", x.ctx)
		if err == nil || d.Value != "code default" || d.ErrorCode != x.want {
			t.Errorf("%s: %+v %v", name, d, err)
		}
	}
	if d, err := c.IntValueDetails(t.Context(), "prod.recsys", 7, unit("u")); err == nil || d.Value != 7 || d.ErrorCode != of.TypeMismatchCode {
		t.Errorf("a number: %+v %v", d, err)
	}
	if d, err := c.FloatValueDetails(t.Context(), "prod.recsys", 7, unit("u")); err == nil || d.Value != 7 || d.ErrorCode != of.TypeMismatchCode {
		t.Errorf("a fraction: %+v %v", d, err)
	}
	f.WeightBps = 0 // rolled back: nobody needs a key
	if d, err := c.StringValueDetails(t.Context(), "prod.recsys", "code default", of.EvaluationContext{}); err != nil || d.Value != "v41" || d.Reason != of.StaticReason {
		t.Errorf("rolled back: %+v %v", d, err)
	}
	f = flags.Flag{} // a router before its first verdict
	if d, err := c.StringValueDetails(t.Context(), "prod.recsys", "code default", unit("u")); err != nil || d.Value != "code default" || d.Reason != of.DefaultReason {
		t.Errorf("before the first verdict: %+v %v", d, err)
	}
}

func TestTrackingMakesOutcomes(t *testing.T) {
	f := flags.Of(verdict(2500))
	var got []*schemas.Outcome
	c := client(t, &f, func(o *schemas.Outcome) { got = append(got, o) })
	c.Track(t.Context(), "conversion", unit("user-1"), of.NewTrackingEventDetails(0))
	c.Track(t.Context(), "revenue", unit("user-1"), of.NewTrackingEventDetails(12.5))
	c.Track(t.Context(), "revenue", unit("user-2"), of.NewTrackingEventDetails(0).Add("value", 0.0))
	c.Track(t.Context(), "thumbs", unit("user-1"), of.NewTrackingEventDetails(0).Add("value", false).Add("prediction_id", "p-1").Add("label", "down").Add("identifier", "i-1"))
	c.Track(t.Context(), "lost", of.EvaluationContext{}, of.NewTrackingEventDetails(1))
	want := []schemas.Outcome{
		{UnitID: "user-1", Name: "conversion", Value: schemas.Bool(true)},
		{UnitID: "user-1", Name: "revenue", Value: schemas.Num(12.5)},
		{UnitID: "user-2", Name: "revenue", Value: schemas.Num(0)},
		{PredictionID: "p-1", Name: "thumbs", Value: schemas.Bool(false), Label: schemas.Str("down"), Identifier: "i-1"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d outcomes, want %d", len(got), len(want))
	}
	for i, o := range got {
		if want[i].EventTime = noon.Std(); *o != want[i] {
			t.Errorf("outcome %d is %+v, want %+v", i, *o, want[i])
		}
	}
}

func BenchmarkStringEvaluation(b *testing.B) {
	f := flags.Of(verdict(2500))
	p := flags.NewProvider(served{&f}, func() schemas.Time { return noon }, nil)
	flat := of.FlattenedContext{of.TargetingKey: "user-1"}
	for b.Loop() {
		p.StringEvaluation(b.Context(), "prod.recsys", "", flat)
	}
}
