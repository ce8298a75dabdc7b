package bench

import (
	"context"
	"math"
	"reflect"
	"runtime"
	"testing"

	"verdin/stats/sequential"
)

var small = Ramp{PerWindow: 300, Windows: 30, Shares: []float64{0.1, 0.5}, Rate: Daily(0.05, 0.3), Canary: Odds(1.5)}

func smallRules() []Rule[Counts] {
	return []Rule[Counts]{
		HarmShown(sequential.Null{}, sequential.Options{Stages: 2}, 0.05),
		SafetyShown(sequential.Null{Margin: 0.1}, sequential.Options{}, 0.05),
		ZEachLook(0.05), GrowthBook(0.05), HowardRamdas(0.05), ArgoRollouts(0.1), Flagger(0.1),
	}
}

func TestWorkersDoNotChangeATally(t *testing.T) {
	play := func(workers int) []Tally {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
		out, err := Play(context.Background(), Plan{Seed: 7, Runs: 130}, small.Play, smallRules())
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	one, many := play(1), play(4)
	if !reflect.DeepEqual(one, many) {
		t.Error("tallies of one and of four workers differ")
	}
	for _, tally := range one {
		if tally.Count(Harm)+tally.Count(Safe) == 0 {
			t.Errorf("%s answers in no run: the test says nothing", tally.Rule)
		}
	}
	alone, err := Play(context.Background(), Plan{Seed: 7, Runs: 130}, small.Play, smallRules()[2:3])
	if err != nil || !reflect.DeepEqual(alone[0], one[2]) {
		t.Errorf("a rule is told other histories when it plays alone: %v", err)
	}
}

func TestPlayEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Play(ctx, Plan{Runs: 1 << 30}, small.Play, smallRules()); err != context.Canceled {
		t.Errorf("error %v", err)
	}
}

// TestClopperPearson holds the bounds against the tables' figures: nothing in 100 gives
// 1 − 0.01^(1/100), and 0.05 is the bound at 449 of 10,000.
func TestClopperPearson(t *testing.T) {
	if got, want := Upper(0, 100, 0.99), 1-math.Pow(0.01, 0.01); math.Abs(got-want) > 1e-12 {
		t.Errorf("upper bound of nothing %v, want %v", got, want)
	}
	if got := Lower(100, 100, 0.99); math.Abs(got-math.Pow(0.01, 0.01)) > 1e-12 {
		t.Errorf("lower bound of all %v", got)
	}
	if at, above := Upper(449, 10000, 0.99), Upper(450, 10000, 0.99); at > 0.05 || above <= 0.05 {
		t.Errorf("bounds of 449 and 450 in 10,000: %v and %v", at, above)
	}
	if Upper(3, 3, 0.99) != 1 || Lower(0, 3, 0.99) != 0 {
		t.Error("the ends are not 0 and 1")
	}
}

func TestTallyCounts(t *testing.T) {
	y := Tally{First: []int{0, 3, 1, 2}, Answer: []Answer{None, Harm, Safe, Harm}}
	if y.Count(Harm) != 2 || y.Share(Safe) != 0.25 || y.Mean(6) != 3 {
		t.Errorf("%d harm, share %v safe, mean %v", y.Count(Harm), y.Share(Safe), y.Mean(6))
	}
	if y.Quantile(0.5) != 3 || y.Quantile(0.75) != 0 || y.Quantile(0) != 1 {
		t.Errorf("quantiles %d %d %d", y.Quantile(0.5), y.Quantile(0.75), y.Quantile(0))
	}
	if by := y.By(2); !reflect.DeepEqual(by, []float64{0, 0.25, 0.5}) {
		t.Errorf("answers by look %v", by)
	}
}
