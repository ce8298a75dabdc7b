package throughput

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"verdin/internal/pump"
	"verdin/internal/scenario"
	"verdin/schemas"
)

// workload is what the topics hold, and what is asked of it.
type workload struct {
	spec       []byte
	topics     []string
	partitions int
	length     time.Duration                                   // of the traffic in the topics, by the events' clock
	tick       func(from, to schemas.Time, emit scenario.Emit) // the events of an interval
	byKS       map[string]bool                                 // features that the spec tests by KS
	byPSI      map[string]bool                                 // and by PSI
}

//go:embed predictions.yaml
var predictionsOnly []byte

//go:embed features.yaml
var manyFeatures []byte

// scripted is the harmless demo, half and half: with outcomes and readings, or its
// predictions alone.
func scripted(b *testing.B, start schemas.Time, alone bool) workload {
	sc, err := scenario.Lookup("aa")
	if err != nil {
		b.Fatal(err)
	}
	sc.RequestsPerSecond = rate
	w := workload{spec: sc.Spec, topics: []string{scenario.Predictions, scenario.Outcomes, scenario.Resources}, partitions: int(sc.Partitions), length: 20 * time.Minute,
		byPSI: set("age", "basket_value", "session_length", "country", "device")}
	if alone {
		w.spec, w.topics, w.length = predictionsOnly, w.topics[:1], time.Hour // so long that its start weighs little
	}
	gen := scenario.New(sc, 1, start)
	w.tick = func(from, to schemas.Time, emit scenario.Emit) {
		gen.Tick(from, to, pump.Choose(5000), scenario.Split{CanaryBps: 5000, Generation: 1}, emit)
	}
	return w
}

// wide is predictions of a model that takes eight numbers and four categories.
func wide() workload {
	rng := rand.New(rand.NewPCG(1, 2))
	w := workload{spec: manyFeatures, topics: []string{scenario.Predictions}, partitions: 4, length: 20 * time.Minute,
		byKS: set("n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"), byPSI: set("n0", "n1", "n2", "n3", "c0", "c1", "c2", "c3")}
	w.tick = func(from, to schemas.Time, emit scenario.Emit) {
		for at := from; at < to; at = at.Add(time.Second / rate) {
			id := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", rng.Uint32(), rng.IntN(1<<16), rng.IntN(1<<12), rng.IntN(1<<12), rng.Int64N(1<<48))
			emit(scenario.Predictions, int32(rng.IntN(w.partitions)), []byte(id), at, wideEvent(rng, id, at))
		}
	}
	return w
}

func wideEvent(rng *rand.Rand, id string, at schemas.Time) []byte {
	arm, failed := schemas.ArmStable, ""
	if rng.IntN(2) == 1 {
		arm = schemas.ArmCanary
	}
	if rng.IntN(100) == 0 {
		failed = "timeout"
	}
	e := fmt.Appendf(nil, `{"prediction_id":"%s","rollout":"assistant","arm":"%s","event_time":%d,"latency_seconds":%.4f,"error_type":"%s","prediction_score":%.4f,"metrics":{"tokens":%d},"features":{`,
		id, arm, int64(at)/1e6, 0.05+0.1*rng.ExpFloat64(), failed, rng.Float64(), 50+rng.IntN(400))
	for i := range 8 {
		e = fmt.Appendf(e, `"n%d":%.3f,`, i, 20*float64(i+1)+10*rng.NormFloat64())
	}
	for i, first := range "abde" {
		e = fmt.Appendf(e, `"c%d":"%c%d",`, i, first, rng.IntN(4))
	}
	e[len(e)-1] = '}'
	return append(e, '}')
}

func set(names ...string) map[string]bool {
	s := map[string]bool{}
	for _, n := range names {
		s[n] = true
	}
	return s
}
