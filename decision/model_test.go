package decision_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

// worlds are the strategies under which random looks are taken.
var worlds = map[string]func(*decision.Spec){
	"canary":    func(*decision.Spec) {},
	"four eyes": func(s *decision.Spec) { s.Policy.Approvals = 2 },
	"no stable left": func(s *decision.Spec) {
		s.HoldBack = 0
	},
	"blue-green": func(s *decision.Spec) {
		s.Strategy, s.HoldBack, s.Stages = decision.BlueGreen, 0, []decision.Stage{s.Stages[1], s.Stages[2]}
	},
	"shadow": func(s *decision.Spec) {
		s.Strategy, s.HoldBack, s.Stages = decision.Shadow, 0, s.Stages[:1]
		s.Stages[0].Weight = 0
	},
	"guard": func(s *decision.Spec) {
		s.Strategy, s.HoldBack, s.Stages = decision.Guard, 0, s.Stages[:1]
	},
	"patient":   func(s *decision.Spec) { s.Health.Unapplied = 2 * time.Hour },
	"forgiving": func(s *decision.Spec) { s.Policy.OnGuardrail, s.Policy.OnMaxDuration = "hold", "rollback" },
}

// Random looks at many rollouts: whatever evidence, health, acknowledgements, results
// and commands come, the promises D1 to D4 hold, and the invariants of verdicts: one
// unbroken chain, no sequence twice, weights along the stages or to 0.
func TestPromisesUnderRandomLooks(t *testing.T) {
	for name, change := range worlds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ends := map[string]int{}
			for seed := range uint64(70) {
				m := newModel(t, spec(t, change), seed)
				for range 60 {
					m.step()
				}
				ends[m.st.Phase]++
				m.settles()
			}
			if ends["rolled_back"] == 0 || name != "guard" && ends["completed"] == 0 {
				t.Errorf("no random rollout ended by itself or back: %v", ends)
			}
		})
	}
}

// model is a rollout and a second, dumb account of what was said about it.
type model struct {
	t     *testing.T
	seed  uint64
	rng   *rand.Rand
	spec  *decision.Spec
	st    decision.State
	at    time.Duration
	chain []link          // verdicts that were sent, or may still be
	used  map[uint64]bool // sequences
	votes map[string]bool // operators who promoted in the running stage
	ended bool            // by an operator
	paced time.Duration   // when the running stage began
	still bool            // an operator has paused it
}

type link struct {
	v      *schemas.Verdict
	digest string
	acked  bool
}

func newModel(t *testing.T, s *decision.Spec, seed uint64) *model {
	return &model{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), spec: s, st: decision.New(s, decision.Head{}, start),
		used: map[uint64]bool{}, votes: map[string]bool{}}
}

func (m *model) fail(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf("seed %d at %v in stage %d: "+format, append([]any{m.seed, m.at, m.st.Stage}, args...)...)
}

func (m *model) weight() int {
	if len(m.chain) == 0 {
		return 0
	}
	return m.chain[len(m.chain)-1].v.WeightOf(schemas.ArmCanary)
}

// step takes one look and checks it.
func (m *model) step() {
	m.at += time.Duration(1+m.rng.IntN(600)) * time.Second
	in := random(m.spec, m.rng, m.at)
	m.news(&in)
	for _, c := range in.Commands {
		if c.Verb == "promote" {
			m.votes[c.Actor] = true
		}
		m.ended = m.ended || c.Verb == "rollback"
		m.still = c.Verb == "pause" || m.still && c.Verb != "resume"
	}
	was := m.st
	st, v := decision.Decide(m.spec, was, in)
	if again, w := decision.Decide(m.spec, was, in); !reflect.DeepEqual(st, again) || bytesOf(v) != bytesOf(w) {
		m.fail("the same input gave another result")
	}
	m.restored(st)
	m.st = st
	m.check(was, &in, v)
}

func bytesOf(v *schemas.Verdict) string {
	if v == nil {
		return ""
	}
	return string(v.AppendJSON(nil))
}

// restored: a state that is kept and read again decides alike.
func (m *model) restored(st decision.State) {
	got, _, err := decision.DecodeState(st.AppendBinary(nil), len(m.spec.Stages))
	if err != nil || string(got.AppendBinary(nil)) != string(st.AppendBinary(nil)) {
		m.fail("the state does not come back: %v", err)
	}
}

// news tells what became of verdicts: mostly that routers serve them; sometimes that
// one expired, and with it all after it.
func (m *model) news(in *decision.Input) {
	for i := range m.chain {
		l := &m.chain[i]
		if l.acked {
			continue
		}
		if m.rng.IntN(4) == 0 {
			return // news comes in the order of the chain
		}
		id := decision.PublishResult{Generation: 1, Sequence: l.v.Sequence, Digest: l.digest, Result: "acked"}
		if m.rng.IntN(8) == 0 && l.v.Verdict != rollback && !m.st.Final() {
			for k := i; k < len(m.chain); k++ {
				in.Publish = append(in.Publish, decision.PublishResult{Generation: 1, Sequence: m.chain[k].v.Sequence, Digest: m.chain[k].digest, Result: "expired"})
			}
			m.chain = m.chain[:i]
			m.paced = -time.Hour // the stage before is in force again, with the votes that it had
			m.votes["ann"], m.votes["bob"] = true, true
			return
		}
		l.acked = true
		in.Publish = append(in.Publish, id)
		in.Applied = append(in.Applied, decision.Applied{Generation: 1, Sequence: l.v.Sequence, At: wall(m.at - time.Second)})
	}
}

// random is a good look with a few things spoilt.
func random(s *decision.Spec, rng *rand.Rand, at time.Duration) decision.Input {
	in := good(s, at)
	in.Commands = []decision.Command{{Verb: "promote", Actor: []string{"ann", "bob", "cem"}[rng.IntN(3)]}}
	for range rng.IntN(3) {
		switch e := &in.Evidence[rng.IntN(len(in.Evidence))]; rng.IntN(21) {
		case 0, 1, 2:
			e.LogE, e.Result = 1, stats.Unknown
		case 3:
			e.LogE = math.NaN()
		case 4:
			if !strings.Contains(e.Test, "safe") && rng.IntN(4) == 0 {
				shown(e)
			}
		case 5:
			in.Stage.Bake = time.Duration(rng.IntN(20)) * time.Minute
		case 6:
			in.Stage.LabelBake = time.Duration(rng.IntN(20)) * time.Minute
		case 7:
			in.Stage.Samples[rng.IntN(2)] = rng.Int64N(200)
			if s.Mirrored(0) { // no more pairs than answers of either arm
				in.Health.Pairs = [2]int64{min(in.Stage.Samples[0], in.Stage.Samples[1]), rng.Int64N(3)}
			}
		case 8:
			in.Health.StableSinceCanary = rng.Int64N(200)
		case 9:
			in.Health.Late[rng.IntN(2)] = rng.Int64N(1000)
		case 10:
			in.Health.Mark = in.Cut.Wall.Add(-time.Duration(rng.IntN(600)) * time.Second)
		case 11:
			in.Cut.CatchingUp = true
		case 12:
			in.Commands = nil
		case 13:
			if rng.IntN(10) == 0 {
				in.Commands = append(in.Commands, decision.Command{Verb: "rollback", Actor: "bob"})
			}
		case 14:
			in.Commands = append(in.Commands, decision.Command{Verb: []string{"pause", "resume"}[rng.IntN(2)], Actor: "ann"})
		case 15:
			in.Faults.Internal = []string{"", "a fault"}[rng.IntN(2)]
		case 16:
			in.Faults.HistoryLost, in.Health.Incomplete = rng.Int64N(2), rng.Int64N(2)
		case 17:
			in.Faults.Strangers[1] = rng.Int64N(8) / 7
		case 18:
			in.Cut.Unread = []string{"", "half a topic"}[rng.IntN(2)]
		case 19:
			in.Health.LastData = in.Cut.Wall.Add(-time.Duration(rng.IntN(600)) * time.Second)
		case 20:
			in.Faults.Largest[rng.IntN(2)], in.Health.Units = rng.Int64N(2000), [2]int64{9000, 1000}
		}
	}
	return in
}
