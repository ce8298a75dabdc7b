package decision

import (
	"time"

	"verdin/schemas"
)

// Spec is a rollout: what is compared, how far the canary may fall behind, and
// what follows from it. Parse reads and checks it; every field of a parsed Spec
// has its effective value (no zero stands for a default).
type Spec struct {
	Namespace  string
	Name       string
	Labels     map[string]string // free text for people; never part of the analysis
	Strategy   string            // one of the Strategy constants
	Arms       Arms
	Unit       string // sticky: what an event's unit_id names, such as user_id; "" = the request
	Assignment string // "request", or "sticky": the same unit gets the same arm, and tests count by unit
	Source     Source
	Stages     []Stage
	Risk       Risk
	Metrics    []Metric
	Drift      []Drift
	Segments   []Segment
	Health     Health
	Policy     Policy
	Publish    Publish
	Traffic    Traffic
	HoldBack   float64 // share of stable kept at weight 100 during its bake, 0.05 = 5 %
	Share      float64 // canary share of a recording with a fixed split; 0 = not stated
	DryRun     bool
	Baselines  []Baseline // attached: those that drift checks name by digest
	Digest     string     // "sha256:…" over the canonical form of all that touches analysis
}

// Strategies: how the canary gets its traffic.
const (
	Canary    = "canary"    // a ramp
	BlueGreen = "blueGreen" // an analysis at a small share, then one switch to all of it; stable stays warm for the last bake
	Shadow    = "shadow"    // the canary answers copies of requests; users never see it
	Guard     = "guard"     // an existing split is watched: it never steps, and may roll back
)

// FullName is "namespace/name", by which events, verdicts and logs know the rollout.
func (s *Spec) FullName() string { return s.Namespace + "/" + s.Name }

// NextWindow is the first window boundary after t.
func (s Source) NextWindow(t schemas.Time) schemas.Time { return t.Floor(s.Window).Add(s.Window) }

// Arms are the versions behind the two arms. An event's arm is "stable" or
// "canary", or one of these names.
type Arms struct{ Stable, Canary string }

// Source says where the events of a rollout come from.
type Source struct {
	Predictions, Outcomes, Resources string // topics; empty = none
	JoinKey                          string // "prediction_id"; "unit_id": outcomes may name their unit only
	Horizon                          time.Duration
	Window                           time.Duration // 10s
	Lateness                         time.Duration // 30s: delta of the watermark
}

// Stage is one step of the ramp.
type Stage struct {
	Weight      int           // percent of traffic for the canary, strictly increasing; 0 = copies of requests only
	Bake        time.Duration // least sum of final, complete windows
	MinSamples  int64         // least scored units per arm in this stage, default 100
	MaxDuration time.Duration // wall time after which policy.onMaxDuration applies; 0 = never
	Gate        string        // "" or "manual"
	Margins     map[string]Margin
}

// Risk is the error budget of the whole rollout: all metrics, stages and looks.
type Risk struct{ FalseRollback, FalsePromote, FalseHold float64 }

// Traffic is what the rollout expects, so that Parse can tell whether its stages
// are able to decide. Nothing else depends on it.
type Traffic struct {
	PerMinute float64 // predictions of both arms; 0 = not stated, and nothing is told
	Base      map[string]Base
}

// Base is what a metric usually reads: its mean, and for means the standard
// deviation of one value.
type Base struct{ Value, SD float64 }

// Segment compares the arms again within each listed value of a field: by every metric,
// and by the drift checks that say so. Their share of the error budget is halved: one half
// for all traffic, the other over the segments by their shares of past traffic.
type Segment struct {
	By       string    // "tags.country"
	Values   []string  // those listed, in spec order; the rest is counted together and not judged
	Shares   []float64 // of past traffic, beside Values; nil = alike
	MinShare float64   // values with less past traffic are not judged; 0 = all are
	Role     string    // "guardrail": as the metric or check; "signal"; "observe"
}

// Health are the rules about the data itself.
type Health struct {
	NoData            time.Duration // hold(no_data) after this long without any event
	NoDataRolls       bool          // then rollback(no_data) instead
	SilentCanary      time.Duration // rollback(canary_silent) not before this long
	SilentCanaryRolls bool          // false = hold only
	SampleRatio       bool          // hold(assignment) when the split is off
	Lag               time.Duration // hold(lag) when the watermark lags more
	Late              float64       // hold(data_quality) when more of an arm's rows come late, 0.01 = 1 %
	Coverage          bool          // hold(coverage) when the labels of one arm come more rarely
	Concentration     float64       // hold(concentration) when one unit has more of an arm's events; 0 = off
	Crossover         float64       // hold(crossover) when more of the units are in both arms; 0 = off
	Unpaired          float64       // mirrored stages: hold(unpaired) when more requests lack the canary's answer; 0 = off
	Unapplied         time.Duration // hold(unapplied) after this long without the routers' acknowledgement
	Artifact          bool          // hold(artifact_changed) when events name another version than arms
}

// Policy says what follows.
type Policy struct {
	OnGuardrail   string  // "rollback" or "hold"
	OnSignal      string  // "hold" or "rollback"
	OnMaxDuration string  // "hold" or "rollback"; never forward
	Approvals     int     // different operators whose promote opens a manual gate: 1 or 2
	MinStep       float64 // least wall time between two steps, as a share of the stage's bake
}

// Publish says how verdicts live.
type Publish struct {
	OnExpiry string // "stable" or "hold"
	Lease    time.Duration
	Routers  int      // acknowledgements expected after each step, default 1
	Named    []string // whose they must be; nil = of any that many routers
}
