package scenario

import (
	"fmt"
	"math"
	"time"

	"verdin/schemas"
)

const (
	stablePods = 4
	canaryPods = 2
	readEvery  = 30 * time.Second // between two readings of one pod
)

// pod is an instance of one arm.
type pod struct {
	name   string
	arm    int
	turn   int32        // place among all pods
	due    schemas.Time // of its next reading
	served int          // requests since the last one
}

// fleet returns the pods of both arms. Their readings are spread over the
// interval, and they take turns among the partitions, so that no partition of the
// topic is silent for long.
func fleet(start schemas.Time) []pod {
	const all = stablePods + canaryPods
	pods := make([]pod, all)
	for i := range pods {
		p := &pods[i]
		p.turn, p.name = int32(i), fmt.Sprintf("%s-%d", versions[0], i)
		if i >= stablePods {
			p.arm, p.name = 1, fmt.Sprintf("%s-%d", versions[1], i-stablePods)
		}
		p.due = start.Add(time.Duration(i+1) * readEvery / all)
	}
	return pods
}

// duePod returns the pod that is read next.
func (g *Generator) duePod() *pod {
	first := &g.pods[0]
	for i := range g.pods {
		if g.pods[i].due < first.due {
			first = &g.pods[i]
		}
	}
	return first
}

// serve counts a request at one of the arm's pods, chosen by the bits of its id.
func (g *Generator) serve(canary bool, bits uint64) {
	pods := g.pods[:stablePods]
	if canary {
		pods = g.pods[stablePods:]
	}
	pods[bits%uint64(len(pods))].served++
}

// read emits the reading of a pod: processor time follows the requests, memory
// does not.
func (g *Generator) read(p *pod) {
	r, served := &g.resource, float64(p.served)
	noise := [2]float64{g.rng.NormFloat64(), g.rng.NormFloat64()}
	r.Arm, r.Instance, r.EventTime = arms[p.arm], p.name, p.due.Std()
	r.CPUCores = schemas.Num(math.Round(1e3*(0.2+0.03*served/readEvery.Seconds())*(1+0.05*noise[0])) / 1e3)
	r.MemoryBytes = schemas.Num(math.Round(3e9 + 4e7*noise[1]))
	r.Requests = schemas.Num(served)
	g.key = append(g.key[:0], p.name...)
	g.record(Resources, p.turn%g.sc.Partitions, p.due, r)
	p.served = 0
	p.due = p.due.Add(readEvery)
}
