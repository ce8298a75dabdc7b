package engine

import (
	"iter"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

// Block is one final window, or the part of it that was served under one split:
// the unit of evidence.
type Block struct {
	Start, End     schemas.Time
	Lane           window.Lane
	Segment        int      // 0 = all traffic; else that of one segment
	Stage          int      // stage it was served under
	Clean          bool     // free of any change of split, and complete: may speak for safety
	Gap            bool     // offsets are missing
	Mirrored       bool     // both arms answered copies of the same requests
	Share          float64  // canary's share by declaration, 0 = not declared
	Revision       uint32   // of the plan that binned its features
	First          [2]int64 // sticky: units of each arm that were never exposed before
	Moved          bool     // outcomes by unit: the split changed before the horizon, and units that moved took theirs along
	Mute           []bool   // label lane, by its metrics: no outcome is heard any more where missing ones count
	Stable, Canary *window.Arm
}

// Test is one question asked of every block.
type Test interface {
	StartStage(stage int)
	Observe(Block)
	Evidence([]stats.Evidence) []stats.Evidence // appends what is known now
	AppendState([]byte) []byte                  // appends all that later evidence depends on
	Restore([]byte) error                       // sets it in a new test of the same spec and plan; never panics
}

// catalogue is every question that the engine can ask: read it first. A new test
// is a file of its own and a row here.
var catalogue = []struct {
	name string
	new  func(c compiled) []Test
}{
	{"proportion: did the share of failures, answers, clicks get worse?", newProportions},
	{"quantile: did the tail get longer? Exceedance of a past quantile", newQuantiles},
	{"mean: did the average get worse? Stratified score, asymptotic", newMeans},
	{"rate: do outcomes follow more or less often? Engine T", newRates},
	{"ratio: did a quotient of two sums get worse?", newQuotients},
	{"sum: did the sum per active unit get worse? Sticky assignment only", newSums},
	{"resources: is the canary's median beyond its margin in too many windows? No error control", newBreaches},
	{"pairs: of requests that both arms answer, is the canary's answer the worse one?", newPairs},
	{"coverage: are labels missing alike in both arms?", newCoverages},
	{"sample ratio: does the split that arrives match the one declared?", newSampleRatio},
	{"drift: is this distribution still the same, within its tolerance?", newDrifts},
	{"history: is an arm still what it was in the minutes before? Reported only", newHistories},
}

// compiled is what a test may know of its rollout before any data.
type compiled struct {
	spec   *decision.Spec
	budget decision.Budget
	plan   *window.Plan
}

func newTests(spec *decision.Spec, budget decision.Budget, plan *window.Plan) []Test {
	var tests []Test
	for _, row := range catalogue {
		tests = append(tests, row.new(compiled{spec, budget, plan})...)
	}
	return tests
}

// segment is the n-th listed value of a field.
type segment struct {
	field *decision.Segment
	n     int
}

func (s segment) name() string { return s.field.Name(s.field.Values[s.n]) }

// segments are those of the spec by their number in the plan, from 1 over all fields.
func (c compiled) segments() iter.Seq2[int, segment] {
	return func(yield func(int, segment) bool) {
		number := 0
		for k := range c.spec.Segments {
			for n := range c.spec.Segments[k].Values {
				if number++; !yield(number, segment{&c.spec.Segments[k], n}) {
					return
				}
			}
		}
	}
}

// relearner is a test that follows the frozen edges of learnt features.
type relearner interface{ Relearn(*window.Plan) }

// torn is a test that compares stretches of time, and must know which miss records: those
// of windows that end in (after, end], whether or not anything is left of them.
type torn interface{ Gap(after, end schemas.Time) }

func (j *Judge) tear(after, end schemas.Time) {
	for _, t := range j.tests {
		if r, ok := t.(torn); ok {
			r.Gap(after, end)
		}
	}
}

func (j *Judge) relearn() {
	for _, t := range j.tests {
		if r, ok := t.(relearner); ok {
			r.Relearn(j.plan)
		}
	}
}
