package schemas

// Kind says what a row is.
type Kind uint8

const (
	KindPrediction Kind = iota
	KindOutcome
	KindResource
	Kinds = 3
)

func (k Kind) String() string { return [...]string{"prediction", "outcome", "resource"}[k] }

// Log names one ordered input: a Kafka topic partition, or a recorded file.
type Log struct {
	Topic     string // topic, or the file's name
	Partition int32  // partition within the topic; files count from 0 in the order given
	Kinds     uint8  // bit 1<<Kind is set for each kind that this log may carry
}

// Carries tells whether rows of kind k may come from this log.
func (l Log) Carries(k Kind) bool { return l.Kinds&(1<<k) != 0 }

// Layout names the value columns that a decoder stores, per kind, sorted and
// without repeats. A field is a path of the event contract: "latency_seconds",
// "error_type", "features.age", "metrics.tokens", "tags.country",
// "evaluations.judge.score"; for outcomes "value" and "label"; for resources
// "memory_bytes". Fields that no layout names are skipped and never stored.
type Layout struct{ Fields [Kinds][]string }

// Column returns the index of path among the fields of kind k, or -1.
func (l *Layout) Column(k Kind, path string) int {
	for i, f := range l.Fields[k] {
		if f == path {
			return i
		}
	}
	return -1
}

// Text is a span of a chunk's arena: Arena[Off : Off+Len].
type Text struct{ Off, Len uint32 }

// ValueKind is the JSON type of a value.
type ValueKind uint8

const (
	Absent ValueKind = iota // the event does not have the field
	Null
	Number
	String
	True
	False
)

// Cell is the value of one field in one row.
type Cell struct {
	Kind ValueKind
	Text Text    // the text where Kind is String, else empty
	Num  float64 // the number where Kind is Number, else 0; never NaN or ±Inf
}

// Column holds one field of all rows of one kind.
type Column []Cell

// Chunk is decoded input in columns: rows of one log, in log order. Decoders
// append to it; the shard reads it and keeps nothing of it.
type Chunk struct {
	Log    int   // index of the log within its source
	Next   int64 // the offset after the last record that this chunk accounts for
	Layout *Layout
	Arena  []byte // all text

	// One entry per row.
	Kind       []Kind
	Row        []int32 // row within Values[Kind]
	Offset     []int64
	TS         []Time // event time
	At         []Time // arrival bound
	Rollout    []Text // "name" or "namespace/name"
	Arm        []Text // the arm served; empty on outcomes that need a join
	Key        []Text // prediction_id; the instance for resources
	Unit       []Text // unit_id
	Name       []Text // outcome name
	Identifier []Text // who judged (outcomes)
	Revision   []int32
	Generation []uint32 // 0 = the router did not say
	Stage      []int32  // -1 = the router did not say
	Rate       []int32  // predictions: one was sent of so many that were served, at least 1

	Values [Kinds][]Column // one column per field of the layout

	Rejected []Rejection // records that became no row
}

// Rejection is a quarantined record: where it stands and why it became no row.
// The payload is never kept.
type Rejection struct {
	Offset int64
	Reason string // a stable code, see the Reject constants
	Detail string // what was wrong, without any text of the record
}

// Len is the number of rows.
func (c *Chunk) Len() int { return len(c.Kind) }

// Bytes returns the text of a span.
func (c *Chunk) Bytes(t Text) []byte { return c.Arena[t.Off : t.Off+t.Len] }

// Intern copies b into the arena.
func (c *Chunk) Intern(b []byte) Text {
	t := Text{uint32(len(c.Arena)), uint32(len(b))}
	c.Arena = append(c.Arena, b...)
	return t
}

// Reset empties the chunk for reuse and prepares it for the layout.
func (c *Chunk) Reset(log int, l *Layout) {
	c.Log, c.Next, c.Layout = log, 0, l
	c.Arena = c.Arena[:0]
	c.Kind, c.Row, c.Offset = c.Kind[:0], c.Row[:0], c.Offset[:0]
	c.TS, c.At = c.TS[:0], c.At[:0]
	c.Rollout, c.Arm, c.Key, c.Unit = c.Rollout[:0], c.Arm[:0], c.Key[:0], c.Unit[:0]
	c.Name, c.Identifier, c.Revision = c.Name[:0], c.Identifier[:0], c.Revision[:0]
	c.Generation, c.Stage, c.Rate = c.Generation[:0], c.Stage[:0], c.Rate[:0]
	c.Rejected = c.Rejected[:0]
	for k := range c.Values {
		n := len(l.Fields[k])
		for len(c.Values[k]) < n {
			c.Values[k] = append(c.Values[k], nil)
		}
		c.Values[k] = c.Values[k][:n]
		for i := range c.Values[k] {
			c.Values[k][i] = c.Values[k][i][:0]
		}
	}
}

// Reasons for a rejection. They are stable: dashboards count by them.
const (
	RejectEncoding    = "unknown_encoding" // no decoder recognises the bytes
	RejectSyntax      = "syntax"           // not valid JSON, or not what the contract allows
	RejectUTF8        = "utf8"             // text that is not valid UTF-8
	RejectDuplicate   = "duplicate_member" // one JSON object names a member twice
	RejectDepth       = "depth"            // nested deeper than the limit
	RejectSize        = "size"             // record, string or id above its limit
	RejectMissing     = "missing_field"    // a required field is absent or empty
	RejectType        = "wrong_type"       // a field has another JSON type than the contract says
	RejectNumber      = "number"           // NaN, infinite, or beyond 1e15 in size
	RejectName        = "name"             // a rollout name that is no DNS-1123 label
	RejectTime        = "bad_time"         // an event time that cannot be read
	RejectNoEventTime = "no_event_time"    // no event time anywhere
	RejectFuture      = "future"           // event time more than 60 s after the arrival bound
	RejectEventType   = "unknown_type"     // an event type that the contract does not know
	RejectSchema      = "unknown_schema"   // a schema id that the registry does not have
	RejectBadSchema   = "bad_schema"       // a writer's schema that cannot be read
	RejectKind        = "unexpected_kind"  // an event of a kind that this topic does not carry
)
