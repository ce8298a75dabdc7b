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
	Strategy   string            // "canary"
	Arms       Arms
	Unit       string // field that names the randomisation unit, "" = the request
	Assignment string // "request"; "sticky" is refused until the bucket tests exist
	Source     Source
	Stages     []Stage
	Risk       Risk
	Metrics    []Metric
	Drift      []Drift
	Health     Health
	Policy     Policy
	Publish    Publish
	HoldBack   float64 // share of stable kept at weight 100 during its bake, 0.05 = 5 %
	Share      float64 // canary share of a recording with a fixed split; 0 = not stated
	DryRun     bool
	Digest     string // "sha256:…" over the canonical form of all that touches analysis
}

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
	JoinKey                          string // "prediction_id"
	Horizon                          time.Duration
	Window                           time.Duration // 10s
	Lateness                         time.Duration // 30s: delta of the watermark
}

// Stage is one step of the ramp.
type Stage struct {
	Weight      int           // percent of traffic for the canary, 1 to 100, strictly increasing
	Bake        time.Duration // least sum of final, complete windows
	MinSamples  int64         // least scored units per arm in this stage, default 100
	MaxDuration time.Duration // wall time after which policy.onMaxDuration applies; 0 = never
	Gate        string        // "" or "manual"
	Margins     map[string]Margin
}

// Risk is the error budget of the whole rollout: all metrics, stages and looks.
type Risk struct{ FalseRollback, FalsePromote, FalseHold float64 }

// Margin is a distance between the arms, absolute in the metric's unit or
// relative to the stable arm (0.1 = 10 %). Set is false where none is given.
type Margin struct {
	Set      bool
	Relative bool
	Value    float64
}

// Roles of a metric or drift check.
const (
	Guardrail = "guardrail" // may roll back, and must be shown non-inferior before each step forward
	Signal    = "signal"    // may hold
	Observe   = "observe"   // is reported
)

// Metric is one number per observation, compared between the arms.
type Metric struct {
	Name       string
	Kind       string  // "proportion", "mean", "quantile"
	Quantile   float64 // for kind quantile, 0 < q < 1
	On         string  // "prediction", "outcome", "resource"
	Field      string  // path of a field; for On = outcome the outcome's name
	Value      string  // for On = outcome: "value" (default) or "label"
	Worse      string  // "higher" or "lower"
	Role       string
	Margin     Margin  // δ_P: the largest acceptable harm
	Tolerance  Margin  // δ_R ≤ δ_P: harm up to here is no harm; default the margin
	Limit      Limit   // bound on the canary alone
	Cap        float64 // winsorising cap of a mean; 0 = none
	Range      *Range  // declared range; values outside are clamped and counted
	MDE        float64 // smallest effect of interest as log odds ratio; 0 = the default grid
	Mode       string  // "" , "gate" or "watch" for metrics slower than a stage
	Missing    string  // for joined outcomes: "negative" or "exclude"
	Weight     float64 // share of the error budget, relative; default 1
	Population string  // "" or "success": leave failed requests out
}

// Limit is an absolute bound on the canary, in the metric's unit.
type Limit struct {
	Set   bool
	Value float64
}

// Range is a closed interval of a metric's unit.
type Range struct{ Low, High float64 }

// Drift asks whether a distribution is still the same.
type Drift struct {
	Name    string
	Of      []Feature // the fields watched
	Between string    // "arms"
	Method  string    // "psi" or "ks"
	Above   float64   // tolerance: 0 = equality
	Role    string
	Weight  float64
}

// Feature is a field under drift watch.
type Feature struct {
	Field      string   // "features.age", "prediction_score", "prediction_label"
	Categories []string // declared categories; empty = numeric
}

// Health are the rules about the data itself.
type Health struct {
	NoData            time.Duration // hold(no_data) after this long without any event
	SilentCanary      time.Duration // rollback(canary_silent) not before this long
	SilentCanaryRolls bool          // false = hold only
	SampleRatio       bool          // hold(assignment) when the split is off
	Lag               time.Duration // no step forward when the watermark lags more
}

// Policy says what follows.
type Policy struct {
	OnGuardrail   string // "rollback" or "hold"
	OnSignal      string // "hold" or "rollback"
	OnMaxDuration string // "hold" or "rollback"; never forward
}

// Publish says how verdicts live.
type Publish struct {
	OnExpiry string // "stable" or "hold"
	Lease    time.Duration
	Routers  int // acknowledgements expected after each step, default 1
}
