package flags

import (
	"encoding/json"
	"fmt"
)

// Error codes of OFREP.
const (
	CodeNotFound   = "FLAG_NOT_FOUND"
	CodeParse      = "PARSE_ERROR"
	CodeNoKey      = "TARGETING_KEY_MISSING"
	CodeBadContext = "INVALID_CONTEXT"
)

// Evaluation is one flag for one context, in the form of OFREP 0.3.
type Evaluation struct {
	Key          string         `json:"key"`
	Value        string         `json:"value,omitempty"`
	Variant      string         `json:"variant,omitempty"`
	Reason       string         `json:"reason,omitempty"`
	Metadata     map[string]any `json:"metadata,omitempty"`
	ErrorCode    string         `json:"errorCode,omitempty"`
	ErrorDetails string         `json:"errorDetails,omitempty"`
}

// Bulk is every flag for one context.
type Bulk struct {
	Flags    []Evaluation   `json:"flags"`
	Streams  []EventStream  `json:"eventStreams,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`
}

// EventStream is where a client hears that it should ask again.
type EventStream struct {
	Type string `json:"type"` // "sse"
	URL  string `json:"url"`
}

// Refetch is the message of an event stream.
type Refetch struct {
	Type string `json:"type"` // "refetchEvaluation"
	ETag string `json:"etag"`
}

// MaxContext is the greatest size of an OFREP request in bytes.
const MaxContext = 64 << 10

const maxUnit = 1 << 10 // bytes of a targeting key

// ParseContext reads the body of an OFREP request and returns the targeting key, "" if
// the context has none; code is "" or one of the error codes.
func ParseContext(body []byte) (unit, code string, err error) {
	if len(body) > MaxContext {
		return "", CodeParse, fmt.Errorf("the request has %d bytes: use at most %d", len(body), MaxContext)
	}
	var request struct {
		Context map[string]json.RawMessage `json:"context"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return "", CodeParse, fmt.Errorf("the request is no {\"context\": {…}}: %w", err)
	}
	raw, ok := request.Context["targetingKey"]
	if !ok {
		return "", "", nil
	}
	if err := json.Unmarshal(raw, &unit); err != nil {
		return "", CodeBadContext, fmt.Errorf("targetingKey is no string: %w", err)
	}
	if len(unit) > maxUnit {
		return "", CodeBadContext, fmt.Errorf("targetingKey has %d bytes: use at most %d", len(unit), maxUnit)
	}
	return unit, "", nil
}

// Evaluate is a flag for a unit. A split cannot be made without one.
func (f *Flag) Evaluate(unit string) Evaluation {
	variant, reason := f.Choose(unit)
	if reason == ReasonSplit && unit == "" {
		return Evaluation{Key: f.Key, ErrorCode: CodeNoKey, ErrorDetails: "the flag splits by targetingKey, and the context has none: use your default, which should be the stable model"}
	}
	return Evaluation{Key: f.Key, Value: f.Value(variant), Variant: variant, Reason: reason, Metadata: f.metadata()}
}

func (f *Flag) metadata() map[string]any {
	return map[string]any{"generation": f.Generation, "sequence": f.Sequence, "stage": f.Stage, "phase": f.Phase, "killSwitch": f.Killed}
}

// NotFound is the answer for a flag that is not there.
func NotFound(key string) Evaluation {
	return Evaluation{Key: key, ErrorCode: CodeNotFound, ErrorDetails: "no rollout of this key runs here: keys are namespace.rollout"}
}
