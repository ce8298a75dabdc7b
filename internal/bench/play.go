package bench

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
)

// World draws one history of looks of type L. It calls see at every look, until see
// returns false or the history ends.
type World[L any] func(r *rand.Rand, see func(L) (more bool))

// Answer is what a rule says at a look.
type Answer uint8

const (
	None Answer = iota // go on
	Harm               // roll back
	Safe               // promote
)

// Rule is a way to decide. Start begins a history: the function that it returns is
// called at each look, until it answers.
type Rule[L any] struct {
	Name  string
	Start func() func(L) Answer
}

// Alarm makes a rule that answers Harm at the first look at which the condition holds.
func Alarm[L any](name string, start func() func(L) bool) Rule[L] { return answer(name, Harm, start) }

// Pass makes a rule that answers Safe at the first look at which the condition holds.
func Pass[L any](name string, start func() func(L) bool) Rule[L] { return answer(name, Safe, start) }

func answer[L any](name string, a Answer, start func() func(L) bool) Rule[L] {
	return Rule[L]{name, func() func(L) Answer {
		holds := start()
		return func(l L) Answer {
			if holds(l) {
				return a
			}
			return None
		}
	}}
}

// Plan says how often a world is played.
type Plan struct {
	Seed uint64
	Runs int
	Done func(runs int) // called now and then with the runs played since the last call, from any goroutine
}

// Play plays a world to rules; each tally is that of the rule at the same place. Run i
// of a world has the random source PCG(seed, i), whatever is played beside it. It stops
// early only when ctx is done, with its error.
func Play[L any](ctx context.Context, p Plan, w World[L], rules []Rule[L]) ([]Tally, error) {
	tallies := make([]Tally, len(rules))
	for i, r := range rules {
		tallies[i] = Tally{Rule: r.Name, First: make([]int, p.Runs), Answer: make([]Answer, p.Runs)}
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for ctx.Err() == nil {
				lo := int(next.Add(batch)) - batch
				hi := min(lo+batch, p.Runs)
				if lo >= hi {
					return
				}
				for i := lo; i < hi; i++ {
					playOnce(rand.New(rand.NewPCG(p.Seed, uint64(i))), w, rules, func(rule, look int, a Answer) {
						tallies[rule].First[i], tallies[rule].Answer[i] = look, a
					})
				}
				if p.Done != nil {
					p.Done(hi - lo)
				}
			}
		})
	}
	wg.Wait()
	return tallies, ctx.Err()
}

const batch = 20 // runs that a worker takes at once

// playOnce plays one history until every rule has answered; looks count from 1.
func playOnce[L any](r *rand.Rand, w World[L], rules []Rule[L], answered func(rule, look int, a Answer)) {
	sees := make([]func(L) Answer, len(rules))
	for i, rule := range rules {
		sees[i] = rule.Start()
	}
	open, look := len(sees), 0
	w(r, func(l L) bool {
		look++
		for i, see := range sees {
			if see == nil {
				continue
			}
			if a := see(l); a != None {
				answered(i, look, a)
				sees[i] = nil
				open--
			}
		}
		return open > 0
	})
}
