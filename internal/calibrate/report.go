package calibrate

import (
	"math"
	"strings"

	"verdin/decision"
	"verdin/drift"
	"verdin/stats"
)

// Report is what history says about a spec's checks.
type Report struct {
	Rollout     string       `json:"rollout"`
	From        string       `json:"from"`
	To          string       `json:"to"`
	Predictions int64        `json:"predictions"`
	Outcomes    int64        `json:"outcomes"`
	Resources   int64        `json:"resources"`
	LeftOut     int64        `json:"left_out"` // rows of other arms and rollouts
	Splits      int          `json:"splits"`
	Target      float64      `json:"target"`
	Share       float64      `json:"share"`
	Seed        uint64       `json:"seed"`
	Before      []Check      `json:"before"`      // the spec as it is
	Suggestions []Suggestion `json:"suggestions"` // from the same splits
	After       []Check      `json:"after"`       // the suggested spec, on splits that no suggestion has seen
	Rollback    Rate         `json:"rollback"`    // of the suggested spec: any check that can roll back
	Hold        Rate         `json:"hold"`        // any that can hold
	Power       []Power      `json:"power"`
	Notes       []string     `json:"notes,omitempty"`

	Baseline *drift.Baseline `json:"-"`
	Spec     *decision.Spec  `json:"-"` // as suggested
}

// Check is what one check said of canaries that were no other than stable.
type Check struct {
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Exact   bool      `json:"exact"`
	Allowed float64   `json:"allowed"` // false alarms that its part of the error budget allows
	Alarms  Rate      `json:"alarms"`
	Safe    *Rate     `json:"safe,omitempty"`   // guardrails: shown to be within the margin by the end
	Blocks  int64     `json:"blocks"`           // scored in the split with most: 0 = the check could say nothing
	Unseen  string    `json:"unseen,omitempty"` // why it could not
	Reached []float64 `json:"reached"`          // by split: greatest log E ÷ the log E of an alarm
}

// Power is what became of canaries with one fault.
type Power struct {
	Field  string         `json:"field"`
	Shift  string         `json:"shift"`
	Size   string         `json:"size"`
	Rate   Rate           `json:"found"`
	By     map[string]int `json:"by"`             // the check that found it first
	Median float64        `json:"median_seconds"` // event time from the start of the fault, of those found
	Times  []float64      `json:"seconds"`        // ascending
}

// claims tells whether a test shows that nothing is wrong.
func claims(test string) bool {
	return strings.HasSuffix(strings.TrimSuffix(test, "_stage"), "safe") || strings.HasPrefix(test, "same")
}

// unseen says why a check has scored nothing, by what it left out most.
func unseen(s stats.Skips) string {
	why, most := "saw no data", int64(0)
	for _, c := range []struct {
		n    int64
		text string
	}{
		{s.EmptyArm, "no window with rows in both arms"},
		{s.Learning, "too few rows to learn a baseline from"},
		{s.TooFew, "too few rows at a time"},
		{s.Incomplete, "no window without gaps"},
		{s.SplitChanging, "no window of one split"},
		{s.UnknownShare, "a split that is not declared"},
	} {
		if c.n > most {
			why, most = c.text, c.n
		}
	}
	return why
}

// safety is the claim that a metric is within its margin, or a distribution the same;
// nil = nobody asks.
func (t *trial) safety(check string) *look {
	if l := t.looks[check+"/safe"]; l != nil {
		return l
	}
	return t.looks[check+"/same"]
}

// checks gathers what every check of the spec said in the trials.
func checks(spec *decision.Spec, trials []*trial) (all []Check) {
	for _, name := range trials[0].order {
		first := trials[0].looks[name]
		if strings.Contains(name, rungMark) || claims(first.Test) {
			continue
		}
		c := Check{Name: name, Role: first.Role, Exact: first.Exact, Allowed: math.Exp(-first.Threshold)}
		alarms, safe := 0, 0
		for _, t := range trials {
			l := t.looks[name]
			c.Blocks = max(c.Blocks, l.Blocks)
			if alarmed(l) {
				alarms++
			}
			if s := t.safety(first.Metric); s != nil && s.Result == stats.Safe {
				safe++
			}
			c.Reached = append(c.Reached, l.LogEMax/l.Threshold)
		}
		if c.Alarms = NewRate(alarms, len(trials)); c.Blocks == 0 {
			c.Unseen = unseen(first.Skipped)
		}
		if first.Segment == "" && trials[0].safety(first.Metric) != nil && (first.Test == "harm" || first.Test == "drift") {
			r := NewRate(safe, len(trials))
			c.Safe = &r
		}
		all = append(all, c)
	}
	return all
}

// totals count the splits that would have been rolled back, and held.
func totals(spec *decision.Spec, trials []*trial) (rollback, hold Rate) {
	rolled, held := 0, 0
	for _, t := range trials {
		r, h := false, false
		for _, name := range t.order {
			l := t.looks[name]
			if !alarmed(l) {
				continue
			}
			switch {
			case l.Role == decision.Guardrail, l.Role == decision.Signal && spec.Policy.OnSignal == "rollback":
				r = true
			case l.Role == decision.Signal, l.Role == "health":
				h = true
			}
		}
		if r {
			rolled++
		}
		if h {
			held++
		}
	}
	return NewRate(rolled, len(trials)), NewRate(held, len(trials))
}
