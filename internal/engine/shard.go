package engine

import (
	"verdin/ingest/window"
	"verdin/schemas"
)

// Shard owns the i-th partition of every topic of a source, or the files of a
// recording: it de-duplicates, joins and windows their rows, and summarises each
// window when it is sealed. One goroutine at a time may use it.
type Shard struct {
	index int // among the shards of the source: the origin of label-lane partials
	base  int // index of its first log among all logs of the source
	logs  []shardLog
	views []*view // one per rollout
	out   []window.Partial
}

// shardLog is how far a log was read.
type shardLog struct {
	schemas.Log
	top   schemas.Time // greatest min(event time, arrival bound) of its records
	first int64        // offset of its first record
	next  int64        // offset after the last record read
	lost  int64        // records before this offset are missing and none behind them was read yet; 0 = none
	begun bool
	ended bool
}

// NewShard returns a shard over logs. Index is its place among the source's
// shards, base the place of its first log among all logs of the source.
func NewShard(index, base int, logs []schemas.Log) *Shard {
	s := &Shard{index: index, base: base}
	for _, l := range logs {
		s.logs = append(s.logs, shardLog{Log: l, top: schemas.Unknown})
	}
	return s
}

// Watch adds a rollout; its windows begin at plan.Start.
func (s *Shard) Watch(plan *window.Plan) {
	s.views = append(s.views, newView(s.index, s.base, plan, s.logs))
}

// Unwatch forgets a rollout.
func (s *Shard) Unwatch(rollout string) {
	for i, v := range s.views {
		if v.plan.Rollout == rollout {
			s.views = append(s.views[:i], s.views[i+1:]...)
			return
		}
	}
}

// Revise puts a new revision of a rollout's plan in force for windows that start
// at or after from.
func (s *Shard) Revise(plan *window.Plan, from schemas.Time) {
	for _, v := range s.views {
		if v.plan.Rollout == plan.Rollout {
			v.revise(plan, from)
		}
	}
}

// Feed reads the rows of c from row on until one of them seals a window, and
// returns the row to go on with: c.Len() when the chunk is done. It is total: it
// never fails and never blocks.
func (s *Shard) Feed(c *schemas.Chunk, row int) int {
	log := &s.logs[c.Log]
	for ; row < c.Len(); row++ {
		offset := c.Offset[row]
		log.see(offset)
		for _, v := range s.views {
			v.row(c, row)
		}
		top := min(c.TS[row], c.At[row])
		if log.lost > 0 && offset >= log.lost {
			s.found(c.Log, max(top, log.top))
		}
		if top <= log.top {
			continue
		}
		log.top = top
		if s.seal(c.Log, top, offset+1) {
			return row + 1
		}
	}
	log.next = max(log.next, c.Next)
	return row
}

func (l *shardLog) see(offset int64) {
	if !l.begun {
		l.begun, l.first = true, offset
	}
	l.next = offset + 1
}

// seal tells every rollout that a log's watermark has moved.
func (s *Shard) seal(log int, top schemas.Time, to int64) (sealed bool) {
	for _, v := range s.views {
		if v.seal(log, top, to, &s.out) {
			sealed = true
		}
	}
	return sealed
}

// End says that a log is complete: its watermark passes every window.
func (s *Shard) End(log int) {
	l := &s.logs[log]
	if l.ended {
		return
	}
	l.ended, l.top = true, schemas.Never
	s.seal(log, schemas.Never, l.next)
}

// Idle advances a silent log's watermark as if a record of event time to had come.
func (s *Shard) Idle(log int, to schemas.Time) {
	if l := &s.logs[log]; to > l.top {
		l.top = to
		s.seal(log, to, l.next)
	}
}

// Lost declares that records of a log before an offset are missing. Whatever the log
// seals is incomplete until a record behind them is read, and from there on every
// window that one of them could have been on time for.
func (s *Shard) Lost(log int, before int64) {
	l := &s.logs[log]
	l.lost = max(l.lost, before, 1)
	for _, v := range s.views {
		v.lose(log)
	}
}

// found ends a gap at the first record behind it.
func (s *Shard) found(log int, top schemas.Time) {
	s.logs[log].lost = 0
	for _, v := range s.views {
		v.found(log, top)
	}
}

// Take hands over the partials of the windows sealed since the last call.
func (s *Shard) Take() []window.Partial {
	out := s.out
	s.out = nil
	return out
}

// Top is the greatest event time, bounded by arrival, that a log has shown.
func (s *Shard) Top(log int) schemas.Time { return s.logs[log].top }

// Position returns the offsets [first, next) that were read of a log.
func (s *Shard) Position(log int) (first, next int64) { return s.logs[log].first, s.logs[log].next }

// Counts returns what became of the rows for one rollout, so that every row of
// the logs is accounted for.
func (s *Shard) Counts(rollout string) Counts {
	for _, v := range s.views {
		if v.plan.Rollout == rollout {
			return v.counts
		}
	}
	return Counts{}
}
