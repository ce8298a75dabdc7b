package router

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"verdin/schemas"
)

// MurmurHash3 x86 32-bit, seed 0, of the strings: the reference values that
// the article on MurmurHash of the English Wikipedia lists.
func TestSlotFollowsTheHash(t *testing.T) {
	for s, hash := range map[string]uint64{
		"": 0, "test": 0xba6bd213, "Hello, world!": 0xc0363e43, "The quick brown fox jumps over the lazy dog": 0x2e4ff723,
	} {
		want := int(hash * 10_000 >> 32)
		for cut := range len(s) + 1 {
			if got := slot(s[:cut], s[cut:]); got != want {
				t.Errorf("slot(%q, %q) = %d, want %d", s[:cut], s[cut:], got, want)
			}
		}
	}
}

func TestShareIsTheWeight(t *testing.T) {
	b := newBench(t)
	b.deliver(b.make(1234))
	const n = 100_000
	canary := 0
	for i := range n {
		if b.r.Choose("prod/recsys", fmt.Sprintf("user-%d", i)).Arm == schemas.ArmCanary {
			canary++
		}
	}
	p := 0.1234
	if z := (float64(canary) - n*p) / math.Sqrt(n*p*(1-p)); math.Abs(z) > 4 {
		t.Errorf("%d of %d, z = %.1f", canary, n, z)
	}
}

func TestGrowingCanaryLosesNobody(t *testing.T) {
	b := newBench(t)
	in := map[string]bool{}
	for _, weight := range []int{100, 1000, 2500, 5000, 9500, 10_000} {
		b.deliver(b.make(weight))
		for i := range 5000 {
			id := fmt.Sprintf("user-%d", i)
			canary := b.r.Choose("prod/recsys", id).Arm == schemas.ArmCanary
			if in[id] && !canary {
				t.Fatalf("%s left the canary at weight %d", id, weight)
			}
			in[id] = canary
		}
	}
	for id, canary := range in {
		if !canary {
			t.Fatalf("%s is not in the canary at 100 %%", id)
		}
	}
}

func TestSaltIsTheVersionsOrTheVerdicts(t *testing.T) {
	b := newBench(t)
	b.deliver(b.make(5000))
	if got := b.l.view.Load().salt; got != "prod/recsys/v2" {
		t.Errorf("salt %q", got)
	}
	b.deliver(b.make(5000, func(v *schemas.Verdict) { v.Sticky = &schemas.Sticky{By: "unit_id", Hash: "murmur3_32", Salt: "s"} }))
	if got := b.l.view.Load().salt; got != "s" {
		t.Errorf("salt %q", got)
	}
}

func TestChoiceCarriesItsVerdict(t *testing.T) {
	b := newBench(t)
	if c := b.r.Choose("prod/recsys", "x"); c != (Choice{Arm: "stable", Stage: -1}) {
		t.Errorf("before any verdict: %+v", c)
	}
	b.deliver(b.make(10_000))
	if c := b.r.Choose("prod/recsys", "x"); c != (Choice{"canary", "v2", 1, 0, ""}) {
		t.Errorf("at 100 %%: %+v", c)
	}
	if c := b.r.Choose("unknown", "x"); c != (Choice{Arm: "stable", Stage: -1}) {
		t.Errorf("not configured: %+v", c)
	}
}

// Copies go to the canary while a stage of weight 0 runs, and at no other time.
func TestCopiesAreForTheStageWithoutWeight(t *testing.T) {
	for _, c := range []struct {
		name   string
		weight int
		change func(*schemas.Verdict)
		mirror string
	}{
		{"runs", 0, func(*schemas.Verdict) {}, "v2"},
		{"is held", 0, func(v *schemas.Verdict) { v.Verdict, v.Phase = schemas.VerdictHold, schemas.PhaseHeld }, "v2"},
		{"is rolled back", 0, func(v *schemas.Verdict) { v.Verdict, v.Phase = schemas.VerdictRollback, schemas.PhaseRolledBack }, ""},
		{"is complete", 0, func(v *schemas.Verdict) { v.Verdict, v.Phase = schemas.VerdictPromote, schemas.PhaseCompleted }, ""},
		{"has weight", 0, func(v *schemas.Verdict) { v.Stage.Weight = 10 }, ""},
		{"has traffic", 1, func(*schemas.Verdict) {}, ""},
	} {
		b := newBench(t)
		b.deliver(b.make(c.weight, func(v *schemas.Verdict) { v.Phase, v.Stage.Weight = schemas.PhaseRunning, 0 }, c.change))
		choice := b.r.Choose("prod/recsys", "x")
		if choice.Mirror != c.mirror {
			t.Errorf("the stage %s: %+v", c.name, choice)
		}
		if err := b.r.Kill("prod/recsys", true); err != nil {
			t.Fatal(err)
		}
		if choice = b.r.Choose("prod/recsys", "x"); choice.Mirror != "" {
			t.Errorf("killed, the stage %s: %+v", c.name, choice)
		}
	}
}

func TestChooseAllocatesNothing(t *testing.T) {
	b := newBench(t)
	b.deliver(b.make(5000))
	id := strings.Repeat("u", 128)
	if n := testing.AllocsPerRun(100, func() { b.r.Choose("prod/recsys", id) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkChoose(bm *testing.B) {
	b := newBench(bm)
	b.r.cfg.Now = nil
	r, err := New(Config{ID: "edge-1", Rollouts: []string{"prod/recsys"}, Trusted: b.r.cfg.Trusted})
	if err != nil {
		bm.Fatal(err)
	}
	b.now = r.cfg.Now()
	step := b.make(5000)
	r.verdict(r.order[0], sign(b.key, schemas.VerdictMessage("prod", "recsys", step)), step)
	bm.ReportAllocs()
	for bm.Loop() {
		r.Choose("prod/recsys", "8d1f0b9e-6f0c-4bb7-a7a1-0c0a4f3f2f11")
	}
}
