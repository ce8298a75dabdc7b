package drift

import "math"

// Block is what one window counted, cut by the hash of the event into Sub parts:
// part s holds Stable[s·Bins] … Stable[s·Bins+Bins−1]. The parts of a window come
// from the same law, so each may be tested with what was learnt from those before.
type Block struct {
	Sub            int
	Bins           int
	Stable, Canary []uint64
	Stage          int // of the rollout, from 0
}

const (
	leastCanary = 20      // canary events that a scored block has at least, unless the stage ends
	mostEvents  = 1 << 40 // events of an arm and window beyond which they are no counts
	mostPast    = 1 << 52 // events of an arm in all windows that a state may hold
)

// groups cuts a window of subs parts into groups that are scored one after another
// and appends where each ends. It knows only how many canary events past windows
// held on average, and aims at 20, 40, 80, … of them, or at 1, 2, 4, … parts where
// these are larger: drift is found soon after it is learnt, and a large window costs
// little. A remainder smaller than the group before joins it. Before any window was
// seen, every part is a group.
func groups(ends []int, expectedCanary float64, subs int) []int {
	each := expectedCanary / float64(subs)
	goal := math.Max(leastCanary, each)
	for at := 0; at < subs; goal *= 2 {
		size := 1
		if expectedCanary > 0 {
			size = int(math.Min(math.Ceil(goal/each), float64(subs)))
		}
		at += size
		if expectedCanary > 0 && subs-at < size || at > subs {
			at = subs
		}
		ends = append(ends, at)
	}
	return ends
}

// pending gathers events until they make a block. It decides by counts alone.
type pending struct {
	counts   Counts
	n        [2]int64
	stage    int64
	windows  int64   // windows seen so far
	expected float64 // canary events a window, average of the past
	ends     []int   // scratch
}

func newPending(bins int) pending {
	return pending{counts: Counts{make([]int64, bins), make([]int64, bins)}}
}

// observe adds a window and calls score for every block that it completes. Small
// windows of one stage merge, windows without canary events too: leaving them out
// would weigh the hours differently in the two arms. A window without stable events
// has nothing to be compared with and is left out. A change of stage ends the block.
func (p *pending) observe(b *Block, score func(c Counts, stage int)) {
	stable, canary, ok := p.totals(b)
	if !ok || stable == 0 {
		return
	}
	if int64(b.Stage) != p.stage {
		p.flush(score)
		p.stage = int64(b.Stage)
	}
	p.ends = groups(p.ends[:0], p.expected, b.Sub)
	from := 0
	for _, to := range p.ends {
		p.add(b, from, to)
		from = to
		if canary > 0 && p.n[0] > 0 && p.n[1] >= leastCanary {
			p.flush(score)
		}
	}
	p.expect(float64(canary))
}

// totals returns the events of each arm; ok is false for a window that cannot be read.
func (p *pending) totals(b *Block) (stable, canary int64, ok bool) {
	bins := len(p.counts.Stable)
	if b.Bins != bins || b.Sub < 1 || b.Stage < 0 || b.Stage > math.MaxInt32 ||
		len(b.Stable) != b.Sub*bins || len(b.Canary) != len(b.Stable) {
		return 0, 0, false
	}
	stable, readable := total(b.Stable)
	canary, ok = total(b.Canary)
	return stable, canary, ok && readable
}

func total(counts []uint64) (n int64, ok bool) {
	for _, c := range counts {
		if c > mostEvents || n > mostEvents {
			return 0, false
		}
		n += int64(c)
	}
	return n, n <= mostEvents
}

// add counts the parts from … to−1 of a window.
func (p *pending) add(b *Block, from, to int) {
	for s := from; s < to; s++ {
		for i := range p.counts.Stable {
			stable, canary := int64(b.Stable[s*b.Bins+i]), int64(b.Canary[s*b.Bins+i])
			p.counts.Stable[i] += stable
			p.counts.Canary[i] += canary
			p.n[0] += stable
			p.n[1] += canary
		}
	}
}

// expect follows the canary's traffic: half the past, half the last window.
func (p *pending) expect(canary float64) {
	if p.windows++; p.windows > 1 {
		canary = (p.expected + canary) / 2
	}
	p.expected = canary
}

// flush scores what was gathered, if both arms have events, and forgets it.
func (p *pending) flush(score func(c Counts, stage int)) {
	if p.n[0] > 0 && p.n[1] > 0 {
		score(p.counts, int(p.stage))
	}
	clear(p.counts.Stable)
	clear(p.counts.Canary)
	p.n = [2]int64{}
}

// walk visits what later results depend on.
func (p *pending) walk(s *state) {
	s.ints(p.counts.Stable, 0, mostPast)
	s.ints(p.counts.Canary, 0, mostPast)
	p.n = p.counts.Totals()
	s.int(&p.stage, 0, math.MaxInt32)
	s.int(&p.windows, 0, mostPast)
	s.float(&p.expected, 0, mostPast)
}
