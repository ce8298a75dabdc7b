package pump

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"verdin/decision"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// Place is where a live rollout stands beside its engine: the cut that it made last,
// how far it has read, whom it has heard, and which verdicts nobody has answered for.
// All but Epochs follows from the journal alone.
type Place struct {
	Seq     int64        `json:"seq"`              // of the last cut, 0 = none
	Wall    schemas.Time `json:"wall"`             // of the last cut
	Next    []int64      `json:"next"`             // per log
	Epochs  []int32      `json:"epochs,omitempty"` // per log: the history of the record before Next, as kafka.Records tells it; 0 = not known
	Stream  uint64       `json:"stream"`
	Open    []Open       `json:"open"`              // verdicts whose result is not known, in order
	Acked   string       `json:"acked,omitempty"`   // digest of the last verdict that stands in the chain, as far as it is known
	Dropped string       `json:"dropped,omitempty"` // digest of the last verdict that was not sent: what follows it has no place in the chain

	Fenced *pendingVerdict `json:"fenced,omitempty"` // the first verdict that another engine has kept out of the chain, until it is taken back

	Pending []pendingVerdict  `json:"pending"` // not yet applied
	Heads   []routerHead      `json:"heads"`
	Given   pendingVerdict    `json:"given"` // the last verdict that routers may serve; of sequence 0 = not known
	Owed    []journal.Applied `json:"owed"`  // what the next cut must say for a rollout that nobody serves
}

// Open is a verdict on its way.
type Open struct {
	Generation uint64          `json:"generation"`
	Sequence   uint64          `json:"sequence"`
	Digest     string          `json:"digest"`
	Payload    json.RawMessage `json:"payload"`
}

var errPlace = errors.New("pump: the place of the rollout cannot be read")

func parsePlace(b []byte, logs int) (*Place, error) {
	p := new(Place)
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("%w: %w", errPlace, err)
	}
	if len(p.Next) != logs || len(p.Epochs) != 0 && len(p.Epochs) != logs {
		return nil, fmt.Errorf("%w: positions of %d logs, not %d", errPlace, len(p.Next), logs)
	}
	return p, nil
}

func (p *Place) append(b []byte, acks *ackBook) []byte {
	p.Pending, p.Heads, p.Given = acks.pending, acks.heads, acks.given
	text, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("pump: a place has no JSON: %v", err)) // a payload that is not JSON
	}
	return append(b, text...)
}

// book is the part of a place that hears routers.
func (p *Place) book(spec *decision.Spec) ackBook {
	return ackBook{expected: max(1, spec.Publish.Routers), named: spec.Publish.Named, pending: p.Pending, heads: p.Heads, given: p.Given}
}

// settle strikes a verdict off the open ones and returns its digest. An answer that does
// not name one is for the first of its sequence: what was sent first is answered first.
func (p *Place) settle(generation, sequence uint64, digest, result string) string {
	if result == "reclaimed" {
		p.Fenced, p.Dropped = nil, digest
		return digest
	}
	i := slices.IndexFunc(p.Open, func(o Open) bool {
		return o.Generation == generation && o.Sequence == sequence && (digest == "" || digest == o.Digest)
	})
	if i < 0 {
		return digest
	}
	digest = p.Open[i].Digest
	p.Open = slices.Delete(slices.Clone(p.Open), i, i+1)
	switch result {
	case "acked":
		p.Acked = digest
	case "expired":
		p.Dropped = digest
	case "fenced":
		if p.Fenced == nil {
			p.Fenced = &pendingVerdict{generation, sequence, digest}
		}
	}
	return digest
}

// pass takes a cut that was made before: what Live has booked when it made it.
func (p *Place) pass(c *journal.Cut, acks *ackBook) {
	for i := range p.Epochs {
		if p.Next[i] != c.Next[i] {
			p.Epochs[i] = 0
		}
	}
	p.Seq, p.Wall, p.Next, p.Owed = c.Seq, c.Wall, c.Next, nil
	for _, r := range c.Results {
		p.settle(r.Generation, r.Sequence, r.Digest, r.Result)
		acks.result(decision.PublishResult{Generation: r.Generation, Sequence: r.Sequence, Digest: r.Digest, Result: r.Result})
	}
	for _, a := range c.Acks {
		p.Stream = max(p.Stream, a.Stream)
		acks.take(Ack(a))
	}
}

// decided books a verdict. A dry run is served by nobody: it judges the split that it
// finds, and the next window stands for the acknowledgement, as in a recording.
func (p *Place) decided(v *schemas.Verdict, payload []byte, spec *decision.Spec, acks *ackBook) {
	digest := schemas.Digest(payload)
	p.Open = append(slices.Clip(p.Open), Open{v.Generation, v.Sequence, digest, payload})
	if !v.DryRun {
		acks.open(v, digest)
		return
	}
	p.Owed = append(p.Owed, journal.Applied{Generation: v.Generation, Sequence: v.Sequence, At: spec.Source.NextWindow(p.Wall)})
}
