package bench

import (
	"context"
	"hash/fnv"
	"math"
)

// Case is a row of a table: a world of any kind of look, played to rules.
type Case struct {
	Name  string
	About string  // the world, in words
	Alpha float64 // what ours, the first rule, promises
	Exact bool    // by enumeration; else the promise is Slack·Alpha
	Runs  int     // in the full version
	play  func(context.Context, Plan) ([]Tally, error)
}

// Slack is how far beyond α an asymptotic method may be found, inside its domain.
const Slack = 1.2

// NewCase makes a case; the first rule is ours.
func NewCase[L any](c Case, w World[L], rules ...Rule[L]) Case {
	c.play = func(ctx context.Context, p Plan) ([]Tally, error) { return Play(ctx, p, w, rules) }
	return c
}

// Play plays the case. Its histories depend on the plan's seed and the case's name, so
// that another case changes nothing here.
func (c Case) Play(ctx context.Context, p Plan) ([]Tally, error) {
	p.Seed = c.seed(p.Seed)
	return c.play(ctx, p)
}

// seed is that of the case's histories.
func (c Case) seed(seed uint64) uint64 {
	h := fnv.New64a()
	h.Write([]byte(c.Name))
	return seed ^ h.Sum64()
}

// Bar is the greatest share of false claims that keeps the promise.
func (c Case) Bar() float64 {
	if c.Exact {
		return c.Alpha
	}
	return Slack * c.Alpha
}

// Through lets a rule for looks of type L see a part of looks of type M.
func Through[M, L any](rule Rule[L], part func(M) L) Rule[M] {
	return Rule[M]{rule.Name, func() func(M) Answer {
		see := rule.Start()
		return func(m M) Answer { return see(part(m)) }
	}}
}

// Any answers as soon as one of several copies of a rule does, the i-th of which sees
// the i-th of the looks.
func Any[L any](rule Rule[L], n int) Rule[[]L] {
	return Rule[[]L]{rule.Name, func() func([]L) Answer {
		sees := make([]func(L) Answer, n)
		for i := range sees {
			sees[i] = rule.Start()
		}
		return func(ls []L) Answer {
			for i, see := range sees {
				if a := see(ls[i]); a != None {
					return a
				}
			}
			return None
		}
	}}
}

// threshold is the log E at which a claim is shown.
func threshold(alpha float64) float64 { return -math.Log(alpha) }
