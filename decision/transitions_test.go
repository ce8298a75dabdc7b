package decision_test

import (
	"math"
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

type transition struct {
	name    string
	spec    func(*decision.Spec)
	stage   int // reached before the look
	change  func(*decision.Input)
	verdict string // "" = nothing is said
	reason  string
	phase   string
	canary  int // weight in basis points
}

var ready = func(*decision.Input) {}

// mute is a look at which neither arm has spoken for ten minutes.
func mute(in *decision.Input) { in.Health.LastData = in.Cut.Wall.Add(-10 * time.Minute) }

func noDataRolls(s *decision.Spec) { s.Health.NoDataRolls = true }

// superseding is the engine's order when a changed spec is about to run.
func superseding(in *decision.Input) {
	in.Commands = []decision.Command{{Verb: decision.Supersede, Actor: "engine"}}
}

const (
	hold     = schemas.VerdictHold
	rollback = schemas.VerdictRollback
)

var transitions = []transition{
	{name: "all shown: forward", change: ready, verdict: schemas.VerdictAdvance, reason: "stage_passed", phase: "running", canary: 5000},
	{name: "bake too short", change: func(in *decision.Input) { in.Stage.Bake = 9 * time.Minute }, phase: "running"},
	{name: "labels not baked", change: func(in *decision.Input) { in.Stage.LabelBake = 9 * time.Minute }, phase: "running"},
	{name: "too few samples in one arm", change: func(in *decision.Input) { in.Stage.Samples[1] = 99 }, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "one guardrail not shown safe", change: func(in *decision.Input) { evidence(in, "accuracy/safe", notYet) }, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "safe before, not in this stage", change: func(in *decision.Input) { evidence(in, "errors/safe_stage", notYet) }, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "safety that has declined again", change: func(in *decision.Input) {
		evidence(in, "errors/safe", func(e *stats.Evidence) { e.LogE, e.Result = 1, stats.Unknown })
	}, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "evidence missing", change: func(in *decision.Input) { in.Evidence = in.Evidence[3:] }, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "evidence that is no number", change: func(in *decision.Input) {
		evidence(in, "errors/safe", func(e *stats.Evidence) { e.LogE = math.NaN() })
	}, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "harm not looked for", change: func(in *decision.Input) { in.Evidence = in.Evidence[1:] }, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "limit not looked for", change: func(in *decision.Input) { evidence(in, "errors/limit", func(e *stats.Evidence) { e.Test = "" }) }, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "harm that is no number", change: func(in *decision.Input) {
		evidence(in, "errors/harm", func(e *stats.Evidence) { e.LogE, e.LogEMax = math.NaN(), math.NaN() })
	}, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "harm without a threshold", change: func(in *decision.Input) {
		evidence(in, "errors/harm", func(e *stats.Evidence) { e.Threshold = math.NaN() })
	}, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "signal that is no number", change: func(in *decision.Input) { evidence(in, "tokens/harm", func(e *stats.Evidence) { e.LogE = math.NaN() }) }, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "guarded distribution still learning", change: func(in *decision.Input) { evidence(in, "scores/drift", func(e *stats.Evidence) { e.Blocks = 0 }) }, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "guarded distribution not looked at", change: func(in *decision.Input) { evidence(in, "scores/drift", func(e *stats.Evidence) { e.Metric = "" }) }, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "too few matured labels in one arm", change: func(in *decision.Input) { in.Stage.LabelSamples[0] = 99 }, verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "windows judged far behind", change: func(in *decision.Input) { in.Health.Mark = in.Cut.Wall.Add(-4 * time.Minute) }, verdict: hold, reason: "lag", phase: "held", canary: 1000},
	{name: "catching up", change: func(in *decision.Input) { in.Cut.CatchingUp = true }, phase: "running"},
	{name: "manual gate without a word", stage: 1, change: ready, verdict: hold, reason: "gate", phase: "held", canary: 5000},
	{name: "manual gate passed", stage: 1, change: func(in *decision.Input) { in.Commands = []decision.Command{{Verb: "promote", Actor: "ann"}} },
		verdict: schemas.VerdictPromote, reason: "promoted", phase: "promoted", canary: 9500},
	{name: "baked at 100 %", stage: 2, change: ready, verdict: schemas.VerdictPromote, reason: "completed", phase: "completed", canary: 10000},

	{name: "no data", change: mute, verdict: hold, reason: "no_data", phase: "held", canary: 1000},
	{name: "no data, to roll back", spec: noDataRolls, change: mute, verdict: rollback, reason: "no_data", phase: "rolled_back"},
	{name: "no data, to roll back, but records are not read yet", spec: noDataRolls, change: func(in *decision.Input) { mute(in); in.Cut.CatchingUp = true }, phase: "running"},
	{name: "no data, to roll back, but a topic is not read", spec: noDataRolls, change: func(in *decision.Input) { mute(in); in.Cut.Unread = "x" }, verdict: hold, reason: "no_data", phase: "held", canary: 1000},
	{name: "another generation is about to begin", change: superseding, verdict: hold, reason: "superseded", phase: "superseded", canary: 1000},
	{name: "another generation, catching up", change: func(in *decision.Input) { superseding(in); in.Cut.CatchingUp = true }, verdict: hold, reason: "superseded", phase: "superseded", canary: 1000},
	{name: "another generation, and harm", change: func(in *decision.Input) { superseding(in); evidence(in, "errors/harm", shown) }, verdict: rollback, reason: "harm", phase: "rolled_back"},
	{name: "another generation, and an operator's rollback", change: func(in *decision.Input) {
		superseding(in)
		in.Commands = append(in.Commands, decision.Command{Verb: "rollback", Actor: "ann"})
	}, verdict: rollback, reason: "command", phase: "rolled_back"},

	{name: "harm", change: func(in *decision.Input) { evidence(in, "errors/harm", shown) }, verdict: rollback, reason: "harm", phase: "rolled_back"},
	{name: "harm that was shown once", change: func(in *decision.Input) {
		evidence(in, "errors/harm", func(e *stats.Evidence) { shown(e); e.LogE = -3 })
	}, verdict: rollback, reason: "harm", phase: "rolled_back"},
	{name: "harm beats safety", change: func(in *decision.Input) { evidence(in, "accuracy/harm", shown) }, verdict: rollback, reason: "harm", phase: "rolled_back"},
	{name: "harm while catching up", change: func(in *decision.Input) { in.Cut.CatchingUp = true; evidence(in, "errors/harm", shown) },
		verdict: rollback, reason: "harm", phase: "rolled_back"},
	{name: "harm at 100 %", stage: 2, change: func(in *decision.Input) { evidence(in, "errors/harm", shown) }, verdict: rollback, reason: "harm", phase: "rolled_back"},
	{name: "harm under a policy to hold", spec: func(s *decision.Spec) { s.Policy.OnGuardrail = "hold" },
		change: func(in *decision.Input) { evidence(in, "errors/harm", shown) }, verdict: hold, reason: "harm", phase: "held", canary: 1000},
	{name: "limit", change: func(in *decision.Input) { evidence(in, "errors/limit", shown) }, verdict: rollback, reason: "limit_exceeded", phase: "rolled_back"},
	{name: "drift of a guarded distribution", change: func(in *decision.Input) { evidence(in, "scores/drift", shown) }, verdict: rollback, reason: "drift", phase: "rolled_back"},
	{name: "inputs of the arms differ, though they are guarded", spec: func(s *decision.Spec) { s.Drift[0].Of[0].Field = "features.age" },
		change: func(in *decision.Input) { evidence(in, "scores/drift", shown) }, verdict: hold, reason: "validity", phase: "held", canary: 1000},
	{name: "inputs of the arms differ, under a policy to roll back", spec: func(s *decision.Spec) {
		s.Policy.OnSignal, s.Drift[0].Role, s.Drift[0].Of[0].Field = "rollback", decision.Signal, "features.age"
	}, change: func(in *decision.Input) {
		evidence(in, "scores/drift", func(e *stats.Evidence) { shown(e); e.Role = decision.Signal })
	}, verdict: hold, reason: "validity", phase: "held", canary: 1000},
	{name: "the world moved, under a policy to roll back", spec: func(s *decision.Spec) {
		s.Policy.OnSignal, s.Drift[0].Role, s.Drift[0].Between = "rollback", decision.Signal, "reference"
	}, change: func(in *decision.Input) {
		evidence(in, "scores/drift", func(e *stats.Evidence) { shown(e); e.Role = decision.Signal })
	}, verdict: hold, reason: "world", phase: "held", canary: 1000},
	{name: "signal", change: func(in *decision.Input) { evidence(in, "tokens/harm", shown) }, verdict: hold, reason: "signal", phase: "held", canary: 1000},
	{name: "signal that has fallen again", change: func(in *decision.Input) {
		evidence(in, "tokens/harm", func(e *stats.Evidence) { shown(e); e.LogE = 1 })
	}, verdict: schemas.VerdictAdvance, reason: "stage_passed", phase: "running", canary: 5000},
	{name: "signal under a policy to roll back", spec: func(s *decision.Spec) { s.Policy.OnSignal = "rollback" },
		change: func(in *decision.Input) { evidence(in, "tokens/harm", shown) }, verdict: rollback, reason: "harm", phase: "rolled_back"},
	{name: "split broken", change: func(in *decision.Input) {
		evidence(in, "sample_ratio", func(e *stats.Evidence) { shown(e); e.Value = [2]float64{0.1, 0.07} })
	}, verdict: hold, reason: "assignment", phase: "held", canary: 1000},
	{name: "split still that of the stage before", stage: 1, change: func(in *decision.Input) {
		evidence(in, "sample_ratio", func(e *stats.Evidence) { shown(e); e.Value = [2]float64{0.5, 0.11} })
	}, verdict: hold, reason: "unapplied", phase: "held", canary: 5000},
	{name: "events of another version", change: func(in *decision.Input) { in.Faults.Strangers[1] = 3 }, verdict: hold, reason: "artifact_changed", phase: "held", canary: 1000},
	{name: "events of another version, not watched", spec: func(s *decision.Spec) { s.Health.Artifact = false },
		change: func(in *decision.Input) { in.Faults.Strangers[1] = 3 }, verdict: schemas.VerdictAdvance, reason: "stage_passed", phase: "running", canary: 5000},
	{name: "history lost", change: func(in *decision.Input) { in.Faults.HistoryLost = 1 }, verdict: hold, reason: "history_lost", phase: "held", canary: 1000},
	{name: "engine failed", change: func(in *decision.Input) { in.Faults.Internal = "index out of range" }, verdict: hold, reason: "internal_error", phase: "held", canary: 1000},
	{name: "engine failed after harm was shown", change: func(in *decision.Input) { in.Faults.Internal = "x"; evidence(in, "errors/harm", shown) },
		verdict: rollback, reason: "harm", phase: "rolled_back"},
	{name: "labels of one arm are missing", change: func(in *decision.Input) { evidence(in, "accuracy/coverage", shown) }, verdict: hold, reason: "coverage", phase: "held", canary: 1000},
	{name: "labels were missing once", change: func(in *decision.Input) {
		evidence(in, "accuracy/coverage", func(e *stats.Evidence) { shown(e); e.LogE = 1 })
	}, verdict: schemas.VerdictAdvance, reason: "stage_passed", phase: "running", canary: 5000},
	{name: "one unit sends a tenth of the canary's events", spec: crowd, change: func(in *decision.Input) {
		in.Health.Units, in.Faults.Largest = [2]int64{5000, 200}, [2]int64{10, 100}
	}, verdict: hold, reason: "concentration", phase: "held", canary: 1000},
	{name: "one unit of few", spec: crowd, change: func(in *decision.Input) {
		in.Health.Units, in.Faults.Largest = [2]int64{5000, 199}, [2]int64{10, 100}
	}, verdict: schemas.VerdictAdvance, reason: "stage_passed", phase: "running", canary: 5000},
	{name: "units in both arms", spec: crowd, change: func(in *decision.Input) { in.Health.Units, in.Health.Crossed = [2]int64{5000, 500}, 60 },
		verdict: hold, reason: "crossover", phase: "held", canary: 1000},
	{name: "answers without their pair", change: func(in *decision.Input) { in.Health.Pairs = [2]int64{900, 100} },
		verdict: hold, reason: "unpaired", phase: "held", canary: 1000},
	{name: "few answers without their pair", change: func(in *decision.Input) { in.Health.Pairs = [2]int64{990, 12} },
		verdict: "advance", reason: "stage_passed", phase: "running", canary: 5000},
	{name: "few units in both arms", spec: crowd, change: func(in *decision.Input) { in.Health.Units, in.Health.Crossed = [2]int64{5000, 500}, 50 },
		verdict: schemas.VerdictAdvance, reason: "stage_passed", phase: "running", canary: 5000},
	{name: "stage passed in no time", change: func(in *decision.Input) { in.Cut.Wall = wall(4*time.Minute + 59*time.Second); fresh(in) },
		verdict: hold, reason: "insufficient", phase: "held", canary: 1000},
	{name: "half the bake of wall time", change: func(in *decision.Input) { in.Cut.Wall = wall(5 * time.Minute); fresh(in) },
		verdict: schemas.VerdictAdvance, reason: "stage_passed", phase: "running", canary: 5000},
	{name: "baked at 100 %, labels of the stages before still come", spec: func(s *decision.Spec) { s.HoldBack = 0 }, stage: 2,
		change: func(in *decision.Input) { in.Stage.LabelBake = 0 }, verdict: "", phase: "promoted"},
	{name: "baked at 100 % without hold-back", spec: func(s *decision.Spec) { s.HoldBack = 0 }, stage: 2,
		change: func(in *decision.Input) { in.Stage.LabelBake = 10 * time.Second; in.Health.Late = [2]int64{} }, verdict: schemas.VerdictPromote, reason: "completed", phase: "completed", canary: 10000},
	{name: "four eyes, two open", spec: fourEyes, stage: 1, change: func(in *decision.Input) { in.Commands = []decision.Command{{Verb: "promote", Actor: "ann"}} },
		verdict: hold, reason: "gate", phase: "held", canary: 5000},
	{name: "four eyes, the same two twice", spec: fourEyes, stage: 1, change: func(in *decision.Input) {
		in.Commands = []decision.Command{{Verb: "promote", Actor: "ann"}, {Verb: "promote", Actor: "ann"}}
	}, verdict: hold, reason: "gate", phase: "held", canary: 5000},
	{name: "four eyes, two names that nobody proved", spec: fourEyes, stage: 1, change: func(in *decision.Input) {
		in.Commands = []decision.Command{{Verb: "promote", Actor: "nats/ann"}, {Verb: "promote", Actor: "nats/bob"}}
	}, verdict: hold, reason: "gate", phase: "held", canary: 5000},
	{name: "four eyes, one of them proven", spec: fourEyes, stage: 1, change: func(in *decision.Input) {
		in.Commands = []decision.Command{{Verb: "promote", Actor: "nats/ann"}, {Verb: "promote", Actor: "bob"}}
	}, verdict: schemas.VerdictPromote, reason: "promoted", phase: "promoted", canary: 9500},
	{name: "four eyes", spec: fourEyes, stage: 1, change: func(in *decision.Input) {
		in.Commands = []decision.Command{{Verb: "promote", Actor: "ann"}, {Verb: "promote", Actor: "bob"}}
	}, verdict: schemas.VerdictPromote, reason: "promoted", phase: "promoted", canary: 9500},

	{name: "no data", change: func(in *decision.Input) { in.Health.LastData = in.Cut.Wall.Add(-2*time.Minute - 40*time.Second) }, verdict: hold, reason: "no_data", phase: "held", canary: 1000},
	{name: "data as old as it usually is", change: func(in *decision.Input) { in.Health.LastData = in.Cut.Wall.Add(-2*time.Minute - 39*time.Second) },
		verdict: schemas.VerdictAdvance, reason: "stage_passed", phase: "running", canary: 5000},
	{name: "canary silent, could be chance", change: func(in *decision.Input) { silentCanary(in, 87, time.Hour) }, verdict: schemas.VerdictAdvance, reason: "stage_passed", phase: "running", canary: 5000},
	{name: "canary silent, hardly chance", change: func(in *decision.Input) { silentCanary(in, 88, time.Hour) }, verdict: hold, reason: "canary_silent", phase: "held", canary: 1000},
	{name: "canary silent for long", change: func(in *decision.Input) { silentCanary(in, 132, 12*time.Minute) }, verdict: rollback, reason: "canary_silent", phase: "rolled_back"},
	{name: "canary silent beyond doubt, not yet long", change: func(in *decision.Input) { silentCanary(in, 132, 10*time.Minute) }, verdict: hold, reason: "canary_silent", phase: "held", canary: 1000},
	{name: "stable silent", change: func(in *decision.Input) { in.Health.CanarySinceStable = 5 }, verdict: hold, reason: "no_baseline", phase: "held", canary: 1000},
	{name: "late rows", change: func(in *decision.Input) { in.Health.Late = [2]int64{130, 0} }, verdict: hold, reason: "data_quality", phase: "held", canary: 1000},
	{name: "one arm later than the other", change: func(in *decision.Input) { in.Health.Late = [2]int64{0, 15} }, verdict: hold, reason: "data_quality", phase: "held", canary: 1000},
	{name: "a few late rows of a small arm", change: func(in *decision.Input) { in.Health.Late, in.Health.Seen = [2]int64{0, 2}, [2]int64{900, 100} },
		verdict: schemas.VerdictAdvance, reason: "stage_passed", phase: "running", canary: 5000},
	{name: "late rows of one arm, few of the other", change: func(in *decision.Input) { in.Health.Late, in.Health.Seen = [2]int64{900, 0}, [2]int64{9000, 9} },
		verdict: hold, reason: "data_quality", phase: "held", canary: 1000},
	{name: "a topic that is not read whole", change: func(in *decision.Input) { in.Cut.Unread = "kafka topic gone" }, verdict: hold, reason: "data_quality", phase: "held", canary: 1000},
	{name: "windows with lost records", change: func(in *decision.Input) { in.Health.Incomplete = 1 }, verdict: hold, reason: "data_quality", phase: "held", canary: 1000},
	{name: "stage too long", change: func(in *decision.Input) {
		in.Cut.Wall = wall(2 * time.Hour)
		fresh(in)
		evidence(in, "errors/safe", notYet)
	},
		verdict: hold, reason: "max_duration", phase: "held", canary: 1000},
	{name: "stage too long under a policy to roll back", spec: func(s *decision.Spec) { s.Policy.OnMaxDuration = "rollback" },
		change: func(in *decision.Input) {
			in.Cut.Wall = wall(2 * time.Hour)
			fresh(in)
			evidence(in, "errors/safe", notYet)
		}, verdict: rollback, reason: "max_duration", phase: "rolled_back"},
	{name: "stage long but decided", change: func(in *decision.Input) { in.Cut.Wall = wall(2 * time.Hour); fresh(in) },
		verdict: schemas.VerdictAdvance, reason: "stage_passed", phase: "running", canary: 5000},

	{name: "operator pauses", change: func(in *decision.Input) { in.Commands = []decision.Command{{Verb: "pause", Actor: "ann"}} }, verdict: hold, reason: "paused", phase: "paused", canary: 1000},
	{name: "operator rolls back", change: func(in *decision.Input) {
		in.Commands = []decision.Command{{Verb: "rollback", Actor: "ann", Reason: "bad answers"}}
	}, verdict: rollback, reason: "command", phase: "rolled_back"},
	{name: "operator kills", change: func(in *decision.Input) { in.Commands = []decision.Command{{Verb: "kill", Actor: "ann"}} }, verdict: rollback, reason: "command", phase: "rolled_back"},
	{name: "another engine writes the chain", change: func(in *decision.Input) {
		in.Publish = []decision.PublishResult{{Generation: 1, Sequence: 1, Result: "fenced"}}
	}, phase: "running"},
}

func fourEyes(s *decision.Spec) { s.Policy.Approvals = 2 }

// crowd watches units as an engine that counts them would.
func crowd(s *decision.Spec) { s.Health.Concentration, s.Health.Crossover = 0.05, 0.01 }

// silentCanary: stable had n events since the canary's last, which is long ago.
func silentCanary(in *decision.Input, n int64, quiet time.Duration) {
	in.Health.StableSinceCanary = n
	in.Health.LastArm[1] = in.Cut.Wall.Add(-quiet - 39*time.Second)
}

// fresh moves the data up to the cut.
func fresh(in *decision.Input) {
	last := in.Cut.Wall.Add(-40 * time.Second)
	in.Health.Mark, in.Health.LastData, in.Health.LastArm = last, last, [2]schemas.Time{last, last}
}

func TestTransitions(t *testing.T) {
	for _, c := range transitions {
		t.Run(c.name, func(t *testing.T) {
			s := spec(t)
			if c.spec != nil {
				s = spec(t, c.spec)
			}
			r := begun(t, s)
			for i := range c.stage {
				r.forward(time.Duration(i+1) * 20 * time.Minute)
			}
			in := good(s, 80*time.Minute)
			c.change(&in)
			before := r.st
			v := r.look(in)
			if r.st.Phase != c.phase {
				t.Errorf("phase %s, want %s", r.st.Phase, c.phase)
			}
			if (v != nil) != (c.verdict != "") {
				t.Fatalf("verdict %+v, want %q", v, c.verdict)
			}
			if v == nil {
				return
			}
			if v.Verdict != c.verdict || v.Reason.Code != c.reason || v.WeightOf(schemas.ArmCanary) != c.canary || v.WeightOf(schemas.ArmStable) != 10000-c.canary {
				t.Errorf("%s %s with canary %d, want %s %s with %d: %s", v.Verdict, v.Reason.Code, v.WeightOf(schemas.ArmCanary), c.verdict, c.reason, c.canary, v.Reason.Message)
			}
			if v.Sequence != before.Sequence+1 || v.PrevDigest != before.PrevDigest || r.st.PrevDigest != schemas.Digest(v.AppendJSON(nil)) {
				t.Errorf("the chain is broken: sequence %d after %d", v.Sequence, before.Sequence)
			}
		})
	}
}

func TestEveryReasonHasATransition(t *testing.T) {
	seen := map[string]bool{"started": true, "resumed": true, "fenced": true} // have tests of their own
	for _, c := range transitions {
		seen[c.reason] = true
	}
	for _, r := range decision.Reasons {
		if !seen[r.Code] {
			t.Errorf("reason %s has no transition", r.Code)
		}
		if r.Meaning == "" || r.Remedy == "" {
			t.Errorf("reason %s has no meaning or no remedy", r.Code)
		}
	}
}

// No two verdicts have one sequence: what is decided instead of an expired one follows
// the same verdict and has a sequence of its own, so late news of the old one is not
// taken for news of the new one.
func TestAnExpiredSequenceIsNotGivenAwayAgain(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	silent := func(at time.Duration) decision.Input {
		in := good(s, at)
		in.Health.LastData = start
		return in
	}
	news := func(v *schemas.Verdict) []decision.PublishResult {
		return []decision.PublishResult{{Generation: 1, Sequence: v.Sequence, Digest: schemas.Digest(v.AppendJSON(nil)), Result: "expired"}}
	}
	follows := func(what string, v, before *schemas.Verdict, sequence uint64) {
		if v == nil || v.Sequence != sequence || v.PrevDigest != schemas.Digest(before.AppendJSON(nil)) {
			t.Fatalf("%s: %+v", what, v)
		}
	}
	first := r.last
	step := r.look(good(s, time.Hour))
	held := r.look(silent(70 * time.Minute))
	follows("held", held, step, 3)
	in := good(s, 90*time.Minute)
	in.Publish = news(step)
	step = r.look(in)
	follows("decided again", step, first, 4)
	again := r.look(silent(100 * time.Minute))
	follows("held again", again, step, 5)
	in = silent(101 * time.Minute)
	in.Publish = news(held)
	if v := r.look(in); v != nil || r.st.Sequence != 5 {
		t.Errorf("news of the first hold undid the second: %+v", v)
	}
	in.Publish = news(again)
	follows("held once more", r.look(in), step, 6)
}
