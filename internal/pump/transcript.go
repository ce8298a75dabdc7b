package pump

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"verdin/ingest/codec"
	"verdin/ingest/kafka"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// Transcript writes the records that a live rollout has read, up to the last cut of
// its journal, as lines of recordings: one recording a log. With the journal they
// give its verdicts again.
type Transcript struct {
	Script  Script
	Layout  *schemas.Layout                  // of the rollout: columns that every line must bring back
	Schemas Schemas                          // of framed records; nil = there is no registry
	Write   func(log int, line []byte) error // takes a line of a log, with its newline
	Read    func(records int64)              // hears how many records each run held; may be nil

	// Oversize counts records above the limit of size, which no recording holds: they
	// gave no row.
	Oversize int

	logs []scribe
	rec  codec.Record // being written
}

// scribe is one log of a transcript.
type scribe struct {
	recorder  *codec.Recorder
	at, until int64
	losses    []journal.Loss
}

// Assignments are what a consumer has to read: none if the rollout has read nothing.
func (t *Transcript) Assignments() (as []kafka.Assignment) {
	until := t.until()
	for i, l := range t.Script.Activation.Logs {
		if l.Next < until[i] {
			as = append(as, kafka.Assignment{Topic: l.Topic, Partition: l.Partition, Offset: l.Next})
		}
	}
	return as
}

// until is where every log stood at the last cut.
func (t *Transcript) until() []int64 {
	if n := len(t.Script.Cuts); n > 0 {
		return t.Script.Cuts[n-1].Next
	}
	return t.Script.start()
}

// Run writes what a consumer of the assignments brings. It returns when every log is
// written up to the last cut.
func (t *Transcript) Run(ctx context.Context, in <-chan *kafka.Records) error {
	t.begin()
	arrivals := NewArrivals(len(t.logs), t.Script.Cuts)
	for !t.done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case r, ok := <-in:
			if !ok {
				return errFeed
			}
			err := t.take(ctx, r, arrivals)
			r.Release()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Transcript) begin() {
	until := t.until()
	t.logs = nil
	for i, l := range t.Script.Activation.Logs {
		log := schemas.Log{Topic: l.Topic, Partition: l.Partition, Kinds: l.Kinds}
		var known codec.Schemas
		if t.Schemas != nil {
			known = t.Schemas
		}
		s := scribe{recorder: codec.NewRecorder(l.Topic, l.Partition, t.Layout, Decoding(log, known)), at: l.Next, until: until[i]}
		for _, c := range t.Script.Cuts {
			s.losses = append(s.losses, lossesOf(c, i)...)
		}
		t.logs = append(t.logs, s)
	}
}

func (t *Transcript) done() bool {
	return !slices.ContainsFunc(t.logs, func(s scribe) bool { return s.at < s.until })
}

// take writes a run of one log.
func (t *Transcript) take(ctx context.Context, in *kafka.Records, arrivals *Arrivals) error {
	i := slices.IndexFunc(t.Script.Activation.Logs, func(l journal.Log) bool { return l.Topic == in.Topic && l.Partition == in.Partition })
	if i < 0 {
		return fmt.Errorf("record: kafka topic %q partition %d was not asked for", in.Topic, in.Partition)
	}
	s := &t.logs[i]
	for _, g := range in.Gaps {
		if g.From < s.until && !told(s.losses, i, g.From, g.To) {
			return fmt.Errorf("%w: kafka topic %q partition %d, offsets %d to %d: record earlier, or let the topic keep its records longer", ErrHistory, in.Topic, in.Partition, g.From, g.To-1)
		}
	}
	for _, offset := range in.Oversize {
		if offset < s.until {
			t.Oversize++
		}
	}
	for j := range in.Records {
		if in.Records[j].Offset >= s.until {
			break
		}
		if err := t.line(ctx, i, &in.Records[j], arrivals); err != nil {
			return err
		}
	}
	s.at = in.Next
	if t.Read != nil {
		t.Read(int64(len(in.Records)))
	}
	return nil
}

// line writes one record, when its schema is known.
func (t *Transcript) line(ctx context.Context, log int, in *kafka.Record, arrivals *Arrivals) error {
	rec := &t.rec
	decodable(rec, in, schemas.Unknown)
	if at, ok := arrivals.At(log, in.Offset); ok && !in.LogAppend {
		rec.At = at
	} else if !in.LogAppend {
		return fmt.Errorf("record: the journal does not say when offset %d of log %d came: it is not of this topic", in.Offset, log)
	}
	for {
		line, ok := t.logs[log].recorder.Append(nil, *rec)
		if ok {
			return t.Write(log, line)
		}
		if t.Schemas == nil {
			return errors.New("record: a record waits for a schema, and there is no registry")
		}
		if err := t.Schemas.Fetch(ctx, t.logs[log].recorder.Wanted()); err != nil {
			return err
		}
	}
}
