package decision

// Codes of reasons. They are stable: alerts and dashboards are built on them.
const (
	ReasonStarted       = "started"
	ReasonStagePassed   = "stage_passed"
	ReasonPromoted      = "promoted"
	ReasonCompleted     = "completed"
	ReasonResumed       = "resumed"
	ReasonHarm          = "harm"
	ReasonLimit         = "limit_exceeded"
	ReasonDrift         = "drift"
	ReasonCanarySilent  = "canary_silent"
	ReasonNoData        = "no_data"
	ReasonNoBaseline    = "no_baseline"
	ReasonAssignment    = "assignment"
	ReasonUnapplied     = "unapplied"
	ReasonArtifact      = "artifact_changed"
	ReasonDataQuality   = "data_quality"
	ReasonHistoryLost   = "history_lost"
	ReasonCoverage      = "coverage"
	ReasonConcentration = "concentration"
	ReasonCrossover     = "crossover"
	ReasonLag           = "lag"
	ReasonUnpaired      = "unpaired"
	ReasonInternal      = "internal_error"
	ReasonFenced        = "fenced"
	ReasonSignal        = "signal"
	ReasonValidity      = "validity"
	ReasonWorld         = "world"
	ReasonMaxDuration   = "max_duration"
	ReasonInsufficient  = "insufficient"
	ReasonGate          = "gate"
	ReasonPaused        = "paused"
	ReasonCommand       = "command"
	ReasonSuperseded    = "superseded"
)

// Severities: whom a reason concerns.
const (
	SeverityNone   = ""       // nobody: it is said for the record
	SeverityTicket = "ticket" // somebody, on the next working day
	SeverityPage   = "page"   // somebody, now
)

// Reason is what a code means, what a person does about it, and whether one has to.
// After is for how long it must be in force before it is worth an alert, in minutes.
type Reason struct {
	Code, Meaning, Remedy string
	Severity              string
	After                 int
}

// Reasons lists every code.
var Reasons = []Reason{
	{Code: ReasonStarted, Meaning: "the first stage begins", Remedy: "nothing"},
	{Code: ReasonStagePassed, Meaning: "every guardrail is shown safe: the next stage begins", Remedy: "nothing"},
	{Code: ReasonPromoted, Meaning: "the canary gets all traffic but the hold-back", Remedy: "nothing"},
	{Code: ReasonCompleted, Meaning: "the last bake is over", Remedy: "retire the old version when you like; after a shadow, begin a rollout with traffic"},
	{Code: ReasonResumed, Meaning: "the cause of a hold is gone", Remedy: "nothing"},
	{ReasonHarm, "a guardrail is shown to be worse than its tolerance", "look at the metric; roll forward only with a new version", SeverityTicket, 0},
	{ReasonLimit, "the canary is shown to be beyond an absolute limit", "look at the metric; the limit needs no baseline", SeverityTicket, 0},
	{ReasonDrift, "a guarded distribution of outputs is shown to differ by more than its tolerance", "compare the canary's scores with stable's", SeverityTicket, 0},
	{ReasonCanarySilent, "the canary sends no events while stable does", "see whether the canary serves, and whether its events arrive", SeverityPage, 0},
	{ReasonNoData, "no events of either arm arrive", "see whether producers and topics are alive", SeverityPage, 0},
	{ReasonNoBaseline, "stable sends no events while the canary does", "see whether stable's events arrive", SeverityPage, 2},
	{ReasonAssignment, "the split that arrives is not the one ordered", "look for lost events or a router that does not follow; then start a new generation", SeverityTicket, 0},
	{ReasonUnapplied, "the routers have not acknowledged a step in time, or still serve the split before it", "see whether every router runs, follows the rollout and is counted in publish.routers", SeverityPage, 0},
	{ReasonArtifact, "events name another version than the rollout compares", "start a new generation with the versions that run", SeverityTicket, 0},
	{ReasonDataQuality, "too many events come late, or one arm's more than the other's, or records were lost, or a topic is not read whole", "raise source.time.lateness, or mend the producer; where a topic is named, do what the message says", SeverityTicket, 10},
	{ReasonHistoryLost, "the log no longer holds records that were not read yet", "see the topic's retention; the lost windows count for nothing, and the rollout goes on with the next", SeverityTicket, 0},
	{ReasonCoverage, "the labels of one arm come more rarely than the other's", "see why labels are missing: what is left is no fair sample", SeverityTicket, 10},
	{ReasonConcentration, "one unit sends too large a part of an arm's events", "look for a robot or a load test; exclude it at the source", SeverityTicket, 10},
	{ReasonCrossover, "too many units are seen in both arms", "see whether all routers use the same salt and the same unit", SeverityTicket, 10},
	{ReasonLag, "windows are judged too far behind the clock", "see whether the engine keeps up, and whether one partition stands still", SeverityTicket, 10},
	{ReasonUnpaired, "too many mirrored requests have no answer of the canary by the horizon", "see whether copies are dropped on their way, time out, or are answered under another prediction_id", SeverityTicket, 10},
	{ReasonInternal, "the engine failed in this rollout; others go on", "report it with the journal; a restart tries again", SeverityPage, 0},
	{ReasonFenced, "another engine writes the verdicts of this rollout, so this one is silent", "see which engine is the right one, and stop the other", SeverityPage, 0},
	{ReasonSignal, "a signal metric or drift check speaks", "look at it; resume lets the rollout go on", SeverityTicket, 0},
	{ReasonValidity, "the inputs of the arms are shown to differ: the split or a feature pipeline is broken, and the comparison is in doubt", "compare the named feature of both arms at its source; then start a new generation, or resume if the difference is meant", SeverityTicket, 0},
	{ReasonWorld, "stable has moved away from its reference: the world changed, and the canary has no part in it", "see whether the model must be trained again; the arms are still compared fairly: resume, or calibrate a new baseline", SeverityTicket, 0},
	{ReasonMaxDuration, "the stage lasts longer than allowed without a decision", "see what is missing: more traffic, wider margins, or a rollback", SeverityTicket, 0},
	{Code: ReasonInsufficient, Meaning: "the stage is baked, and not everything that a step forward needs is shown yet", Remedy: "wait, or see what is missing: more traffic or wider margins"},
	{ReasonGate, "the stage has passed and has a manual gate", "promote, or roll back", SeverityTicket, 0},
	{Code: ReasonPaused, Meaning: "an operator paused the rollout", Remedy: "resume"},
	{Code: ReasonCommand, Meaning: "an operator ended the rollout", Remedy: "nothing"},
	{Code: ReasonSuperseded, Meaning: "the spec was changed, so another generation begins: the weights stay until its first verdict", Remedy: "nothing"},
}

// ReasonOf finds a code; unknown ones, from a newer engine, have no advice.
func ReasonOf(code string) Reason {
	for _, r := range Reasons {
		if r.Code == code {
			return r
		}
	}
	return Reason{Code: code, Meaning: "not known to this version", Remedy: "read the message"}
}
