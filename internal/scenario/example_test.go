package scenario_test

import (
	"fmt"
	"testing"
	"time"

	"verdin/internal/scenario"
	"verdin/schemas"
)

func ExampleGenerator_Tick() {
	sc, err := scenario.Lookup("good")
	if err != nil {
		fmt.Println(err)
		return
	}
	start := schemas.TimeOf(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	world := scenario.New(sc, 1, start)
	toStable := func(requestID string) bool { return false }
	world.Tick(start, start.Add(20*time.Millisecond), toStable, scenario.Split{Stage: -1},
		func(topic string, partition int32, key []byte, ts schemas.Time, value []byte) {
			fmt.Println(topic, partition, ts)
			fmt.Println(string(key))
			fmt.Printf("%.93s …\n", value)
		})
	// Output:
	// ml.predictions 1 2026-03-02T12:00:00.019Z
	// 88f39881-43d0-45f9-ba77-4365e82ade59
	// {"prediction_id":"88f39881-43d0-45f9-ba77-4365e82ade59","rollout":"assistant","arm":"stable", …
}

func ExampleLookup() {
	sc, _ := scenario.Lookup("late-harm")
	fmt.Println(sc.Expect, "because of", sc.Reason)
	_, err := scenario.Lookup("bad")
	fmt.Println(err)
	// Output:
	// rollback because of error_rate
	// scenario "bad" is not known: choose one of good, aa, errors, late-harm, latency, quality, drift, features, srm, no-traffic, shadow, shadow-harm, shadow-lost
}

func BenchmarkTick(b *testing.B) {
	sc, err := scenario.Lookup("good")
	if err != nil {
		b.Fatal(err)
	}
	g := scenario.New(sc, 1, 0)
	canary := func(id string) bool { return id[0] == '0' }
	events, bytes := 0, 0
	b.ReportAllocs()
	for at := schemas.Time(0); b.Loop(); at = at.Add(time.Second) {
		g.Tick(at, at.Add(time.Second), canary, scenario.Split{CanaryBps: 625, Generation: 1},
			func(_ string, _ int32, _ []byte, _ schemas.Time, value []byte) {
				events, bytes = events+1, bytes+len(value)
			})
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(bytes)/float64(events), "B/event")
}
