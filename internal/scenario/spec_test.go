package scenario

import (
	"slices"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/schemas"
)

func parse(t *testing.T, sc Scenario) *decision.Spec {
	t.Helper()
	spec, err := decision.Parse(sc.Spec, sc.Name+".yaml")
	if err != nil {
		t.Fatalf("%s: %v", sc.Name, err)
	}
	return spec
}

func TestTheSpecAsksForWhatTheGeneratorSends(t *testing.T) {
	for _, name := range Names() {
		spec := parse(t, lookup(t, name))
		if src := spec.Source; src.Predictions != Predictions || src.Outcomes != Outcomes || src.Resources != Resources || src.Horizon != Horizon {
			t.Errorf("%s: source %+v", name, src)
		}
		if spec.Name != Rollout || spec.Arms != (decision.Arms{Stable: versions[0], Canary: versions[1]}) || spec.Assignment != "request" {
			t.Errorf("%s: rollout %s of %+v by %s", name, spec.Name, spec.Arms, spec.Assignment)
		}
		var weights []int
		var bake time.Duration
		for _, st := range spec.Stages {
			weights, bake = append(weights, st.Weight), bake+st.Bake
		}
		want, long := []int{10, 25, 50, 75, 100}, 190*time.Minute
		if spec.Strategy == decision.Shadow {
			want, long = []int{0}, 10*time.Minute
		}
		if !slices.Equal(weights, want) || bake != long {
			t.Errorf("%s: stages %v bake %v", name, weights, bake)
		}
		for _, d := range spec.Drift {
			for _, f := range d.Of {
				if want := map[string][]choice{"features.country": countries, "features.device": devices}[f.Field]; len(f.Categories) != len(want) {
					t.Errorf("%s: %s has categories %v, visitors %v", name, f.Field, f.Categories, want)
				}
			}
		}
	}
}

// What ends a rollout must be able to: a guardrail for a rollback, a signal or a
// health rule for a hold.
func TestTheReasonOfEachScenarioIsInItsSpec(t *testing.T) {
	for _, name := range Names() {
		sc := lookup(t, name)
		spec := parse(t, sc)
		roles := map[string]string{"": "", "assignment": "health", "no_data": "health", "unpaired": "health"}
		for _, m := range spec.Metrics {
			roles[m.Name] = m.Role
		}
		for _, d := range spec.Drift {
			roles[d.Name] = d.Role
		}
		can := map[string][]string{Promote: {""}, Rollback: {decision.Guardrail}, Hold: {decision.Signal, "health"}}[sc.Expect]
		if role, known := roles[sc.Reason]; !known || !slices.Contains(can, role) {
			t.Errorf("%s: %s cannot %s: its role is %q", name, sc.Reason, sc.Expect, role)
		}
	}
}

// columns is the layout of the fields that a spec reads.
func columns(spec *decision.Spec) *schemas.Layout {
	var l schemas.Layout
	l.Fields[schemas.KindOutcome] = []string{"value"}
	p, r := &l.Fields[schemas.KindPrediction], &l.Fields[schemas.KindResource]
	for _, m := range spec.Metrics {
		switch m.On {
		case "prediction":
			*p = append(*p, m.Field)
		case "resource":
			*r = append(*r, m.Field)
		}
	}
	for _, d := range spec.Drift {
		for _, f := range d.Of {
			*p = append(*p, f.Field)
		}
	}
	slices.Sort(*p)
	return &l
}

func TestNoEventIsRejected(t *testing.T) {
	for _, name := range thin(Names()) {
		sc := lookup(t, name)
		layout := columns(parse(t, sc))
		decoder := codec.New(layout, codec.Options{NoFuture: true})
		var chunk schemas.Chunk
		chunk.Reset(0, layout)
		g, n := New(sc, 7, noon), 0
		g.Typed = true
		g.Tick(noon, noon.Add(3*time.Minute), share(1000), tenth, func(_ string, _ int32, _ []byte, ts schemas.Time, value []byte) {
			decoder.Append(&chunk, codec.Record{Offset: int64(n), Timestamp: ts, At: ts, Value: value})
			n++
		})
		if len(chunk.Rejected) > 0 || chunk.Len() != n {
			t.Errorf("%s: %d events became %d rows and %d rejections, the first %+v", name, n, chunk.Len(), len(chunk.Rejected), chunk.Rejected[:min(1, len(chunk.Rejected))])
		}
		for k, columns := range chunk.Values {
			for i, c := range columns {
				if !slices.ContainsFunc(c, func(v schemas.Cell) bool { return v.Kind > schemas.Null }) {
					t.Errorf("%s: no %s has a %s", name, schemas.Kind(k), layout.Fields[k][i])
				}
			}
		}
	}
}
