package join_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"verdin/ingest/join"
	"verdin/schemas"
)

const (
	length  = 10 * time.Second
	horizon = time.Minute
	skew    = 5 * time.Second
)

func at(seconds float64) schemas.Time { return schemas.Time(seconds * 1e9) }

// taken closes the window at 0 and returns what each prediction took for metric 0.
func taken(j *join.Joiner) (map[uint64]float64, join.Closed) {
	got := map[uint64]float64{}
	done := j.Close(0, func(p join.Prediction, take func(int32) (join.Outcome, bool)) {
		if o, ok := take(0); ok {
			got[p.Key] = o.Value
		}
	})
	return got, done
}

func TestEligibility(t *testing.T) {
	cases := []struct {
		name       string
		ts, mark   schemas.Time
		arm        int8
		want, miss bool // joined; counted as a mismatch
	}{
		{"after its prediction", at(6), at(0), -1, true, false},
		{"within the skew before", at(0.5), at(0), -1, true, false},
		{"too long before", at(-0.1), at(0), -1, false, false},
		{"at the horizon", at(65), at(0), -1, true, false},
		{"beyond the horizon", at(65.1), at(0), -1, false, false},
		{"its log's watermark just below the window's deadline", at(6), at(70) - 1, -1, true, false},
		{"its log's watermark at the deadline", at(6), at(70), -1, false, false},
		{"the same arm", at(6), at(0), 1, true, false},
		{"another arm", at(6), at(0), 0, false, true},
	}
	for _, c := range cases {
		j := join.New(length, horizon, skew)
		j.Expose(join.Prediction{Key: 7, TS: at(5), Arm: 1})
		j.Label(join.Outcome{Key: 7, TS: c.ts, Mark: c.mark, Arm: c.arm, Value: 1, Valid: true})
		got, done := taken(j)
		if _, ok := got[7]; ok != c.want || (done.Mismatch > 0) != c.miss {
			t.Errorf("%s: joined %v, mismatches %d; want %v, %v", c.name, ok, done.Mismatch, c.want, c.miss)
		}
	}
}

func TestLeastOutcomeWinsInAnyOrderOfArrival(t *testing.T) {
	outcomes := []join.Outcome{
		{Key: 1, TS: at(9), Log: 1, Offset: 4, Value: 1},
		{Key: 1, TS: at(8), Log: 1, Offset: 9, Value: 2},
		{Key: 1, TS: at(8), Log: 0, Offset: 12, Value: 3}, // least log at the least time
		{Key: 1, TS: at(8), Log: 0, Offset: 15, Value: 4},
		{Key: 1, TS: at(8), Log: 0, Offset: 12, Value: 3}, // delivered again
		{Key: 2, TS: at(7), Log: 0, Offset: 1, Value: 5},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		j := join.New(length, horizon, skew)
		rng.Shuffle(len(outcomes), func(i, k int) { outcomes[i], outcomes[k] = outcomes[k], outcomes[i] })
		half := rng.IntN(len(outcomes) + 1)
		for _, o := range outcomes[:half] {
			j.Label(o)
		}
		j.Expose(join.Prediction{Key: 1, TS: at(5)})
		j.Expose(join.Prediction{Key: 2, TS: at(6)})
		for _, o := range outcomes[half:] {
			j.Label(o)
		}
		if got, _ := taken(j); got[1] != 3 || got[2] != 5 {
			t.Fatalf("order %v: took %v, want 1→3 and 2→5", outcomes, got)
		}
	}
}

func TestCandidatesAreBoundedByOrderNotByArrival(t *testing.T) {
	var outcomes []join.Outcome
	for i := range 3 * join.MaxCandidates {
		outcomes = append(outcomes, join.Outcome{Key: 1, TS: at(6) + schemas.Time(i), Offset: int64(i), Value: float64(i)})
	}
	for _, reverse := range []bool{false, true} {
		j := join.New(length, horizon, skew)
		if reverse {
			slices.Reverse(outcomes)
		}
		for _, o := range outcomes {
			j.Label(o)
		}
		j.Expose(join.Prediction{Key: 1, TS: at(5)})
		if got, _ := taken(j); got[1] != 0 {
			t.Errorf("reverse %v: took %v, want the earliest", reverse, got)
		}
	}
}

func TestRepeatedOutcomesPushNobodyOut(t *testing.T) {
	j := join.New(length, horizon, skew)
	j.Expose(join.Prediction{Key: 1, TS: at(9)})
	for i := range 3 * join.MaxCandidates { // before the prediction: not eligible
		j.Label(join.Outcome{Key: 1, TS: at(1), Offset: int64(i), Value: 7})
	}
	j.Label(join.Outcome{Key: 1, TS: at(12), Offset: 99, Value: 1})
	if got, _ := taken(j); got[1] != 1 {
		t.Errorf("took %v, want the eligible outcome", got)
	}
}

func TestExpiryCountsWhatNobodyTook(t *testing.T) {
	j := join.New(length, horizon, skew)
	j.Expose(join.Prediction{Key: 1, TS: at(1)})
	j.Label(join.Outcome{Key: 1, TS: at(2)})
	j.Label(join.Outcome{Key: 9, TS: at(2)})             // no prediction
	j.Label(join.Outcome{Key: 1, TS: at(58), Offset: 1}) // a second one, not the least
	taken(j)
	if n := j.Expire(at(10)); n != 1 {
		t.Errorf("after the first window: %d unmatched, want 1", n)
	}
	if n := j.Expire(at(100)); n != 1 {
		t.Errorf("after the last window: %d unmatched, want 1", n)
	}
	if ok := j.Label(join.Outcome{Key: 3, TS: at(1), Mark: at(71)}); ok {
		t.Error("an outcome that no window can take was kept")
	}
}

func ExampleJoiner() {
	j := join.New(10*time.Second, time.Minute, 5*time.Second)
	j.Label(join.Outcome{Key: 42, Arm: -1, TS: at(30), Value: 1, Valid: true}) // comes first
	j.Expose(join.Prediction{Key: 42, TS: at(3), Arm: 1})
	j.Close(at(0), func(p join.Prediction, taken func(int32) (join.Outcome, bool)) {
		o, ok := taken(0)
		fmt.Println(p.Arm, o.Value, ok)
	})
	// Output: 1 1 true
}

func TestClosingAllocatesForWindowsNotForPredictions(t *testing.T) {
	const few, many = 10, 1000
	closing := func(predictions int) float64 {
		j := join.New(length, horizon, skew)
		round := func() {
			for k := range predictions {
				j.Expose(join.Prediction{Key: uint64(k + 1)})
			}
			j.Close(0, func(_ join.Prediction, taken func(int32) (join.Outcome, bool)) { taken(0) })
		}
		round()
		return testing.AllocsPerRun(10, round)
	}
	if a, b := closing(few), closing(many); b > a {
		t.Errorf("%v allocations for %d predictions, %v for %d", a, few, b, many)
	}
}
