package join

import (
	"cmp"
	"errors"
	"slices"

	"verdin/internal/wire"
	"verdin/schemas"
)

// ErrState is wrapped by every error of Restore.
var ErrState = errors.New("join: the state of waiting predictions cannot be restored")

const stateVersion = 3

// AppendState appends all that later windows depend on: the predictions by window, in
// order of arrival, the outcomes by key, and when keys expire.
func (j *Joiner) AppendState(b []byte) []byte {
	f := wire.Write(append(b, stateVersion))
	j.fields(f)
	return f.Bytes()
}

// Restore sets the state that AppendState wrote in an empty joiner made with the same
// arguments. It never panics; after an error the joiner is of no use.
func (j *Joiner) Restore(b []byte) error {
	f := wire.Read(b, ErrState)
	if v := f.Byte(); f.Err() == nil && v != stateVersion {
		f.Fail("version %d, this build reads %d", v, stateVersion)
	}
	j.fields(f)
	for _, w := range j.Windows(schemas.Never) {
		for i := range j.open[w] {
			j.enter(&j.open[w][i])
		}
	}
	return f.End()
}

func (j *Joiner) fields(f *wire.Fields) {
	instant := func(t *schemas.Time) { wire.Int(f, t) }
	wire.Map(f, j.open, instant, func(w schemas.Time, rows *[]Prediction) {
		wire.Slice(f, rows, func(p *Prediction) { p.fields(f, w) })
	})
	j.keys(f)
	wire.Map(f, j.expiry, instant, func(_ schemas.Time, keys *[]uint64) {
		wire.Slice(f, keys, f.Word)
	})
}

// fields of a prediction: its time goes as the distance from its window's start.
func (p *Prediction) fields(f *wire.Fields, w schemas.Time) {
	f.Word(&p.Key)
	f.Word(&p.Unit)
	after := p.TS - w
	wire.Int(f, &after)
	p.TS = w + after
	wire.Int(f, &p.Arm)
	f.Check(p.Arm == 0 || p.Arm == 1, "arm %d", p.Arm)
	wire.Uint(f, &p.Generation)
	wire.Int(f, &p.Stage)
	for i := range p.Within {
		wire.Uint(f, &p.Within[i])
	}
}

// keys are the lists of outcomes, by key. Where a node stands in memory means nothing.
func (j *Joiner) keys(f *wire.Fields) {
	if f.Reading() {
		var last uint64
		for i, n := 0, f.Count(0); i < n && f.Err() == nil; i++ {
			var key uint64
			f.Word(&key)
			f.Check(i == 0 || last < key, "keys are not ascending")
			last = key
			j.read(f, key)
		}
		return
	}
	type list struct {
		key  uint64
		head int32
	}
	lists := make([]list, 0, len(j.heads))
	for key, head := range j.heads { // order-free: sorted below
		lists = append(lists, list{key, head})
	}
	slices.SortFunc(lists, func(a, b list) int { return cmp.Compare(a.key, b.key) })
	f.Count(len(lists))
	for _, l := range lists {
		f.Word(&l.key)
		n := 0
		for at := l.head; at >= 0; at = j.nodes[at].next {
			n++
		}
		f.Count(n)
		for at := l.head; at >= 0; at = j.nodes[at].next {
			j.nodes[at].fields(f)
		}
	}
}

// read appends the list of one key to the nodes.
func (j *Joiner) read(f *wire.Fields, key uint64) {
	n := f.Count(0)
	f.Check(n > 0, "a key without outcomes")
	for i := 0; i < n && f.Err() == nil; i++ {
		o := node{Outcome: Outcome{Key: key}, next: -1}
		o.fields(f)
		at := int32(len(j.nodes))
		if i == 0 {
			j.heads[key] = at
		} else {
			last := &j.nodes[at-1]
			f.Check(compare(&last.Outcome, &o.Outcome) < 0, "outcomes are out of order")
			last.next = at
		}
		j.nodes = append(j.nodes, o)
	}
}

// fields of an outcome, all but its key.
func (o *node) fields(f *wire.Fields) {
	wire.Int(f, &o.Metric)
	wire.Int(f, &o.Arm)
	f.Check(o.Arm >= -1 && o.Arm <= 1, "arm %d", o.Arm)
	f.Bool(&o.ByUnit)
	wire.Int(f, &o.Log)
	wire.Int(f, &o.Offset)
	wire.Int(f, &o.TS)
	wire.Int(f, &o.Mark)
	f.Float(&o.Value)
	f.Bool(&o.Valid)
	f.Bool(&o.matched)
}
