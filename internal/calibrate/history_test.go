package calibrate

import (
	"context"
	"errors"
	"math"
	"testing"

	"verdin/schemas"
)

func TestHistoryIsTheStableArmAlone(t *testing.T) {
	h, _ := history(t, "request", 1000)
	if h.Rows[schemas.KindPrediction] != 900 || h.Canary != 100 {
		t.Errorf("%d predictions kept, %d of the canary left out; want 900 and 100", h.Rows[schemas.KindPrediction], h.Canary)
	}
	if h.Rows[schemas.KindOutcome] != 1000 {
		t.Errorf("%d outcomes: those that wait for a join are kept, want 1000", h.Rows[schemas.KindOutcome])
	}
}

func TestRecordingOfAnotherRolloutIsRefused(t *testing.T) {
	spec := parse(t, "request")
	lines := events(10)
	spec.Name = "other"
	if _, err := load(t, spec, lines); !errors.Is(err, ErrHistory) {
		t.Errorf("got %v", err)
	}
}

// arms deals a history and counts by arm, and the units or predictions seen in both.
func arms(t *testing.T, h *History, salt uint64, share float64) (n [2]int, byKey map[string]int) {
	t.Helper()
	byKey = map[string]int{}
	s := &split{h: h, salt: salt, share: share}
	for {
		c, err := s.Next(context.Background())
		if err != nil {
			return n, byKey
		}
		for i := range c.Len() {
			if c.Kind[i] != schemas.KindPrediction {
				continue
			}
			arm, key := 0, string(c.Bytes(c.Key[i]))
			if string(c.Bytes(c.Arm[i])) == schemas.ArmCanary {
				arm = 1
			}
			if h.sticky {
				key = string(c.Bytes(c.Unit[i]))
			}
			n[arm]++
			byKey[key] |= 1 << arm
		}
	}
}

func TestSplitDealsTheShareAsked(t *testing.T) {
	h, _ := history(t, "request", 4000)
	for _, share := range []float64{0.1, 0.5} {
		n, _ := arms(t, h, 7, share)
		got, sd := float64(n[1])/3600, math.Sqrt(share*(1-share)/3600)
		if math.Abs(got-share) > 4*sd {
			t.Errorf("share %v, want %v ± %v", got, share, 4*sd)
		}
	}
}

func TestUnitsStayInTheirArmWhereAssignmentIsSticky(t *testing.T) {
	h, _ := history(t, "sticky", 2000)
	_, arms := arms(t, h, 3, 0.5)
	for unit, in := range arms {
		if in == 3 {
			t.Fatalf("unit %s is in both arms", unit)
		}
	}
}

func TestSaltsHaveNothingInCommon(t *testing.T) {
	h, _ := history(t, "request", 4000)
	_, a := arms(t, h, 1, 0.5)
	_, again := arms(t, h, 1, 0.5)
	_, b := arms(t, h, 2, 0.5)
	same := 0
	for k := range a {
		if a[k] != again[k] {
			t.Fatal("one salt dealt two ways")
		}
		if a[k] == b[k] {
			same++
		}
	}
	if d := math.Abs(float64(same)/float64(len(a)) - 0.5); d > 4*0.5/math.Sqrt(float64(len(a))) {
		t.Errorf("two salts agree in %d of %d", same, len(a))
	}
}

func TestNeighbouringSaltsAreUniform(t *testing.T) {
	var sum, square float64
	const n = 20000
	for i := range n {
		u := uniform(uint64(i), []byte("p1"))
		sum += u
		square += u * u
	}
	if mean := sum / n; math.Abs(mean-0.5) > 4/math.Sqrt(12*n) {
		t.Errorf("mean %v", mean)
	}
	if second := square / n; math.Abs(second-1.0/3) > 4*0.3/math.Sqrt(n) {
		t.Errorf("second moment %v", second)
	}
}
