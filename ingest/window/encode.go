package window

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"verdin/internal/wire"
	"verdin/schemas"
	"verdin/stats"
)

// version of the partial's binary form. The form is canonical: equal partials
// have equal bytes.
const version = 3

// ErrPartial is wrapped by every error of DecodePartial.
var ErrPartial = errors.New("window: not a partial of a version that this build reads")

// AppendBinary appends the partial's binary form, version 3:
//
//	version, lane u8; origin, generation, revision uvarint; plan hash u64;
//	after, end, to i64; late ×2, unmatched, mismatch uvarint; gap u8; rollout text;
//	cells: generation uvarint, stage varint, segment u8, two arms: n uvarint, metrics, features,
//	groups: bucket u8, cell, n uvarint, sum varint and uvarint; units: u64, n uvarint; strange uvarint; rates as groups
func (p *Partial) AppendBinary(b []byte) []byte {
	b = append(b, version, byte(p.Lane))
	b = binary.AppendUvarint(b, uint64(p.Origin))
	b = binary.AppendUvarint(b, uint64(p.Generation))
	b = binary.AppendUvarint(b, uint64(p.Revision))
	b = binary.LittleEndian.AppendUint64(b, p.PlanHash)
	for _, v := range []int64{int64(p.After), int64(p.End), p.To} {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	for _, v := range []uint64{p.Late[0], p.Late[1], p.Unmatched, p.Mismatch} {
		b = binary.AppendUvarint(b, v)
	}
	gap := byte(0)
	if p.Gap {
		gap = 1
	}
	b = append(b, gap)
	b = binary.AppendUvarint(b, uint64(len(p.Rollout)))
	b = append(b, p.Rollout...)
	b = binary.AppendUvarint(b, uint64(len(p.Cells)))
	for i := range p.Cells {
		b = p.Cells[i].append(b)
	}
	return b
}

func (c *Cell) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(c.Generation))
	b = binary.AppendVarint(b, int64(c.Stage))
	b = append(b, c.Segment)
	for a := range c.Arms {
		b = binary.AppendUvarint(b, c.Arms[a].N)
		b = appendSummaries(b, c.Arms[a].Metrics)
		b = appendSummaries(b, c.Arms[a].Features)
		b = c.Arms[a].appendUnits(b)
	}
	return b
}

func appendSummaries(b []byte, s []stats.Summary) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	for i := range s {
		b = s[i].AppendBinary(b)
	}
	return b
}

// DecodePartial reads one partial and returns what follows it. It never panics
// and never allocates more than the bytes could hold.
func DecodePartial(b []byte) (p Partial, rest []byte, err error) {
	r := reader{wire.NewReader(b, ErrPartial)}
	if v := r.Byte(); r.Err() == nil && v != version {
		return p, nil, fmt.Errorf("%w: version %d", ErrPartial, v)
	}
	p.Lane = Lane(r.Below(Lanes))
	p.Origin = int(r.Below(math.MaxInt32))
	p.Generation = uint32(r.Below(math.MaxUint32))
	p.Revision = uint32(r.Below(math.MaxUint32))
	p.PlanHash = r.U64()
	p.After, p.End, p.To = schemas.Time(r.U64()), schemas.Time(r.U64()), int64(r.U64())
	p.Late = [2]uint64{r.Uvarint(), r.Uvarint()}
	p.Unmatched, p.Mismatch = r.Uvarint(), r.Uvarint()
	p.Gap = r.Below(2) == 1
	p.Rollout = string(r.Take(r.Uvarint()))
	for n := r.Count(); n > 0 && r.Err() == nil; n-- {
		p.Cells = append(p.Cells, r.cell())
	}
	return p, r.Rest(), r.Err()
}
