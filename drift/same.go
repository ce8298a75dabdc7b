package drift

// Equivalence shows that the arms are alike: that their distance is below a bound. It
// is the other claim: a test that has not shown drift has shown nothing.
type Equivalence interface {
	Observe(Block)               // takes a final window; its events may be scored later
	StartStage(stage int)        // the evidence of a stage begins anew, and only that
	P() float64                  // equivalence is shown at risk α while P ≤ α, at any look; all stages
	StageP() float64             // the same from the running stage alone
	Exact() bool                 // false: by laws that hold as counts grow
	AppendState(b []byte) []byte // appends all that later results depend on
	Restore(b []byte) error      // replaces the state; on error nothing changes
}

// Equivalents names every test of equivalence. A constructor takes the number of bins,
// the bound in units of the distance, and the number of stages of the rollout.
var Equivalents = map[string]func(bins int, below float64, stages int) Equivalence{
	"psi": func(bins int, below float64, stages int) Equivalence { return NewPSISame(bins, below, stages) },
	"ks":  func(bins int, below float64, stages int) Equivalence { return NewKSSame(bins, nil, below, stages) },
}
