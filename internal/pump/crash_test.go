package pump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/internal/engine"
	"verdin/internal/pump/disk"
	"verdin/internal/pump/journal"
	"verdin/internal/scenario"
	"verdin/schemas"
)

// universe is all that survives a crash of the engine: topics, the chain of verdicts,
// the acknowledgements, the disk and the clock. An engine that lives in it performs
// numbered effects, at each of which it may die.
type universe struct {
	t      testing.TB
	yaml   string
	spec   *decision.Spec
	shards [][]schemas.Log
	flat   flat
	gen    *scenario.Generator
	rng    *rand.Rand // sizes of batches: they must not matter
	disk   *disk.Memory
	wall   schemas.Time
	made   schemas.Time // traffic was made up to here

	topics [][]topicRecord // per log
	codecs []*codec.Decoder
	orders []decision.Command // said at the next tick
	chain  [][]byte
	split  scenario.Split
	acks   []Ack
	starts int64s  // per log: the first offset that the topic still has
	mirror *mirror // nil = none
	accept bool
	notes  []string

	effects int                     // since the world began
	die     int                     // at this effect; 0 = never
	fail    func(what string) error // nil = nothing fails
	each    func(*engineLife)       // at every tick; may be nil
	where   string
}

type topicRecord struct {
	at    schemas.Time // of its appearance
	value []byte
}

var errDeath = errors.New("killed")

func newUniverse(t testing.TB, yaml string) *universe {
	u := &universe{t: t, yaml: yaml, spec: parse(t, yaml), disk: new(disk.Memory), rng: rand.New(rand.NewPCG(1, 2)), wall: begin, made: begin}
	for s := range 2 {
		u.shards = append(u.shards, []schemas.Log{{Topic: scenario.Predictions, Partition: int32(s), Kinds: p}, {Topic: scenario.Outcomes, Partition: int32(s), Kinds: o}})
	}
	u.flat = newFlat(u.shards)
	u.topics, u.starts = make([][]topicRecord, len(u.flat.seats)), make(int64s, len(u.flat.seats))
	u.split.Stage = -1
	for _, at := range u.flat.seats {
		kind := []schemas.Kind{schemas.KindPrediction, schemas.KindOutcome}[at.log]
		u.codecs = append(u.codecs, codec.New(engine.Layout(u.spec), codec.Options{DefaultKind: kind, HasDefault: true}))
	}
	sc := world(t, "good", time.Hour)
	sc.RequestsPerSecond, sc.Partitions = 2, 2
	u.gen = scenario.New(sc, 7, begin)
	return u
}

type int64s []int64

// effect counts a step that the world sees, and tells whether the engine dies at it.
func (u *universe) effect(what string) error {
	u.effects++
	if u.fail != nil {
		if err := u.fail(what); err != nil {
			return err
		}
	}
	if u.die == 0 || u.effects < u.die {
		return nil
	}
	if u.effects == u.die {
		u.where = what
	}
	return errDeath // and stays dead
}

// produce makes the traffic up to a time, split as the last verdict asks.
func (u *universe) produce(to schemas.Time) {
	if to <= u.made {
		return
	}
	u.gen.Tick(u.made, to, Choose(u.split.CanaryBps), u.split, func(topic string, partition int32, _ []byte, ts schemas.Time, value []byte) {
		for i, at := range u.flat.seats {
			if at.shard == 1 && ts > begin.Add(40*time.Second) && ts < begin.Add(140*time.Second) {
				continue // silent for longer than IdleAfter
			}
			if l := u.shards[at.shard][at.log]; l.Topic == topic && l.Partition == partition {
				u.topics[i] = append(u.topics[i], topicRecord{ts, bytes.Clone(value)})
			}
		}
	})
	u.made = to
}

// batches are the records of a log from an offset on, in runs of any size.
func (u *universe) batches(log int, from int64, then *Arrivals) (out []Batch) {
	all := u.topics[log]
	at, layout, d := u.flat.seats[log], engine.Layout(u.spec), u.codecs[log]
	for from < int64(len(all)) {
		c := new(schemas.Chunk)
		c.Reset(at.log, layout)
		b := Batch{Shard: at.shard, Log: at.log, Chunk: c, First: from, High: int64(len(all)), At: u.wall}
		if start := u.starts[log]; from < start {
			b.Gaps = []Gap{{from, start}}
			from = start
		}
		for n := 1 + u.rng.IntN(40); n > 0 && from < int64(len(all)); n-- {
			bound, ok := then.At(log, from)
			if !ok {
				bound = u.wall
			}
			d.Append(c, codec.Record{Offset: from, Timestamp: all[from].at, At: bound, Value: all[from].value})
			from++
		}
		c.Next = from
		out = append(out, b)
	}
	return out
}

// feed is the reader of an engine that starts.
func (u *universe) feed(from *Place, then *Arrivals) (Feed, error) {
	var all []Batch
	logs := make([][]Batch, len(u.topics))
	for log := range logs {
		logs[log] = u.batches(log, from.Next[log], then)
	}
	for len(logs) > 0 { // in any interleaving, each log in order
		i := u.rng.IntN(len(logs))
		if len(logs[i]) == 0 {
			logs = slices.Delete(logs, i, i+1)
			continue
		}
		all, logs[i] = append(all, logs[i][0]), logs[i][1:]
	}
	ch := make(chan Batch, len(all))
	for _, b := range all {
		ch <- b
	}
	return Feed{Batches: ch, Stop: func() {}}, nil
}

// live runs one engine until it dies or the time comes.
func (u *universe) live(until schemas.Time) error {
	fs := &disk.Faulty{FS: u.disk, Fail: func(op, name string) error { return u.effect(op + " " + name) }}
	ctx := context.Background()
	s, err := OpenStore("d", StoreOptions{FS: fs, Every: 40 * time.Second, AcceptLoss: u.accept,
		Note: func(what string, a ...any) { u.notes = append(u.notes, fmt.Sprint(what, a)) }})
	if err != nil {
		return err
	}
	defer s.Close()
	if u.mirror != nil {
		if err := s.Fetch(ctx, u.mirror); err != nil {
			return err
		}
		copying, stop := context.WithCancel(ctx)
		defer stop()
		defer s.copy(copying, u.mirror, &copier{Cursor: s.file.Cursor(0)}, func(uint64) {})
	}
	from, err := s.Resume(ctx, u.spec, u.shards, u.feed)
	if errors.Is(err, ErrSpec) {
		if err := u.lastWord(ctx, s); err != nil {
			return err
		}
	}
	if errors.Is(err, ErrAnew) {
		u.notes = append(u.notes, err.Error())
		if err := s.End(err.Error(), u.wall); err != nil {
			return err
		}
		a := &journal.Activation{Format: journal.Format, Rollout: u.spec.FullName(), Generation: s.Generation() + 1, Spec: u.yaml,
			SpecDigest: u.spec.Digest, Rules: decision.RulesVersion, Wall: u.wall, Start: u.wall}
		for i, at := range u.flat.seats {
			l := u.shards[at.shard][at.log]
			a.Logs = append(a.Logs, journal.Log{Topic: l.Topic, Partition: l.Partition, Kinds: l.Kinds, Shard: at.shard, Next: int64(len(u.topics[i]))})
		}
		from, err = s.Activate(a, u.spec, u.feed)
	}
	if err != nil {
		return err
	}
	e := &engineLife{u: u}
	for _, v := range from.Place.Open {
		e.outbox = append(e.outbox, v.Payload)
	}
	e.Live = &Live{Spec: from.Spec, Core: from.Core, Store: s, From: from, Publish: func(v *schemas.Verdict) { e.outbox = append(e.outbox, v.AppendJSON(nil)) }}
	e.begin(u.shards)
	for len(from.Batches) > 0 {
		e.Live.feed(<-from.Batches)
	}
	for u.wall < until {
		if err := e.tick(); err != nil {
			return err
		}
	}
	return e.finish()
}

// engineLife is one engine from its start to its death.
type engineLife struct {
	*Live
	u      *universe
	outbox [][]byte
}

// tick is ten seconds of an engine's life.
func (e *engineLife) tick() error {
	u := e.u
	if err := e.deliver(); err != nil {
		return err
	}
	if u.each != nil {
		u.each(e)
	}
	u.wall = u.wall.Add(10 * time.Second)
	u.produce(u.wall.Add(7 * time.Second)) // clocks are ahead: arrival bounds matter
	for log := range u.topics {
		for _, b := range u.batches(log, e.logs[log].next, nil) {
			e.Live.feed(b)
		}
	}
	for _, o := range u.orders {
		e.next.Commands = append(e.next.Commands, journal.Command(o))
	}
	u.orders = nil
	for _, a := range u.acks {
		if a.Stream > e.place.Stream {
			e.hear(a)
		}
	}
	defer e.Store.saving.Wait() // one effect at a time: they are counted
	return e.cut(u.wall)
}

// deliver publishes what waits, as an outbox does: once, in its place in the chain.
func (e *engineLife) deliver() error {
	u := e.u
	for _, payload := range e.outbox {
		if err := u.effect("publish"); err != nil {
			return err
		}
		v, err := schemas.ParseVerdict(payload)
		if err != nil {
			u.t.Fatal(err)
		}
		if !slices.ContainsFunc(u.chain, func(b []byte) bool { return bytes.Equal(b, payload) }) {
			u.chain, u.split = append(u.chain, payload), SplitOf(v)
			u.acks = append(u.acks, Ack{Router: "edge", Generation: v.Generation, Sequence: v.Sequence, At: u.wall.Add(time.Second), Stream: uint64(len(u.acks) + 1)})
		}
		if err := u.effect("result"); err != nil {
			return err
		}
		e.settle(decision.PublishResult{Generation: v.Generation, Sequence: v.Sequence, Result: "acked", At: u.wall})
	}
	e.outbox = nil
	return nil
}

// oracle is the chain that the journal and the topics give.
func (u *universe) oracle() (chain [][]byte) {
	u.t.Helper()
	script := u.script()
	spec := parse(u.t, script.Activation.Spec)
	core, err := Begin(script.Activation, spec)
	if err != nil {
		u.t.Fatal(err)
	}
	f, _ := u.feed(&Place{Next: script.start()}, NewArrivals(len(u.topics), script.Cuts))
	r := &Rerun{Spec: spec, Script: script, Core: core, Sources: newDemux(f.Batches, u.flat, script.Cuts).sources(),
		Each: func(o engine.Outcome, _ *journal.Cut) error {
			if o.Verdict != nil {
				chain = append(chain, o.Verdict.AppendJSON(nil))
			}
			return nil
		}}
	if err := r.Run(context.Background()); err != nil {
		u.t.Fatal(err)
	}
	return chain
}

// check compares the chain that was published with the oracle's, byte for byte.
func (u *universe) check(what string) {
	u.t.Helper()
	want := u.oracle()
	if len(u.chain) != len(want) {
		u.t.Fatalf("%s: %d verdicts were published, the oracle has %d", what, len(u.chain), len(want))
	}
	prev := ""
	for i := range want {
		if !bytes.Equal(u.chain[i], want[i]) {
			u.t.Fatalf("%s: verdict %d\n%s\nthe oracle's\n%s", what, i+1, u.chain[i], want[i])
		}
		v, err := schemas.ParseVerdict(want[i])
		if err != nil || v.Sequence != uint64(i+1) || v.PrevDigest != prev {
			u.t.Fatalf("%s: verdict %d has sequence %d after %q, %v", what, i+1, v.Sequence, v.PrevDigest, err)
		}
		prev = schemas.Digest(want[i])
	}
}

// quickSpec needs few samples: these tests play many hours.
var quickSpec = strings.ReplaceAll(strings.ReplaceAll(testSpec, "minSamples: 100", "minSamples: 5"), "margin: {absolute: 0.", "margin: {absolute: 0.6")

const story = 5 * time.Minute // enough for a step

// An engine that lives through publishes what its journal and topics give.
func TestTheJournalGivesTheChainAgain(t *testing.T) {
	u := newUniverse(t, quickSpec)
	if err := u.live(begin.Add(story)); err != nil {
		t.Fatal(err)
	}
	u.check("undisturbed")
	if len(u.chain) < 3 {
		t.Errorf("only %d verdicts: the story tells nothing", len(u.chain))
	}
	idle, late := 0, 0
	for _, c := range u.script().Cuts {
		idle += len(c.Idle)
		late += len(c.Arrivals)
	}
	if idle == 0 || late == 0 {
		t.Errorf("%d idle decisions, %d arrivals: the story tells nothing", idle, late)
	}
	t.Logf("%d verdicts, %d effects", len(u.chain), u.effects)
}

// Wherever the engine is killed, between any two effects, with the half-written bytes
// on the disk or without, the next one goes on: no verdict is lost, none is doubled,
// and each is the one that the journal and the topics give.
func TestAKillBetweenAnyTwoEffects(t *testing.T) {
	whole := newUniverse(t, quickSpec)
	if err := whole.live(begin.Add(story)); err != nil {
		t.Fatal(err)
	}
	for die := 1; die <= whole.effects; die += stride {
		u := newUniverse(t, quickSpec)
		u.die = die
		err := u.live(begin.Add(story))
		if u.where == "" {
			t.Fatalf("effect %d: the engine did not die: %v", die, err)
		}
		u.die = 0
		u.disk = u.disk.Crash(die%2 == 0)
		if err := u.live(begin.Add(story)); err != nil {
			t.Fatalf("after a kill at effect %d, %s: %v", die, u.where, err)
		}
		u.check(fmt.Sprintf("after a kill at effect %d, %s", die, u.where))
	}
}

// A dry run is served by nobody: what stands for the acknowledgement survives a kill too.
func TestADryRunSurvivesAKill(t *testing.T) {
	dry := strings.Replace(quickSpec, "  stages:", "  dryRun: true\n  stages:", 1)
	whole := newUniverse(t, dry)
	if err := whole.live(begin.Add(story)); err != nil {
		t.Fatal(err)
	}
	whole.check("undisturbed")
	for die := 4; die < whole.effects; die += 5 * stride {
		u := newUniverse(t, dry)
		u.die = die
		if err := u.live(begin.Add(story)); u.where == "" {
			t.Fatalf("effect %d: the engine did not die: %v", die, err)
		}
		u.die, u.disk = 0, u.disk.Crash(true)
		u.on()
		u.check(fmt.Sprintf("after a kill at effect %d, %s", die, u.where))
	}
}
