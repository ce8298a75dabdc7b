package engine_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"verdin/internal/engine"
	"verdin/stats"
)

// P1 and P2: the same partitions and the same cuts give the same verdict log,
// byte for byte, whatever the interleaving between cuts and the size of chunks.
func TestInterleavingAndChunksChangeNothing(t *testing.T) {
	for seed := range uint64(2) {
		w := newWorld(t, seed)
		want := w.play(t, rand.New(rand.NewPCG(seed, 1)), 4096)
		if bytes.Count(want, []byte("\n")) < 20 {
			t.Fatalf("seed %d: hardly anything was decided:\n%s", seed, want)
		}
		for _, run := range thin([]uint64{0, 1, 2, 3, 4, 5}) {
			rows := []int{1, 64, 4096}[run%3]
			if got := w.play(t, rand.New(rand.NewPCG(seed, 100+run)), rows); !bytes.Equal(got, want) {
				t.Fatalf("seed %d, run %d, %d rows a chunk: another log from byte %d on", seed, run, rows, common(got, want))
			}
		}
	}
}

// P5: records that are delivered again, any number of times, change no window.
func TestDuplicatesChangeNoWindow(t *testing.T) {
	w := newWorld(t, 7)
	want := evidence(t, w)
	rng := rand.New(rand.NewPCG(1, 1))
	for s := range w.logs {
		for g := range w.logs[s] {
			var again []record
			for _, r := range w.logs[s][g] {
				for range 1 + rng.IntN(3) {
					again = append(again, r)
				}
			}
			w.logs[s][g] = again
		}
	}
	got := evidence(t, w)
	for i := range want {
		if i >= len(got) || got[i].N != want[i].N || got[i].LogE != want[i].LogE || got[i].Effect != want[i].Effect {
			t.Errorf("%s: with duplicates %+v, without %+v", want[i].Name, got[i], want[i])
		}
	}
}

// evidence is what is known at the last cut.
func evidence(t *testing.T, w *world) (last []stats.Evidence) {
	w.playEach(t, rand.New(rand.NewPCG(2, 2)), 64, func(o engine.Outcome) { last = o.Evidence })
	return last
}

// common is the length of the common prefix.
func common(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// Every test has seen blocks: the laws above are about something.
func TestEveryTestIsFed(t *testing.T) {
	for _, e := range evidence(t, newWorld(t, 1)) {
		if e.Test != "sample_ratio" && e.Test != "holdback" && e.Blocks == 0 { // nothing is promoted here
			t.Errorf("%s has scored no block: skipped %+v", e.Name, e.Skipped)
		}
	}
}

func BenchmarkEngine(b *testing.B) {
	w := newWorld(b, 1)
	rows := 0
	for _, logs := range w.logs {
		for _, l := range logs {
			rows += len(l)
		}
	}
	for b.Loop() {
		w.play(b, rand.New(rand.NewPCG(1, 1)), 4096)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}
