package schemas

import "time"

// Types of events, as CloudEvents name them. Bare JSON and recordings may use
// the short form "prediction", "outcome", "resource" instead.
const (
	TypePrediction = "verdin.prediction.v1"
	TypeOutcome    = "verdin.outcome.v1"
	TypeResource   = "verdin.resource.v1"
)

// Event is a *Prediction, an *Outcome or a *Resource: what a producer writes.
// The structs serve producers, tests and commands; the hot path decodes bytes
// straight into a Chunk and never makes one.
type Event interface {
	// AppendJSON appends the event as bare JSON: members in the order of the
	// struct, absent ones left out, the same bytes for the same event.
	AppendJSON(dst []byte) []byte
	// AppendLine appends the event as a line of a recording: like AppendJSON,
	// with a leading "type" member and a final newline.
	AppendLine(dst []byte) []byte
	// Kind says which of the three it is.
	Kind() Kind

	event()
}

// Prediction is one answer of one model. PredictionID, Rollout and Arm are required.
type Prediction struct {
	PredictionID    string       `json:"prediction_id"`
	Rollout         string       `json:"rollout"` // "name" or "namespace/name", DNS-1123 labels
	Arm             string       `json:"arm"`     // the arm served: "stable", "canary", or a version's name
	EventTime       time.Time    `json:"event_time,omitzero"`
	UnitID          string       `json:"unit_id,omitempty"` // the randomisation unit: a user, a session
	ModelVersion    string       `json:"model_version,omitempty"`
	LatencySeconds  Value        `json:"latency_seconds,omitzero"`
	TTFTSeconds     Value        `json:"ttft_seconds,omitzero"` // time to the first token
	StatusCode      int          `json:"status_code,omitzero"`
	ErrorType       string       `json:"error_type,omitempty"`      // empty = ok
	PredictionLabel Value        `json:"prediction_label,omitzero"` // text: the class
	PredictionScore Value        `json:"prediction_score,omitzero"` // number: its probability or score
	PredictionValue Value        `json:"prediction_value,omitzero"` // number: a regression's answer
	Scores          Members      `json:"scores,omitempty"`          // numbers by class
	Items           []Item       `json:"items,omitempty"`           // recommended or retrieved, in rank order
	Features        Members      `json:"features,omitempty"`        // number, text or bool; null = missing
	Metrics         Members      `json:"metrics,omitempty"`         // numbers: tokens, cost, length
	Evaluations     []Evaluation `json:"evaluations,omitempty"`     // judgements made on the spot
	Tags            Members      `json:"tags,omitempty"`            // text: segments
	Generation      uint32       `json:"generation,omitzero"`       // of the verdict it was served under; 0 = not known
	Stage           Value        `json:"stage,omitzero"`            // number: index of the stage, from 0
	SampledRate     int          `json:"sampledrate,omitzero"`      // 30 = one was sent of 30 that were served; 0 = all are sent
}

// Item is one recommended item or retrieved document.
type Item struct {
	ItemID string `json:"item_id"`
	Score  Value  `json:"score,omitzero"`
}

// Evaluation is the judgement of a person, a model or a program on one answer.
type Evaluation struct {
	Name          string `json:"name"`
	Score         Value  `json:"score,omitzero"`
	Label         Value  `json:"label,omitzero"`
	AnnotatorKind string `json:"annotator_kind,omitempty"` // HUMAN, LLM or CODE
	Identifier    string `json:"identifier,omitempty"`     // who judged
}

// Outcome is what became of a prediction or of a unit. Name is required, and
// one of PredictionID and UnitID.
type Outcome struct {
	PredictionID  string    `json:"prediction_id,omitempty"`
	UnitID        string    `json:"unit_id,omitempty"`
	Name          string    `json:"name"`
	Value         Value     `json:"value,omitzero"` // number or bool
	Label         Value     `json:"label,omitzero"` // text
	EventTime     time.Time `json:"event_time,omitzero"`
	Revision      int32     `json:"revision,omitzero"` // a higher one replaces a lower one
	Final         bool      `json:"final,omitzero"`    // no further outcome of this name will come
	Rollout       string    `json:"rollout,omitempty"` // with Arm: no join is needed
	Arm           string    `json:"arm,omitempty"`
	Unit          string    `json:"unit,omitempty"` // of Value: "USD", "s", "1"
	AnnotatorKind string    `json:"annotator_kind,omitempty"`
	Identifier    string    `json:"identifier,omitempty"`
}

// Resource is one reading of one instance. Rollout, Arm, Instance and EventTime
// are required. Units are base units: cores, bytes, ratios of 1.
type Resource struct {
	Rollout             string    `json:"rollout"`
	Arm                 string    `json:"arm"`
	Instance            string    `json:"instance"`
	EventTime           time.Time `json:"event_time,omitzero"`
	CPUCores            Value     `json:"cpu_cores,omitzero"`
	MemoryBytes         Value     `json:"memory_bytes,omitzero"`
	GPUUtilizationRatio Value     `json:"gpu_utilization_ratio,omitzero"`
	Requests            Value     `json:"requests,omitzero"`
	Metrics             Members   `json:"metrics,omitempty"`
}

func (*Prediction) event() {}
func (*Outcome) event()    {}
func (*Resource) event()   {}

// Kind is KindPrediction.
func (*Prediction) Kind() Kind { return KindPrediction }

// Kind is KindOutcome.
func (*Outcome) Kind() Kind { return KindOutcome }

// Kind is KindResource.
func (*Resource) Kind() Kind { return KindResource }
