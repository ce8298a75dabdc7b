package pump

import (
	"context"
	"hash/fnv"
	"io"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/internal/engine"
	"verdin/internal/scenario"
	"verdin/schemas"
)

// Simulation is a scenario in a closed loop: the generator serves what the engine
// decides, and every event is written as a line of a recording. It is a Source of
// Replay, so the verdicts are those that a replay of the recording gives.
type Simulation struct {
	spec    *decision.Spec
	gen     *scenario.Generator
	decoder *codec.Decoder
	layout  *schemas.Layout
	out     io.Writer
	now     schemas.Time
	end     schemas.Time
	split   scenario.Split
	done    bool
	offset  int64
	chunk   schemas.Chunk
	line    []byte
	err     error
}

// Simulate plays a scenario from start, writes its events to out as NDJSON, and
// calls each after every cut. The recording begins with the first stage served: the
// router knew the first verdict before the first request came. It stops when the
// rollout has ended or the scenario is over.
func Simulate(ctx context.Context, sc scenario.Scenario, seed uint64, start schemas.Time, out io.Writer, each func(engine.Outcome) error) (decision.State, error) {
	spec, err := decision.Parse(sc.Spec, "scenario "+sc.Name)
	if err != nil {
		return decision.State{}, err
	}
	layout := engine.Layout(spec)
	s := &Simulation{
		spec: spec, layout: layout, out: out, gen: scenario.New(sc, seed, start),
		decoder: codec.New(layout, codec.Options{Recording: true}),
		now:     start, end: start.Add(sc.Duration), split: scenario.Split{CanaryBps: 100 * spec.Stages[0].Weight, Generation: 1, Mirror: spec.Mirrored(0)},
	}
	s.gen.Typed = true
	r := &Replay{
		Spec: spec, Layout: layout, Sources: []Source{s},
		Logs: []schemas.Log{{Topic: sc.Name, Kinds: 1<<schemas.Kinds - 1}},
	}
	r.Each = func(o engine.Outcome) error {
		s.follow(o)
		if each == nil {
			return nil
		}
		return each(o)
	}
	return r.Run(ctx)
}

// follow is the router: it serves a verdict from the next tick on.
func (s *Simulation) follow(o engine.Outcome) {
	v := o.Verdict
	if v == nil {
		return
	}
	s.split = SplitOf(v)
	s.done = decision.Final(v.Phase)
}

// SplitOf is the traffic split that a verdict asks for.
func SplitOf(v *schemas.Verdict) scenario.Split {
	split := scenario.Split{Generation: uint32(v.Generation), Stage: int32(v.Stage.Index), Mirror: v.Mirrors()}
	for _, r := range v.Routes {
		if r.Arm == schemas.ArmCanary {
			split.CanaryBps = int(r.WeightBps)
		}
	}
	return split
}

// Next plays one window of the scenario.
func (s *Simulation) Next(ctx context.Context) (*schemas.Chunk, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.done || s.now >= s.end {
		return nil, io.EOF
	}
	s.chunk.Reset(0, s.layout)
	to := s.now.Add(s.spec.Source.Window)
	s.gen.Tick(s.now, to, Choose(s.split.CanaryBps), s.split, s.record)
	s.now = to
	return &s.chunk, s.err
}

// record writes one event and decodes it as a replay would.
func (s *Simulation) record(_ string, _ int32, _ []byte, ts schemas.Time, value []byte) {
	s.line = append(append(s.line[:0], value...), '\n')
	if _, err := s.out.Write(s.line); err != nil && s.err == nil {
		s.err = err
	}
	s.decoder.Append(&s.chunk, codec.Record{Offset: s.offset, Timestamp: ts, At: ts, Value: value})
	s.offset++
}

// Recycle takes the chunk back.
func (s *Simulation) Recycle(*schemas.Chunk) {}

// Choose assigns a request to the canary by the hash of its id: each to one of
// 10,000 slots, canary first, so that a canary that grows never loses a request's id.
func Choose(bps int) func(id string) bool {
	return func(id string) bool { return slot(id) < bps }
}

// slot is the request's place among 10,000, by FNV-1a and a final mix.
func slot(id string) int {
	h := fnv.New64a()
	io.WriteString(h, id)
	x := h.Sum64()
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	return int((x >> 40) * 10000 >> 24)
}
