package story

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// Again derives every generation's verdicts once more from its journal and the topics,
// and says in what they differ: in other chunks, one log after the other, and by an
// engine that is put away and restored half way.
func (t *Tale) Again(ctx context.Context) error {
	all, err := t.generations()
	if err != nil {
		return err
	}
	for i := range all {
		if err := t.again(ctx, &all[i]); err != nil {
			return fmt.Errorf("generation %d: %w", all[i].Activation.Generation, err)
		}
	}
	return nil
}

// generations reads the journal.
func (t *Tale) generations() (all []pump.Script, err error) {
	store, err := pump.OpenStore("state", pump.StoreOptions{FS: t.disk})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	c := store.Journal().Cursor(0)
	defer c.Close()
	for {
		_, json, ok, err := c.Next()
		if err != nil || !ok {
			return all, err
		}
		r, err := journal.Parse(json)
		if err != nil {
			return nil, err
		}
		if _, ok := r.(*journal.Activation); ok {
			all = append(all, pump.Script{})
		}
		if err := all[len(all)-1].Take(r); err != nil {
			return nil, err
		}
	}
}

// again runs the two halves of a generation.
func (t *Tale) again(ctx context.Context, s *pump.Script) error {
	spec, err := decision.Parse([]byte(s.Activation.Spec), t.Script.File)
	if err != nil {
		return err
	}
	core, err := pump.Begin(s.Activation, spec)
	if err != nil {
		return err
	}
	half := len(s.Cuts) / 2
	first, second := *s, *s
	first.Cuts, second.Cuts = s.Cuts[:half], s.Cuts[half:]
	first.Intents, second.Intents = nil, nil
	for _, i := range s.Intents {
		if len(second.Cuts) == 0 || i.Cut < second.Cuts[0].Seq {
			first.Intents = append(first.Intents, i)
		} else {
			second.Intents = append(second.Intents, i)
		}
	}
	place, said, err := t.rerun(ctx, spec, first, core, nil, 7)
	if err != nil {
		return fmt.Errorf("in chunks of 7: %w", err)
	}
	state := core.AppendState(nil)
	restored, err := pump.Begin(s.Activation, spec)
	if err != nil {
		return err
	}
	if err := restored.Restore(state); err != nil {
		return err
	}
	if !bytes.Equal(restored.AppendState(nil), state) {
		return errors.New("the state does not come back as it was")
	}
	_, rest, err := t.rerun(ctx, spec, second, restored, place, 997)
	if err != nil {
		return fmt.Errorf("restored, in chunks of 997: %w", err)
	}
	return t.same(s, append(said, rest...))
}

func (t *Tale) rerun(ctx context.Context, spec *decision.Spec, s pump.Script, core *engine.Engine, place *pump.Place, rows int) (*pump.Place, []string, error) {
	var said []string
	r := &pump.Rerun{Spec: spec, Script: s, Core: core, Place: place, Each: func(o engine.Outcome, _ *journal.Cut) error {
		if o.Verdict != nil {
			said = append(said, string(o.Verdict.AppendJSON(nil)))
		}
		return nil
	}}
	b := &t.world.broker
	for log := range b.logs {
		src := &source{broker: b, log: log, rows: rows, layout: t.layout, decoder: newDecoder(t.layout, b.logs[log])}
		if place != nil {
			src.at = int(place.Next[log])
		}
		r.Sources = append(r.Sources, src)
	}
	err := r.Run(ctx)
	return r.Place, said, err
}

// same compares verdicts with those that were given when the story was played.
func (t *Tale) same(s *pump.Script, said []string) error {
	var was []string
	for _, v := range t.Verdicts() {
		if v.Generation == s.Activation.Generation {
			was = append(was, string(v.AppendJSON(nil)))
		}
	}
	if !slices.Equal(was, said) {
		return fmt.Errorf("%d verdicts were given, %d are given again: %q, %q", len(was), len(said), was, said)
	}
	return nil
}

// essence is a verdict without the positions that it was read at and the chain that
// follows from them: what may not change when records are delivered twice.
func essence(v *schemas.Verdict) string {
	bare := *v
	bare.Inputs, bare.PrevDigest = nil, ""
	return string(bare.AppendJSON(nil))
}

// Essences lists what was decided, without positions.
func (t *Tale) Essences() (all []string) {
	for _, v := range t.Verdicts() {
		all = append(all, essence(v.Verdict))
	}
	return all
}
