package bench

import (
	"context"
	"os"
	"testing"
)

// TestOperatingCharacteristics is the small version of "verdin bench stats": the same
// code with fewer runs. It is red where a bar is refuted at 99 %, case by case or over
// all exact cases together.
func TestOperatingCharacteristics(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation of some seconds")
	}
	o := Options{Seed: 1, Runs: testRuns}
	if testing.Verbose() {
		o.Progress = os.Stderr
	}
	r, err := Stats(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range r.Broken {
		t.Error(b)
	}
	t.Log(r.Text)
}

// TestCostsAllocateNothing after warm-up; times belong to a quiet machine and to the page.
func TestCostsAllocateNothing(t *testing.T) {
	for _, c := range costs {
		step := c.make()
		for i := range 100 {
			step(i)
		}
		i := 0
		if n := testing.AllocsPerRun(50, func() { step(i); i++ }); n > 0 {
			t.Errorf("%s: %v allocations a window", c.name, n)
		}
	}
}
