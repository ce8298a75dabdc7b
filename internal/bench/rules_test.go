package bench

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"verdin/stats/sequential"
)

func play[L any](t *testing.T, runs int, w World[L], rules ...Rule[L]) []Tally {
	t.Helper()
	out, err := Play(context.Background(), Plan{Seed: 11, Runs: runs}, w, rules)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestOthersKeepTheirOwnPromises where what they assume holds: one split, one rate. What
// the tables show of them is due to their assumptions, not to how they are computed here.
func TestOthersKeepTheirOwnPromises(t *testing.T) {
	flat := Ramp{PerWindow: 1000, Windows: 100, Shares: []float64{0.3}, Rate: Flat(0.1)}
	for _, y := range play(t, 400, flat.Play, GrowthBook(0.05), HowardRamdas(0.05)) {
		if y.Lower(Harm) > 0.05 {
			t.Errorf("%s: %d false alarms in %d runs", y.Rule, y.Count(Harm), y.Runs())
		}
	}
	once := flat
	once.PerWindow, once.Windows = 20000, 1
	if y := play(t, 1000, once.Play, ZEachLook(0.05))[0]; math.Abs(y.Share(Harm)-0.05) > 0.02 {
		t.Errorf("one look of a z-test at 5 %%: %v", y.Share(Harm))
	}
	harm := flat
	harm.Canary = Odds(1.5)
	for _, y := range play(t, 50, harm.Play, ZEachLook(0.05), GrowthBook(0.05), HowardRamdas(0.05)) {
		if y.Count(Harm) < 50 {
			t.Errorf("%s finds half as many odds again in %d of 50 runs", y.Rule, y.Count(Harm))
		}
	}
}

// TestFixedLimitsCountChecks: four failed checks end Argo's analysis, ten Flagger's, with
// any number of good ones in between.
func TestFixedLimitsCountChecks(t *testing.T) {
	world := func(_ *rand.Rand, see func(Counts) bool) {
		for i := range 100 {
			l := Counts{Canary: sequential.Counts{N: 100, Y: 2}}
			if i%3 == 2 {
				l.Canary.Y = 3
			}
			if !see(l) {
				return
			}
		}
	}
	y := play(t, 1, world, ArgoRollouts(0.02), Flagger(0.02), Flagger(0.03))
	if y[0].First[0] != 12 || y[1].First[0] != 30 || y[2].Count(Harm) != 0 {
		t.Errorf("ended at looks %d, %d and %d", y[0].First[0], y[1].First[0], y[2].First[0])
	}
}

// TestOraclesAreFasterThanUs, and the oracle that knows all is near Wald's limit.
func TestOraclesAreFasterThanUs(t *testing.T) {
	d := delays[1]
	tallies, err := d.Case("x").Play(context.Background(), Plan{Seed: 3, Runs: 100})
	if err != nil {
		t.Fatal(err)
	}
	r := Result{d.Case("x"), tallies}
	mean := func(rule string) float64 {
		y, ok := r.Find(rule)
		if !ok || y.Count(Harm) < 99 {
			t.Errorf("%s finds harm in %d of 100 runs", rule, y.Count(Harm))
		}
		return y.Mean(d.Windows)
	}
	sprt, cond, ours := mean(OracleSPRT), mean(OracleConditional), mean("Verdin")
	if !(sprt <= cond && cond <= ours) || sprt < d.Wald() || sprt > 1.3*d.Wald() {
		t.Errorf("Wald %v, SPRT %v, conditional %v, ours %v", d.Wald(), sprt, cond, ours)
	}
}

// TestWorldsDrawWhatTheySay: counts have the mean that oracles are told.
func TestWorldsDrawWhatTheySay(t *testing.T) {
	for name, w := range map[string]Ramp{
		"daily": {PerWindow: 2000, Windows: 200, Shares: ramp, Rate: Daily(0.1, 0.5), Canary: Times(1.3)},
		"trend": {PerWindow: 2000, Windows: 200, Shares: ramp, Rate: Trend(0.05, 0.1), Jump: true},
		"burst": {PerWindow: 2000, Windows: 200, Shares: ramp, Rate: Bursts(0.01, 0.05, 8), Canary: Plus(0.01), Lost: 0.3},
	} {
		var n, y, want, variance [2]float64
		for i := range 20 {
			w.Play(rand.New(rand.NewPCG(5, uint64(i))), func(l Counts) bool {
				for arm, c := range []sequential.Counts{l.Stable, l.Canary} {
					p := l.truth[arm]
					n[arm] += float64(c.N)
					y[arm] += float64(c.Y)
					want[arm] += p * float64(c.N)
					variance[arm] += p * (1 - p) * float64(c.N)
				}
				return true
			})
		}
		for arm := range n {
			if z := (y[arm] - want[arm]) / math.Sqrt(variance[arm]); math.Abs(z) > 4 || n[arm] == 0 {
				t.Errorf("%s, arm %d: %v events of %v units, %v expected", name, arm, y[arm], n[arm], want[arm])
			}
		}
	}
}

func TestAnyAnswersForItsParts(t *testing.T) {
	third := Any(Alarm("x", func() func(int) bool { return func(l int) bool { return l == 3 } }), 2)
	world := func(_ *rand.Rand, see func([]int) bool) {
		for _, l := range [][]int{{1, 1}, {2, 3}, {3, 3}} {
			if !see(l) {
				return
			}
		}
	}
	double := Through(third, func(l []int) []int { return []int{2 * l[0], 2 * l[1]} })
	y := play(t, 1, world, third, double)
	if y[0].First[0] != 2 || y[1].Count(None) != 1 {
		t.Errorf("answers at %d and %d", y[0].First[0], y[1].First[0])
	}
}
