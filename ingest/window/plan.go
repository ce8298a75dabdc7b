package window

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

// Lane separates what is known at once from what waits for labels.
type Lane uint8

const (
	Fast  Lane = iota // latency, errors, inputs, scores: due at the window's end
	Label             // outcomes: due at the window's end plus the label horizon
	Lanes = 2
)

func (l Lane) String() string { return [...]string{"fast", "label"}[l] }

// Subs is the number of hash sub-buckets in which feature bins are counted, so
// that the judge can score a window in smaller, predictable blocks. A sticky plan
// counts them by bucket of units instead.
const Subs = 16

// Subs is the number of sub-buckets in which the plan counts features.
func (p *Plan) Subs() int {
	if p.Sticky {
		return Buckets
	}
	return Subs
}

// MaxRows bounds the rows of one Arrow batch; a fuller one is summarised early.
const MaxRows = 64 << 10

// Plan is what a shard needs to know of a rollout: which fields, in which form.
// It is compiled from the spec and never changed; learning makes a new revision.
type Plan struct {
	Rollout    string // "namespace/name"
	Short      string // "name", accepted where the namespace is the default one, else ""
	Stable     string // name of the stable version, accepted as an arm beside "stable"
	Canary     string
	Generation uint32
	Revision   uint32 // counts changes of Edges
	Length     time.Duration
	Lateness   time.Duration
	Horizon    time.Duration
	Start      schemas.Time // windows before Start are not the rollout's
	Sticky     bool         // units come back to their arm: values are grouped by bucket of units
	Units      bool         // requests are assigned on their own, and units are counted besides
	ByUnit     bool         // outcomes may name their unit only, and belong to its last prediction
	ErrorCol   int          // column of error_type among prediction fields, -1 = not stored
	VersionCol int          // column of model_version among prediction fields, -1 = not compared
	Metrics    []Metric
	Features   []Feature
	Segments   []Segment // fields by whose values the metrics are counted once more
	Inside     []int     // features that are counted in segments too, ascending
}

// Skew is how far an outcome's clock may run behind its prediction's.
const Skew = 5 * time.Second

// Metric is one number per observation.
type Metric struct {
	Name     string
	On       schemas.Kind
	Op       Op      // how fields become the number
	Column   int     // among the fields of kind On
	Second   int     // the other field that Op reads
	Text     string  // for OpText
	By       float64 // for OpBeyond and OpWithin
	Joins    bool    // an expression over an outcome, whose value and label are at Column and Second
	Asks     int     // and the field of its prediction, -1 = none
	Turned   bool    // the outcome comes first
	Outcome  string  // the outcome's name, for On = KindOutcome
	Shape    stats.Shape
	Low      float64 // values below are clamped and counted
	High     float64 // values above are clamped and counted
	Lower    bool    // low values are bad
	Success  bool    // leave failed requests out
	Negative bool    // a joined prediction without outcome counts as 0
	Pair     Pair    // of a request that both arms answered
}

// Lane tells on which clock the metric runs.
func (m *Metric) Lane() Lane {
	if m.On == schemas.KindOutcome || m.Pair != Single {
		return Label
	}
	return Fast
}

// worst is the end of the range that is bad.
func (m *Metric) worst() float64 {
	if m.Lower {
		return m.Low
	}
	return m.High
}

// Feature is a field of predictions under drift watch. A row falls in one bin. The
// first bins, OddRows of them, count what is no value. Then numeric features have those
// that Groups gives to the intervals between edges: below e(0), [e(i−1), e(i)), from
// the last edge on. Categories have one each, then the other known ones one together,
// and what is not known the last.
type Feature struct {
	Field      string
	Column     int
	Categories []string
	Others     []string  // known names without a bin of their own, ascending
	Edges      []float64 // nil for a numeric feature that is still learning
	Finder     Finder    // finds the interval of a number faster than by a search of Edges; nil = they are searched
	Fine       bool      // the intervals themselves are counted too, over all sub-buckets
	Groups     []uint16  // bin of each interval, len(Edges)+1 of them, ascending within the edges; nil = each its own
	Mass       []int64   // rows of the reference by bin; nil = not known
	Single     []bool    // bins that hold a single value of the reference
}

// Finder tells how many edges lie at or below a finite number.
type Finder interface{ Bin(x float64) int }

// Bins for rows without a value that can be placed.
const (
	RowMissing = iota
	RowNaN
	RowPositiveInfinity
	RowNegativeInfinity
	RowWrongType
	OddRows
)

// Numeric tells whether the feature is binned by edges.
func (f *Feature) Numeric() bool { return len(f.Categories) == 0 }

// Group is the bin of an interval between edges; without Groups each has its own.
func (f *Feature) Group(interval int) int {
	if f.Groups == nil {
		return OddRows + interval
	}
	return int(f.Groups[interval])
}

// Bins is the number of bins, 0 while learning.
func (f *Feature) Bins() int {
	switch {
	case !f.Numeric():
		return OddRows + len(f.Categories) + 2
	case f.Edges == nil:
		return 0
	}
	return 1 + max(f.Group(0), f.Group(len(f.Edges)), f.Group(len(f.Edges)-1))
}

// FineBins is the number of intervals that are counted beside the bins.
func (f *Feature) FineBins() int {
	if !f.Fine || f.Edges == nil || f.Groups == nil {
		return 0
	}
	return len(f.Edges) + 1
}

// Hash identifies what the plan's partials count: partials merge only under equal
// hashes. It is FNV-1a over the plan's text, so it is stable over processes.
func (p *Plan) Hash() uint64 {
	h, features := fnv.New64a(), slices.Clone(p.Features)
	for i := range features {
		features[i].Finder = nil // a way, not a meaning
	}
	fmt.Fprintf(h, "%d %s %s %s %d %d %d %v %v %v", p.Revision, p.Rollout, p.Stable, p.Canary,
		p.Length, p.Lateness, p.Horizon, p.Sticky, p.Metrics, features)
	if len(p.Segments) > 0 {
		fmt.Fprintf(h, " %v", p.Segments)
	}
	if len(p.Inside) > 0 {
		fmt.Fprintf(h, " inside %v", p.Inside)
	}
	if p.ByUnit {
		fmt.Fprint(h, " by unit")
	}
	if p.Units {
		fmt.Fprint(h, " units")
	}
	return h.Sum64()
}

// Window returns the start of the window that holds t.
func (p *Plan) Window(t schemas.Time) schemas.Time { return t.Floor(p.Length) }

// Due is when a window that starts at start may be judged in lane l, as a watermark.
func (p *Plan) Due(l Lane, start schemas.Time) schemas.Time {
	due := start.Add(p.Length)
	if l == Label {
		due = due.Add(p.Horizon)
	}
	return due
}
