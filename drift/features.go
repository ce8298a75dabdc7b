package drift

import (
	"cmp"
	"slices"

	"verdin/stats/multiple"
)

// Features watches several features on one clock. Whether any has drifted is shown by
// the mean of their e-processes, which is one again under any dependence; which ones,
// by e-BH at a false discovery rate. A count or a share of drifted features has no
// error rate, and is not offered.
type Features struct {
	names []string
	tests []Test
	mean  average
}

// AddFeature adds a test that has seen nothing yet.
func (f *Features) AddFeature(name string, test Test) {
	f.names, f.tests, f.mean.logs = append(f.names, name), append(f.tests, test), append(f.mean.logs, 0)
}

// Observe takes one window of each feature, in the order in which they were added.
// Features without a window keep what they know.
func (f *Features) Observe(windows []Block) {
	for i := range f.tests[:min(len(f.tests), len(windows))] {
		f.tests[i].Observe(windows[i])
	}
	lookAt(&f.mean, f.tests)
}

// LogE is the log of the mean now: the null is that no feature has drifted beyond its
// tolerance.
func (f *Features) LogE() float64 { return f.mean.log }

// LogEMax is its running maximum.
func (f *Features) LogEMax() float64 { return f.mean.most }

// Len is the number of features.
func (f *Features) Len() int { return len(f.tests) }

// Feature returns the name of a feature and its test.
func (f *Features) Feature(i int) (string, Test) { return f.names[i], f.tests[i] }

// Drifted names the features that e-BH lists now, most evidence first: on average at
// most the part rate of such a list has not drifted beyond its tolerance, under any
// dependence and whenever one stops.
func (f *Features) Drifted(rate float64) (names []string) {
	values := make([]multiple.EValue, len(f.tests))
	for i, t := range f.tests {
		values[i] = multiple.EValue{Clock: "features", Name: f.names[i], LogE: t.LogE()}
	}
	for _, clock := range multiple.ByClock(values) {
		listed := clock.EBH(rate)
		slices.SortStableFunc(listed, func(a, b multiple.EValue) int { return cmp.Compare(b.LogE, a.LogE) })
		for _, v := range listed {
			names = append(names, v.Name)
		}
	}
	return names
}

// AppendState appends the state of all tests to b.
func (f *Features) AppendState(b []byte) []byte {
	s := state{buf: b}
	f.walk(&s)
	return s.buf
}

// Restore replaces the state by one that AppendState wrote for the same features; an
// error wraps ErrState, and then the tests must be made anew.
func (f *Features) Restore(b []byte) error {
	s := state{buf: b, reading: true}
	f.walk(&s)
	return s.end()
}

func (f *Features) walk(s *state) {
	n := int64(len(f.tests))
	s.int(&n, n, n)
	for _, t := range f.tests {
		s.part(t)
	}
	s.float(&f.mean.most, 0, largest)
	if s.reading && s.err == nil {
		lookAt(&f.mean, f.tests)
	}
}
