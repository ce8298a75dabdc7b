package pump

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// demux deals the batches of a feed to one source per log, and knows what is left
// when the journal ends.
type demux struct {
	in     <-chan Batch
	flat   flat
	queue  [][]Batch
	cur    []*Batch
	until  []int64 // per log: the position of the last cut
	losses []journal.Loss
}

func newDemux(in <-chan Batch, f flat, cuts []*journal.Cut) *demux {
	d := &demux{in: in, flat: f, queue: make([][]Batch, len(f.seats)), cur: make([]*Batch, len(f.seats)), until: make([]int64, len(f.seats))}
	for _, c := range cuts {
		copy(d.until, c.Next)
		d.losses = append(d.losses, c.Losses...)
	}
	return d
}

// Deal makes one source per log of an activation from the batches of a Reader: what a
// Rerun over topics reads.
func Deal(in <-chan Batch, script *Script) []Source {
	return newDemux(in, newFlat(shardsOf(script.Activation)), script.Cuts).sources()
}

// errFeed says that the reading of topics has ended by itself.
var errFeed = errors.New("the topics can no longer be read")

func (d *demux) sources() (all []Source) {
	for i := range d.queue {
		all = append(all, demuxed{d, i})
	}
	return all
}

// demuxed is one log of a demux.
type demuxed struct {
	d   *demux
	log int
}

// Next returns the log's next chunk. Others that come first are kept.
func (s demuxed) Next(ctx context.Context) (*schemas.Chunk, error) {
	d := s.d
	for len(d.queue[s.log]) == 0 {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case b, ok := <-d.in:
			if !ok {
				return nil, errFeed
			}
			i := d.flat.number(b.Shard, b.Log)
			d.queue[i] = append(d.queue[i], b)
		}
	}
	b := d.queue[s.log][0]
	d.queue[s.log] = d.queue[s.log][1:]
	d.cur[s.log] = &b
	for _, g := range b.Gaps {
		if g.From < d.until[s.log] && !told(d.losses, s.log, g.From, g.To) {
			return nil, fmt.Errorf("%w: log %d, offsets %d to %d", ErrHistory, s.log, g.From, g.To)
		}
	}
	return b.Chunk, nil
}

// Recycle gives the chunk back to the feed.
func (s demuxed) Recycle(*schemas.Chunk) {
	s.d.cur[s.log].done()
	s.d.cur[s.log] = nil
}

// told tells whether losses that a journal knows cover a gap of a log.
func told(losses []journal.Loss, log int, from, to int64) bool {
	return slices.ContainsFunc(losses, func(l journal.Loss) bool { return l.Log == log && l.From <= from && to <= l.Before })
}

// rest is what was read beyond the last cut.
func (d *demux) rest(r *Rerun) (all []Batch) {
	for i := range d.queue {
		if b := d.cur[i]; b != nil {
			at := r.Place.Next[i]
			if b.Row, b.First = r.heads[i].row, max(b.First, at); b.Chunk.Next > at {
				all = append(all, *b)
			} else {
				b.done()
			}
		}
		all = append(all, d.queue[i]...)
	}
	return all
}
