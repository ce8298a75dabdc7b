package pump

import (
	"errors"
	"fmt"
	"slices"

	"verdin/internal/pump/journal"
)

// Script is what a journal says of one generation of a rollout: how it began, the
// cuts that count, and the verdicts that it meant to publish.
type Script struct {
	Activation *journal.Activation
	Cuts       []*journal.Cut
	Failures   []*journal.Failure // of cuts that count
	Intents    []*journal.Intent  // in order, of cuts that count
	Ended      *journal.End       // nil = the generation may go on
}

// ErrScript says that records do not follow each other as an engine writes them.
var ErrScript = errors.New("the journal's records are out of order")

// Take adds the next record. An activation begins the script anew.
func (s *Script) Take(r journal.Record) error {
	if a, ok := r.(*journal.Activation); ok {
		*s = Script{Activation: a}
		return nil
	}
	if s.Activation == nil {
		return fmt.Errorf("%w: it does not begin with an activation", ErrScript)
	}
	switch r := r.(type) {
	case *journal.Cut:
		if last := s.last(); last > 0 && r.Seq != last+1 || len(r.Next) != len(s.Activation.Logs) {
			return fmt.Errorf("%w: cut %d with %d positions comes after cut %d, logs are %d", ErrScript, r.Seq, len(r.Next), last, len(s.Activation.Logs))
		}
		s.Cuts = append(s.Cuts, r)
	case *journal.Failure:
		if last := s.last(); last > 0 && r.Cut != last {
			return fmt.Errorf("%w: a failure at cut %d comes after cut %d", ErrScript, r.Cut, last)
		}
		s.Failures = append(s.Failures, r)
	case *journal.Intent:
		if last := s.last(); last > 0 && r.Cut != last {
			return fmt.Errorf("%w: a verdict of cut %d comes after cut %d", ErrScript, r.Cut, last)
		}
		s.Intents = append(s.Intents, r)
	case *journal.Rewind:
		s.rewind(r.Cut)
	case *journal.End:
		s.Ended = r
	}
	return nil
}

// last is the sequence of the last cut, 0 = there is none here.
func (s *Script) last() int64 {
	if n := len(s.Cuts); n > 0 {
		return s.Cuts[n-1].Seq
	}
	return 0
}

// rewind drops the cuts after one.
func (s *Script) rewind(to int64) {
	s.Cuts = slices.DeleteFunc(s.Cuts, func(c *journal.Cut) bool { return c.Seq > to })
	s.Failures = slices.DeleteFunc(s.Failures, func(f *journal.Failure) bool { return f.Cut > to })
	s.Intents = slices.DeleteFunc(s.Intents, func(i *journal.Intent) bool { return i.Cut > to })
}

// after is the script without the cuts up to one.
func (s *Script) after(seq int64) Script {
	out := *s
	out.Cuts = slices.DeleteFunc(slices.Clone(s.Cuts), func(c *journal.Cut) bool { return c.Seq <= seq })
	out.Failures = slices.DeleteFunc(slices.Clone(s.Failures), func(f *journal.Failure) bool { return f.Cut <= seq })
	out.Intents = slices.DeleteFunc(slices.Clone(s.Intents), func(i *journal.Intent) bool { return i.Cut <= seq })
	return out
}

// start is where every log began.
func (s *Script) start() (next []int64) {
	for _, l := range s.Activation.Logs {
		next = append(next, l.Next)
	}
	return next
}
