package engine

import (
	"verdin/ingest/window"
	"verdin/internal/wire"
)

// exposed remembers the units that a rollout has seen, so that each counts once: in the
// block of its first exposure. Above a bound it goes on with half of the units, those of
// small hash, then with a quarter …: which unit is left out depends on its hash alone,
// so that what is counted stays a fair sample.
type exposed struct {
	seen  set                  // in the rollout
	arms  [2]set               // in the running stage
	rows  [2]map[uint64]uint64 // per unit, in the running stage
	level int                  // units whose first bits, so many, are 0 are kept
}

// mostUnits bounds the units remembered of a rollout: 16 MiB.
const mostUnits = 1 << 20

func (e *exposed) sampled(h uint64) bool { return e.level == 0 || h>>(64-e.level) == 0 }

func (e *exposed) startStage() {
	e.arms, e.rows = [2]set{}, [2]map[uint64]uint64{{}, {}}
}

// expose takes the units of a cell: how many of each arm were never seen before.
// A unit seen in both arms at once counts for neither. Own says that the running stage
// alone served the cell: while a split changes, units move between the arms.
func (j *Judge) expose(c *window.Cell, own bool) (first [2]int64) {
	e := &j.exposed
	if own {
		j.inStage(c)
	}
	for a := range c.Arms {
		for _, u := range c.Arms[a].Units {
			if h := u.Hash; e.sampled(h) && e.seen.add(h) && !e.arms[1-a].has(h) {
				first[a]++
			}
		}
	}
	for e.seen.n > mostUnits {
		e.level++
		for _, s := range []*set{&e.seen, &e.arms[0], &e.arms[1]} {
			s.keep(e.sampled)
		}
	}
	return first
}

// inStage books the units of a cell of the running stage. Where each request is assigned on
// its own, units are lawfully in both arms.
func (j *Judge) inStage(c *window.Cell) {
	e := &j.exposed
	for a := range c.Arms {
		for _, u := range c.Arms[a].Units {
			h := u.Hash
			j.faults.Largest[a] = max(j.faults.Largest[a], int64(e.count(a, u)))
			if !e.sampled(h) || !e.arms[a].add(h) {
				continue
			}
			j.health.Units[a]++
			if j.plan.Sticky && e.arms[1-a].has(h) {
				j.health.Crossed++
			}
		}
	}
}

// count adds a unit's rows to those of the stage and returns them. Beyond the bound new
// units are not followed: one that sends a great part of the rows is among the first.
func (e *exposed) count(a int, u window.Unit) uint64 {
	n, known := e.rows[a][u.Hash]
	if known || len(e.rows[a]) < mostUnits {
		e.rows[a][u.Hash] = n + u.N
	}
	return n + u.N
}

func (e *exposed) fields(f *wire.Fields) {
	wire.Int(f, &e.level)
	f.Check(e.level >= 0 && e.level < 64, "level %d", e.level)
	e.seen.fields(f)
	for a := range e.arms {
		e.arms[a].fields(f)
		wire.Map(f, e.rows[a], f.Word, func(_ uint64, n *uint64) { wire.Uint(f, n) })
	}
}
