package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"verdin/ingest/codec"
	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

// W1: a record is late iff its own log has sealed its window, whatever other logs
// have read.
func TestOnlyTheOwnLogMakesARecordLate(t *testing.T) {
	f := newFeeder(t, predictions, predictions)
	f.put(0, answer("a", "stable", 3), answer("b", "stable", 15.1)) // log 0 seals [0, 10)
	f.put(1, answer("c", "stable", 3))                              // log 1 has not
	if c := f.counts(); c.Late != 0 || c.Counted != 3 {
		t.Errorf("behind another log's seal: %+v, want three counted", c)
	}
	f.put(0, answer("d", "stable", 9.9))
	if c := f.counts(); c.Late != 1 {
		t.Errorf("behind its own log's seal: %+v, want one late", c)
	}
	f.put(1, answer("e", "canary", 90)) // far ahead: log 0 does not follow
	f.put(0, answer("f", "canary", 10))
	if c := f.counts(); c.Late != 1 || c.Counted != 5 {
		t.Errorf("after another log went ahead: %+v, want one late and five counted", c)
	}
}

// A log seals a window at the first record with which its watermark reaches the
// window's end: that record is still accepted, the next offset is the partial's.
func TestAWindowIsSealedAtExactlyTheFirstRecordThatReachesItsEnd(t *testing.T) {
	f := newFeeder(t, predictions)
	if got := f.put(0, answer("a", "stable", 1), answer("b", "canary", 14.999)); len(got) != 0 {
		t.Fatalf("a millisecond too early: %s", show(got))
	}
	got := of(window.Fast, f.put(0, answer("c", "stable", 15))) // 15 s − 5 s = 10 s
	if len(got) != 1 || got[0].End != at(10) || got[0].After != 0 || got[0].To != 103 || rows(&got[0]) != [2]uint64{1, 0} {
		t.Fatalf("at the end: %s; want the window [0, 10) with one row, sealed by offset 102", show(got))
	}
	if got := f.put(0, answer("d", "stable", 15)); len(got) != 0 {
		t.Errorf("sealed twice: %s", show(got))
	}
}

// Feed stops behind the row that seals, so that whoever merges logs can cut there, and
// goes on from there; what became no row is passed with the chunk.
func TestFeedStopsBehindTheRowThatSeals(t *testing.T) {
	f := newFeeder(t, predictions)
	c := new(schemas.Chunk)
	c.Reset(0, f.layout)
	for i, s := range []float64{1, 15, 16, 25} {
		f.decoders[0].Append(c, codec.Record{Offset: int64(10 + i), Value: answer(fmt.Sprint(s), "stable", s).AppendLine(nil)})
	}
	f.decoders[0].Append(c, codec.Record{Offset: 14, Value: []byte("{}")})
	for _, step := range []struct{ from, to, windows, next int }{{0, 2, 1, 12}, {2, 4, 1, 14}, {4, 4, 0, 15}} {
		row := f.Feed(c, step.from)
		first, next := f.Position(0)
		if got := of(window.Fast, f.Take()); row != step.to || len(got) != step.windows || first != 10 || next != int64(step.next) {
			t.Errorf("from row %d: to row %d with %d windows, offsets [%d, %d); want %+v from 10", step.from, row, len(got), first, next, step)
		}
	}
}

// However event time jumps, the partials of a log chain: each begins where the one
// before ended, so that every window is covered exactly once.
func TestPartialsCoverEveryWindowExactlyOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range 50 {
		f := newFeeder(t, predictions|outcomes)
		var all []window.Partial
		now := 0.0
		for i := range 40 {
			if rng.IntN(4) == 0 {
				now += rng.Float64() * 300 // over many windows
			}
			now += rng.Float64() * 5
			id := string(rune('A' + i))
			all = append(all, f.put(0, answer(id, "stable", now-rng.Float64()*8+8))...)
			all = append(all, f.put(0, label(id, now+8, 1))...)
		}
		f.End(0)
		all = append(all, f.Take()...)
		for lane := range window.Lane(window.Lanes) {
			end := schemas.Time(0)
			for _, p := range of(lane, all) {
				if p.After != end || p.End <= p.After {
					t.Fatalf("%v lane: (%v, %v] after %v", lane, p.After, p.End, end)
				}
				end = p.End
			}
			if end != schemas.Never {
				t.Fatalf("%v lane: the last window ends at %v, want never: the log has ended", lane, end)
			}
		}
	}
}

// The end of a log flushes everything that it holds, in both lanes, and nothing
// comes after it.
func TestEndFlushesEverything(t *testing.T) {
	f := newFeeder(t, predictions, outcomes)
	f.put(0, answer("a", "stable", 1), answer("b", "canary", 12))
	f.put(1, label("a", 4, 1), direct("x", "canary", 13, 1))
	f.End(0)
	f.End(1)
	var n [window.Lanes][2]uint64
	for _, p := range f.Take() {
		got := rows(&p)
		n[p.Lane][0] += got[0]
		n[p.Lane][1] += got[1]
	}
	if n[window.Fast] != [2]uint64{1, 1} || n[window.Label] != [2]uint64{1, 2} {
		t.Errorf("flushed %v, want 1 and 1 rows in the fast lane, 1 and 2 in the label lane", n)
	}
	f.End(0)
	if got := f.Take(); len(got) != 0 {
		t.Errorf("a second end gave %d partials", len(got))
	}
}

// A silent log that is advanced seals as if a record had come, and what comes later
// for those windows is late.
func TestIdleAdvancesTheWatermark(t *testing.T) {
	f := newFeeder(t, predictions)
	f.put(0, answer("a", "stable", 1))
	f.Idle(0, at(27))
	got := of(window.Fast, f.Take())
	if len(got) != 2 || got[0].End != at(10) || got[1].End != at(20) || got[0].To != 101 {
		t.Fatalf("%s; want the windows to 10 s and to 20 s, read up to offset 101", show(got))
	}
	f.Idle(0, at(20))
	f.put(0, answer("b", "stable", 19), answer("c", "stable", 21))
	if c := f.counts(); c.Late != 1 || c.Counted != 2 {
		t.Errorf("%+v, want one late and two counted: time does not go back", c)
	}
}

// A row that is late is told once per arm with the log's next partial; delivered
// again before the next seal it is a duplicate.
func TestLateRowsAreToldPerArmAndOnce(t *testing.T) {
	f := newFeeder(t, predictions)
	f.put(0, answer("a", "stable", 16), answer("late", "canary", 2), answer("late", "canary", 2), answer("late", "stable", 2))
	got := of(window.Fast, f.put(0, answer("b", "stable", 26)))
	if len(got) != 1 || got[0].Late != [2]uint64{1, 1} {
		t.Fatalf("%s; want one late row of each arm", show(got))
	}
	if c := f.counts(); c.Late != 2 || c.Duplicate != 1 {
		t.Errorf("%+v, want two late and one duplicate", c)
	}
}

// A revision of the plan is in force for windows that start at or after its instant,
// also in a log that has read ahead of it.
func TestARevisionBeginsWithItsWindow(t *testing.T) {
	f := newFeeder(t, predictions)
	old := answer("a", "stable", 12)
	old.Features = schemas.Members{{Name: "age", Value: schemas.Num(30)}}
	f.put(0, old)
	next := *f.plan
	next.Revision++
	next.Features = append([]window.Feature(nil), f.plan.Features...)
	next.Features[0].Edges = []float64{20, 40}
	f.Revise(&next, at(30)) // [20, 30) is not open yet, and still of the old plan
	var got []window.Partial
	for i, s := range []float64{19.9, 20, 30} {
		ev := answer(string(rune('b'+i)), "stable", s)
		ev.Features = old.Features
		got = append(got, of(window.Fast, f.put(0, ev))...)
	}
	f.End(0)
	got = append(got, of(window.Fast, f.Take())...)
	if len(got) != 5 || got[0].End != at(10) {
		t.Fatalf("%s; want windows that end at 10, 20, 30 and 40 s, and the rest", show(got))
	}
	want := []struct {
		end      schemas.Time
		revision uint32
		rows     uint64 // of the stable arm
		binned   uint64
	}{{at(20), 0, 2, 0}, {at(30), 0, 1, 0}, {at(40), 1, 1, 1}}
	for i, w := range want {
		p := got[i+1]
		feature := &p.Cells[0].Arms[0].Features[0]
		plan := []*window.Plan{f.plan, &next}[w.revision]
		if p.PlanHash != plan.Hash() {
			t.Errorf("window to %v, of revision %d, names another plan", p.End, p.Revision)
		}
		if p.End != w.end || p.Revision != w.revision || rows(&p)[0] != w.rows || middle(feature) != w.binned {
			t.Errorf("window to %v: revision %d, %d rows, %d binned; want %+v", p.End, p.Revision, rows(&p)[0], middle(feature), w)
		}
	}
}

// middle counts what fell in [20, 40), over all sub-buckets.
func middle(s *stats.Summary) (n uint64) {
	for sub := range window.Subs {
		if bins := s.Shape.Bins; bins > 0 {
			n += s.Bins[sub*bins+window.OddRows+1] // from 20 to 40
		}
	}
	return n
}

// The label lane of a window waits until its predictions are sealed and every log of
// outcomes has passed the window's end and the horizon.
func TestTheLabelLaneWaitsForPredictionsAndForTheHorizon(t *testing.T) {
	f := newFeeder(t, predictions, outcomes, outcomes)
	f.put(0, answer("a", "stable", 2), answer("b", "canary", 3))
	f.put(1, label("a", 21.9, 1))
	f.put(2, label("b", 6, 0))
	pass := func(log int, ev schemas.Event) []window.Partial { return of(window.Label, f.put(log, ev)) }
	if got := pass(1, label("z", 35, 1)); len(got) != 0 {
		t.Fatalf("one log has passed 10 s + 20 s of horizon: %s", show(got))
	}
	if got := pass(2, label("z", 200, 1)); len(got) != 0 {
		t.Fatalf("the predictions are not sealed: %s", show(got))
	}
	got := pass(0, answer("c", "stable", 15))
	if len(got) != 1 || got[0].End != at(10) || rows(&got[0]) != [2]uint64{1, 1} {
		t.Fatalf("%s; want [0, 10) with a row of each arm", show(got))
	}
	if m := got[0].Cells[0].Arms; m[0].Metrics[0].Ones != 1 || m[1].Metrics[0].Ones != 0 || m[1].Metrics[0].N != 1 {
		t.Errorf("stable %+v, canary %+v: want 1 of 1 and 0 of 1", m[0].Metrics[0], m[1].Metrics[0])
	}
	if got := pass(0, answer("d", "stable", 60)); len(got) != 0 {
		t.Errorf("%s; want nothing: log 1 has passed 30 s only", show(got))
	}
	if got := pass(1, label("z", 57, 1)); len(got) != 2 || got[1].End != at(30) {
		t.Errorf("%s; want the windows to 20 s and to 30 s", show(got))
	}
}

func TestOutcomesThatNameTheirArmNeedNoPrediction(t *testing.T) {
	f := newFeeder(t, predictions, outcomes)
	f.put(1, direct("a", "canary", 3, 1), direct("b", "v1", 4, 0), direct("a", "canary", 3, 1), direct("a", "canary", 3, 0.5))
	again := direct("a", "canary", 3, 0)
	again.Revision = 1 // another record of the same prediction
	f.put(1, again, direct("c", "v9", 3, 1))
	f.put(0, answer("p", "stable", 60))
	got := of(window.Label, f.put(1, label("z", 60, 1)))
	if len(got) == 0 || rows(&got[0]) != [2]uint64{1, 2} {
		t.Fatalf("%s; want one row of stable and two of canary", show(got))
	}
	m := got[0].Cells[0].Arms
	if m[1].Metrics[0].Ones != 1 || m[1].Metrics[0].N != 2 || m[0].Metrics[0].Ones != 0 {
		t.Errorf("stable %+v, canary %+v", m[0].Metrics[0], m[1].Metrics[0])
	}
	if c := f.counts(); c.Duplicate != 2 || c.Arm != 1 {
		t.Errorf("%+v, want two duplicates and an unknown arm", c)
	}
}

// Of several outcomes the least by event time and log is taken, whichever came first.
func TestTheLeastOutcomeIsTakenInAnyOrderOfLogs(t *testing.T) {
	for _, order := range [][]int{{1, 2}, {2, 1}} {
		f := newFeeder(t, predictions, outcomes, outcomes)
		for _, log := range order {
			f.put(log, label("a", float64(10-log), float64(log-1)), label("b", 7, float64(log-1)))
		}
		f.put(0, answer("a", "stable", 5), answer("b", "canary", 5))
		for log := range 3 {
			f.End(log)
		}
		for _, p := range of(window.Label, f.Take()) {
			if p.End == at(10) {
				if m := p.Cells[0].Arms; m[0].Metrics[0].Ones != 1 || m[1].Metrics[0].Ones != 0 {
					t.Errorf("order %v: took %d and %d, want log 2's at 8 s and log 1's of two at 7 s", order, m[0].Metrics[0].Ones, m[1].Metrics[0].Ones)
				}
			}
		}
	}
}

// Offsets that are missing make every window incomplete in which one of them could
// have been on time, in both lanes, and no other.
func TestAGapMakesAllItsWindowsIncomplete(t *testing.T) {
	f := newFeeder(t, predictions, outcomes)
	var all []window.Partial
	step := func(s float64) {
		all = append(all, f.put(0, answer("p", "stable", s))...)
		all = append(all, f.put(1, label("p", s, 1))...)
	}
	for s := 1.0; s < 100; s += 5 {
		if s == 51 { // [0, 40) is sealed; the next record is at 51 s, so one at 56 s may be lost
			f.offsets[0] += 10
			f.Lost(0, f.offsets[0])
		}
		step(s)
	}
	lost := map[window.Lane][]schemas.Time{}
	for _, p := range all {
		if p.Gap {
			lost[p.Lane] = append(lost[p.Lane], p.End)
		}
	}
	if got := lost[window.Fast]; len(got) != 2 || got[0] != at(50) || got[1] != at(60) {
		t.Errorf("fast lane: incomplete windows end at %v, want 50 s and 60 s", got)
	}
	if got := lost[window.Label]; len(got) != 3 || got[0] != at(50) || got[2] != at(70) {
		t.Errorf("label lane: incomplete windows end at %v, want 50 s to 70 s: an outcome may be 5 s early", got)
	}
}

// Outcomes that are missing touch the labels alone: of every window whose horizon
// their log had not passed.
func TestMissingOutcomesTouchTheLabelLaneAlone(t *testing.T) {
	f := newFeeder(t, predictions, outcomes)
	var lost []schemas.Time
	for s := 1.0; s < 150; s += 5 {
		if s == 51 { // outcomes are read up to 41 s: windows that end by 20 s have all of theirs
			f.Lost(1, f.offsets[1])
		}
		for _, p := range append(f.put(0, answer("p", "stable", s)), f.put(1, label("p", s, 1))...) {
			if p.Gap {
				if p.Lane == window.Fast {
					t.Errorf("fast lane: window to %v is incomplete", p.End)
				}
				lost = append(lost, p.End)
			}
		}
	}
	if len(lost) != 5 || lost[0] != at(30) || lost[4] != at(70) {
		t.Errorf("incomplete label windows end at %v, want 30 s to 70 s", lost)
	}
}

// While nothing behind a gap was read, all that is sealed is incomplete.
func TestAGapStaysOpenUntilARecordBehindIt(t *testing.T) {
	f := newFeeder(t, predictions)
	f.put(0, answer("a", "stable", 1))
	f.Lost(0, 500)
	got := append(f.put(0, answer("b", "stable", 16)), f.put(0, answer("c", "stable", 26))...) // still before offset 500
	f.Idle(0, at(40))
	got = append(got, of(window.Fast, f.Take())...)
	for _, p := range got {
		if !p.Gap {
			t.Errorf("window to %v is complete", p.End)
		}
	}
	f.offsets[0] = 500
	f.put(0, answer("d", "stable", 41))
	for _, p := range of(window.Fast, f.put(0, answer("e", "stable", 42+time.Minute.Seconds()))) {
		if want := p.After <= at(46); p.Gap != want {
			t.Errorf("windows (%v, %v]: incomplete %v, want %v", p.After, p.End, p.Gap, want)
		}
	}
}

// An id is a duplicate within its window only: the memory of a sealed window, which a
// later one takes over, must not remember it.
func TestAnIDMayComeAgainInALaterWindow(t *testing.T) {
	f := newFeeder(t, predictions)
	for k := range 6 {
		start := 30 * float64(k)
		for i := range 40 { // so many that its memory is worth keeping
			id := strconv.Itoa(i)
			f.put(0, answer(id, "stable", start+1), answer(id, "canary", start+2), answer(id, "stable", start+3))
		}
	}
	if c := f.counts(); c.Counted != 480 || c.Duplicate != 240 {
		t.Errorf("%+v, want 480 counted and 240 duplicates", c)
	}
}
