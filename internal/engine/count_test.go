package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"verdin/ingest/window"
	"verdin/internal/engine"
	"verdin/schemas"
)

// total is the number of rows that Counts accounts for.
func total(c engine.Counts) uint64 {
	return c.Counted + c.Duplicate + c.Late + c.Other + c.Arm + c.Early + c.NoKey
}

// Each kind of row that is not counted ends in its own count.
func TestEveryRowIsCountedForWhatItIs(t *testing.T) {
	null := label("a", 1, 0)
	null.Value = schemas.Value{Kind: schemas.Null}
	stranger := answer("a", "stable", 1)
	stranger.Rollout = "another"
	unasked := label("a", 1, 0)
	unasked.Name = "clicks"
	unit := label("", 1, 1)
	unit.UnitID = "u"
	early := direct("a", "stable", 25, 1)
	cases := []struct {
		name string
		ev   schemas.Event
		want engine.Counts
	}{
		{"a prediction", answer("a", "stable", 31), engine.Counts{Counted: 1}},
		{"the arm by its version", answer("a", "v2", 31), engine.Counts{Counted: 1}},
		{"an unknown arm", answer("a", "v3", 31), engine.Counts{Arm: 1}},
		{"another rollout", stranger, engine.Counts{Other: 1}},
		{"before the first window", answer("a", "stable", 29.9), engine.Counts{Early: 1}},
		{"an outcome", label("a", 31, 1), engine.Counts{Counted: 1}},
		{"an outcome that nobody asks for", unasked, engine.Counts{Other: 1}},
		{"an outcome without a value", null, engine.Counts{Other: 1}},
		{"an outcome without a key", unit, engine.Counts{NoKey: 1}},
		{"an outcome of an unknown arm", direct("a", "v3", 31, 1), engine.Counts{Arm: 1}},
		{"an outcome with its arm", direct("a", "v1", 31, 1), engine.Counts{Counted: 1}},
		{"one before the first window", early, engine.Counts{Early: 1}},
	}
	for _, c := range cases {
		f := newFeeder(t, predictions|outcomes)
		f.begin(at(30))
		f.put(0, c.ev)
		if got := f.counts(); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// An outcome is late when no window that could take it waits any longer, by its own log.
func TestAnOutcomeIsLateByItsOwnLogsHorizon(t *testing.T) {
	for _, c := range []struct {
		passed float64 // greatest event time of the log before the outcome of 3 s
		late   uint64
	}{{34.9, 0}, {35, 1}} { // window [0, 10) + horizon 20 s + lateness 5 s
		f := newFeeder(t, predictions|outcomes)
		f.put(0, label("z", c.passed, 1), label("a", 3, 1))
		if got := f.counts(); got.Late != c.late || total(got) != 2 {
			t.Errorf("after %v s: %+v, want %d late", c.passed, got, c.late)
		}
	}
}

// I7: whatever the rows are and however they come, each ends in exactly one count.
func TestEveryRowEndsInExactlyOneCount(t *testing.T) {
	var reached [7]uint64
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 7))
		f := newFeeder(t, predictions|outcomes, predictions|outcomes|resources)
		f.begin(at(10))
		n := uint64(0)
		for range 400 {
			log := rng.IntN(2)
			f.put(log, anything(rng, float64(n)/10))
			if n++; rng.IntN(50) == 0 {
				f.Idle(log, at(float64(n)/10))
			}
			if rng.IntN(50) == 0 {
				f.Lost(log, f.offsets[log]+int64(rng.IntN(4)))
			}
			if got := total(f.counts()); got != n {
				t.Fatalf("seed %d: after %d rows %+v accounts for %d", seed, n, f.counts(), got)
			}
		}
		c := f.counts()
		for i, n := range []uint64{c.Counted, c.Duplicate, c.Late, c.Other, c.Arm, c.Early, c.NoKey} {
			reached[i] += n
		}
	}
	if slices.Contains(reached[:], 0) {
		t.Errorf("%v: the draw does not reach every count", reached)
	}
}

// anything draws an event near an instant: of any arm, rollout and kind, late,
// early, repeated.
func anything(rng *rand.Rand, now float64) schemas.Event {
	id := fmt.Sprint(rng.IntN(40))
	arm := []string{"stable", "canary", "v1", "v2", "v3"}[rng.IntN(5)]
	s := max(0, now-rng.Float64()*20)
	switch rng.IntN(6) {
	case 0:
		ev := label(id, s, 1)
		ev.Name = []string{"correct", "clicks"}[rng.IntN(2)]
		if rng.IntN(5) == 0 {
			ev.PredictionID, ev.UnitID = "", "u"
		}
		return ev
	case 1:
		return direct(id, arm, float64(int(s)), float64(rng.IntN(3))/2)
	case 2:
		return &schemas.Resource{Rollout: "law", Arm: arm, Instance: id, EventTime: at(float64(int(s))).Std(), MemoryBytes: schemas.Num(1)}
	}
	ev := answer(id, arm, float64(int(s)))
	if rng.IntN(10) == 0 {
		ev.Rollout = []string{"default/law", "other/law", "another"}[rng.IntN(3)]
	}
	if rng.IntN(10) == 0 {
		ev.EventTime = at(0).Std()
	}
	return ev
}

// FuzzFeed gives rows of any shape and order to a shard, as bytes would have it: no
// row makes it fail, and I7 holds.
func FuzzFeed(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19})
	f.Add([]byte("verdin verdin verdin verdin verdin verdin verdin verdin verdin"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fd := newFeeder(t, predictions, outcomes, predictions|outcomes|resources)
		n := uint64(0)
		for len(data) >= 8 {
			log := int(data[0]) % 3
			c := fuzzRow(fd.layout, log, int64(n), data[:8])
			switch data[7] % 16 {
			case 0:
				fd.Lost(log, int64(n)+2)
			case 1:
				fd.Idle(log, c.TS[0])
			case 2:
				fd.End(log)
			}
			for row := 0; row < c.Len(); {
				row = fd.Feed(c, row)
			}
			n++
			data = data[8:]
			for _, p := range fd.Take() {
				if p.End <= p.After {
					t.Fatalf("partial %s covers nothing", show([]window.Partial{p}))
				}
			}
		}
		if got := total(fd.counts()); got != n {
			t.Fatalf("%d rows, %+v accounts for %d", n, fd.counts(), got)
		}
	})
}

// fuzzRow is a chunk of one row, of a kind that its log carries, made of 8 bytes.
func fuzzRow(layout *schemas.Layout, log int, offset int64, b []byte) *schemas.Chunk {
	kind := []schemas.Kind{schemas.KindPrediction, schemas.KindOutcome, schemas.Kind(b[1] % schemas.Kinds)}[log]
	c := new(schemas.Chunk)
	c.Reset(log, layout)
	pick := func(i byte, of ...string) schemas.Text { return c.Intern([]byte(of[int(i)%len(of)])) }
	ts := schemas.Time(b[2])*1e9 + schemas.Time(b[3])*1e6
	at := ts
	switch b[3] % 32 {
	case 0:
		ts, at = schemas.Never, schemas.Never
	case 1:
		ts, at = schemas.Unknown, schemas.Unknown
	case 2:
		ts = schemas.Never - 1
	case 3:
		ts = schemas.Unknown + 1
	}
	c.Kind, c.Row, c.Offset = []schemas.Kind{kind}, []int32{0}, []int64{offset}
	c.TS, c.At = []schemas.Time{ts}, []schemas.Time{at}
	c.Rollout = []schemas.Text{pick(b[4], "law", "default/law", "", "other")}
	c.Arm = []schemas.Text{pick(b[4]/4, "stable", "canary", "", "v9")}
	c.Key = []schemas.Text{pick(b[5], "", "a", "b", "c", "d")}
	c.Unit, c.Identifier = []schemas.Text{pick(b[5]/8, "", "u")}, []schemas.Text{pick(b[5]/16, "", "i")}
	c.Name = []schemas.Text{pick(b[6], "correct", "clicks", "")}
	c.Revision, c.Generation, c.Stage = []int32{int32(b[6] / 128)}, []uint32{uint32(b[7] % 3)}, []int32{int32(b[7]/3%4) - 1}
	c.Rate = []int32{1 + int32(b[7]%2)}
	for k := range layout.Fields[kind] {
		c.Values[kind][k] = schemas.Column{{Kind: schemas.ValueKind((b[7] + byte(k)) % 6), Num: float64(b[6]), Text: pick(b[7], "de", "", "timeout")}}
	}
	c.Next = offset + 1
	return c
}
