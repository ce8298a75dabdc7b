package pump

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
)

// lastWord has the generation of the journal say that its spec has changed.
func (u *universe) lastWord(ctx context.Context, s *Store) error {
	spec, err := s.Spec()
	if err != nil {
		return err
	}
	from, err := s.Resume(ctx, spec, u.shards, u.feed)
	if err != nil {
		return err
	}
	e := &engineLife{u: u}
	for _, v := range from.Place.Open {
		e.outbox = append(e.outbox, v.Payload)
	}
	e.Live = &Live{Spec: spec, Core: from.Core, Store: s, From: from, Publish: func(v *schemas.Verdict) { e.outbox = append(e.outbox, v.AppendJSON(nil)) }}
	if err := e.Supersede(u.shards, u.wall); err != nil {
		return err
	}
	s.saving.Wait()
	if err := e.deliver(); err != nil {
		return err
	}
	u.check("the generation that ends") // byte for byte what its journal gives
	return nil
}

// endings are the verdicts by which the chain says that a generation was superseded.
func (u *universe) endings() (all []*schemas.Verdict) {
	for _, payload := range u.chain {
		v, err := schemas.ParseVerdict(payload)
		if err != nil {
			u.t.Fatal(err)
		}
		if v.Phase == schemas.PhaseSuperseded {
			all = append(all, v)
		}
	}
	return all
}

// changed is a universe in which the spec changed while no engine ran.
func changed(t *testing.T) *universe {
	u := newUniverse(t, quickSpec)
	if err := u.live(begin.Add(150 * time.Second)); err != nil {
		t.Fatal(err)
	}
	u.yaml = strings.Replace(quickSpec, "minSamples: 5", "minSamples: 6", 1)
	u.spec, u.wall, u.effects = parse(t, u.yaml), u.wall.Add(time.Hour), 0
	u.produce(u.wall)
	return u
}

// A generation whose spec changed while no engine ran says so as one under an engine does:
// with its weights, in its chain, recorded with the order, and derived again to the byte.
// Wherever the engine is killed meanwhile, it is said once, and the next generation begins.
func TestASpecThatChangedWhileNobodyRanSupersedesItsGeneration(t *testing.T) {
	whole := changed(t)
	last := bytes.Clone(whole.chain[len(whole.chain)-1])
	if err := whole.live(whole.wall.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	before, err := schemas.ParseVerdict(last)
	if err != nil {
		t.Fatal(err)
	}
	ends := whole.endings()
	if len(ends) != 1 {
		t.Fatalf("it is said %d times", len(ends))
	}
	v := ends[0]
	if v.Verdict != schemas.VerdictHold || v.Reason.Code != decision.ReasonSuperseded || v.PrevDigest != schemas.Digest(last) ||
		v.WeightOf(schemas.ArmCanary) != before.WeightOf(schemas.ArmCanary) {
		t.Errorf("%s %s at %d after %s, canary %d, was %d", v.Verdict, v.Reason.Code, v.Sequence, before.ID(), v.WeightOf(schemas.ArmCanary), before.WeightOf(schemas.ArmCanary))
	}
	for die := 1; die <= whole.effects; die++ {
		u := changed(t)
		u.die = die
		if err := u.live(u.wall.Add(time.Minute)); u.where == "" {
			t.Fatalf("effect %d: the engine did not die: %v", die, err)
		}
		u.die, u.disk = 0, u.disk.Crash(die%2 == 0)
		what := fmt.Sprintf("after a kill at effect %d, %s", die, u.where)
		if err := u.live(u.wall.Add(time.Minute)); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if n := len(u.endings()); n != 1 {
			t.Errorf("%s: it is said %d times", what, n)
		}
		if v, err := schemas.ParseVerdict(u.chain[len(u.chain)-1]); err != nil || v.Generation != 2 {
			t.Errorf("%s: the chain ends with %+v, %v", what, v, err)
		}
	}
}
