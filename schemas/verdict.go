package schemas

// TypeVerdict is the CloudEvents type of a verdict.
const TypeVerdict = "verdin.verdict.v1"

// What a verdict orders.
const (
	VerdictAdvance  = "advance"  // the next stage
	VerdictHold     = "hold"     // stay, for a reason; published when the reason changes
	VerdictPromote  = "promote"  // the step to 100 %, and again when its bake is over
	VerdictRollback = "rollback" // all traffic to stable
)

// Verdicts lists what a verdict may order.
func Verdicts() []string {
	return []string{VerdictAdvance, VerdictHold, VerdictPromote, VerdictRollback}
}

// Phases of a rollout.
const (
	PhasePending    = "pending"
	PhaseRunning    = "running"
	PhaseHeld       = "held"
	PhasePaused     = "paused"
	PhasePromoted   = "promoted"
	PhaseCompleted  = "completed"
	PhaseRolledBack = "rolled_back"
	PhaseAborted    = "aborted"
	PhaseSuperseded = "superseded"
)

// Phases lists those that a rollout may be in.
func Phases() []string {
	return []string{PhasePending, PhaseRunning, PhaseHeld, PhasePaused, PhasePromoted, PhaseCompleted, PhaseRolledBack, PhaseAborted, PhaseSuperseded}
}

// Arms, in the order in which tests report them. Routes list the canary first.
const (
	ArmStable = "stable"
	ArmCanary = "canary"
)

// What a router does when no engine speaks until the deadline.
const (
	ExpiryStable = "stable" // all traffic to stable
	ExpiryHold   = "hold"   // keep the weights
)

// WeightTotal is the sum of a verdict's weights: 10,000 basis points.
const WeightTotal = 10_000

// Verdict is the order of an engine to the routers of one rollout, with its
// reasons. Its payload is a function of the inputs alone, so every engine and
// every replay write the same bytes; who published it stands in the headers.
//
// Verdicts of one generation form a chain: prev_digest is the digest of the payload
// before, and sequence grows from 1. No two verdicts have one sequence: that of a verdict
// which was never sent is left out.
type Verdict struct {
	Namespace    string       `json:"namespace"`
	Rollout      string       `json:"rollout"`
	Verdict      string       `json:"verdict"` // one of the Verdict constants
	Phase        string       `json:"phase"`   // one of the Phase constants
	Generation   uint64       `json:"generation"`
	Sequence     uint64       `json:"sequence"`         // from 1 within the generation, ascending
	PrevDigest   string       `json:"prev_digest"`      // Digest of the payload before; empty for the first
	Routes       []Route      `json:"routes"`           // absolute weights, canary first, sum WeightTotal
	Sticky       *Sticky      `json:"sticky,omitempty"` // nil for request assignment
	KillSwitch   bool         `json:"kill_switch"`      // weight 0 now, without any ramp
	Stage        VerdictStage `json:"stage"`
	Reason       Reason       `json:"reason"`
	Checks       []Check      `json:"checks"`
	Next         Next         `json:"next"`
	ValidUntil   Time         `json:"valid_until"` // cut wall + lease
	OnExpiry     string       `json:"on_expiry"`   // ExpiryStable or ExpiryHold
	Inputs       []InputRange `json:"inputs"`
	SpecDigest   string       `json:"spec_digest"`
	RulesVersion string       `json:"rules_version"` // of the decision rules
	DryRun       bool         `json:"dry_run"`
	Actor        string       `json:"actor"` // "auto", or who gave the command
	Time         Time         `json:"time"`  // due time of the look
}

// Route is the share of one arm.
type Route struct {
	Arm          string `json:"arm"`
	ModelVersion string `json:"model_version"`
	WeightBps    int    `json:"weight_bps"` // 0 to 10,000
}

// Sticky says how a unit is mapped to an arm.
type Sticky struct {
	By   string `json:"by"`   // "unit_id"
	Hash string `json:"hash"` // "murmur3_32"
	Salt string `json:"salt"`
}

// VerdictStage is the stage that the routes belong to, and what it asks for.
type VerdictStage struct {
	Index       int     `json:"index"`  // from 0
	Weight      int     `json:"weight"` // percent for the canary
	EnteredAt   Time    `json:"entered_at"`
	BakeSeconds float64 `json:"bake_seconds"`
	MinSamples  int64   `json:"min_samples"` // per arm
}

// Reason is why: a stable code for programs, a sentence for people.
type Reason struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Next is what the next step forward still needs.
type Next struct {
	Missing    []string `json:"missing"`
	ETASeconds int64    `json:"eta_seconds,omitempty"` // 0 = not known
}

// InputRange is the part of a log behind a verdict: offsets [From, To).
type InputRange struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"`
}

// Mirrors tells whether routers send the canary a copy of every request that stable
// answers: in a stage of weight 0, until the rollout ends.
func (v *Verdict) Mirrors() bool {
	running := v.Phase == PhaseRunning || v.Phase == PhaseHeld || v.Phase == PhasePaused
	return running && v.Stage.Weight == 0 && v.WeightOf(ArmCanary) == 0 && !v.KillSwitch
}

// WeightOf returns the weight of an arm in basis points, 0 if no route names it.
func (v *Verdict) WeightOf(arm string) int {
	for _, r := range v.Routes {
		if r.Arm == arm {
			return r.WeightBps
		}
	}
	return 0
}

// ID is the CloudEvents id: namespace/rollout/generation/sequence.
func (v *Verdict) ID() string {
	return VerdictID(v.Namespace, v.Rollout, v.Generation, v.Sequence)
}
