package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"

	"verdin/schemas"
)

// Note is the body of a delivery.
type Note struct {
	Type       string          `json:"type"`       // "verdin.webhook.v1"
	ID         string          `json:"id"`         // the verdict's digest
	Text       string          `json:"text"`       // one line for people
	Rollout    string          `json:"rollout"`    // namespace/name
	Generation uint64          `json:"generation"` //
	Sequence   uint64          `json:"sequence"`   //
	Verdict    string          `json:"verdict"`    // advance, hold, promote, rollback
	Phase      string          `json:"phase"`
	Reason     string          `json:"reason"`   // code
	Remedy     string          `json:"remedy"`   // what a person does about it
	Severity   string          `json:"severity"` // "", "ticket", "page"
	Canary     float64         `json:"canary_percent"`
	Data       json.RawMessage `json:"data"` // the verdict, byte for byte as it was signed and published
}

// NoteType is the type of every note.
const NoteType = "verdin.webhook.v1"

// Advice is what the reason of a verdict asks of people.
type Advice struct{ Remedy, Severity string }

// NewNote is the note of a verdict and its payload.
func NewNote(v *schemas.Verdict, payload []byte, a Advice) Note {
	name, canary := v.Namespace+"/"+v.Rollout, float64(v.WeightOf(schemas.ArmCanary))/100
	return Note{
		Type: NoteType, ID: schemas.Digest(payload), Rollout: name, Generation: v.Generation, Sequence: v.Sequence,
		Verdict: v.Verdict, Phase: v.Phase, Reason: v.Reason.Code, Remedy: a.Remedy, Severity: a.Severity, Canary: canary, Data: payload,
		Text: fmt.Sprintf("%s: %s, canary at %g %%: %s", name, v.Verdict, canary, v.Reason.Message),
	}
}

// body is the note as JSON; its data keeps every byte of the payload.
func (n Note) body() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(n); err != nil {
		return nil, fmt.Errorf("write note %s: %w", n.ID, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
