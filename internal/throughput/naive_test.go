package throughput

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"verdin/internal/scenario"
	"verdin/schemas"
)

// The stack that one would put together first: kafka.Reader, encoding/json into a
// struct, values kept in slices per window and arm, gonum at the end of each window.
// It joins labels by a map, and tests what the spec asks for with fixed-sample tests.

type naiveEvent struct {
	PredictionID    string             `json:"prediction_id"`
	Arm             string             `json:"arm"`
	EventTime       time.Time          `json:"event_time"`
	LatencySeconds  float64            `json:"latency_seconds"`
	ErrorType       string             `json:"error_type"`
	PredictionScore float64            `json:"prediction_score"`
	Features        map[string]any     `json:"features"`
	Metrics         map[string]float64 `json:"metrics"`
	Name            string             `json:"name"`
	Value           any                `json:"value"`
	Instance        string             `json:"instance"`
}

// naiveArm is what a window holds of an arm.
type naiveArm struct {
	n, errors, right, judged float64
	latency, score, tokens   []float64
	features                 map[string][]float64
}

type naiveWindows struct {
	arms map[int64]*[2]naiveArm // by the start of the window
	of   map[string]naivePlace  // of predictions that wait for labels
}

type naivePlace struct {
	start int64
	arm   int
}

// naive reads topic after topic, partition after partition, so that labels find their
// predictions, and tests every window at the end.
func naive(ctx context.Context, f *filled) error {
	w := &naiveWindows{arms: map[int64]*[2]naiveArm{}, of: map[string]naivePlace{}}
	for _, name := range []string{scenario.Predictions, scenario.Outcomes, scenario.Resources} {
		for partition, end := range f.ends[f.topic(name)] { // none where the topic is not filled
			r := kafkago.NewReader(kafkago.ReaderConfig{Brokers: f.kafka.Brokers, Topic: f.topic(name), Partition: partition, MaxBytes: 10 << 20})
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
	var starts []int64
	for s := range w.arms {
		starts = append(starts, s)
	}
	slices.Sort(starts)
	for _, s := range starts {
		test(&w.arms[s][0], &w.arms[s][1])
	}
	return nil
}

// take decodes an event and puts its values into its window.
func (w *naiveWindows) take(value []byte) {
	var e naiveEvent
	if json.Unmarshal(value, &e) != nil || e.Instance != "" {
		return
	}
	if e.Name != "" {
		if p, ok := w.of[e.PredictionID]; ok && e.Name == "correct" {
			a := &w.arms[p.start][p.arm]
			a.judged++
			if e.Value == true || e.Value == 1.0 {
				a.right++
			}
		}
		return
	}
	p := naivePlace{start: e.EventTime.Unix() / 10 * 10}
	if e.Arm == schemas.ArmCanary {
		p.arm = 1
	}
	if w.arms[p.start] == nil {
		w.arms[p.start] = &[2]naiveArm{{features: map[string][]float64{}}, {features: map[string][]float64{}}}
	}
	w.of[e.PredictionID] = p
	a := &w.arms[p.start][p.arm]
	a.n++
	if e.ErrorType != "" {
		a.errors++
	}
	a.latency = append(a.latency, e.LatencySeconds)
	a.score = append(a.score, e.PredictionScore)
	a.tokens = append(a.tokens, e.Metrics["tokens"])
	for name, v := range e.Features {
		if x, ok := v.(float64); ok {
			a.features[name] = append(a.features[name], x)
		}
	}
}

var sink float64

// test compares the arms of a window.
func test(a, b *naiveArm) {
	sink += proportions(a.errors, a.n, b.errors, b.n) + proportions(a.right, a.judged, b.right, b.judged)
	for _, x := range [][2][]float64{{a.latency, b.latency}, {a.score, b.score}} {
		slices.Sort(x[0])
		slices.Sort(x[1])
		if len(x[0]) > 0 && len(x[1]) > 0 {
			sink += stat.Quantile(0.99, stat.Empirical, x[1], nil) - stat.Quantile(0.99, stat.Empirical, x[0], nil)
			sink += stat.KolmogorovSmirnov(x[0], nil, x[1], nil)
		}
	}
	sink += stat.Mean(b.tokens, nil) - stat.Mean(a.tokens, nil) + stat.Variance(a.tokens, nil) + stat.Variance(b.tokens, nil)
	for name, x := range a.features {
		sink += psi(x, b.features[name])
	}
}

// proportions is the p-value of a z-test.
func proportions(k1, n1, k2, n2 float64) float64 {
	p := (k1 + k2) / (n1 + n2)
	z := (k2/n2 - k1/n1) / math.Sqrt(p*(1-p)*(1/n1+1/n2))
	return 2 * distuv.UnitNormal.Survival(math.Abs(z))
}

// psi is the population stability index over the deciles of x.
func psi(x, y []float64) (sum float64) {
	if len(x) < 10 || len(y) < 10 {
		return 0
	}
	slices.Sort(x)
	slices.Sort(y)
	edges := []float64{math.Inf(-1)}
	for d := 1; d < 10; d++ {
		if q := stat.Quantile(float64(d)/10, stat.Empirical, x, nil); q > edges[len(edges)-1] {
			edges = append(edges, q)
		}
	}
	edges = append(edges, math.Inf(1))
	p, q := stat.Histogram(nil, edges, x, nil), stat.Histogram(nil, edges, y, nil)
	for i := range p {
		u, v := (p[i]+0.5)/float64(len(x)), (q[i]+0.5)/float64(len(y))
		sum += (v - u) * math.Log(v/u)
	}
	return sum
}
