package stats

// Tri is the answer of a test: a claim was shown, or it is not known yet.
// There is no third answer "the opposite": that is another test's claim.
type Tri string

const (
	Unknown Tri = "unknown" // not enough evidence at this look
	Harm    Tri = "harm"    // harm beyond the tolerance was shown
	Safe    Tri = "safe"    // harm below the margin was shown
)

// Interval is an estimate with bounds that hold at every look.
type Interval struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"ci_low"`
	High     float64 `json:"ci_high"`
	Level    float64 `json:"ci_level"`          // for example 0.95; 0 = no interval yet
	Method   string  `json:"ci_method"`         // "asymptotic" or "exact"
	Scale    string  `json:"scale"`             // "difference", "ratio", "psi", "ks", "share"
	Note     string  `json:"ci_note,omitempty"` // what the reader must know
}

// Evidence is what one test knows at one look. Every test returns this shape
// and a verdict carries it as one of its checks. Evidence adds up over the whole
// rollout; Effect, N and Value describe the running stage, so that harm which began
// late is seen as large as it is.
type Evidence struct {
	Name      string     `json:"name"`              // "error_rate/harm"
	Metric    string     `json:"metric"`            // name of the metric, drift check or health check
	Segment   string     `json:"segment,omitempty"` // "tags.country=de", empty for all traffic
	Kind      string     `json:"kind"`              // "sequential", "drift", "limit", "sample_ratio"
	Test      string     `json:"test"`              // "harm", "safe", "safe_stage", "limit", "sample_ratio", "drift", "history"
	Role      string     `json:"role"`              // "guardrail", "signal", "observe", "health"
	Method    string     `json:"method"`            // "halfplane", "tilt", "score", "psi", "ks"
	Null      string     `json:"null"`              // the hypothesis that evidence speaks against, in words
	Exact     bool       `json:"exact"`             // false = asymptotic
	LogE      float64    `json:"log_e"`             // log of the e-process now, natural log
	LogEMax   float64    `json:"log_e_max"`         // its running maximum
	P         float64    `json:"p_value"`           // min(1, exp(−LogEMax)): valid at every look
	Threshold float64    `json:"threshold"`         // LogE (safe) or LogEMax (harm) at which the claim is shown
	Result    Tri        `json:"result"`            // claim shown or not
	Effect    Interval   `json:"effect"`            // on the metric's own scale, canary against stable
	N         [2]int64   `json:"n"`                 // scored units: stable, canary
	Value     [2]float64 `json:"value"`             // the metric per arm over the scored blocks: stable, canary
	Blocks    int64      `json:"blocks"`            // blocks scored
	Skipped   Skips      `json:"skipped,omitzero"`  // blocks not scored, by reason
	Info      float64    `json:"information"`       // Σ n_a n_b/n (binary) or V (score): for planning
	First     int64      `json:"first_crossing"`    // start of the window of the first crossing, Unix ms; 0 = none
	Warnings  []string   `json:"warnings,omitempty"`
}

// Skips counts blocks that a test did not score.
type Skips struct {
	EmptyArm      int64 `json:"empty_arm,omitempty"`
	SplitChanging int64 `json:"split_changing,omitempty"`
	Incomplete    int64 `json:"incomplete,omitempty"`
	Learning      int64 `json:"learning,omitempty"`
	TooFew        int64 `json:"too_few,omitempty"`
	UnknownShare  int64 `json:"unknown_share,omitempty"`
}
