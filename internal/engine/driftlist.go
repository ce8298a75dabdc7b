package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"verdin/stats/multiple"
)

const (
	listRate = 0.05 // of the features that a verdict lists, on average at most this part has not drifted
	mostList = 8    // features that are named; more are counted
)

// names tells in which features the evidence is: the one with most of it, and once the
// check has shown drift those that e-BH lists beside it. All run on one clock.
func (t *driftCheck) names(worst *watched, shown bool) string {
	if len(t.features) < 2 {
		return ""
	}
	out := "the feature with most evidence: " + worst.field + "; "
	if !shown {
		return out
	}
	others := slices.DeleteFunc(t.listed(), func(name string) bool { return name == worst.field })
	if n := len(others) - mostList; n > 0 {
		others = append(others[:mostList], fmt.Sprintf("%d more", n))
	}
	if len(others) > 0 {
		out += fmt.Sprintf("beside it, at a false discovery rate of %g %%: %s; ", 100*listRate, strings.Join(others, ", "))
	}
	return out
}

// listed are the features that e-BH rejects now, most evidence first.
func (t *driftCheck) listed() (names []string) {
	values := make([]multiple.EValue, len(t.features))
	for i := range t.features {
		values[i] = multiple.EValue{Clock: multiple.Clock(t.spec.Name), Name: t.features[i].field, LogE: t.features[i].logE()}
	}
	for _, clock := range multiple.ByClock(values) {
		listed := clock.EBH(listRate)
		slices.SortStableFunc(listed, func(a, b multiple.EValue) int { return cmp.Compare(b.LogE, a.LogE) })
		for _, v := range listed {
			names = append(names, v.Name)
		}
	}
	return names
}
