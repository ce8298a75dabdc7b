package drift

import (
	"math"

	"verdin/stats"
)

// average is the mean of e-processes that run on one clock, an e-process again under any
// dependence, and its running maximum. Without any it stays 1.
type average struct {
	logs      []float64 // log E of each, scratch or state of the owner
	log, most float64
}

// look takes the mean of what the logs are now.
func (a *average) look() {
	if len(a.logs) == 0 {
		return
	}
	a.log = stats.LogSumExp(a.logs) - math.Log(float64(len(a.logs)))
	a.most = math.Max(a.most, a.log)
}

// lookAt takes the mean of processes, as many as there are logs.
func lookAt[P interface{ LogE() float64 }](a *average, all []P) {
	for i, p := range all {
		a.logs[i] = p.LogE()
	}
	a.look()
}
