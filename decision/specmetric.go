package decision

import "time"

// Roles of a metric or drift check.
const (
	Guardrail = "guardrail" // may roll back, and must be shown non-inferior before each step forward
	Signal    = "signal"    // may hold
	Observe   = "observe"   // is reported
)

// Kinds of metrics.
const (
	Proportion = "proportion" // share of observations that are true
	Mean       = "mean"       // average of a number
	Quantile   = "quantile"   // such as the 99th percentile of a latency
	Ratio      = "ratio"      // one sum divided by another
	Rate       = "rate"       // outcomes per prediction
	Sum        = "sum"        // sum of a number per unit
	SLO        = "slo"        // share of observations beyond a bound
)

// Metric is one number per observation, compared between the arms.
type Metric struct {
	Name       string
	Kind       string  // one of the kinds
	Quantile   float64 // for kind quantile, 0 < q < 1
	On         string  // "prediction", "outcome", "resource"
	Field      string  // path of a field; for On = outcome the outcome's name
	Expr       *Expr   // instead of a field
	Per        string  // for kind ratio: the field of the denominator; for kind sum: the field that names the unit
	Within     float64 // for kind slo: the bound of a good observation
	Value      string  // for On = outcome: "value" (default) or "label"
	Worse      string  // "higher" or "lower"
	Role       string
	Margin     Margin  // δ_P: the largest acceptable harm
	Tolerance  Margin  // δ_R ≤ δ_P: harm up to here is no harm; default the margin
	Limit      Limit   // bound on the canary alone
	Cap        float64 // winsorising cap of a mean; 0 = none
	Range      *Range  // declared range; values outside are clamped and counted
	MDE        float64 // smallest effect of interest as log odds ratio; 0 = the default grid
	Mode       string  // "", "gate", "watch" or "proxy" for metrics slower than a stage
	Proxy      string  // for mode proxy: the guardrail that speaks for this one until its labels come
	Missing    string  // for joined outcomes: "negative" or "exclude"
	Weight     float64 // share of the error budget, relative; default 1
	Population string  // "" or "success": leave failed requests out
	Breached   [2]int  // for resource guardrails: windows beyond the margin of the last windows
}

// Capped tells whether the metric compares means of capped values and guards the
// rollout: what its cap hides is then tested beside it.
func (m *Metric) Capped() bool { return m.Kind == Mean && m.Role == Guardrail && m.On != "resource" }

// Expr is a small expression over one joined observation; it takes the place of a
// metric's field. Fields of the outcome are written outcome.NAME.
type Expr struct {
	Op   string   // "field", "equals", "within", "ratio", "difference", "precision", "recall", "squaredError", "absoluteError"
	Args []string // fields: one, or two
	Text string   // for equals with one field: the text it is compared with; for precision and recall: the class
	By   float64  // for within: the largest distance between the two fields
}

// Conditional tells whether the expression is of some observations only: those that the
// model says are of a class, or those that are.
func (e *Expr) Conditional() bool { return e != nil && (e.Op == "precision" || e.Op == "recall") }

// Margin is a distance between the arms, absolute in the metric's unit or
// relative to the stable arm (0.1 = 10 %). Set is false where none is given.
type Margin struct {
	Set      bool
	Relative bool
	Value    float64
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
	Name      string
	Of        []Feature     // the fields watched
	Between   string        // "arms", "reference" or "history"
	Pane      time.Duration // between: history only: how long a stretch of time is that is compared with those before it
	Reference string        // the file of the baseline: its bins, and for between: reference what stable is compared with
	Baseline  string        // "sha256:…" of that file; "" = not read yet
	Method    string        // "psi", "ks"
	Above     float64       // tolerance: 0 = equality
	Faults    float64       // tolerated difference of a share of faults, such as missing values
	Segments  bool          // ask within each segment of the rollout as well
	Role      string
	Weight    float64
}

// Feature is a field under drift watch.
type Feature struct {
	Field      string   // "features.age", "prediction_score", "prediction_label"
	Categories []string // declared categories; empty = numeric
}
