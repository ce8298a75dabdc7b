package engine

import (
	"fmt"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/drift"
)

// sureOf is a test of drift with a known log e.
type sureOf struct {
	drift.Test
	logE float64
}

func (k sureOf) LogE() float64 { return k.logE }

// A check of several features names the one with most evidence, and once it has shown
// drift those that e-BH lists beside it: of four the third needs 4/(0.05·3) at least.
func TestACheckListsTheFeaturesThatDrifted(t *testing.T) {
	check := func(logs ...float64) *driftCheck {
		d := &driftCheck{spec: &decision.Drift{Name: "inputs"}}
		for i, x := range logs {
			d.features = append(d.features, watched{field: fmt.Sprint("f", i), test: sureOf{logE: x}})
		}
		return d
	}
	for _, c := range []struct {
		logs  []float64
		shown bool
		want  string
	}{
		{[]float64{9}, true, ""},
		{[]float64{0, 3.3, 20, 10}, false, "the feature with most evidence: f2; "},
		{[]float64{0, 3.3, 20, 10}, true, "the feature with most evidence: f2; beside it, at a false discovery rate of 5 %: f3, f1; "},
		{[]float64{0, 3.2, 20, 10}, true, "the feature with most evidence: f2; beside it, at a false discovery rate of 5 %: f3; "},
		{[]float64{0, 0, 20, 0}, true, "the feature with most evidence: f2; "},
	} {
		d := check(c.logs...)
		if got := d.names(d.worst(), c.shown); got != c.want {
			t.Errorf("%v, shown %v: %q, want %q", c.logs, c.shown, got, c.want)
		}
	}
	d := check(9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9)
	if got := d.names(d.worst(), true); !strings.HasSuffix(got, ": f1, f2, f3, f4, f5, f6, f7, f8, 3 more; ") {
		t.Errorf("many: %q", got)
	}
}
