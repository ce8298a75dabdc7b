package scenario

import (
	"slices"
	"testing"
	"time"

	"verdin/schemas"
)

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	for _, name := range Names() {
		sc := lookup(t, name)
		a := collect(sc, 7, 2*time.Minute, time.Second, tenth)
		if !slices.Equal(a, collect(sc, 7, 2*time.Minute, time.Second, tenth)) {
			t.Errorf("%s: two runs with one seed differ", name)
		}
		if slices.Equal(a, collect(sc, 8, 2*time.Minute, time.Second, tenth)) {
			t.Errorf("%s: two seeds give the same events", name)
		}
	}
}

func TestTheSizeOfTheTicksChangesNothing(t *testing.T) {
	for _, name := range thin([]string{"good", "no-traffic", "srm"}) {
		sc := lookup(t, name)
		want := collect(sc, 7, 15*time.Minute, time.Hour, tenth)
		for _, tick := range []time.Duration{time.Millisecond * 137, time.Second, 10 * time.Second} {
			if !slices.Equal(collect(sc, 7, 15*time.Minute, tick, tenth), want) {
				t.Errorf("%s: ticks of %v give other events", name, tick)
			}
		}
	}
}

// The arm must not steer the dice: a request that stable answers under both
// routers has the same bytes.
func TestTheRouterDoesNotChangeTheRequests(t *testing.T) {
	sc := lookup(t, "errors")
	stable := func(split Split) map[string]string {
		m := map[string]string{}
		for _, r := range collect(sc, 7, 5*time.Minute, time.Second, split) {
			if r.topic == Predictions && decode[schemas.Prediction](t, r).Arm == "stable" {
				m[r.key] = r.value
			}
		}
		return m
	}
	few, many := stable(Split{CanaryBps: 5000}), stable(Split{CanaryBps: 1000})
	if len(few) < 10_000 || len(many) < len(few) {
		t.Fatalf("%d and %d requests to stable", len(few), len(many))
	}
	for id, value := range few {
		if many[id] != value {
			t.Fatalf("%s: under one router\n%s, under the other\n%s", id, value, many[id])
		}
	}
}

func TestEventTimesNeverFallWithinAPartition(t *testing.T) {
	for _, name := range thin(Names()) {
		last := map[[2]any]schemas.Time{}
		from := noon
		play(lookup(t, name), 7, 15*time.Minute, 700*time.Millisecond, tenth, func(r record) {
			log := [2]any{r.topic, r.partition}
			if r.ts < max(last[log], from) {
				t.Fatalf("%s: %s %d at %v after %v", name, r.topic, r.partition, r.ts, last[log])
			}
			last[log] = r.ts
		})
		if len(last) != 6 {
			t.Errorf("%s: %d partitions have records, want 2 of each of 3 topics", name, len(last))
		}
	}
}

func TestAGapBetweenTicksStaysEmpty(t *testing.T) {
	g, seen := New(lookup(t, "good"), 7, noon), 0
	from, to := noon.Add(5*time.Minute), noon.Add(6*time.Minute)
	g.Tick(from, to, share(1000), tenth, func(topic string, _ int32, _ []byte, ts schemas.Time, _ []byte) {
		if seen++; ts < from || ts >= to {
			t.Fatalf("%s: event at %v outside [%v, %v)", topic, ts, from, to)
		}
	})
	if seen < 4000 {
		t.Errorf("%d events in a minute", seen)
	}
}

func TestOutcomesFollowTheirPredictionsWithinTheHorizon(t *testing.T) {
	type exposure struct {
		ts        schemas.Time
		partition int32
	}
	exposed := map[string]exposure{}
	seen, delays := map[string]bool{}, tally{}
	for _, r := range collect(lookup(t, "good"), 7, 30*time.Minute, time.Second, tenth) {
		switch r.topic {
		case Predictions:
			if _, again := exposed[r.key]; again {
				t.Fatalf("prediction id %s is not unique", r.key)
			}
			exposed[r.key] = exposure{r.ts, r.partition}
		case Outcomes:
			o := decode[schemas.Outcome](t, r)
			x, ok := exposed[o.PredictionID]
			if !ok || x.partition != r.partition || o.PredictionID != r.key {
				t.Fatalf("%s: no prediction before it in its partition", r.value)
			}
			if d := r.ts.Sub(x.ts); d < time.Second || d > longestDelay || longestDelay >= Horizon {
				t.Fatalf("%s: delay %v", r.value, d)
			} else if x.ts < noon.Add(20*time.Minute) {
				delays.add(d.Seconds())
			}
			if seen[o.Name+o.PredictionID] {
				t.Fatalf("%s: comes twice", r.value)
			}
			seen[o.Name+o.PredictionID] = true
		}
	}
	// m − H·e^(−H/m)/(1 − e^(−H/m)) with m = 2 min, H = 8 min; the sd of one is below 2 min.
	if want := 111.0; delays.n < 20_000 || delays.mean() < want-4 || delays.mean() > want+4 {
		t.Errorf("mean delay %.1f s of %.0f, want %.1f", delays.mean(), delays.n, want)
	}
}
