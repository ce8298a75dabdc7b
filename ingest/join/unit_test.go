package join_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"verdin/ingest/join"
	"verdin/schemas"
)

func byUnits() *join.Joiner { return join.New(length, horizon, skew).WithUnits() }

const ada = 1 << 40 // the hash of a unit

func shown(key uint64, s float64, arm int8) join.Prediction {
	return join.Prediction{Key: key, Unit: ada, TS: at(s), Arm: arm}
}

func bought(s, value float64) join.Outcome {
	return join.Outcome{Key: ada, ByUnit: true, TS: at(s), Arm: -1, Value: value, Valid: true, Offset: int64(value)}
}

// R18: an outcome of a unit belongs to the unit's last prediction at or before it, within
// the horizon, whatever the arm.
func TestAnOutcomeOfAUnitBelongsToItsLastPrediction(t *testing.T) {
	seen := []join.Prediction{shown(1, 1, 0), shown(2, 5, 1), shown(3, 5, 0), shown(4, 9, 1), shown(5, 20, 0)} // 5 is of a later window
	for _, c := range []struct {
		name string
		ts   float64
		of   uint64 // the prediction that takes it, 0 = none of the first window's
	}{
		{"before any", 0.9, 0},
		{"at the first", 1, 1},
		{"just before the second", 4.999, 1},
		{"of two at once, the one of the greater key", 5, 3},
		{"after both", 8, 3},
		{"in another window", 15, 4},
		{"at the next window's prediction", 20, 0},
		{"after it", 30, 0},
	} {
		j := byUnits()
		for _, p := range seen {
			j.Expose(p)
		}
		j.Expose(join.Prediction{Key: 9, Unit: ada + 1, TS: at(4)}) // somebody else
		j.Label(bought(c.ts, 1))
		got, _ := taken(j)
		want := map[uint64]float64{}
		if c.of > 0 {
			want[c.of] = 1
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: taken by %v, want prediction %d", c.name, got, c.of)
		}
	}
}

// The horizon and the outcome's own log bound it as they bound other outcomes; a clock
// that runs behind is not forgiven, for then the outcome would be another prediction's.
func TestHowLongAnOutcomeOfAUnitMayTake(t *testing.T) {
	for _, c := range []struct {
		name     string
		ts, mark schemas.Time
		want     bool
	}{
		{"at the horizon", at(65), at(0), true},
		{"beyond the horizon", at(65.1), at(0), false},
		{"its log just below the window's deadline", at(6), at(70) - 1, true},
		{"its log at the deadline", at(6), at(70), false},
		{"a moment before its prediction", at(4.9), at(0), false},
	} {
		j := byUnits()
		j.Expose(shown(7, 5, 1))
		o := bought(0, 1)
		o.TS, o.Mark = c.ts, c.mark
		j.Label(o)
		if got, _ := taken(j); (len(got) > 0) != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// An outcome that names the prediction goes before those that name the unit; one whose arm
// contradicts is counted and passed over; of several in one turn the first is taken, and
// none of them counts as unmatched.
func TestWhichOutcomeOfAUnitIsTaken(t *testing.T) {
	j := byUnits()
	j.Expose(shown(1, 1, 1))
	wrong := bought(2, 8)
	wrong.Arm = 0
	for _, o := range []join.Outcome{bought(4, 2), bought(3, 1), wrong} {
		j.Label(o)
	}
	got, done := taken(j)
	if got[1] != 1 || done.Mismatch != 1 || j.Expire(at(10)) != 0 {
		t.Errorf("took %v, %+v", got, done)
	}
	j = byUnits()
	j.Expose(shown(1, 1, 1))
	j.Label(bought(2, 1))
	j.Label(join.Outcome{Key: 1, TS: at(3), Arm: -1, Value: 5, Valid: true})
	if got, _ := taken(j); got[1] != 5 {
		t.Errorf("took %v, want the outcome that names the prediction", got)
	}
}

// J2 with units: whatever the order of arrival, and however often a record comes, the
// closed windows are those that a search over all pairs gives.
func TestUnitsJoinTheSameInAnyOrder(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 5))
		var predictions []join.Prediction
		var outcomes []join.Outcome
		for i := range 60 {
			predictions = append(predictions, join.Prediction{Key: uint64(i + 1), Unit: ada + rng.Uint64N(3), TS: at(float64(rng.IntN(100))), Arm: int8(rng.IntN(2))})
		}
		for i := range 40 {
			outcomes = append(outcomes, join.Outcome{Key: ada + rng.Uint64N(3), ByUnit: true, TS: at(float64(rng.IntN(120))), Arm: -1, Value: float64(i), Valid: true, Offset: int64(i)})
		}
		want := byHand(predictions, outcomes)
		outcomes = append(outcomes, outcomes[:20]...)
		for range 3 {
			rng.Shuffle(len(predictions), func(i, k int) { predictions[i], predictions[k] = predictions[k], predictions[i] })
			rng.Shuffle(len(outcomes), func(i, k int) { outcomes[i], outcomes[k] = outcomes[k], outcomes[i] })
			j := byUnits()
			for i, p := range predictions {
				j.Expose(p)
				if i < len(outcomes) {
					j.Label(outcomes[i])
				}
			}
			got := map[uint64]float64{}
			for _, w := range j.Windows(schemas.Never) {
				j.Close(w, func(p join.Prediction, take func(int32) (join.Outcome, bool)) {
					if o, ok := take(0); ok {
						got[p.Key] = o.Value
					}
				})
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("seed %d: %v, by hand %v", seed, got, want)
			}
		}
	}
}

// byHand is rule J3 word for word.
func byHand(predictions []join.Prediction, outcomes []join.Outcome) map[uint64]float64 {
	least := map[uint64]join.Outcome{}
	for _, o := range outcomes {
		last := join.Prediction{TS: schemas.Unknown}
		for _, p := range predictions {
			if p.Unit == o.Key && p.TS <= o.TS && (p.TS > last.TS || p.TS == last.TS && p.Key > last.Key) {
				last = p
			}
		}
		if last.Key == 0 || o.TS > last.TS.Add(horizon) {
			continue
		}
		if before, ok := least[last.Key]; !ok || o.TS < before.TS || o.TS == before.TS && o.Offset < before.Offset {
			least[last.Key] = o
		}
	}
	got := map[uint64]float64{}
	for key, o := range least {
		got[key] = o.Value
	}
	return got
}

// A unit that never stops holds no more than a horizon of it, and at most MaxCandidates
// outcomes a window.
func TestWhatAUnitHoldsIsBounded(t *testing.T) {
	j := byUnits()
	most := 0
	for s := range 3000 {
		j.Expose(shown(uint64(s), float64(s), 0))
		for k := range 50 {
			j.Label(bought(float64(s)+float64(k)/100, float64(s*50+k)))
		}
		limit := at(float64(s) - 70)
		for _, w := range j.Windows(limit) {
			j.Close(w, func(_ join.Prediction, take func(int32) (join.Outcome, bool)) { take(0) })
		}
		j.Expire(limit)
		if s > 200 {
			most = max(most, len(j.AppendState(nil)))
		}
	}
	windows := 9 // those that are open, and the one that fills
	if bound := 100 + windows*(10*40+join.MaxCandidates*50); most > bound {
		t.Errorf("the state grew to %d bytes, more than %d", most, bound)
	}
	for s := range 20 {
		last := at(float64(3000 + 10*s))
		for _, w := range j.Windows(last) {
			j.Close(w, func(join.Prediction, func(int32) (join.Outcome, bool)) {})
		}
		j.Expire(last)
	}
	if state := j.AppendState(nil); !bytes.Equal(state, byUnits().AppendState(nil)) {
		t.Errorf("%d bytes are left when all has passed", len(state))
	}
}

// The bound on a unit's outcomes goes by their order, not by their arrival.
func TestOutcomesOfAUnitAreBoundedByOrder(t *testing.T) {
	var outcomes []join.Outcome
	for i := range 5 * join.MaxCandidates {
		outcomes = append(outcomes, bought(3+float64(i)/100, float64(i)))
	}
	late := bought(31, 77) // of another window: the first of its own
	for _, reverse := range []bool{false, true} {
		j := byUnits()
		if reverse {
			slices.Reverse(outcomes)
		}
		for _, o := range append(outcomes, late) {
			j.Label(o)
		}
		j.Expose(shown(1, 2, 0))
		j.Expose(shown(2, 30, 0))
		got, _ := taken(j)
		j.Close(at(30), func(p join.Prediction, take func(int32) (join.Outcome, bool)) {
			o, _ := take(0)
			got[p.Key] = o.Value
		})
		if got[1] != 0 || got[2] != 77 {
			t.Errorf("reverse %v: took %v", reverse, got)
		}
	}
}

// A joiner of units that is restored at any moment yields the same.
func TestARestoredJoinerOfUnitsYieldsTheSame(t *testing.T) {
	run := func(every int) string {
		rng := rand.New(rand.NewPCG(8, 8))
		j := byUnits()
		var log bytes.Buffer
		for s := range 1500 {
			now := float64(s) / 3
			j.Expose(join.Prediction{Key: rng.Uint64(), Unit: ada + rng.Uint64N(20), TS: at(now - 3*rng.Float64()), Arm: int8(rng.IntN(2))})
			j.Label(join.Outcome{Key: ada + rng.Uint64N(20), ByUnit: true, Arm: -1, TS: at(now - 2*rng.Float64()), Mark: at(now - 5), Value: rng.Float64(), Valid: true, Offset: int64(s)})
			for _, w := range j.Windows(at(now - 75)) {
				done := j.Close(w, func(p join.Prediction, take func(int32) (join.Outcome, bool)) {
					o, ok := take(0)
					fmt.Fprintln(&log, p.Key, o, ok)
				})
				fmt.Fprintln(&log, done, j.Expire(w.Add(length)))
			}
			if every > 0 && s%every == 0 {
				again := byUnits()
				if err := again.Restore(j.AppendState(nil)); err != nil {
					t.Fatal(err)
				}
				j = again
			}
		}
		return log.String()
	}
	if want := run(0); len(want) < 1000 || run(13) != want {
		t.Error("a restored joiner yields something else")
	}
}

func ExampleJoiner_WithUnits() {
	j := join.New(length, horizon, skew).WithUnits()
	j.Expose(join.Prediction{Key: 1, Unit: ada, TS: at(1), Arm: 0})
	j.Expose(join.Prediction{Key: 2, Unit: ada, TS: at(6), Arm: 1})
	j.Label(join.Outcome{Key: ada, ByUnit: true, Arm: -1, TS: at(30), Value: 1, Valid: true})
	j.Close(at(0), func(p join.Prediction, taken func(int32) (join.Outcome, bool)) {
		_, ok := taken(0)
		fmt.Println("arm", p.Arm, ok)
	})
	// Output:
	// arm 0 false
	// arm 1 true
}
