package realdata

import (
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"verdin/drift"
	"verdin/internal/shareddata"
)

// mingle deals two parts of a data set as the arms, each shuffled and spread evenly over
// the recording: only what the values are can tell them apart, not when they come. In
// their own order seasons would differ from block to block, which the textbook's
// comparison of the whole parts does not see and a test of blocks does.
func mingle(stable, canary []unit) []unit {
	stable, canary = shuffled(stable), shuffled(canary)
	out := make([]unit, 0, len(stable)+len(canary))
	for i, k := 0, 0; i < len(stable) || k < len(canary); {
		second := k < len(canary) && (i == len(stable) || (2*k+1)*len(stable) < (2*i+1)*len(canary))
		u := unit{}
		if second {
			u, k = canary[k], k+1
		} else {
			u, i = stable[i], i+1
		}
		u.canary, u.at = second, time.Time{}
		out = append(out, u)
	}
	return out
}

func shuffled(units []unit) []unit {
	out := slices.Clone(units)
	rand.New(rand.NewPCG(7, uint64(len(out)))).Shuffle(len(out), func(i, k int) { out[i], out[k] = out[k], out[i] })
	return out
}

// alternate deals even rows as stable, odd ones as canary.
func alternate(units []unit) []unit {
	for i := range units {
		units[i].canary = i%2 == 1
	}
	return units
}

// columns makes a unit of each row, with the named columns as numeric features; empty
// cells are missing.
func columns(t *testing.T, rows []map[string]string, names ...string) (units []unit) {
	t.Helper()
	for _, r := range rows {
		u := unit{numbers: map[string]float64{}}
		for _, n := range names {
			if r[n] != "" {
				u.numbers[n] = number(t, r[n])
			}
		}
		units = append(units, u)
	}
	return units
}

// watch is drift checks, one a feature, that only report.
func watch(method, above string, features ...string) string {
	var b strings.Builder
	for _, f := range features {
		name := strings.ReplaceAll(f, "-", "_")
		b.WriteString("    - {name: " + name + ", of: features." + f + ", method: " + method + ", above: " + above + ", role: observe}\n")
	}
	return b.String()
}

func drifts(checks ...string) string { return "  drift:\n" + strings.Join(checks, "") }

// says checks which drift checks find drift, and that what is reported is a number.
func (v verdict) says(t *testing.T, drifted []string, same []string) {
	t.Helper()
	for _, name := range slices.Concat(drifted, same) {
		e, ok := v.evidence[name+"/drift"]
		if !ok || e.Blocks == 0 {
			t.Errorf("%s: no evidence", name)
			continue
		}
		if got, want := e.Result == "harm", slices.Contains(drifted, name); got != want {
			t.Errorf("%s: drift found: %v, want %v; log e %.2f of %.2f, %s %.3f", name, got, want, e.LogEMax, e.Threshold, e.Method, e.Effect.Estimate)
		}
		if x := e.Effect.Estimate; x-x != 0 || e.LogE-e.LogE != 0 {
			t.Errorf("%s: effect %v, log e %v", name, x, e.LogE)
		}
	}
}

// document reads a compressed JSON file.
func document(t *testing.T, set, file string, into any) {
	t.Helper()
	if err := json.NewDecoder(open(t, filepath.Join(shareddata.Dir(t, set), file))).Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// against asks the test of a distance about two columns of numbers, in ten bins of the
// reference, twenty rows of the second part at a time: what the engine does with a
// baseline.
func against(t *testing.T, method string, above float64, ref, cur []unit, column string) drift.Test {
	t.Helper()
	values := func(units []unit) (out []float64) {
		for _, u := range shuffled(units) {
			if x, ok := u.numbers[column]; ok {
				out = append(out, x)
			}
		}
		return out
	}
	a, b := values(ref), values(cur)
	edges, err := drift.Learn(a, 0)
	if err != nil {
		t.Fatal(err)
	}
	whole := drift.NewHistogram(edges)
	whole.Add(a, nil, 0)
	view := drift.NewView(whole.Bins(), 10)
	test := drift.Methods[method](view.Bins(), above, 1)
	each := [2]int{20 * len(a) / len(b), 20}
	for len(a) > 0 && len(b) > 0 {
		block := drift.Block{Sub: 1, Bins: view.Bins()}
		for arm, from := range []*[]float64{&a, &b} {
			n := min(each[arm], len(*from))
			h, coarse := drift.NewHistogram(edges), make([]int64, view.Bins())
			h.Add((*from)[:n], nil, 0)
			view.Fold(coarse, h.Bins())
			*from = (*from)[n:]
			counts := make([]uint64, len(coarse))
			for i, k := range coarse {
				counts[i] = uint64(k)
			}
			if arm == 0 {
				block.Stable = counts
			} else {
				block.Canary = counts
			}
		}
		test.Observe(block)
	}
	return test
}
