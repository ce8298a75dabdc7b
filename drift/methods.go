package drift

import "verdin/stats"

// Test is one distance between the arms, watched over a rollout.
type Test interface {
	Observe(Block)               // takes a final window; its events may be scored later
	LogE() float64               // log of the e-process now, natural log
	LogEMax() float64            // its running maximum, at least 0
	Effect() stats.Interval      // the distance in the current stage, as an effect size
	N() [2]int64                 // events scored so far: stable, canary
	Blocks() int64               // blocks scored so far
	AppendState(b []byte) []byte // appends all that later results depend on
	Restore(b []byte) error      // replaces the state; on error the test is unchanged
}

// Methods names every test. A constructor takes the number of bins, the tolerance
// in units of the distance (0 = equality), and the number of stages of the rollout.
var Methods = map[string]func(bins int, above float64, stages int) Test{
	"psi": func(bins int, above float64, stages int) Test { return NewPSI(bins, above, stages) },
	"ks":  func(bins int, above float64, stages int) Test { return NewKS(bins, above, stages) },
}
