package decision_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

// Random looks at many rollouts: whatever evidence, health, acknowledgements and
// commands come, the promises D1 to D3 hold.
func TestPromisesUnderRandomLooks(t *testing.T) {
	s := spec(t)
	ends := map[string]int{}
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		r := begun(t, s)
		weight, sequence, digest := 1000, uint64(1), schemas.Digest(r.last.AppendJSON(nil))
		at := time.Minute
		for range 60 {
			at += time.Duration(rng.IntN(600)) * time.Second
			in := random(s, rng, at)
			stage := r.st.Stage
			final := r.st.Final() && r.st.Phase != schemas.PhaseCompleted // an operator may take a completed one back
			v := r.look(in)
			if v == nil {
				continue
			}
			switch w := v.WeightOf(schemas.ArmCanary); {
			case final:
				t.Fatalf("seed %d: %s after the end", seed, v.Verdict)
			case v.Sequence != sequence+1 || v.PrevDigest != digest:
				t.Fatalf("seed %d: chain broken at %d", seed, v.Sequence)
			case w > weight && why(s, &r.st, stage, &in) != "":
				t.Fatalf("seed %d: %d → %d although %s", seed, weight, w, why(s, &r.st, stage, &in))
			case w > weight && v.Verdict == schemas.VerdictHold, w < weight && v.Verdict != schemas.VerdictRollback:
				t.Fatalf("seed %d: %s moves %d → %d", seed, v.Verdict, weight, w)
			case w != 0 && w != 1000 && w != 5000 && w != 9500 && w != 10000:
				t.Fatalf("seed %d: weight %d is no stage's", seed, w)
			case v.Verdict == schemas.VerdictRollback && !grounds(&in, v), r.st.Phase == schemas.PhaseRolledBack && w != 0:
				t.Fatalf("seed %d: rollback without grounds: %+v", seed, v.Reason)
			default:
				weight, sequence, digest = w, v.Sequence, schemas.Digest(v.AppendJSON(nil))
			}
			if rng.IntN(4) > 0 {
				r.st = r.st.Apply([]decision.Applied{{Generation: 1, Sequence: v.Sequence, At: wall(at + time.Second)}})
			}
		}
		ends[r.st.Phase]++
	}
	for _, phase := range []string{"rolled_back", "completed", "held"} {
		if ends[phase] == 0 {
			t.Errorf("no random rollout ended %s: %v", phase, ends)
		}
	}
}

// random is a good look with a few things spoilt.
func random(s *decision.Spec, rng *rand.Rand, at time.Duration) decision.Input {
	in := good(s, at)
	in.Commands = []decision.Command{{Verb: "promote", Actor: "ann"}}
	for range rng.IntN(3) {
		switch e := &in.Evidence[rng.IntN(len(in.Evidence))]; rng.IntN(14) {
		case 0, 1, 2:
			e.LogE, e.Result = 1, stats.Unknown
		case 3:
			e.LogE = math.NaN()
		case 4:
			if e.Test != "safe" && e.Test != "safe_stage" && rng.IntN(4) == 0 {
				shown(e)
			}
		case 5:
			in.Stage.Bake = time.Duration(rng.IntN(20)) * time.Minute
		case 6:
			in.Stage.LabelBake = time.Duration(rng.IntN(20)) * time.Minute
		case 7:
			in.Stage.Samples[rng.IntN(2)] = rng.Int64N(200)
		case 8:
			in.Health.StableSinceCanary = rng.Int64N(200)
		case 9:
			in.Health.Late[rng.IntN(2)] = rng.Int64N(100)
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
		}
	}
	return in
}

// why is a second, dumb answer to what forbids a step forward from a stage.
func why(s *decision.Spec, st *decision.State, stage int, in *decision.Input) string {
	if in.Stage.Bake < s.Stages[stage].Bake || in.Stage.LabelBake < s.Stages[stage].Bake {
		return "the bake is too short"
	}
	if min(in.Stage.Samples[0], in.Stage.Samples[1]) < s.Stages[stage].MinSamples {
		return "samples are too few"
	}
	if in.Cut.CatchingUp || in.Cut.Wall.Sub(in.Health.Mark) > 170*time.Second {
		return "windows are judged too late"
	}
	if n := len(st.History); n < 2 || st.History[n-2].AppliedAt == schemas.Unknown {
		return "no router has acknowledged the stage"
	}
	safe := 0
	for _, e := range in.Evidence {
		if e.Result == stats.Harm && (e.Role != "health" || e.LogEMax >= e.Threshold) {
			return e.Name + " speaks"
		}
		if e.Result == stats.Safe && e.LogE >= e.Threshold {
			safe++
		}
	}
	if safe != 4 {
		return "not every guardrail is shown safe"
	}
	return ""
}

// grounds: a rollback needs shown harm, a shown silence or a command.
func grounds(in *decision.Input, v *schemas.Verdict) bool {
	switch v.Reason.Code {
	case "harm", "limit_exceeded", "drift":
		for _, e := range in.Evidence {
			if e.Role == decision.Guardrail && e.Result == stats.Harm {
				return true
			}
		}
	case "command":
		return v.Actor == "user:bob"
	case "canary_silent":
		return in.Health.StableSinceCanary >= 132
	}
	return false
}
