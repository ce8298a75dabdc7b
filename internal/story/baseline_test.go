package story

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"verdin/drift"
)

var update = flag.Bool("update", false, "write files that are made from the code again")

// The baseline beside the stories is what calibration keeps of 20,000 draws of the normal
// distribution with mean 0 and deviation 1: what their worlds answer before they move.
func TestTheBaselineIsThatOfTheStories(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	xs := make([]float64, 20_000)
	for i := range xs {
		xs[i] = rng.NormFloat64()
	}
	edges, err := drift.Learn(xs, drift.FineBins)
	if err != nil {
		t.Fatal(err)
	}
	h := drift.NewHistogram(edges)
	h.Add(xs, nil, 0)
	want, err := (&drift.Baseline{Rollout: "default/shop", Features: []drift.Reference{drift.NewReference("prediction_score", h)}}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "scores.json")
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != string(want) {
		t.Errorf("%s is not what the test makes (%v): run go test ./internal/story -update", path, err)
	}
}
