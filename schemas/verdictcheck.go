package schemas

// Check is the evidence of one test as a verdict carries it. The members are
// those of stats.Evidence; they stand here again because a router must be able
// to read a verdict without the statistics.
type Check struct {
	Name      string     `json:"name"`
	Metric    string     `json:"metric"`
	Segment   string     `json:"segment,omitempty"`
	Kind      string     `json:"kind"`
	Test      string     `json:"test"`
	Role      string     `json:"role"`
	Method    string     `json:"method"`
	Null      string     `json:"null"`
	Exact     bool       `json:"exact"`
	LogE      float64    `json:"log_e"`
	LogEMax   float64    `json:"log_e_max"`
	P         float64    `json:"p_value"`
	Threshold float64    `json:"threshold"`
	Result    string     `json:"result"` // "unknown", "harm", "safe"
	Effect    Interval   `json:"effect"`
	N         [2]int64   `json:"n"`     // scored units: stable, canary
	Value     [2]float64 `json:"value"` // the metric per arm: stable, canary
	Blocks    int64      `json:"blocks"`
	Skipped   Skips      `json:"skipped,omitzero"`
	Info      float64    `json:"information"`
	First     int64      `json:"first_crossing"`
	Warnings  []string   `json:"warnings,omitempty"`
}

// Interval is an estimate with bounds that hold at every look. Its fields are
// those of stats.Interval, so that one converts to the other.
type Interval struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"ci_low"`
	High     float64 `json:"ci_high"`
	Level    float64 `json:"ci_level"`
	Method   string  `json:"ci_method"`
	Scale    string  `json:"scale"`
	Note     string  `json:"ci_note,omitempty"`
}

// Skips counts blocks that a test did not score. Its fields are those of
// stats.Skips, so that one converts to the other.
type Skips struct {
	EmptyArm      int64 `json:"empty_arm,omitempty"`
	SplitChanging int64 `json:"split_changing,omitempty"`
	Incomplete    int64 `json:"incomplete,omitempty"`
	Learning      int64 `json:"learning,omitempty"`
	TooFew        int64 `json:"too_few,omitempty"`
	UnknownShare  int64 `json:"unknown_share,omitempty"`
}
