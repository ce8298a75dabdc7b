package nats

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

var (
	// ErrForked says that the mirror holds another record in this place: another
	// engine journals this rollout.
	ErrForked = errors.New("nats: the mirrored journal holds another record in this place: another engine writes it")
	// ErrGap says that records between are missing: append those first.
	ErrGap = errors.New("nats: the mirrored journal lacks the records before")
)

// AppendJournal mirrors one record of a rollout's journal. Indexes count by one;
// the first may be any. An error other than ErrForked and ErrGap means: not known
// yet, call again with the same bytes. It is safe to call it twice.
func (p *Publisher) AppendJournal(ctx context.Context, ns, rollout string, index uint64, record []byte) error {
	ctx, cancel := context.WithTimeout(ctx, p.opt.Timeout)
	defer cancel()
	subject := schemas.JournalSubject(ns, rollout)
	last, seq, err := p.journalEnd(ctx, subject)
	switch {
	case err != nil:
		return err
	case seq > 0 && index <= last:
		return p.sameRecord(ctx, ns, rollout, index, record)
	case seq > 0 && index != last+1:
		return fmt.Errorf("%w: %s/%s ends at %d, next is %d, not %d", ErrGap, ns, rollout, last, last+1, index)
	}
	m := natsgo.NewMsg(subject)
	m.Data = record
	m.Header[schemas.HeaderIndex] = []string{strconv.FormatUint(index, 10)}
	m.Header[natsgo.MsgIdHdr] = []string{fmt.Sprintf("journal/%s/%s/%d/%s", ns, rollout, index, schemas.Digest(record))}
	ack, err := p.js.PublishMsg(ctx, m, jetstream.WithExpectStream(schemas.StreamJournal),
		jetstream.WithExpectLastSequencePerSubject(seq), jetstream.WithRetryAttempts(0))
	if err == nil && !ack.Duplicate {
		return nil
	}
	if last, seq, e := p.journalEnd(ctx, subject); e == nil && seq > 0 && index <= last {
		return p.sameRecord(ctx, ns, rollout, index, record)
	}
	if err == nil {
		err = errors.New("the server saw a duplicate that is not in the stream")
	}
	return fmt.Errorf("nats: mirroring record %d of the journal of %s/%s: %w", index, ns, rollout, err)
}

// JournalEnd is the index of the last record that is mirrored; ok is false if
// there is none.
func (p *Publisher) JournalEnd(ctx context.Context, ns, rollout string) (index uint64, ok bool, err error) {
	index, seq, err := p.journalEnd(ctx, schemas.JournalSubject(ns, rollout))
	return index, seq > 0, err
}

// journalEnd reads the last index on a subject and its stream sequence, 0 = none.
func (p *Publisher) journalEnd(ctx context.Context, subject string) (index, seq uint64, err error) {
	if !p.nc.IsConnected() {
		return 0, 0, ErrDown
	}
	m, err := p.get.GetLastMsg(schemas.StreamJournal, subject, natsgo.Context(ctx))
	if errors.Is(err, natsgo.ErrMsgNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("nats: reading the end of %s: %w", subject, err)
	}
	index, err = recordIndex(m.Header)
	return index, m.Sequence, err
}

// sameRecord tells whether a record that is mirrored already is this one.
func (p *Publisher) sameRecord(ctx context.Context, ns, rollout string, index uint64, record []byte) error {
	found := errors.New("found")
	err := p.ReadJournal(ctx, ns, rollout, index, func(i uint64, held []byte) error {
		if i == index && bytes.Equal(held, record) {
			return found
		}
		return fmt.Errorf("%w: %s/%s, record %d", ErrForked, ns, rollout, index)
	})
	if errors.Is(err, found) {
		return nil
	}
	return err
}

// ReadJournal calls each for every mirrored record of a rollout from an index on,
// in order, up to the last one that was there at the call. A gap is an error.
func (p *Publisher) ReadJournal(ctx context.Context, ns, rollout string, from uint64, each func(index uint64, record []byte) error) error {
	subject := schemas.JournalSubject(ns, rollout)
	end, last, err := p.journalEnd(ctx, subject)
	if err != nil || last == 0 || end < from {
		return err
	}
	c, err := p.js.OrderedConsumer(ctx, schemas.StreamJournal, jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}})
	if err != nil {
		return fmt.Errorf("nats: reading %s: %w", subject, err)
	}
	it, err := c.Messages()
	if err != nil {
		return fmt.Errorf("nats: reading %s: %w", subject, err)
	}
	defer it.Stop()
	for next := uint64(0); ; {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("nats: reading %s: %w", subject, err)
		}
		index, err := recordIndex(natsgo.Header(m.Headers()))
		if err == nil && next > 0 && index != next {
			err = fmt.Errorf("%w: %s/%s, record %d comes after %d", ErrGap, ns, rollout, index, next-1)
		}
		if next = index + 1; err == nil && index >= from {
			err = each(index, m.Data())
		}
		if err != nil || index >= end {
			return err
		}
	}
}

func recordIndex(h natsgo.Header) (uint64, error) {
	i, err := strconv.ParseUint(h.Get(schemas.HeaderIndex), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("nats: a mirrored record has no index in header %s: look who wrote it", schemas.HeaderIndex)
	}
	return i, nil
}
