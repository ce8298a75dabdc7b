package throughput

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"verdin/internal/scenario"
	"verdin/schemas"
)

// The stack that one would put together first: kafka.Reader, encoding/json into a
// struct, values kept in slices per window and arm, gonum at the end of each window.
// It counts what verdin counts: the same metrics and features over the same windows,
// labels joined by a map, but with fixed-sample tests.

type naiveEvent struct {
	PredictionID    string             `json:"prediction_id"`
	Arm             string             `json:"arm"`
	EventTime       naiveTime          `json:"event_time"`
	LatencySeconds  float64            `json:"latency_seconds"`
	ErrorType       string             `json:"error_type"`
	PredictionScore float64            `json:"prediction_score"`
	Features        map[string]any     `json:"features"`
	Metrics         map[string]float64 `json:"metrics"`
	Name            string             `json:"name"`
	Value           any                `json:"value"`
	Instance        string             `json:"instance"`
	MemoryBytes     float64            `json:"memory_bytes"`
}

// naiveTime is a time in RFC 3339, or in milliseconds since 1970.
type naiveTime struct{ time.Time }

func (t *naiveTime) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return t.Time.UnmarshalJSON(b)
	}
	ms, err := strconv.ParseInt(string(b), 10, 64)
	t.Time = time.UnixMilli(ms)
	return err
}

// naiveArm is what a window holds of an arm.
type naiveArm struct {
	n, errors, right, judged float64
	latency, score, tokens   []float64
	revenue, memory          []float64
	numbers                  map[string][]float64
	categories               map[string]map[string]float64
}

type naiveWindows struct {
	arms   map[int64]*[2]naiveArm // by the start of the window
	labels bool                   // will come
	of     map[string]naivePlace  // of predictions that wait for them
}

type naivePlace struct {
	start int64
	arm   int
}

// naive reads topic after topic, partition after partition, so that labels find their
// predictions, and tests every window at the end.
func naive(ctx context.Context, f *filled) error {
	w := &naiveWindows{arms: map[int64]*[2]naiveArm{}, of: map[string]naivePlace{}, labels: f.ends[f.topic(scenario.Outcomes)] != nil}
	for _, name := range []string{scenario.Predictions, scenario.Outcomes, scenario.Resources} {
		for partition, end := range f.ends[f.topic(name)] { // none where the topic is not filled
			r := kafkago.NewReader(kafkago.ReaderConfig{Brokers: f.kafka.Brokers, Topic: f.topic(name), Partition: partition,
				MaxBytes: 10 << 20, MaxWait: 100 * time.Millisecond, QueueCapacity: 1000})
			for range end {
				m, err := r.ReadMessage(ctx)
				if err != nil {
					r.Close()
					return err
				}
				w.take(m.Value)
			}
			if err := r.Close(); err != nil {
				return err
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(w.arms)) {
		test(&f.workload, &w.arms[s][0], &w.arms[s][1])
	}
	return nil
}

// take decodes an event and puts its values into its window.
func (w *naiveWindows) take(value []byte) {
	var e naiveEvent
	if json.Unmarshal(value, &e) != nil {
		return
	}
	if e.Name != "" {
		w.label(&e)
		return
	}
	p := naivePlace{start: e.EventTime.Unix() / 30 * 30}
	if e.Arm == schemas.ArmCanary {
		p.arm = 1
	}
	if w.arms[p.start] == nil {
		w.arms[p.start] = &[2]naiveArm{newNaiveArm(), newNaiveArm()}
	}
	a := &w.arms[p.start][p.arm]
	if e.Instance != "" {
		a.memory = append(a.memory, e.MemoryBytes)
		return
	}
	if w.labels {
		w.of[e.PredictionID] = p
	}
	a.observe(&e)
}

func newNaiveArm() naiveArm {
	return naiveArm{numbers: map[string][]float64{}, categories: map[string]map[string]float64{}}
}

// label gives an outcome to the window of its prediction.
func (w *naiveWindows) label(e *naiveEvent) {
	p, ok := w.of[e.PredictionID]
	if !ok {
		return
	}
	a := &w.arms[p.start][p.arm]
	switch e.Name {
	case "correct":
		a.judged++
		if e.Value == true || e.Value == 1.0 {
			a.right++
		}
	case "revenue":
		if x, ok := e.Value.(float64); ok {
			a.revenue = append(a.revenue, min(x, 200))
		}
	}
}

func (a *naiveArm) observe(e *naiveEvent) {
	a.n++
	if e.ErrorType != "" {
		a.errors++
	} else {
		a.latency = append(a.latency, e.LatencySeconds)
	}
	a.score = append(a.score, e.PredictionScore)
	a.tokens = append(a.tokens, min(e.Metrics["tokens"], 1000))
	for name, v := range e.Features {
		switch x := v.(type) {
		case float64:
			a.numbers[name] = append(a.numbers[name], x)
		case string:
			if a.categories[name] == nil {
				a.categories[name] = map[string]float64{}
			}
			a.categories[name][x]++
		}
	}
}

var sink float64

// test compares the arms of a window.
func test(w *workload, a, b *naiveArm) {
	sink += proportions(a.errors, a.n, b.errors, b.n) + proportions(a.right, a.judged, b.right, b.judged)
	sink += stat.ChiSquare([]float64{a.n, b.n}, []float64{(a.n + b.n) / 2, (a.n + b.n) / 2})
	for _, x := range [][2][]float64{{a.latency, b.latency}, {a.score, b.score}} {
		slices.Sort(x[0])
		slices.Sort(x[1])
	}
	if len(a.latency) > 0 && len(b.latency) > 0 {
		sink += stat.Quantile(0.99, stat.Empirical, b.latency, nil) - stat.Quantile(0.99, stat.Empirical, a.latency, nil)
	}
	sink += stat.KolmogorovSmirnov(a.score, nil, b.score, nil)
	if w.byKS != nil {
		sink += stat.KolmogorovSmirnov(a.latency, nil, b.latency, nil)
	}
	for _, x := range [][2][]float64{{a.tokens, b.tokens}, {a.revenue, b.revenue}, {a.memory, b.memory}} {
		m, v := stat.MeanVariance(x[0], nil)
		n, u := stat.MeanVariance(x[1], nil)
		sink += (n - m) / math.Sqrt(v/float64(len(x[0]))+u/float64(len(x[1])))
	}
	for name, x := range a.numbers {
		y := b.numbers[name]
		slices.Sort(x)
		slices.Sort(y)
		if w.byKS[name] {
			sink += stat.KolmogorovSmirnov(x, nil, y, nil)
		}
		if w.byPSI[name] {
			sink += psi(x, y)
		}
	}
	for name, x := range a.categories {
		for c, k := range x {
			sink += share(k, a.n, b.categories[name][c], b.n)
		}
	}
}

// proportions is the p-value of a z-test.
func proportions(k1, n1, k2, n2 float64) float64 {
	p := (k1 + k2) / (n1 + n2)
	z := (k2/n2 - k1/n1) / math.Sqrt(p*(1-p)*(1/n1+1/n2))
	return 2 * distuv.UnitNormal.Survival(math.Abs(z))
}

// psi is the population stability index over the deciles of x; both are sorted.
func psi(x, y []float64) (sum float64) {
	if len(x) < 10 || len(y) < 10 {
		return 0
	}
	edges := []float64{math.Inf(-1)}
	for d := 1; d < 10; d++ {
		if q := stat.Quantile(float64(d)/10, stat.Empirical, x, nil); q > edges[len(edges)-1] {
			edges = append(edges, q)
		}
	}
	edges = append(edges, math.Inf(1))
	p, q := stat.Histogram(nil, edges, x, nil), stat.Histogram(nil, edges, y, nil)
	for i := range p {
		sum += share(p[i], float64(len(x)), q[i], float64(len(y)))
	}
	return sum
}

// share is what one bin adds to the index.
func share(k1, n1, k2, n2 float64) float64 {
	u, v := (k1+0.5)/n1, (k2+0.5)/n2
	return (v - u) * math.Log(v/u)
}
