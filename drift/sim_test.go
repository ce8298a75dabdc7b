package drift

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// arms is a simulated canary: laws of both arms, and events a window.
type arms struct {
	p, q []float64
	n, m int
}

// first returns the canary events after which a test has shown drift at risk alpha,
// 0 if it never does within the windows.
func first(r *rand.Rand, test Test, w arms, windows int, alpha float64) int64 {
	for range windows {
		test.Observe(window(r, 4, w.p, w.q, w.n, w.m))
		if test.LogEMax() >= -math.Log(alpha) {
			return test.N()[1]
		}
	}
	return 0
}

// Of 100 canaries that do not differ, or differ less than the tolerance, at most the
// risk is alarmed in 200 looks.
func TestFalseAlarmsStayBelowTheRisk(t *testing.T) {
	const runs, looks, alpha = 100 / stride, 200, 0.05
	each(t, func(t *testing.T, name string) {
		for _, c := range []struct {
			above, truth float64
			m            int // canary events a window of 200
		}{{0, 0, 20}, {0, 0, 100}, {0.1, 0.09, 20}, {0.2, 0.18, 100}} {
			p, q := tilted(10, c.truth, distances[name])
			r := rand.New(rand.NewPCG(11, 12))
			alarms := 0
			for range runs {
				if first(r, Methods[name](10, c.above, 3), arms{p, q, 200 - c.m, c.m}, looks, alpha) > 0 {
					alarms++
				}
			}
			t.Logf("%+v: %d of %d", c, alarms, runs)
			if alarms > alpha*runs {
				t.Errorf("%+v: %d of %d alarmed", c, alarms, runs)
			}
		}
	})
}

// The world moves through the day and the split changes with the stages: both arms
// are alike in every window, and pooled they are not.
func TestAMovingWorldIsNoDrift(t *testing.T) {
	const runs, looks, alpha = 100 / stride, 180, 0.05
	each(t, func(t *testing.T, name string) {
		r := rand.New(rand.NewPCG(17, 18))
		alarms := 0
		for range runs {
			test := Methods[name](5, 0, 3)
			for look := range looks {
				p, _ := tilted(5, 0, distance)
				for i := range p {
					p[i] *= 1 + 0.9*math.Sin(float64(look)/float64(looks)*math.Pi)*(float64(i)/2-1)
				}
				m := []int{20, 50, 100}[look*3/looks]
				b := window(r, 4, p, p, 200-m, m)
				b.Stage = look * 3 / looks
				test.Observe(b)
			}
			if test.LogEMax() >= -math.Log(alpha) {
				alarms++
			}
		}
		t.Logf("%d of %d", alarms, runs)
		if alarms > alpha*runs {
			t.Errorf("%d of %d alarmed", alarms, runs)
		}
	})
}

// The median number of canary events to an alarm at risk 0.01, in 10 equal bins,
// windows of 20 canary and 180 stable events, is what an independent simulation of
// the same bets gave (250 runs, exponential tilt).
func TestPSIFindsDriftInTheKnownNumberOfEvents(t *testing.T) {
	for _, c := range []struct {
		truth float64
		want  int64
	}{{0.05, 540}, {0.1, 280}, {0.25, 120}} {
		p, q := tilted(10, c.truth, distance)
		if got := median(func() Test { return NewPSI(10, 0, 1) }, arms{p, q, 180, 20}, 300, 0.01); got < c.want-c.want/4 || got > c.want+c.want/4 {
			t.Errorf("PSI %v: median %d canary events, want %d within a quarter", c.truth, got, c.want)
		} else {
			t.Logf("PSI %v: median %d canary events", c.truth, got)
		}
	}
}

// A distance of twice the tolerance and more is found.
func TestDriftBeyondTheToleranceIsFound(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		for _, c := range []struct {
			above, truth float64
			most         int64
		}{{0.1, 0.2, 8000}, {0.1, 0.4, 1500}, {0.05, 0.25, 2500}} {
			p, q := tilted(10, c.truth, distances[name])
			got := median(func() Test { return Methods[name](10, c.above, 3) }, arms{p, q, 180, 20}, 500, 0.05)
			t.Logf("%s %v above %v: median %d canary events", name, c.truth, c.above, got)
			if got == 0 || got > c.most {
				t.Errorf("%s %v above %v: median %d canary events, want at most %d", name, c.truth, c.above, got, c.most)
			}
		}
	})
}

// Drift that begins with a later stage, after a long time without any, is found about
// as soon as if the test had begun there.
func TestLateDriftIsFoundAsFastAsEarlyDrift(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		p, q := tilted(10, 0.4, distances[name])
		late := func() Test {
			r, test := rand.New(rand.NewPCG(15, 16)), Methods[name](10, 0.1, 2)
			for range 250 {
				test.Observe(window(r, 4, p, p, 180, 20))
			}
			return &inStage{test, 1, test.N()[1]}
		}
		early := median(func() Test { return Methods[name](10, 0.1, 2) }, arms{p, q, 180, 20}, 500, 0.05)
		after := median(late, arms{p, q, 180, 20}, 500, 0.05)
		t.Logf("early: %d canary events, late: %d", early, after)
		if after == 0 || after > early+early/4+40 {
			t.Errorf("drift from the start is found after %d canary events, drift in the second stage after %d", early, after)
		}
	})
}

// inStage shows a test windows of one stage, and counts from its start.
type inStage struct {
	Test
	stage  int
	before int64
}

func (s *inStage) Observe(b Block) {
	b.Stage = s.stage
	s.Test.Observe(b)
}

func (s *inStage) N() [2]int64 {
	n := s.Test.N()
	n[1] -= s.before
	return n
}

// median is that of the canary events to an alarm, over 51 runs.
func median(make func() Test, w arms, windows int, alpha float64) int64 {
	r := rand.New(rand.NewPCG(13, 14))
	var all []int64
	for range 51 {
		n := first(r, make(), w, windows, alpha)
		if n == 0 {
			n = math.MaxInt64
		}
		all = append(all, n)
	}
	slices.Sort(all)
	if all[25] == math.MaxInt64 {
		return 0
	}
	return all[25]
}
