package journal

import (
	"encoding/json"

	"verdin/schemas"
)

// Format is the version of the records. It changes when an older reader would
// misread a newer record.
const Format = 1

// Record is one entry: *Activation, *Cut, *Failure, *Intent, *Rewind or *End.
type Record interface{ kind() string }

// Activation begins a generation of a rollout: all that the engine is started with.
type Activation struct {
	Format     int          `json:"format"`
	Rollout    string       `json:"rollout"` // "namespace/name"
	Generation uint64       `json:"generation"`
	Spec       string       `json:"spec"`           // its YAML text
	SpecDigest string       `json:"spec_digest"`    // of the part that touches analysis
	Rules      string       `json:"rules"`          // version of the decision rules
	Head       *Head        `json:"head,omitempty"` // last verdict of the generation before; nil = there was none
	Wall       schemas.Time `json:"wall"`
	Start      schemas.Time `json:"start"` // windows begin here
	Logs       []Log        `json:"logs"`  // of all shards in order: other records name a log by its place in this list

	Topics map[string]string `json:"topics,omitempty"` // the id of each topic, where the brokers have ids
}

// Head is where the chain of verdicts stood.
type Head struct {
	Generation uint64 `json:"generation"`
	Sequence   uint64 `json:"sequence"`
	Digest     string `json:"digest"`
}

// Log is one partition, the shard that owns it, and the first offset that is read.
type Log struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Kinds     uint8  `json:"kinds"` // as schemas.Log has them
	Shard     int    `json:"shard"`
	Next      int64  `json:"next"`
}

// Cut is one barrier in the inputs. What it brings takes effect in the order of the
// fields: losses and rows up to the positions, idle decisions, then the rest.
type Cut struct {
	Seq        int64        `json:"seq"`
	Wall       schemas.Time `json:"wall"`
	Due        schemas.Time `json:"due"`
	Upto       schemas.Time `json:"upto"` // windows due later wait
	CatchingUp bool         `json:"catching_up,omitempty"`
	Unread     string       `json:"unread,omitempty"` // why a topic is not read whole
	Owing      []string     `json:"owing,omitempty"`  // named routers that have not acknowledged the last step
	Foreign    bool         `json:"foreign,omitempty"`
	Drained    bool         `json:"drained,omitempty"`
	Ended      bool         `json:"ended,omitempty"`
	Next       []int64      `json:"next"`               // per log: offset after all that was read
	Arrivals   []Arrival    `json:"arrivals,omitempty"` // of what was read since the cut before
	Losses     []Loss       `json:"losses,omitempty"`
	Idle       []Idle       `json:"idle,omitempty"`
	Acks       []Ack        `json:"acks,omitempty"` // as they came; what follows from them is in Applied
	Applied    []Applied    `json:"applied,omitempty"`
	Commands   []Command    `json:"commands,omitempty"`
	Results    []Result     `json:"results,omitempty"`
}

// Arrival is when a range of offsets [From, To) came, where the broker does not say.
type Arrival struct {
	Log  int          `json:"log"`
	From int64        `json:"from"`
	To   int64        `json:"to"`
	At   schemas.Time `json:"at"`
}

// Loss says that records of a log in [From, Before) are missing, as it became known
// when the log had been read up to At. A log that was cut off has none between.
type Loss struct {
	Log    int   `json:"log"`
	At     int64 `json:"at"`
	From   int64 `json:"from"`
	Before int64 `json:"before"`
}

// Idle advances the watermark of a silent log as if a record of that time had come.
type Idle struct {
	Log int          `json:"log"`
	To  schemas.Time `json:"to"`
}

// Ack says that a router serves a verdict.
type Ack struct {
	Router     string       `json:"router"`
	Generation uint64       `json:"generation"`
	Sequence   uint64       `json:"sequence"`
	At         schemas.Time `json:"at"`
	Stream     uint64       `json:"stream,omitempty"` // its place in the stream of acknowledgements; 0 = not from there
	Digest     string       `json:"digest,omitempty"` // of the verdict's payload; "" = not told
}

// Applied says that every expected router serves a verdict.
type Applied struct {
	Generation uint64       `json:"generation"`
	Sequence   uint64       `json:"sequence"`
	At         schemas.Time `json:"at"`
}

// Command is an operator's order.
type Command struct {
	Verb   string       `json:"verb"`
	Actor  string       `json:"actor"`
	Reason string       `json:"reason,omitempty"`
	At     schemas.Time `json:"at"`
}

// Result says what became of a verdict.
type Result struct {
	Generation uint64       `json:"generation"`
	Sequence   uint64       `json:"sequence"`
	Digest     string       `json:"digest,omitempty"` // of the payload
	Result     string       `json:"result"`           // "acked", "fenced", "expired", "reclaimed"
	At         schemas.Time `json:"at"`
}

// Failure follows a cut at which, or before which, the engine failed: it was decided without
// a look at the data. With another build the failure may not come again, so it is an input.
type Failure struct {
	Cut int64  `json:"cut"`
	At  string `json:"at"` // what it failed at, not ""
}

// Intent is a verdict that is about to be published. It follows from the records
// before it and from the topics: a restart derives it again and compares.
type Intent struct {
	Generation uint64          `json:"generation"`
	Sequence   uint64          `json:"sequence"`
	Cut        int64           `json:"cut"`     // that decided it
	Digest     string          `json:"digest"`  // of the payload
	Payload    json.RawMessage `json:"payload"` // the bytes that are signed
}

// Rewind says that the topics no longer hold what was read between a cut and the last
// one: the state is again what it was after that cut, and the cuts after it count no
// more. What operators and the publisher said in them comes again in the next cut.
type Rewind struct {
	Cut  int64        `json:"cut"` // 0 = the activation
	Wall schemas.Time `json:"wall"`
}

// End says that a generation is over: another one follows, or nothing.
type End struct {
	Reason string       `json:"reason"`
	Wall   schemas.Time `json:"wall"`
}

func (*Activation) kind() string { return "activation" }
func (*Cut) kind() string        { return "cut" }
func (*Failure) kind() string    { return "failure" }
func (*Intent) kind() string     { return "intent" }
func (*Rewind) kind() string     { return "rewind" }
func (*End) kind() string        { return "end" }
