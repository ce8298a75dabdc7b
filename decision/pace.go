package decision

import (
	"math"
	"time"

	"verdin/stats"
	"verdin/stats/sequential"
)

// pace says how long what is missing takes if the stage goes on as it did.
type pace struct {
	window        time.Duration
	bake, ripened time.Duration // windows of the running stage that were judged, per lane
	samples       [2]int64      // in them
	matured       [2]int64
}

func newPace(spec *Spec, in *Input) pace {
	return pace{spec.Source.Window, in.Stage.Bake, in.Stage.LabelBake, in.Stage.Samples, in.Stage.LabelSamples}
}

// rows is the time until so many rows have come.
func (p pace) rows(have, want int64) time.Duration { return until(have, want, p.bake) }

// labels is the same for matured labels.
func (p pace) labels(have, want int64) time.Duration { return until(have, want, p.ripened) }

func until(have, want int64, in time.Duration) time.Duration {
	if have <= 0 || in <= 0 {
		return unknownTime
	}
	return bounded(float64(in) / float64(have) * float64(want-have))
}

// bounded is a time, not known where it is beyond every duration of a spec.
func bounded(nanos float64) time.Duration {
	if !(nanos >= 0 && nanos <= float64(longest)) {
		return unknownTime
	}
	return time.Duration(nanos)
}

// evidence is the time until a guardrail's evidence of safety reaches its threshold: by
// the planning formula with the arms equal at stable's value where there is one, else
// by the evidence that a window of this stage brought on average.
func (p pace) evidence(spec *Spec, m *Metric, st *State, e *stats.Evidence) time.Duration {
	seen, rows := p.bake, p.samples
	if m.On == "outcome" {
		seen, rows = p.ripened, p.matured
	}
	windows := float64(seen) / float64(p.window)
	rest := e.Threshold - e.LogE
	if !(windows > 0) || !(rest > 0) {
		return unknownTime
	}
	per := sequential.Traffic{Stable: float64(rows[0]) / windows, Canary: float64(rows[1]) / windows}
	if blocks, ok := planned(m, spec.margin(m, st.Stage), Base{Value: e.Value[0]}, per, rest); ok {
		return bounded(blocks * float64(p.window))
	}
	return line(e, seen)
}

// average is the time until other evidence reaches its threshold, as evidence of this
// stage's events.
func (p pace) average(e *stats.Evidence) time.Duration { return line(e, p.bake) }

// line is a straight line through the evidence that a stage has brought so far.
func line(e *stats.Evidence, seen time.Duration) time.Duration {
	if rest := e.Threshold - e.LogE; e.LogE > 0 && rest > 0 && seen > 0 {
		return bounded(rest / e.LogE * float64(seen))
	}
	return unknownTime
}

// soon prints a time for people: minutes below two hours, else hours.
func soon(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return brief(d.Round(time.Second))
	case d < 2*time.Hour:
		return brief(d.Round(time.Minute))
	}
	return brief(time.Duration(math.Round(d.Hours())) * time.Hour)
}

func seconds(n int64) time.Duration {
	return time.Duration(min(n, int64(longest/time.Second))) * time.Second
}
