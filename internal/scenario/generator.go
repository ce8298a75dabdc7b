package scenario

import (
	"math/rand/v2"
	"time"

	"verdin/schemas"
)

// Split is what the router serves.
type Split struct {
	CanaryBps  int    // share of the canary in 1/10,000
	Generation uint32 // of the verdict it comes from; 0 = none yet
	Stage      int32  // index of the stage; -1 = none
	Mirror     bool   // the canary answers a copy of every request
}

// Emit takes one record. The key and the value are valid until it returns.
type Emit func(topic string, partition int32, key []byte, ts schemas.Time, value []byte)

// Generator is a world in motion. It is not safe for concurrent use.
type Generator struct {
	// Typed adds the "type" member that lines of a recording need.
	Typed bool

	sc      Scenario
	start   schemas.Time
	end     schemas.Time // silence from here on
	rng     *rand.Rand
	users   []user
	pods    []pod
	next    chance // the next request …
	elapsed float64
	at      schemas.Time // … and when it is answered
	pending queue
	n       uint64 // outcomes made

	from  schemas.Time // the tick
	split Split
	emit  Emit

	prediction schemas.Prediction
	outcome    schemas.Outcome
	resource   schemas.Resource
	key, value []byte
}

// New returns the world of a scenario at its start.
func New(sc Scenario, seed uint64, start schemas.Time) *Generator {
	g := &Generator{
		sc: sc, start: start, at: start, end: schemas.Never,
		rng: rand.New(rand.NewPCG(seed, 0x766572_64696e)), // the second half is "verdin": any constant will do
	}
	if sc.silent > 0 {
		g.end = start.Add(sc.silent)
	}
	g.users = pool(g.rng)
	g.pods = fleet(start)
	g.prepare()
	g.draw()
	return g
}

// Tick emits all that happens in [from, to), in order of event time: the answers
// given, the outcomes that become known and the readings of the pods. Each request
// is put to choose with the id of its prediction, which tells whether the canary
// answers; split says under which verdict. Ticks follow one another; what falls
// into a gap between them is never emitted. Times are whole milliseconds after the
// start.
//
// Event time is the time of completion. Completions of a Poisson stream with
// independent latencies are a Poisson stream again, so the generator draws them
// directly and needs no buffer to put them in order.
func (g *Generator) Tick(from, to schemas.Time, choose func(requestID string) (canary bool), split Split, emit Emit) {
	g.from, g.split, g.emit = from, split, emit
	to = min(to, g.end)
	for {
		p := g.duePod()
		switch first := min(g.at, g.dueOutcome(), p.due); {
		case first >= to:
			g.emit = nil
			return
		case first == g.at:
			g.request(choose)
			g.draw()
		case first == g.dueOutcome():
			g.known(g.pending.pop())
		default:
			g.read(p)
		}
	}
}

// draw makes the next request: requests are a Poisson stream whose rate swings by
// 20 % over the day.
func (g *Generator) draw() {
	g.next.draw(g.rng)
	rate := g.sc.RequestsPerSecond * (1 + 0.2*swing(g.at))
	g.elapsed += g.next.gap / rate
	g.at = g.start.Add(time.Duration(g.elapsed*1e3) * time.Millisecond)
}

func (g *Generator) dueOutcome() schemas.Time {
	if len(g.pending) == 0 {
		return schemas.Never
	}
	return g.pending[0].due
}

// twin is a canary like stable, and stable itself.
var twin departure

// request has one arm answer the next request, or both.
func (g *Generator) request(choose func(string) bool) {
	id := string(appendID(g.key[:0], g.next.id))
	if g.at < g.from {
		return
	}
	if g.split.Mirror {
		g.ask(id, false, arms[0])
		g.ask(id, true, arms[1])
		return
	}
	g.ask(id, choose(id), "")
}

// ask has one arm answer the request. Labels of a mirrored one name the arm whose answer
// they are about.
func (g *Generator) ask(id string, canary bool, arm string) {
	c, d := &g.next, &twin
	if canary && g.split.Stage >= g.sc.canary.stage {
		d = &g.sc.canary
	}
	g.serve(canary, c.id[0])
	if c.lost < d.lost {
		return
	}
	a := c.answer(d, g.at)
	g.answered(id, canary, &a)
	if a.failure != "" {
		return
	}
	if c.label < labelled {
		g.later(c.labelDelay, id, arm, "correct", truth(a.right))
	}
	if a.buys == a.right && c.order < ordered && arm != arms[1] { // the visitor, who sees no copy, does buy
		g.later(c.orderDelay, id, arm, "revenue", a.basket)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (g *Generator) later(u float64, id, arm, name string, value float64) {
	g.n++
	g.pending.push(pending{due: g.at.Add(delay(u)), n: g.n, id: id, arm: arm, name: name, value: value})
}
