package log

import (
	"cmp"
	"fmt"
	"slices"

	"verdin/schemas"
)

// Break is the first place where a chain of verdicts is not what it must be.
type Break struct {
	ID     string // of the verdict: namespace/rollout/generation/sequence
	What   string
	Remedy string
}

func (b *Break) Error() string { return b.ID + ": " + b.What + ": " + b.Remedy }

// Chain checks verdicts in the order in which they were written, those of several
// rollouts mixed: sequences grow and digests are unbroken within a generation, generations
// grow, and what was rolled back stays so. The zero value checks what was published.
type Chain struct {
	// Decided checks what was decided instead: a verdict that was never sent may be
	// followed by another that takes its place.
	Decided  bool
	rollouts []*Rollout // in order of their first verdict
}

// Rollout is the chain of one rollout so far.
type Rollout struct {
	Name   string // namespace/rollout
	Head   *schemas.Verdict
	Digest string // of the head's payload
	Count  int    // of verdicts in the chain
	chain  []link // of the head's generation
}

type link struct {
	sequence uint64
	digest   string
}

// Rollouts are the chains in order of their first verdict.
func (c *Chain) Rollouts() []*Rollout { return c.rollouts }

// Add takes the next verdict. An error is a *Break.
func (c *Chain) Add(v *schemas.Verdict, payload []byte) error {
	r := c.rollout(v.Namespace + "/" + v.Rollout)
	digest := schemas.Digest(payload)
	if what, remedy := r.place(v, digest, c.Decided); what != "" {
		return &Break{v.ID(), what, remedy}
	}
	r.take(v, digest)
	return nil
}

func (c *Chain) rollout(name string) *Rollout {
	for _, r := range c.rollouts {
		if r.Name == name {
			return r
		}
	}
	r := &Rollout{Name: name}
	c.rollouts = append(c.rollouts, r)
	return r
}

const (
	askWho   = "find out who wrote it: only engines may write to the bucket, and two of them need one chain"
	askWhere = "fetch the missing ones: the audit stream and the engine's own log hold them all"
)

// place tells what is wrong with a verdict at the end of a chain, and what to do.
func (r *Rollout) place(v *schemas.Verdict, digest string, decided bool) (what, remedy string) {
	h, rollback := r.Head, v.Verdict == schemas.VerdictRollback
	switch {
	case h == nil || v.Generation > h.Generation:
		if v.Sequence == 1 && v.PrevDigest != "" {
			return fmt.Sprintf("the first of its generation names %s as the one before it", v.PrevDigest), askWho
		}
		if v.Sequence > 1 && v.PrevDigest != "" && !rollback {
			return fmt.Sprintf("generation %d begins with sequence %d", v.Generation, v.Sequence), askWhere
		}
		return "", ""
	case v.Generation < h.Generation:
		return fmt.Sprintf("comes after %s: generations grow", h.ID()), askWho
	case v.Sequence <= h.Sequence && r.at(v.Sequence) == digest:
		return "", "" // once more: a refill after a loss
	case v.Sequence <= h.Sequence && !decided:
		return fmt.Sprintf("another verdict stands in this place: %s", r.at(v.Sequence)), askWho
	case h.Verdict == schemas.VerdictRollback && v.WeightOf(schemas.ArmCanary) > 0 && v.Sequence > h.Sequence:
		return fmt.Sprintf("gives traffic to a canary that %s rolled back", h.ID()), askWho
	case v.PrevDigest == r.Digest, decided && r.after(v.PrevDigest) > 0, decided && v.PrevDigest == "":
		return "", "" // a sequence that is left out was never sent
	case v.Sequence > h.Sequence+1 && !rollback:
		return fmt.Sprintf("comes after %s: %d verdicts between are missing", h.ID(), v.Sequence-h.Sequence-1), askWhere
	}
	if before := r.at(v.Sequence - 1); before != "" && before != v.PrevDigest {
		return fmt.Sprintf("names %s as the one before it, which is %s", v.PrevDigest, before), askWho
	}
	return "", ""
}

// find is the place of a sequence in the head's generation.
func (r *Rollout) find(sequence uint64) (int, bool) {
	return slices.BinarySearchFunc(r.chain, sequence, func(l link, s uint64) int { return cmp.Compare(l.sequence, s) })
}

// after is the place behind a verdict of the head's generation, 0 = it is not in the chain.
func (r *Rollout) after(digest string) int {
	return 1 + slices.IndexFunc(r.chain, func(l link) bool { return l.digest == digest })
}

// at is the digest of a verdict of the head's generation, "" = not in the chain.
func (r *Rollout) at(sequence uint64) string {
	if i, ok := r.find(sequence); ok {
		return r.chain[i].digest
	}
	return ""
}

// take puts a verdict at the end; what it takes the place of was never sent.
func (r *Rollout) take(v *schemas.Verdict, digest string) {
	switch {
	case r.Head == nil || v.Generation > r.Head.Generation:
		r.chain = nil
	case r.at(v.Sequence) == digest:
		return
	}
	i, _ := r.find(v.Sequence)
	if n := r.after(v.PrevDigest); n > 0 || v.PrevDigest == "" {
		i = min(i, n)
	}
	r.Count += i + 1 - len(r.chain)
	r.chain = append(r.chain[:i], link{v.Sequence, digest})
	r.Head, r.Digest = v, digest
}
