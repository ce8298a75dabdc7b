package engine

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/stats"
)

// stream feeds a check with panes of a minute, in six windows each.
type stream struct {
	*historyCheck
	c   compiled
	rng *rand.Rand
	at  float64 // seconds
}

func newStream(c compiled, seed uint64) *stream {
	return &stream{historyCheck: newHistories(c)[0].(*historyCheck), c: c, rng: rand.New(rand.NewPCG(seed, 5))}
}

// pane is a minute in which each arm has so many rows, and this share of its countries is de.
func (s *stream) pane(rows [2]int, de [2]float64) {
	for w := range 6 {
		b := block(s.c)
		b.Start, b.End, b.Revision = second(s.at), second(s.at+10), s.c.plan.Revision
		for a, arm := range [2]*window.Arm{b.Stable, b.Canary} {
			for i := range rows[a] {
				if i%6 != w {
					continue
				}
				arm.N++
				bin := window.OddRows
				if s.rng.Float64() >= de[a] {
					bin++
				}
				arm.Features[0].AddBin(s.rng.IntN(window.Subs), bin)
			}
		}
		s.Observe(b)
		s.at += 10
	}
}

// end lets the last pane end.
func (s *stream) end() { s.pane([2]int{}, [2]float64{}) }

func (s *stream) shows(t *testing.T) (stable, canary stats.Evidence) {
	t.Helper()
	return find(t, s.historyCheck, "habits/stable"), find(t, s.historyCheck, "habits/canary")
}

// countryOnly watches one feature, whose bins are known at once.
func countryOnly(t testing.TB, above float64) compiled {
	return testCompiled(t, func(s *decision.Spec) {
		d := &s.Drift[1]
		d.Of, d.Above = d.Of[:1], above
	})
}

// The arm that moves is named, with the time, the feature and the distance; the other arm,
// however unlike it, is not.
func TestAnArmThatMovesIsNamed(t *testing.T) {
	s := newStream(countryOnly(t, 0.05), 1)
	for range 5 {
		s.pane([2]int{900, 300}, [2]float64{0.6, 0.9})
	}
	if stable, canary := s.shows(t); stable.Blocks != 3 || canary.Blocks != 3 || stable.Skipped.Learning != 1 || canary.Result != stats.Unknown {
		t.Fatalf("after five panes, four of them closed and one without a past: %+v, %+v", stable, canary)
	}
	s.pane([2]int{900, 300}, [2]float64{0.6, 0.3})
	s.end()
	stable, canary := s.shows(t)
	if stable.Result != stats.Unknown || canary.Result != stats.Harm || canary.First != 300_000 || canary.Role != decision.Observe {
		t.Fatalf("stable %+v\ncanary %+v", stable, canary)
	}
	words := strings.Join(canary.Warnings, " ")
	for _, want := range []string{"canary moved against its own past", "psi ", "features.country", "in the 1m from", "00:05:00", "300 events", "1500 events"} {
		if !strings.Contains(words, want) {
			t.Errorf("%q does not say %q", words, want)
		}
	}
	if e := canary.Effect; e.Scale != "psi" || e.Estimate < 1 || e.Estimate > 2.5 || canary.N != [2]int64{0, 1500} {
		t.Errorf("%+v, %v: the index of 90 %% and 30 %% is 1.8", e, canary.N)
	}
}

// A fault of a pipeline is named as such.
func TestAFaultAgainstItsOwnPastIsNamed(t *testing.T) {
	s := newStream(countryOnly(t, 0.05), 1)
	for n := range 5 {
		b := countries(block(s.c), [4]int{0, 200, 200, 0}, [4]int{n / 4 * 150, 200, 200, 0})
		b.Start, b.Stable.N, b.Canary.N = second(float64(60*n)), 400, 400
		s.Observe(b)
	}
	s.at = 300
	s.end()
	if stable, canary := s.shows(t); stable.Result == stats.Harm || canary.Effect.Scale != "share" || !strings.Contains(strings.Join(canary.Warnings, ""), "features.country, missing values") {
		t.Errorf("stable %+v\ncanary %+v", stable, canary)
	}
}

// What is not compared is counted by its reason, and a pane that misses records is no past
// of another: the values that are left of it may be a selection.
func TestPanesThatAreNotCompared(t *testing.T) {
	s := newStream(countryOnly(t, 0.05), 1)
	rows, de := [2]int{900, 90}, [2]float64{0.6, 0.6}
	s.pane(rows, de)
	s.pane(rows, de)
	s.Gap(second(110), second(130)) // from the second pane into the third
	s.pane(rows, [2]float64{0.1, 0.1})
	s.pane(rows, de)
	s.end()
	stable, canary := s.shows(t)
	if stable.Skipped != (stats.Skips{Learning: 1, Incomplete: 2}) || stable.Blocks != 1 || stable.Result != stats.Unknown {
		t.Errorf("stable %+v", stable)
	}
	if canary.Skipped != (stats.Skips{Learning: 1, Incomplete: 2, TooFew: 1}) || canary.Blocks != 0 {
		t.Errorf("canary %+v", canary)
	}
}

// The judge tells of windows that miss records, also where nothing is left of them.
func TestAGapWithoutRowsTearsItsPanes(t *testing.T) {
	b := newBench(t)
	c := countryOnly(t, 0.05)
	s := newStream(c, 1)
	b.tests = []Test{s.historyCheck}
	s.pane([2]int{200, 200}, [2]float64{0.5, 0.5})
	hole := fast(0, 50, 80, -1, 110)
	hole.Gap = true
	b.cut(90, second(80), hole, fast(1, 0, 80, -1, 110))
	if len(s.panes) != 1 || s.panes[0].at != 1 || !s.panes[0].torn || s.arms[0].skipped.Incomplete != 1 {
		t.Errorf("panes %+v, skipped %+v", s.panes, s.arms[0].skipped)
	}
}

// In streams that never change, each arm is said to have moved at most as often as its
// error allows, however many panes there are; their number is binomial. Tests of equality
// at a large error are where that is narrowest. What all comparisons of an arm may claim
// together is their evidence after spending: its sum is 1 on average at most.
func TestFalseAlarmsOfAnArmsOwnHistory(t *testing.T) {
	const streams, panes, alpha, n = 150, 40, 0.2, 2 * 150
	for _, d := range []decision.Drift{{Above: 0, Faults: 1}, {Above: 0, Faults: 0.01}, {Above: 0.02, Faults: 0.01}} {
		c := countryOnly(t, d.Above)
		c.spec.Drift[1].Faults = d.Faults
		alarms, claims := 0, 0.0
		for seed := range uint64(streams) {
			s := newStream(c, seed)
			s.limit = -math.Log(alpha)
			for k := range int64(panes) {
				s.pane([2]int{300, 120}, [2]float64{0.6, 0.4})
				for a := range s.arms {
					if s.arms[a].compared != max(0, k-1) {
						t.Fatalf("%d panes of %d compared: %+v", s.arms[a].compared, k, s.arms[a].skipped)
					}
					if k > 1 {
						claims += math.Exp(s.arms[a].now)
					}
				}
			}
			stable, canary := s.shows(t)
			for _, e := range []stats.Evidence{stable, canary} {
				if e.Result == stats.Harm {
					alarms++
				}
			}
		}
		t.Logf("above %v, faults %v: %d of %d arms, evidence %.3f an arm", d.Above, d.Faults, alarms, n, claims/n)
		if most := n*alpha + 3*math.Sqrt(n*alpha*(1-alpha)); float64(alarms) > most || claims/n > 1.1 {
			t.Errorf("above %v, faults %v: %d of %d arms were said to have moved, at most %.0f may be; they claim %.3f each, 1 is all there is", d.Above, d.Faults, alarms, n, most, claims/n)
		}
	}
}

// A jump of the shares from 60 % to 40 or 30 %, an index of 0.16 or 0.38 where 0.05 is
// tolerated, is shown in the pane in which it is or the next, and not in the arm that
// stays: sooner with more events, later in a rollout only with more evidence.
func TestPowerOfAnArmsOwnHistory(t *testing.T) {
	const streams = 60
	for _, w := range []struct {
		rows, before int
		to           float64
		least, most  int // of the streams
	}{{200, 6, 0.3, 12, 40}, {600, 6, 0.3, 58, 60}, {600, 60, 0.3, 58, 60}, {600, 6, 0.4, 3, 30}, {2000, 6, 0.4, 54, 60}, {2000, 60, 0.4, 50, 60}} {
		c, found := countryOnly(t, 0.05), 0
		for seed := range uint64(streams) {
			s := newStream(c, 1000+seed)
			for n := range w.before + 2 {
				de := [2]float64{0.6, 0.6}
				if n >= w.before {
					de[1] = w.to
				}
				s.pane([2]int{w.rows, w.rows}, de)
			}
			s.end()
			stable, canary := s.shows(t)
			if stable.Result == stats.Harm {
				t.Errorf("stream %d: stable %+v", seed, stable)
			}
			if canary.Result == stats.Harm && canary.First >= int64(w.before)*60_000 {
				found++
			}
		}
		t.Logf("%+v: %d of %d", w, found, streams)
		if found < w.least || found > w.most {
			t.Errorf("%+v: found in %d of %d streams", w, found, streams)
		}
	}
}

// However long it lasts, and however quiet it becomes, twelve minutes are remembered; a
// restored check says at every window what the undisturbed one says.
func TestTheRememberedPastIsBounded(t *testing.T) {
	c := countryOnly(t, 0.05)
	s, most := newStream(c, 1), 0
	for n := range 60 {
		s.pane([2]int{150, 150}, [2]float64{0.6, 0.6 - 0.4*float64(n/40)})
		if n == 30 {
			s.at += 100 * 60
		}
		if len(s.panes) > mostPanes || n == 31 && len(s.panes) != 1 {
			t.Fatalf("%d panes after %d", len(s.panes), n)
		}
		state := s.AppendState(nil)
		if most = max(most, len(state)); n > 12 && len(state) > most {
			t.Errorf("the state grows: %d bytes", len(state))
		}
		again := newHistories(c)[0].(*historyCheck)
		if err := again.Restore(state); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.AppendState(nil), state) {
			t.Fatalf("pane %d: another state", n)
		}
		s.historyCheck = again
	}
	if _, canary := s.shows(t); canary.Result != stats.Harm || canary.Blocks < 50 {
		t.Errorf("%+v", canary)
	}
}
