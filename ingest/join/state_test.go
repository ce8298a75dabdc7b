package join_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"verdin/ingest/join"
	"verdin/schemas"
)

// traffic feeds a joiner at random: predictions, their outcomes in any order, windows
// that close and outcomes that expire; after is called after every step.
func traffic(seed uint64, steps int, j *join.Joiner, after func(step int, j *join.Joiner) *join.Joiner) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	var log bytes.Buffer
	for step := range steps {
		now := float64(step) / 10
		key := rng.Uint64N(200)
		j.Expose(join.Prediction{Key: key, TS: at(now + rng.Float64()), Arm: int8(rng.IntN(2)), Generation: uint32(rng.IntN(3)), Stage: int32(rng.IntN(3)) - 1})
		for range rng.IntN(3) {
			o := join.Outcome{Key: rng.Uint64N(200), Metric: int32(rng.IntN(2)), Arm: int8(rng.IntN(3)) - 1, Log: int32(rng.IntN(2)), Offset: int64(step),
				TS: at(now + 20*rng.Float64()), Mark: at(now - 30), Value: rng.Float64(), Valid: rng.IntN(9) > 0}
			fmt.Fprint(&log, j.Label(o), " ")
		}
		if step%100 == 99 {
			limit := at(now - 60)
			for _, w := range j.Windows(limit) {
				done := j.Close(w, func(p join.Prediction, taken func(int32) (join.Outcome, bool)) {
					for m := range int32(2) {
						o, ok := taken(m)
						fmt.Fprintln(&log, p, o, ok)
					}
				})
				fmt.Fprintln(&log, w, done)
			}
			fmt.Fprintln(&log, j.Expire(limit))
		}
		j = after(step, j)
	}
	return log.Bytes()
}

func empty() *join.Joiner { return join.New(length, horizon, skew) }

// A joiner that is restored, at any moment and any number of times, yields the same.
func TestARestoredJoinerYieldsTheSame(t *testing.T) {
	for seed := range uint64(3) {
		want := traffic(seed, 2000, empty(), func(_ int, j *join.Joiner) *join.Joiner { return j })
		got := traffic(seed, 2000, empty(), func(step int, j *join.Joiner) *join.Joiner {
			if step%37 != 0 {
				return j
			}
			state := j.AppendState([]byte("x"))[1:]
			again := empty()
			if err := again.Restore(state); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.AppendState(nil), state) {
				t.Fatalf("step %d: another state", step)
			}
			return again
		})
		if !bytes.Equal(got, want) {
			t.Errorf("seed %d: restored joiners yield something else", seed)
		}
	}
}

// states are those of busy joiners.
func states(n int) (out [][]byte) {
	traffic(1, n, empty(), func(step int, j *join.Joiner) *join.Joiner {
		if step%25 == 24 {
			out = append(out, j.AppendState(nil))
		}
		return j
	})
	return out
}

func TestADamagedJoinerIsRefused(t *testing.T) {
	state := states(25)[0]
	for n := range state {
		if err := empty().Restore(state[:n]); !errors.Is(err, join.ErrState) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(state), err)
		}
	}
	if err := empty().Restore(append(bytes.Clone(state), 0)); !errors.Is(err, join.ErrState) {
		t.Errorf("a byte too many: %v", err)
	}
}

func FuzzRestore(f *testing.F) {
	f.Add(empty().AppendState(nil))
	for _, s := range states(50) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		j := empty()
		if j.Restore(b) != nil {
			return
		}
		state := j.AppendState(nil)
		again := empty()
		if err := again.Restore(state); err != nil || !bytes.Equal(again.AppendState(nil), state) {
			t.Fatalf("not stable: %v", err)
		}
		for _, w := range j.Windows(schemas.Never) { // what was read can be used
			j.Close(w, func(_ join.Prediction, taken func(int32) (join.Outcome, bool)) { taken(0) })
		}
		j.Expire(schemas.Never)
	})
}

// The state of a million predictions that wait for labels, a tenth of them with one.
func BenchmarkState(b *testing.B) {
	const waiting = 1_000_000
	j := empty()
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range waiting {
		now := float64(i) / waiting * 60
		key := rng.Uint64()
		j.Expose(join.Prediction{Key: key, TS: at(now), Arm: int8(i & 1), Generation: 1, Stage: 2})
		if i%10 == 0 {
			j.Label(join.Outcome{Key: key, Arm: -1, TS: at(now + 5), Offset: int64(i), Value: 1, Valid: true})
		}
	}
	state := j.AppendState(nil)
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			state = j.AppendState(state[:0])
		}
		b.ReportMetric(float64(len(state))/waiting, "B/prediction")
	})
	b.Run("restore", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := empty().Restore(state); err != nil {
				b.Fatal(err)
			}
		}
	})
}
