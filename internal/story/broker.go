package story

import (
	"context"
	"io"

	"verdin/ingest/codec"
	"verdin/internal/pump"
	"verdin/schemas"
)

// broke is the broker: topics in memory, and how they can be reached.
type broke struct {
	logs   []schemas.Log // of all shards in order
	seats  [][2]int      // shard and log of each
	topics [][]stored
	sent   []int // per log: how many records the engine was given
	down   bool
	out    [partitions]bool // these partitions cannot be reached
	good   []schemas.Time   // per log: when it answered last,
	read   []schemas.Time   // and how far it was read
	losing schemas.Time     // records that appear before it cannot be read
}

type stored struct {
	at    schemas.Time
	value []byte
	lost  bool
}

func newBroke(logs []schemas.Log) broke {
	return broke{logs: logs, topics: make([][]stored, len(logs)), sent: make([]int, len(logs)), good: make([]schemas.Time, len(logs)), read: make([]schemas.Time, len(logs))}
}

// answers tells whether a log can be read now.
func (b *broke) answers(log int) bool { return !b.down && !b.out[b.logs[log].Partition] }

func (b *broke) find(kind schemas.Kind, part int) int {
	for i, l := range b.logs {
		if l.Carries(kind) && int(l.Partition) == part {
			return i
		}
	}
	return -1
}

func (b *broke) append(s sending, twice bool) {
	one := stored{s.at, s.value, s.at < b.losing}
	b.topics[s.log] = append(b.topics[s.log], one)
	if twice {
		b.topics[s.log] = append(b.topics[s.log], one)
	}
}

// loseUnread lets retention pass everything that the engine has not read.
func (b *broke) loseUnread(now schemas.Time) {
	for i := range b.topics {
		for k := b.sent[i]; k < len(b.topics[i]); k++ {
			b.topics[i][k].lost = true
		}
	}
}

// visible is how many records of a log appeared before a time.
func (b *broke) visible(log int, now schemas.Time) int {
	n := len(b.topics[log])
	for n > 0 && b.topics[log][n-1].at >= now {
		n--
	}
	return n
}

// until is where a batch ends that begins at an offset: after so many records, and
// never within a gap.
func (b *broke) until(log, from, rows, all int) int {
	to := min(all, from+rows)
	for to < all && b.topics[log][to].lost {
		to++
	}
	return to
}

// batch decodes the records [from, to) of a log.
func (b *broke) batch(d *codec.Decoder, layout *schemas.Layout, log, from, to int) pump.Batch {
	c := new(schemas.Chunk)
	c.Reset(b.seats[log][1], layout)
	out := pump.Batch{Shard: b.seats[log][0], Log: b.seats[log][1], Chunk: c, First: int64(from), High: int64(to)}
	for k := from; k < to; k++ {
		r := &b.topics[log][k]
		if r.lost {
			if n := len(out.Gaps); n > 0 && out.Gaps[n-1].To == int64(k) {
				out.Gaps[n-1].To++
			} else {
				out.Gaps = append(out.Gaps, pump.Gap{From: int64(k), To: int64(k + 1)})
			}
			continue
		}
		d.Append(c, codec.Record{Offset: int64(k), Timestamp: r.at, At: r.at, Value: r.value})
	}
	c.Next = int64(to)
	return out
}

// source reads a log again from its beginning, in chunks of so many records.
type source struct {
	broker  *broke
	log     int
	rows    int
	layout  *schemas.Layout
	decoder *codec.Decoder
	at      int
}

// Next decodes the next chunk.
func (s *source) Next(context.Context) (*schemas.Chunk, error) {
	all := len(s.broker.topics[s.log])
	if s.at >= all {
		return nil, io.EOF
	}
	to := min(all, s.at+s.rows)
	b := s.broker.batch(s.decoder, s.layout, s.log, s.at, to)
	s.at = to
	return b.Chunk, nil
}

// Recycle does nothing.
func (s *source) Recycle(*schemas.Chunk) {}
