package story

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"verdin/decision"
	"verdin/internal/pump"
	"verdin/schemas"
)

// partitions of every topic, and with them shards of the engine.
const partitions = 2

// readEvery is the time between two readings of an instance; each arm has as many.
const (
	readEvery = 30 * time.Second
	instances = 3
)

// begin is the first instant of every story, a boundary of windows.
var begin = schemas.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))

// world is what a script says of everything around the engine.
type world struct {
	spec    *decision.Spec
	rng     *rand.Rand
	every   time.Duration // between two requests; 0 = there are none
	due     schemas.Time  // of the next request
	read    schemas.Time  // of the next readings
	n       int           // requests so far
	served  [2]int64      // events of each arm that reached a topic, late ones too
	units   int
	arm     [2]armState
	fields  []*field
	silent  [partitions]bool
	routers []router
	broker  broke
	twice   bool // every record is delivered twice
	waiting []sending
	sent    int
	words   []string // that the prediction being made carries

	unread string // why a topic is not read whole
	orders []decision.Command
	engine string // "stops", "dies", "starts": what it does now
	broken bool   // what is read next lacks a column, at which the engine fails
	nats   string // "", "up", "down", "fenced"
}

// armState is how an arm and its producers behave.
type armState struct {
	silent     bool
	lost, late float64       // shares of its events
	lateBy     time.Duration //
	skew       time.Duration // of its clock
	labelled   float64       // share of the predictions whose outcomes come
	delay      time.Duration // of outcomes
	version    string
	robot      float64 // share of its events that one unit adds
}

// sending is a record on its way to a topic.
type sending struct {
	at    schemas.Time // when it appears there
	n     int          // order of creation
	log   int
	value []byte
}

func newWorld(spec *decision.Spec, seed uint64, logs []schemas.Log) *world {
	w := &world{spec: spec, rng: rand.New(rand.NewPCG(seed, 0x73746f7279)), units: 5000, read: begin, due: begin,
		routers: make([]router, max(1, spec.Publish.Routers)), broker: newBroke(logs)}
	for a := range w.arm {
		w.arm[a] = armState{labelled: 1, delay: 20 * time.Second}
	}
	for i := range w.routers {
		w.routers[i] = router{name: "router-" + strconv.Itoa(i+1), follows: true, acks: true, delay: Tick, share: -1, stage: -1}
	}
	return w
}

// pace sets the rate of requests.
func (w *world) pace(rate float64, now schemas.Time) {
	w.every, w.due = 0, now
	if rate > 0 {
		w.every = time.Duration(float64(time.Second) / rate)
	}
}

// field finds the field of a path, or makes it the next that events carry.
func (w *world) field(f *field) *field {
	for _, have := range w.fields {
		if have.path == f.path {
			return have
		}
	}
	fresh := *f
	w.fields = append(w.fields, &fresh)
	return &fresh
}

// produce makes all that happens in [from, to) appear in the topics, as far as it
// does before to.
func (w *world) produce(from, to schemas.Time) {
	for w.every > 0 && w.due < to {
		w.request(w.due)
		w.due = w.due.Add(w.every)
	}
	for w.spec.Source.Resources != "" && w.read < to {
		w.readings(w.read)
		w.read = w.read.Add(readEvery)
	}
	slices.SortFunc(w.waiting, func(a, b sending) int {
		if a.at != b.at {
			return int(max(-1, min(1, a.at.Sub(b.at))))
		}
		return a.n - b.n
	})
	i := 0
	for ; i < len(w.waiting) && w.waiting[i].at < to; i++ {
		s := w.waiting[i]
		w.broker.append(s, w.twice)
	}
	w.waiting = append(w.waiting[:0], w.waiting[i:]...)
}

func (w *world) send(kind schemas.Kind, part int, at schemas.Time, ev schemas.Event) {
	if w.silent[part] {
		return
	}
	if log := w.broker.find(kind, part); log >= 0 {
		w.sent++
		w.waiting = append(w.waiting, sending{at: at, n: w.sent, log: log, value: ev.AppendJSON(nil)})
	}
}

// request has one request answered, by one arm or, where copies are sent, by both.
func (w *world) request(at schemas.Time) {
	w.n++
	id := "p" + strconv.Itoa(w.n)
	unit := "u" + strconv.Itoa(w.rng.IntN(w.units))
	r := &w.routers[w.n%len(w.routers)]
	if w.mirrored(r) {
		for a := range w.arm {
			w.answer(a, id, unit, r, at)
		}
		return
	}
	by := id
	if w.spec.Assignment == "sticky" && w.rng.Float64() >= r.cross {
		by = unit
	}
	a := 0
	if pump.Choose(r.serves())(by) {
		a = 1
	}
	w.answer(a, id, unit, r, at)
	if p := w.arm[a].robot; p > 0 && w.rng.Float64() < p/(1-p) {
		w.n++
		w.answer(a, "p"+strconv.Itoa(w.n), "robot", r, at)
	}
}

// answer has an arm answer a request, and sends what becomes known of it.
func (w *world) answer(a int, id, unit string, r *router, at schemas.Time) {
	s, part := &w.arm[a], w.n%partitions
	ts := at.Add(s.skew)
	p := schemas.Prediction{PredictionID: id, Rollout: w.spec.Name, Arm: armNames[a], EventTime: ts.Std(), UnitID: unit, ModelVersion: s.version}
	if !r.unmarked && r.stage >= 0 {
		p.Generation, p.Stage = r.generation, schemas.Num(float64(r.stage))
	}
	w.words = w.words[:0]
	for _, f := range w.fields {
		if f.kind != schemas.KindPrediction {
			continue
		}
		if v := f.draw(a, w.rng, w.words); v.Kind != schemas.Absent {
			f.ofPrediction(&p, v)
			w.words = append(w.words, v.Text)
		}
	}
	appears := at
	if w.rng.Float64() < s.late {
		appears = at.Add(s.lateBy)
	}
	lost := w.rng.Float64() < s.lost
	if !s.silent && !lost {
		w.served[a]++
		w.send(schemas.KindPrediction, part, appears, &p)
	}
	w.known(a, id, part, at, w.mirrored(r))
}

// mirrored tells whether a router sends copies to the canary.
func (w *world) mirrored(r *router) bool { return w.spec.Stages[max(0, r.stage)].Weight == 0 }

// known sends the outcomes of a prediction.
func (w *world) known(a int, id string, part int, at schemas.Time, mirrored bool) {
	s := &w.arm[a]
	has := w.rng.Float64() < s.labelled
	for _, f := range w.fields {
		if f.kind != schemas.KindOutcome {
			continue
		}
		v := f.draw(a, w.rng, w.words)
		if !has || v.Kind == schemas.Absent {
			continue
		}
		o := schemas.Outcome{PredictionID: id, Name: f.name, Value: v, EventTime: at.Add(s.delay).Std()}
		if mirrored { // both arms have answered under this id
			o.Rollout, o.Arm = w.spec.Name, armNames[a]
		}
		w.send(schemas.KindOutcome, part, at.Add(s.delay), &o)
	}
}

// readings sends one of every instance.
func (w *world) readings(at schemas.Time) {
	for a := range w.arm {
		for i := range instances {
			r := schemas.Resource{Rollout: w.spec.Name, Arm: armNames[a], Instance: armNames[a] + "-" + strconv.Itoa(i), EventTime: at.Std()}
			for _, f := range w.fields {
				if f.kind == schemas.KindResource {
					f.ofResource(&r, f.draw(a, w.rng, nil))
				}
			}
			if !w.arm[a].silent {
				w.send(schemas.KindResource, i%partitions, at, &r)
			}
		}
	}
}

var armNames = [2]string{schemas.ArmStable, schemas.ArmCanary}
