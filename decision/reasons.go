package decision

// Codes of reasons. They are stable: alerts and dashboards are built on them.
const (
	ReasonStarted      = "started"
	ReasonStagePassed  = "stage_passed"
	ReasonPromoted     = "promoted"
	ReasonCompleted    = "completed"
	ReasonResumed      = "resumed"
	ReasonHarm         = "harm"
	ReasonLimit        = "limit_exceeded"
	ReasonDrift        = "drift"
	ReasonCanarySilent = "canary_silent"
	ReasonNoData       = "no_data"
	ReasonNoBaseline   = "no_baseline"
	ReasonAssignment   = "assignment"
	ReasonDataQuality  = "data_quality"
	ReasonSignal       = "signal"
	ReasonMaxDuration  = "max_duration"
	ReasonInsufficient = "insufficient"
	ReasonGate         = "gate"
	ReasonPaused       = "paused"
	ReasonCommand      = "command"
)

// Reason is what a code means and what a person does about it.
type Reason struct{ Code, Meaning, Remedy string }

// Reasons lists every code.
var Reasons = []Reason{
	{ReasonStarted, "the first stage begins", "nothing"},
	{ReasonStagePassed, "every guardrail is shown safe: the next stage begins", "nothing"},
	{ReasonPromoted, "the canary gets all traffic but the hold-back", "nothing"},
	{ReasonCompleted, "the bake at 100 % is over", "retire the old version when you like"},
	{ReasonResumed, "the cause of a hold is gone", "nothing"},
	{ReasonHarm, "a guardrail is shown to be worse than its tolerance", "look at the metric; roll forward only with a new version"},
	{ReasonLimit, "the canary is shown to be beyond an absolute limit", "look at the metric; the limit needs no baseline"},
	{ReasonDrift, "a guarded distribution is shown to differ by more than its tolerance", "compare the canary's scores or inputs with stable's"},
	{ReasonCanarySilent, "the canary sends no events while stable does", "see whether the canary serves, and whether its events arrive"},
	{ReasonNoData, "no events of either arm arrive", "see whether producers and topics are alive"},
	{ReasonNoBaseline, "stable sends no events while the canary does", "see whether stable's events arrive"},
	{ReasonAssignment, "the split that arrives is not the one ordered", "look for lost events or a router that does not follow; then start a new generation"},
	{ReasonDataQuality, "too many events come late, or one arm's more than the other's", "raise source.time.lateness, or mend the producer"},
	{ReasonSignal, "a signal metric or drift check speaks", "look at it; resume lets the rollout go on"},
	{ReasonMaxDuration, "the stage lasts longer than allowed without a decision", "see what is missing: more traffic, wider margins, or a rollback"},
	{ReasonInsufficient, "the stage is baked, and not everything that a step forward needs is shown yet", "wait, or see what is missing: more traffic or wider margins"},
	{ReasonGate, "the stage has passed and has a manual gate", "promote, or roll back"},
	{ReasonPaused, "an operator paused the rollout", "resume"},
	{ReasonCommand, "an operator ended the rollout", "nothing"},
}

// reason finds a code; unknown ones, from a newer engine, have no advice.
func reason(code string) Reason {
	for _, r := range Reasons {
		if r.Code == code {
			return r
		}
	}
	return Reason{Code: code, Meaning: "not known to this version", Remedy: "read the message"}
}
