package decision

import (
	"time"

	"verdin/schemas"
	"verdin/stats"
)

// Input is all that one look at a rollout may depend on.
type Input struct {
	Cut      Cut
	Evidence []stats.Evidence // current evidence of every test, in catalogue order
	Stage    StageData
	Health   HealthData
	Faults   Faults
	Applied  []Applied
	Commands []Command
	Publish  []PublishResult
}

// Cut is a barrier in the inputs: a wall time and how far each log was read.
type Cut struct {
	Seq        int64
	Wall       schemas.Time
	Due        schemas.Time         // when this look was due on the events' clock; the verdict's time
	Inputs     []schemas.InputRange // offsets behind the final windows, per log
	Told       schemas.Time         // end of the last window that waits to be judged and has an event; Unknown = none does
	CatchingUp bool                 // the watermark lags: only a rollback may be signed
	Owing      []string             // named routers that have not acknowledged the last step, sorted
	Unread     string               // why a source is not read whole, with the remedy; "" = it is
	Foreign    bool                 // a recording whose split need not follow the verdicts: unmarked events have no declared share
	Drained    bool                 // every log ended: only labels are awaited, so silence means nothing
	Ended      bool                 // every log ended (a recording): no more data will come
}

// StageData is what the running stage has seen. Windows count only when they are
// final, complete, and free of any change of split.
type StageData struct {
	Bake         time.Duration // Σ of such windows, fast lane
	Samples      [2]int64      // predictions per arm in them
	LabelBake    time.Duration // the same in the label lane
	LabelSamples [2]int64
}

// HealthData are facts about the data of one rollout, computed from final windows.
type HealthData struct {
	Since             schemas.Time    // start of the first window of the rollout
	Mark              schemas.Time    // end of the last final window of the fast lane
	LastData          schemas.Time    // end of the last final window with an event of either arm; Unknown = none yet
	LastArm           [2]schemas.Time // the same per arm
	StableSinceCanary int64           // stable events in windows after the last with a canary event
	CanarySinceStable int64
	Late, Seen        [2]int64 // late and accepted rows per arm in the current stage
	Incomplete        int64    // final windows of the stage with a data gap
	Unmatched         int64    // outcomes that joined no prediction
	ArmMismatch       int64    // outcomes whose arm contradicts their prediction
	Units             [2]int64 // where the spec names a unit: units seen per arm in the current stage
	Crossed           int64    // sticky: those of them that were seen in both arms
	Pairs             [2]int64 // mirrored stages: requests that both arms answered, and that only stable did, by the horizon
}

// Faults are what went wrong with the records of one rollout, or with the engine, in
// the running stage. All are 0 where nothing did.
type Faults struct {
	HistoryLost int64    // times that a log no longer held what was to be read
	Largest     [2]int64 // events of the unit that sent most of an arm's
	Strangers   [2]int64 // events of an arm that name another version than the rollout compares
	Internal    string   // what the engine failed at; "" = nothing
}

// Applied says that every expected router serves a verdict.
type Applied struct {
	Generation, Sequence uint64
	At                   schemas.Time // the last expected router's acknowledgement
}

// Command is an operator's order: "pause", "resume", "promote", "rollback", "kill", "abort".
type Command struct {
	Verb, Actor, Reason string
	At                  schemas.Time
}

// PublishResult says what became of a verdict that was to be published.
type PublishResult struct {
	Generation, Sequence uint64
	Digest               string // of the payload; "" = the only one that was issued with this sequence
	Result               string // "acked", "fenced", "expired", or "reclaimed": fenced, and the chain is ours again
	At                   schemas.Time
}
