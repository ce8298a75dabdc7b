package window

import "verdin/schemas"

// MaxBy is the number of fields that segments may go by.
const MaxBy = 4

// Segment is a field of predictions by whose listed values the metrics, and the features
// of Plan.Inside, are counted once more. Any other value belongs to no segment.
type Segment struct {
	Field  string
	Column int
	First  uint8 // number of its first value among all segments of the plan, from 1
	Values []string
}

// Within are the segments that a row belongs to, at most one per field; 0 = none.
type Within [MaxBy]uint8

// Within finds the segments of a prediction.
func (p *Plan) Within(c *schemas.Chunk, i int) (in Within) {
	for k := range p.Segments {
		s := &p.Segments[k]
		in[k] = s.of(c, c.Values[schemas.KindPrediction][s.Column], c.Row[i])
	}
	return in
}

// of is the segment of a value: texts and booleans have one.
func (s *Segment) of(c *schemas.Chunk, col schemas.Column, r int32) uint8 {
	var text []byte
	switch col[r].Kind {
	case schemas.String:
		text = c.Bytes(col[r].Text)
	case schemas.True:
		return s.find("true")
	case schemas.False:
		return s.find("false")
	default:
		return 0
	}
	for k, v := range s.Values {
		if string(text) == v {
			return s.First + uint8(k)
		}
	}
	return 0
}

func (s *Segment) find(text string) uint8 {
	for k, v := range s.Values {
		if v == text {
			return s.First + uint8(k)
		}
	}
	return 0
}
