package pump

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// Resumed is a rollout that is ready to go on where its journal ends, or to begin.
type Resumed struct {
	Spec     *decision.Spec // of the generation, as it was read when it began
	Core     *engine.Engine
	Place    *Place
	Rest     []Batch           // read already, and not yet part of a cut
	Commands []journal.Command // said in cuts that count no more
	Results  []journal.Result
	Batches  <-chan Batch // from here on

	failed string // what the engine has failed at again, on the way here; "" = it is sound
}

// Feed reads the logs of a rollout from positions on. Records that were read before
// keep the arrival bounds of then. Stop ends it.
type Feed struct {
	Batches <-chan Batch
	Stop    func()
}

// OpenFeed begins to read at the positions of a place.
type OpenFeed func(from *Place, then *Arrivals) (Feed, error)

// ErrAnew says why the generation that a journal holds cannot go on, so that another
// one must begin.
var ErrAnew = errors.New("another generation begins")

// ErrSpec is the ErrAnew of a generation that nothing ends but its spec, which changed
// while no engine ran: it has a last word to say, see Live.Supersede.
var ErrSpec = errors.New("the spec has changed")

func anew(format string, a ...any) error {
	return fmt.Errorf("%w: %w", ErrAnew, fmt.Errorf(format, a...))
}

// Generation is the last generation that the journal holds, 0 = none.
func (s *Store) Generation() uint64 {
	if a := s.script.Activation; a != nil {
		return a.Generation
	}
	return 0
}

// Knows tells whether the journal holds a verdict of its last generation.
func (s *Store) Knows(digest string) bool {
	for _, i := range s.script.Intents {
		if i.Digest == digest {
			return true
		}
	}
	return false
}

// Superseded tells whether the last generation has ended for another one to begin.
func (s *Store) Superseded() bool {
	n := len(s.script.Intents)
	if n == 0 {
		return false
	}
	v, err := schemas.ParseVerdict(s.script.Intents[n-1].Payload)
	return err == nil && v.Phase == schemas.PhaseSuperseded
}

// Chain is the verdicts of the last generation up to the one with a digest, in order.
func (s *Store) Chain(last string) (all [][]byte) {
	for i := len(s.script.Intents) - 1; i >= 0; i-- {
		if one := s.script.Intents[i]; one.Digest == last {
			v, err := schemas.ParseVerdict(one.Payload)
			if err != nil {
				return nil
			}
			all, last = append(all, one.Payload), v.PrevDigest
		}
	}
	slices.Reverse(all)
	return all
}

// SameTopics tells whether the topics are those in which the last generation began, by
// their ids. The error is ErrAnew with the one that was created anew since.
func (s *Store) SameTopics(ids map[string]string) error {
	if s.script.Activation == nil {
		return nil
	}
	for _, l := range s.script.Activation.Logs {
		if was, is := s.script.Activation.Topics[l.Topic], ids[l.Topic]; was != is && was != "" && is != "" {
			return anew("kafka topic %q was created anew", l.Topic)
		}
	}
	return nil
}

// fits tells whether the last generation may go on under a spec and its topics.
func (s *Store) fits(spec *decision.Spec, shards [][]schemas.Log) error {
	a := s.script.Activation
	switch {
	case a == nil:
		return anew("there is no journal")
	case s.script.Ended != nil:
		return anew("generation %d has ended: %s", a.Generation, s.script.Ended.Reason)
	case a.SpecDigest != spec.Digest:
		return anew("%w", ErrSpec)
	case a.Rules != decision.RulesVersion:
		return anew("the rules of decision have changed from version %s to %s", a.Rules, decision.RulesVersion)
	}
	was := shardsOf(a)
	if fmt.Sprint(was) != fmt.Sprint(shards) {
		return anew("the partitions of the topics have changed")
	}
	return nil
}

// Resume brings the engine to where the journal ends: from the newest snapshot that
// can be read, else from the beginning of the generation, by reading the topics again
// up to the last cut. Nothing is published meanwhile; verdicts whose fate is not known
// are in Place.Open. ErrAnew says that another generation must begin.
func (s *Store) Resume(ctx context.Context, spec *decision.Spec, shards [][]schemas.Log, open OpenFeed) (*Resumed, error) {
	if err := s.fits(spec, shards); err != nil {
		return nil, err
	}
	spec, err := decision.Parse([]byte(s.script.Activation.Spec), "the spec in the journal")
	if err != nil {
		return nil, anew("%w", err)
	}
	out, err := s.resume(ctx, spec, open)
	if out != nil {
		out.Spec = spec
	}
	return out, err
}

// resume goes on under the spec of the generation: what a file says since of things
// that touch no analysis, such as the lease, is part of the next one.
func (s *Store) resume(ctx context.Context, spec *decision.Spec, open OpenFeed) (*Resumed, error) {
	numbers, err := s.candidates()
	if err != nil {
		return nil, err
	}
	for _, n := range numbers {
		restore, err := s.snapshotOf(n, spec)
		if err != nil {
			s.opt.Note("a snapshot is passed over: more of the topics is read again", "err", err)
			continue
		}
		return s.again(ctx, spec, restore, open)
	}
	if err := s.whole(); err != nil {
		return nil, err
	}
	return s.again(ctx, spec, func() (*engine.Engine, *Place, error) {
		core, err := Begin(s.script.Activation, spec)
		return core, &Place{Next: s.script.start()}, err
	}, open)
}

type restoreFunc func() (*engine.Engine, *Place, error)

// snapshotOf reads a snapshot, and returns how to restore it.
func (s *Store) snapshotOf(number uint64, spec *decision.Spec) (restoreFunc, error) {
	sections, err := s.snap.Read(number)
	if err != nil {
		return nil, err
	}
	parts := map[string][]byte{}
	for _, one := range sections {
		parts[one.Name] = one.Data
	}
	restore := func() (*engine.Engine, *Place, error) {
		place, err := parsePlace(parts[sectionPump], len(s.script.Activation.Logs))
		if err != nil {
			return nil, nil, err
		}
		core, err := Begin(s.script.Activation, spec)
		if err == nil {
			err = core.Restore(parts[sectionEngine])
		}
		return core, place, err
	}
	_, place, err := restore()
	if err != nil {
		return nil, fmt.Errorf("snapshot %s: %w", s.snap.Path(number), err)
	}
	for _, r := range s.rewinds {
		if r.index > number && place.Seq > r.cut {
			return nil, fmt.Errorf("snapshot %s: what it holds counts no more", s.snap.Path(number))
		}
	}
	return restore, nil
}

// again makes the cuts after a state once more.
func (s *Store) again(ctx context.Context, spec *decision.Spec, restore restoreFunc, open OpenFeed) (*Resumed, error) {
	core, place, err := restore()
	if err != nil {
		return nil, err
	}
	script, made := s.script.after(place.Seq), 0
	if len(script.Cuts) > 0 {
		s.opt.Again(0, len(script.Cuts))
	}
	feed, err := open(place, NewArrivals(len(place.Next), script.Cuts))
	if err != nil {
		return nil, err
	}
	d := newDemux(feed.Batches, newFlat(shardsOf(script.Activation)), script.Cuts)
	run := &Rerun{Spec: spec, Script: script, Core: core, Place: place, Sources: d.sources()}
	run.After = func() { made++; s.opt.Again(made, len(script.Cuts)) }
	switch err := run.Run(ctx); {
	case errors.Is(err, ErrHistory):
		feed.Stop()
		return s.rewind(spec, script, restore, open, err)
	case errors.Is(err, ErrDiverged) && s.opt.AcceptLoss:
		feed.Stop()
		return nil, anew("%w", err)
	case errors.Is(err, ErrDiverged):
		feed.Stop()
		return nil, fmt.Errorf("internal error: %w: run once with --accept-journal-loss to begin another generation", err)
	case err != nil:
		feed.Stop()
		return nil, err
	}
	if run.fell != nil {
		if err := s.commit(run.fell); err != nil {
			feed.Stop()
			return nil, err
		}
	}
	if v := run.tail; v != nil {
		payload := v.AppendJSON(nil)
		intent := &journal.Intent{Generation: v.Generation, Sequence: v.Sequence, Cut: place.Seq, Digest: schemas.Digest(payload), Payload: payload}
		if err := s.commit(intent); err != nil {
			feed.Stop()
			return nil, err
		}
	}
	place.Pending, place.Heads, place.Given = run.acks.pending, run.acks.heads, run.acks.given
	out := &Resumed{Core: core, Place: place, Rest: d.rest(run), Batches: feed.Batches, failed: run.engine.failed}
	if f := place.Fenced; f != nil {
		out.Results = append(out.Results, journal.Result{Generation: f.Generation, Sequence: f.Sequence, Digest: f.Digest, Result: "reclaimed", At: place.Wall})
		place.settle(f.Generation, f.Sequence, f.Digest, "reclaimed")
	}
	s.opt.Note("the rollout goes on", "generation", script.Activation.Generation,
		"cut", place.Seq, "cuts read again", len(script.Cuts), "verdicts open", len(place.Open))
	return out, nil
}

// rewind goes on from a state whose later records a log no longer holds. What was
// decided since cannot be derived again, so if there was anything, another generation
// must begin.
func (s *Store) rewind(spec *decision.Spec, script Script, restore restoreFunc, open OpenFeed, why error) (*Resumed, error) {
	if len(script.Intents) > 0 {
		return nil, anew("history lost: %w", why)
	}
	core, place, err := restore()
	if err != nil {
		return nil, err
	}
	out := &Resumed{Core: core, Place: place}
	for _, c := range script.Cuts {
		out.Commands, out.Results = append(out.Commands, c.Commands...), append(out.Results, c.Results...)
		place.Wall = c.Wall // the clock goes on
	}
	if err := s.commit(&journal.Rewind{Cut: place.Seq, Wall: place.Wall}); err != nil {
		return nil, err
	}
	s.opt.Note("history lost: the rollout keeps its evidence, and windows that miss records speak for no step", "err", why)
	feed, err := open(place, nil)
	if err != nil {
		return nil, err
	}
	out.Batches = feed.Batches
	return out, nil
}

// Activate begins a generation.
func (s *Store) Activate(a *journal.Activation, spec *decision.Spec, open OpenFeed) (*Resumed, error) {
	core, err := Begin(a, spec)
	if err != nil {
		return nil, err
	}
	if err := s.commit(a); err != nil {
		return nil, err
	}
	if err := s.snap.Clear(); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	out := &Resumed{Spec: spec, Core: core, Place: &Place{}}
	for _, l := range a.Logs {
		out.Place.Next = append(out.Place.Next, l.Next)
	}
	feed, err := open(out.Place, nil)
	if err != nil {
		return nil, err
	}
	out.Batches = feed.Batches
	return out, nil
}

// End closes the last generation, if it is open.
func (s *Store) End(reason string, wall schemas.Time) error {
	if s == nil || s.script.Activation == nil || s.script.Ended != nil {
		return nil
	}
	e := &journal.End{Reason: reason, Wall: wall}
	s.script.Ended = e
	return s.commit(e)
}
