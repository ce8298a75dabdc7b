package story

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"verdin/schemas"
)

// field is one value that events carry, drawn for each arm on its own.
type field struct {
	path string
	kind schemas.Kind
	name string // of an outcome, or a member of features, metrics or tags
	word string // the text that a share gives; "" = 0 and 1
	arm  [2]chance
	only [2][]among // instead, for predictions that carry a word
}

// among is where values come from in one segment.
type among struct {
	word string
	from chance
}

// draw gives the value of an arm's next event, which carries so many words so far.
func (f *field) draw(a int, rng *rand.Rand, words []string) schemas.Value {
	word := f.word
	if f.kind == schemas.KindOutcome {
		word = ""
	}
	for i := range f.only[a] {
		if o := &f.only[a][i]; slices.Contains(words, o.word) {
			return o.from.draw(rng, word)
		}
	}
	return f.arm[a].draw(rng, word)
}

// set says where the values of an arm come from, from now on.
func (f *field) set(a int, from chance, where string) {
	if where == "" {
		f.arm[a], f.only[a] = from, nil
		return
	}
	f.only[a] = append(slices.DeleteFunc(f.only[a], func(o among) bool { return o.word == where }), among{where, from})
}

// newField finds out what a path means.
func newField(path string) (*field, error) {
	f := &field{path: path}
	group, name, _ := strings.Cut(path, ".")
	switch group {
	case "outcome", "features", "metrics", "tags":
		if name == "" {
			return nil, fmt.Errorf("%s wants a name, such as %s.x", path, path)
		}
		f.name = name
		if group == "outcome" {
			f.kind = schemas.KindOutcome
		}
		return f, nil
	case "memory_bytes", "cpu_cores", "gpu_utilization_ratio":
		f.kind = schemas.KindResource
		return f, nil
	case "error_type":
		f.word = "upstream"
		return f, nil
	case "prediction_label":
		f.word = "yes"
		return f, nil
	case "latency_seconds", "ttft_seconds", "prediction_score", "prediction_value":
		return f, nil
	}
	return nil, fmt.Errorf("%q is no field of an event: write one such as error_type, latency_seconds, prediction_score, metrics.NAME, features.NAME, tags.NAME, outcome.NAME or memory_bytes", clip(path))
}

// ofPrediction puts a value into a prediction.
func (f *field) ofPrediction(p *schemas.Prediction, v schemas.Value) {
	group, _, _ := strings.Cut(f.path, ".")
	switch group {
	case "error_type":
		p.ErrorType = v.Text
	case "latency_seconds":
		p.LatencySeconds = v
	case "ttft_seconds":
		p.TTFTSeconds = v
	case "prediction_label":
		p.PredictionLabel = v
	case "prediction_score":
		p.PredictionScore = v
	case "prediction_value":
		p.PredictionValue = v
	case "features":
		p.Features = append(p.Features, schemas.Member{Name: f.name, Value: v})
	case "metrics":
		p.Metrics = append(p.Metrics, schemas.Member{Name: f.name, Value: v})
	case "tags":
		p.Tags = append(p.Tags, schemas.Member{Name: f.name, Value: v})
	}
}

// ofResource puts a value into a reading.
func (f *field) ofResource(r *schemas.Resource, v schemas.Value) {
	switch f.path {
	case "memory_bytes":
		r.MemoryBytes = v
	case "cpu_cores":
		r.CPUCores = v
	case "gpu_utilization_ratio":
		r.GPUUtilizationRatio = v
	}
}
