package drift

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// manyFeatures has n features of which the first few drift.
func manyFeatures(n int) *Features {
	f := &Features{}
	for i := range n {
		f.AddFeature(string(rune('a'+i)), NewPSI(5, 0.05, 2))
	}
	return f
}

func manyWindows(r *rand.Rand, n, drifted int) (out []Block) {
	p, q := tilted(5, 0.4, distance)
	for i := range n {
		law := p
		if i < drifted {
			law = q
		}
		out = append(out, window(r, 4, p, law, 300, 60))
	}
	return out
}

func TestTheMeanOfFeaturesAlarmsRarely(t *testing.T) {
	const runs, alpha = 60, 0.05
	r, alarms, listed := rand.New(rand.NewPCG(81, 82)), 0, 0
	for range runs {
		f := manyFeatures(8)
		for range 50 {
			f.Observe(manyWindows(r, 8, 0))
			listed += len(f.Drifted(alpha))
		}
		if f.LogEMax() >= -math.Log(alpha) {
			alarms++
		}
	}
	if alarms > alpha*runs || listed > 0 {
		t.Errorf("%d of %d alarmed; %d features were listed", alarms, runs, listed)
	}
}

func TestTheFeaturesThatDriftAreListed(t *testing.T) {
	r, f := rand.New(rand.NewPCG(83, 84)), manyFeatures(8)
	for range 30 {
		f.Observe(manyWindows(r, 8, 2))
	}
	mean := 0.0
	for i := range f.Len() {
		_, test := f.Feature(i)
		mean += math.Exp(test.LogE()) / float64(f.Len())
	}
	if math.Abs(f.LogE()-math.Log(mean)) > 1e-9 {
		t.Errorf("log E %v, the mean is %v", f.LogE(), math.Log(mean))
	}
	got := f.Drifted(0.05)
	if _, a := f.Feature(0); len(got) == 2 && (a.LogE() > logOf(f, "b")) != (got[0] == "a") {
		t.Errorf("listed as %v, though the log E of a is %v and that of b %v", got, a.LogE(), logOf(f, "b"))
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"a", "b"}) || f.LogEMax() < math.Log(1/0.01) {
		t.Errorf("drifted %v, log E %v", got, f.LogE())
	}
}

// logOf is the evidence of a feature.
func logOf(f *Features, name string) float64 {
	for i := range f.Len() {
		if n, test := f.Feature(i); n == name {
			return test.LogE()
		}
	}
	return math.NaN()
}

func TestFeaturesGoOnWithTheSameBits(t *testing.T) {
	r, live, again := rand.New(rand.NewPCG(85, 86)), manyFeatures(3), manyFeatures(3)
	for range 5 {
		live.Observe(manyWindows(r, 3, 1))
	}
	state := live.AppendState(nil)
	if err := again.Restore(state); err != nil {
		t.Fatal(err)
	}
	w := manyWindows(r, 2, 1) // the third has no window
	live.Observe(w)
	again.Observe(w)
	if live.LogE() != again.LogE() || live.LogEMax() != again.LogEMax() || !bytes.Equal(live.AppendState(nil), again.AppendState(nil)) {
		t.Errorf("restored %v, undisturbed %v", again.LogE(), live.LogE())
	}
	if err := manyFeatures(4).Restore(state); !errors.Is(err, ErrState) {
		t.Errorf("other features: error %v, want ErrState", err)
	}
	none := &Features{}
	none.Observe(w)
	if none.LogE() != 0 || len(none.Drifted(0.05)) != 0 {
		t.Error("no features say something")
	}
}
