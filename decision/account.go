package decision

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"verdin/schemas"
)

// Account is a verdict in plain words with every number that led to it, and what other
// numbers would have led elsewhere. Its JSON form is for tools, Text and Markdown are
// for people.
type Account struct {
	Rollout     string               `json:"rollout"` // namespace/name
	Generation  uint64               `json:"generation"`
	Sequence    uint64               `json:"sequence"`
	Verdict     string               `json:"verdict"`
	Phase       string               `json:"phase"`
	Reason      string               `json:"reason"`   // code
	Message     string               `json:"message"`  // why, with the decisive numbers
	Meaning     string               `json:"meaning"`  // of the code
	Remedy      string               `json:"remedy"`   // what to do
	Severity    string               `json:"severity"` // "", "ticket" or "page"
	Actor       string               `json:"actor"`
	Canary      float64              `json:"canary_percent"`
	Stable      float64              `json:"stable_percent"`
	Stage       int                  `json:"stage"`        // from 1
	Weight      int                  `json:"stage_weight"` // percent
	EnteredAt   string               `json:"stage_entered_at"`
	BakeSeconds float64              `json:"stage_bake_seconds"`
	MinSamples  int64                `json:"stage_min_samples"`
	Time        string               `json:"time"`
	KillSwitch  bool                 `json:"kill_switch"`
	DryRun      bool                 `json:"dry_run"`
	Routes      []schemas.Route      `json:"routes"`
	Prev        string               `json:"prev_digest"`
	Checks      []CheckAccount       `json:"checks"`
	Missing     []string             `json:"missing"`
	ETASeconds  int64                `json:"eta_seconds,omitempty"` // 0 = not known
	Changed     string               `json:"what_would_have_changed_it"`
	Spec        string               `json:"spec_digest"`
	Rules       string               `json:"rules_version"`
	ValidUntil  string               `json:"valid_until"`
	OnExpiry    string               `json:"on_expiry"`
	Inputs      []schemas.InputRange `json:"inputs"`
}

// CheckAccount is one check of a verdict. Numbers that are none are left out.
type CheckAccount struct {
	Name      string   `json:"name"`
	Segment   string   `json:"segment,omitempty"`
	Role      string   `json:"role"`
	Result    string   `json:"result"`
	Null      string   `json:"null"` // the hypothesis that evidence speaks against
	Method    string   `json:"method"`
	Exact     bool     `json:"exact"`
	Stable    *float64 `json:"stable,omitempty"` // the metric per arm
	Canary    *float64 `json:"canary,omitempty"`
	Estimate  *float64 `json:"estimate,omitempty"`
	Low       *float64 `json:"ci_low,omitempty"`
	High      *float64 `json:"ci_high,omitempty"`
	Level     float64  `json:"ci_level,omitempty"`
	Scale     string   `json:"scale,omitempty"`
	Interval  string   `json:"ci_method,omitempty"`
	Note      string   `json:"ci_note,omitempty"`
	N         [2]int64 `json:"n"` // stable, canary
	LogE      *float64 `json:"log_e,omitempty"`
	LogEMax   *float64 `json:"log_e_max,omitempty"`
	Threshold *float64 `json:"threshold,omitempty"` // log e at which it is shown
	Budget    *float64 `json:"budget,omitempty"`    // its share of the error budget, e^−threshold
	P         *float64 `json:"p_value,omitempty"`   // valid at every look
	Blocks    int64    `json:"blocks"`
	Skipped   [6]int64 `json:"skipped"` // empty arm, split changing, incomplete, learning, too few, unknown share
	Info      *float64 `json:"information,omitempty"`
	First     int64    `json:"first_crossing,omitempty"` // Unix ms of the window that showed it first
	Warnings  []string `json:"warnings,omitempty"`
	Changed   string   `json:"what_would_change_it"`
	kind      string
	value     [2]float64
}

// Explained makes the account of a verdict.
func Explained(v *schemas.Verdict) Account {
	r := ReasonOf(v.Reason.Code)
	a := Account{
		Rollout: v.Namespace + "/" + v.Rollout, Generation: v.Generation, Sequence: v.Sequence,
		Verdict: v.Verdict, Phase: v.Phase, Reason: r.Code, Message: v.Reason.Message, Meaning: r.Meaning, Remedy: r.Remedy, Severity: r.Severity,
		Actor: v.Actor, Canary: float64(v.WeightOf(schemas.ArmCanary)) / 100, Stable: float64(v.WeightOf(schemas.ArmStable)) / 100,
		Stage: v.Stage.Index + 1, Weight: v.Stage.Weight, EnteredAt: v.Stage.EnteredAt.String(), BakeSeconds: v.Stage.BakeSeconds, MinSamples: v.Stage.MinSamples,
		Time: v.Time.String(), KillSwitch: v.KillSwitch, DryRun: v.DryRun, Routes: v.Routes, Prev: v.PrevDigest, Inputs: v.Inputs,
		Missing: v.Next.Missing, ETASeconds: v.Next.ETASeconds, Changed: changed(v),
		Spec: v.SpecDigest, Rules: v.RulesVersion, ValidUntil: v.ValidUntil.String(), OnExpiry: v.OnExpiry,
	}
	for i := range v.Checks {
		a.Checks = append(a.Checks, explained(&v.Checks[i]))
	}
	return a
}

func explained(c *schemas.Check) CheckAccount {
	s := c.Skipped
	a := CheckAccount{
		Name: c.Name, Segment: c.Segment, Role: c.Role, Result: c.Result, Null: c.Null, Method: c.Method, Exact: c.Exact,
		Stable: number(c.Value[0]), Canary: number(c.Value[1]),
		Estimate: number(c.Effect.Estimate), Low: number(c.Effect.Low), High: number(c.Effect.High), Level: c.Effect.Level, Scale: c.Effect.Scale, Interval: c.Effect.Method, Note: c.Effect.Note,
		N: c.N, LogE: number(c.LogE), LogEMax: number(c.LogEMax), Threshold: number(c.Threshold), Budget: number(math.Exp(-c.Threshold)),
		P: number(c.P), Blocks: c.Blocks, Info: number(c.Info), First: c.First, Warnings: c.Warnings,
		Skipped: [6]int64{s.EmptyArm, s.SplitChanging, s.Incomplete, s.Learning, s.TooFew, s.UnknownShare},
		Changed: checkChanged(c), kind: c.Kind, value: c.Value,
	}
	if c.Method == Rule {
		a.Budget, a.P = nil, nil
	}
	return a
}

// number is a finite number, nil for others.
func number(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// JSON is the account as indented JSON.
func (a Account) JSON() []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(a); err != nil {
		panic(err) // text and finite numbers
	}
	return []byte(b.String())
}

// checkChanged says what other evidence would give a check another result.
func checkChanged(c *schemas.Check) string {
	switch {
	case c.Blocks == 0 || c.N[0]+c.N[1] == 0:
		return "a first window to score"
	case math.IsNaN(c.LogE + c.LogEMax + c.Threshold):
		return "evidence that is a number"
	case c.Threshold > math.MaxFloat64/2:
		return "nothing: it has no share of the error budget"
	case c.Method == Rule && c.Result == "harm":
		return "fewer windows beyond the margin, or a wider one"
	case c.Method == Rule:
		return fmt.Sprintf("%.0f more of the last windows beyond the margin: then harm is shown", c.Threshold-c.LogE)
	}
	claim, have := "harm", c.LogEMax
	switch {
	case c.Kind == "sample_ratio":
		claim = "a wrong split"
	case c.Test == "drift" || c.Test == HistoryTest:
		claim = "a drift"
	case c.Test == coverage:
		claim, have = "a difference in coverage", c.LogE
	case safeClaim(c.Test):
		claim, have = "safety", c.LogE
	}
	gap := c.Threshold - have
	switch {
	case gap <= 0 && claim == "safety":
		return fmt.Sprintf("evidence that falls by a factor of %s: then safety is no longer shown", times(-gap))
	case gap <= 0:
		return fmt.Sprintf("evidence smaller by a factor of %s%s", times(-gap), tolerable(c))
	}
	return fmt.Sprintf("evidence %s times as strong: then %s is shown", times(gap), claim)
}

// safeClaim tells whether a test asks for safety: what it says now counts, not its maximum.
func safeClaim(test string) bool {
	return test == "safe" || test == "safe_stage" || test == pairedSafe || test == pairedSafeStage ||
		contains(furtherClaims, test) || contains(pairedClaims, test)
}

// tolerable names the tolerances that the interval of a shown harm leaves.
func tolerable(c *schemas.Check) string {
	if !(c.Effect.Level > 0) || number(c.Effect.Low) == nil || number(c.Effect.High) == nil {
		return ", or a wider tolerance"
	}
	return fmt.Sprintf(", or a tolerance beyond the interval [%.4g, %.4g]", c.Effect.Low, c.Effect.High)
}

// times prints a factor e^x.
func times(x float64) string {
	if x < 13 {
		return fmt.Sprintf("%.3g", math.Exp(x))
	}
	return fmt.Sprintf("e^%.1f", x)
}
