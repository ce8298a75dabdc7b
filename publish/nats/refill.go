package nats

import (
	"context"
	"fmt"
	"slices"

	"verdin/schemas"
)

// Refill writes those verdicts of a rollout's log that the bucket has lost, in
// the order of the log. Of several payloads that follow the same one the last
// counts: those before were decided, never sent, and decided again.
func (p *Publisher) Refill(ctx context.Context, ns, rollout string, log [][]byte) error {
	log, err := standing(log)
	if err != nil {
		return fmt.Errorf("nats: refilling %s/%s: %w", ns, rollout, err)
	}
	head, err := p.Head(ctx, ns, rollout)
	if err != nil {
		return err
	}
	if head.Verdict != nil {
		i := slices.IndexFunc(log, func(b []byte) bool { return schemas.Digest(b) == head.Digest })
		if i < 0 {
			return fmt.Errorf("nats: refilling %s/%s: its last verdict %s is not in the log: another engine wrote it", ns, rollout, head.id())
		}
		log = log[i+1:]
	}
	for _, payload := range log {
		r, err := p.Publish(ctx, payload)
		if err == nil && r != Acked {
			err = fmt.Errorf("nats: refilling %s/%s: a verdict was %s: another engine writes this rollout", ns, rollout, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// standing leaves out of a log what was decided again: a verdict and all after it
// fall when a later one takes its place, or goes on from the one before it.
func standing(log [][]byte) (chain [][]byte, err error) {
	var at []*schemas.Verdict
	for _, payload := range log {
		v, err := schemas.ParseVerdict(payload)
		if err != nil {
			return nil, err
		}
		n := len(at)
		for n > 0 && at[n-1].Generation == v.Generation && at[n-1].Sequence >= v.Sequence {
			n--
		}
		if i := slices.IndexFunc(chain, func(b []byte) bool { return schemas.Digest(b) == v.PrevDigest }); i >= 0 && v.Verdict != schemas.VerdictRollback {
			n = min(n, i+1)
		}
		at, chain = at[:n], chain[:n]
		at, chain = append(at, v), append(chain, payload)
	}
	return chain, nil
}
