package drift

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

func checkCalibration(t *testing.T, v vector) {
	y, p := numbers[float64](t, v.Input["y"]), floats(t, v.Input["p"])
	ten, fifteen := NewCalibration(10), NewCalibration(15)
	for i := range y {
		ten.Add(p[i], y[i] == 1)
		fifteen.Add(p[i], y[i] == 1)
	}
	s, f := ten.Scores(), fifteen.Scores()
	v.holds(t, "brier", s.Brier, 0, 1e-12)
	v.holds(t, "calibration_in_the_large", s.InTheLarge, 0, 1e-12)
	v.holds(t, "mean_label", float64(ten.ones())/float64(ten.N()), 0, 1e-12)
	v.holds(t, "ece_10_width_left", s.ECE, 0, 1e-12)
	v.holds(t, "mce_10_width_left", s.MCE, 0, 1e-12)
	v.holds(t, "rms_ce_10_width_left", math.Sqrt(s.Reliability), 0, 1e-12)
	v.holds(t, "debiased_sq_ce_10_width_left", s.Debiased, 0, 1e-12)
	v.holds(t, "ece_15_width_left", f.ECE, 0, 1e-12)
	v.holds(t, "mce_15_width_left", f.MCE, 0, 1e-12)
	var bins []struct {
		Bin, Count int
		Label      float64 `json:"mean_label"`
		Score      float64 `json:"mean_score"`
	}
	v.seen["bins_10_width_left"] = true
	if err := json.Unmarshal(v.Expect["bins_10_width_left"], &bins); err != nil {
		t.Fatal(err)
	}
	got := ten.Bins()
	for _, b := range bins {
		g := got[b.Bin]
		if g.N != int64(b.Count) || math.Abs(g.Label-b.Label) > 1e-12 || math.Abs(g.Score-b.Score) > 1e-12 {
			t.Errorf("bin %d is %+v, want %+v", b.Bin, g, b)
		}
	}
	checkMurphy(t, v, ten, p)
}

// checkMurphy compares resolution and uncertainty; reliability only where the parts of
// that case were computed on the same bins.
func checkMurphy(t *testing.T, v vector, c *Calibration, p []float64) {
	var parts struct{ Reliability, Resolution, Uncertainty float64 }
	v.seen["murphy_10"] = true
	if err := json.Unmarshal(v.Expect["murphy_10"], &parts); err != nil {
		t.Fatal(err)
	}
	s := c.Scores()
	if math.Abs(s.Uncertainty-parts.Uncertainty) > 1e-12 || math.Abs(s.Resolution-parts.Resolution) > 1e-12 || math.Abs(s.Reliability-parts.Reliability) > 1e-12 {
		t.Errorf("Murphy's parts %+v, want %+v", s, parts)
	}
}

func (c *Calibration) ones() (n int64) {
	for _, b := range c.bins {
		n += b.ones
	}
	return n
}

func TestCalibrationDoesNotDependOnTheOrderOfRows(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 72))
	all, parts := NewCalibration(0), [2]*Calibration{NewCalibration(0), NewCalibration(0)}
	var xs []float64
	for range 3000 {
		xs = append(xs, r.Float64())
	}
	xs = append(xs, 0, 1, math.NaN(), -0.1, 1.1, math.Inf(1), 5e-324)
	for _, x := range xs {
		all.Add(x, math.Float64bits(x)%3 == 0)
	}
	r.Shuffle(len(xs), func(i, j int) { xs[i], xs[j] = xs[j], xs[i] })
	for i, x := range xs {
		parts[i%2].Add(x, math.Float64bits(x)%3 == 0)
	}
	parts[0].Merge(parts[1])
	if !reflect.DeepEqual(all, parts[0]) || all.Odd() != 4 || all.N() != 3003 {
		t.Errorf("all %+v\nmerged %+v", all.Scores(), parts[0].Scores())
	}
	other := NewCalibration(7)
	other.Merge(all)
	if other.N() != 0 || other.Odd() != 4+3003 {
		t.Errorf("other bins: %d rows, %d odd", other.N(), other.Odd())
	}
	if s := NewCalibration(3).Scores(); s != (Scores{}) {
		t.Errorf("nothing scores %+v", s)
	}
}

// The raw error of a perfect model shrinks with rows; the debiased one is 0 at any number.
func TestDebiasedErrorOfAPerfectModelIsZero(t *testing.T) {
	r := rand.New(rand.NewPCG(73, 74))
	for _, rows := range []int{100, 1000} {
		raw, debiased := 0.0, 0.0
		for range 3000 {
			c := NewCalibration(10)
			for range rows {
				x := (float64(r.IntN(10)) + 0.5) / 10
				c.Add(x, r.Float64() < x)
			}
			raw += c.Scores().ECE / 3000
			debiased += c.Scores().Debiased / 3000
		}
		t.Logf("%d rows: raw %.4f, debiased %.6f", rows, raw, debiased)
		if raw < 0.3/math.Sqrt(float64(rows)) || math.Abs(debiased) > 0.05/float64(rows) {
			t.Errorf("%d rows: raw error %v, debiased %v", rows, raw, debiased)
		}
	}
}

func TestReliabilityFindsTheBinThatIsOff(t *testing.T) {
	r := rand.New(rand.NewPCG(75, 76))
	f := NewReliability(5, 0.02, 1)
	var windows []Block
	for look := 1; ; look++ {
		var arms [2]*Calibration
		for arm := range arms {
			arms[arm] = NewCalibration(5)
			for range [2]int{900, 300}[arm] {
				x := r.Float64()
				off := 0.0
				if arm == 1 && x > 0.8 {
					off = 0.3
				}
				arms[arm].Add(x, r.Float64() < x-off)
			}
		}
		windows = ByScore(windows, whole(arms[0].Counts(), arms[1].Counts()))
		f.Observe(windows)
		if f.LogEMax() >= math.Log(1/0.01) {
			if got := f.Drifted(0.05); len(got) != 1 || got[0] != "score 0.8 to 1" {
				t.Errorf("window %d: drifted %v", look, got)
			}
			return
		}
		if look == 50 {
			t.Fatalf("nothing was found: log E %v", f.LogE())
		}
	}
}
