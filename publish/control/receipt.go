package control

import "fmt"

// What became of an order.
const (
	CodeDecided = "decided" // a verdict followed at the cut that journalled it
	CodeNoted   = "noted"   // journalled; no verdict followed
	CodeTaken   = "taken"   // handed over; no cut has come within the time of the request

	CodeBadRequest = "bad_request" // it cannot be read
	CodeNotAllowed = "not_allowed" // not with this login, or without one
	CodeUnknown    = "unknown_rollout"
	CodeEnded      = "ended"    // the rollout has ended: there is nothing to order
	CodeFenced     = "fenced"   // another engine writes this rollout's verdicts
	CodeStopped    = "stopped"  // the rollout stops at this moment
	CodeTooMany    = "too_many" // orders in a short time
)

// Receipt is the answer to an order.
type Receipt struct {
	Accepted   bool   `json:"accepted"`
	Code       string `json:"code"`
	Message    string `json:"message"` // for people
	Rollout    string `json:"rollout,omitempty"`
	Verb       string `json:"verb,omitempty"`
	Principal  string `json:"principal,omitempty"` // as it was journalled
	Cut        int64  `json:"cut,omitempty"`       // the cut that journalled the order
	Phase      string `json:"phase,omitempty"`     // after it
	Verdict    string `json:"verdict,omitempty"`   // that followed, "" = none
	Generation uint64 `json:"generation,omitempty"`
	Sequence   uint64 `json:"sequence,omitempty"`
}

// Refuse is the receipt of an order that has no effect.
func Refuse(code, format string, args ...any) Receipt {
	return Receipt{Code: code, Message: fmt.Sprintf(format, args...)}
}

// describe words the receipt of an order that a cut has taken.
func (r *Receipt) describe(missing []string) {
	switch {
	case r.Verdict != "":
		r.Code = CodeDecided
		r.Message = fmt.Sprintf("accepted at cut %d: verdict %d of generation %d is %s, the rollout is %s", r.Cut, r.Sequence, r.Generation, r.Verdict, r.Phase)
	default:
		r.Code = CodeNoted
		r.Message = fmt.Sprintf("accepted at cut %d: no verdict followed, the rollout is %s", r.Cut, r.Phase)
		if len(missing) > 0 {
			r.Message += "; the next step still needs " + missing[0]
			if n := len(missing) - 1; n > 0 {
				r.Message += fmt.Sprintf(", and %d more", n)
			}
		}
	}
}
