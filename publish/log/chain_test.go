package log_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"verdin/publish/log"
	"verdin/schemas"
)

// made is a verdict in a place of a chain; prev "" = the first of its generation.
func made(generation, sequence uint64, prev string, edit func(*schemas.Verdict)) log.Entry {
	v := &schemas.Verdict{
		Namespace: "prod", Rollout: "recsys", Verdict: schemas.VerdictAdvance, Phase: schemas.PhaseRunning, Generation: generation, Sequence: sequence,
		PrevDigest: prev, Routes: []schemas.Route{{Arm: schemas.ArmCanary, WeightBps: 1000}, {Arm: schemas.ArmStable, WeightBps: 9000}},
		OnExpiry: schemas.ExpiryStable, Actor: "auto",
	}
	if edit != nil {
		edit(v)
	}
	return log.Entry{Verdict: v, Payload: v.AppendJSON(nil)}
}

func digest(e log.Entry) string { return schemas.Digest(e.Payload) }

func back(v *schemas.Verdict) {
	v.Verdict, v.Phase = schemas.VerdictRollback, schemas.PhaseRolledBack
	v.Routes = []schemas.Route{{Arm: schemas.ArmCanary}, {Arm: schemas.ArmStable, WeightBps: 10000}}
}

func why(code string) func(*schemas.Verdict) {
	return func(v *schemas.Verdict) { v.Reason.Code = code }
}

func TestAChainIsUnbrokenOrTheFirstBreakIsNamed(t *testing.T) {
	a := made(1, 1, "", nil)
	b := made(1, 2, digest(a), nil)
	c := made(1, 3, digest(b), nil)
	otherB := made(1, 2, digest(a), why("other"))
	end := made(1, 4, digest(c), back)
	elsewhere := made(1, 1, "", func(v *schemas.Verdict) { v.Rollout = "search" })
	far := made(1, 1<<60, digest(a), back)
	for _, x := range []struct {
		name    string
		decided bool
		chain   []log.Entry
		want    string // "" = unbroken
		count   int    // verdicts of the first rollout
	}{
		{"whole", false, []log.Entry{a, b, elsewhere, c, end, made(2, 1, "", nil)}, "", 5},
		{"a refill repeats", false, []log.Entry{a, b, c, b, c, end}, "", 4},
		{"a rollback leaves out what was not sent", false, []log.Entry{a, b, end}, "", 3},
		{"a rollback begins a generation", false, []log.Entry{a, made(3, 2, "sha256:x", back)}, "", 2},
		{"a far rollback", false, []log.Entry{a, far}, "", 2},
		{"decided again", true, []log.Entry{a, b, c, otherB, made(1, 3, digest(otherB), nil)}, "", 3},
		{"a sequence left out", false, []log.Entry{a, made(1, 4, digest(a), nil), made(2, 3, "", nil)}, "", 3},
		{"decided again, further on", true, []log.Entry{a, b, c, made(1, 4, digest(a), nil), made(1, 5, digest(made(1, 4, digest(a), nil)), nil)}, "", 3},
		{"the first decided again", true, []log.Entry{a, made(1, 2, "", nil)}, "", 1},
		{"after a rollback of another place", true, []log.Entry{a, b, end, made(1, 5, digest(end), back)}, "", 4},
		{"two in one place", false, []log.Entry{a, b, otherB}, "prod/recsys/1/2: another verdict stands in this place", 0},
		{"a gap", false, []log.Entry{a, c}, "prod/recsys/1/3: comes after prod/recsys/1/1: 1 verdicts between are missing", 0},
		{"a gap in a log", true, []log.Entry{a, c}, "1 verdicts between are missing", 0},
		{"another parent", false, []log.Entry{a, b, made(1, 3, digest(otherB), nil)}, "prod/recsys/1/3: names " + digest(otherB), 0},
		{"decided again, another parent", true, []log.Entry{a, b, c, made(1, 3, digest(otherB), nil)}, "prod/recsys/1/3: names", 0},
		{"the middle alone", false, []log.Entry{b, c}, "generation 1 begins with sequence 2", 0},
		{"a generation's middle", false, []log.Entry{a, made(2, 2, "sha256:x", nil)}, "generation 2 begins with sequence 2", 0},
		{"a first with a parent", false, []log.Entry{made(1, 1, digest(b), nil)}, "the first of its generation names", 0},
		{"an older generation", false, []log.Entry{a, made(2, 1, "", nil), b}, "comes after prod/recsys/2/1", 0},
		{"on after the end", false, []log.Entry{a, b, c, end, made(1, 5, digest(end), nil)}, "gives traffic to a canary that prod/recsys/1/4 rolled back", 0},
	} {
		t.Run(x.name, func(t *testing.T) {
			chain := log.Chain{Decided: x.decided}
			var err error
			for _, e := range x.chain {
				if err = chain.Add(e.Verdict, e.Payload); err != nil {
					break
				}
			}
			var broken *log.Break
			switch {
			case x.want == "" && err != nil:
				t.Errorf("broken: %v", err)
			case x.want == "":
				if r := chain.Rollouts()[0]; r.Name != "prod/recsys" || r.Count != x.count {
					t.Errorf("%s with %d verdicts, want %d", r.Name, r.Count, x.count)
				}
			case !errors.As(err, &broken) || !strings.Contains(err.Error(), x.want) || broken.Remedy == "" || strings.Contains(err.Error(), "\n"):
				t.Errorf("got %v, want one line with %q", err, x.want)
			}
		})
	}
}

func TestWhatWasPublishedIsWhatTheReplayDecides(t *testing.T) {
	a := made(1, 1, "", nil)
	b := made(1, 2, digest(a), nil)
	c := made(1, 3, digest(b), nil)
	again := made(1, 2, digest(a), why("again"))
	end := made(1, 3, digest(b), back)
	further := made(1, 4, digest(a), nil)
	for _, x := range []struct {
		name                string
		published, replayed []log.Entry
		want                string // "" = equal
	}{
		{"equal", []log.Entry{a, b, c}, []log.Entry{a, b, c}, ""},
		{"a step that expired and was decided again", []log.Entry{a, again}, []log.Entry{a, b, again}, ""},
		{"two that expired and what was decided instead", []log.Entry{a, further}, []log.Entry{a, b, c, further}, ""},
		{"what was decided instead is missing", []log.Entry{a}, []log.Entry{a, b, c, further}, "prod/recsys/1/4: the replay decides it, but it was not published"},
		{"a step that a rollback overtook", []log.Entry{a, end}, []log.Entry{a, b, end}, ""},
		{"repeats", []log.Entry{a, b, a, b}, []log.Entry{a, b}, ""},
		{"another reason", []log.Entry{a, again}, []log.Entry{a, b}, `prod/recsys/1/2: the replay decides otherwise: "reason" differs`},
		{"one too many", []log.Entry{a, b, c}, []log.Entry{a, b}, "prod/recsys/1/3: the replay has no such verdict"},
		{"one that is missing", []log.Entry{a, b}, []log.Entry{a, b, c}, "prod/recsys/1/3: the replay decides it, but it was not published"},
		{"a rollback that is missing", []log.Entry{a, b}, []log.Entry{a, b, end}, "prod/recsys/1/3: the replay decides it"},
		{"nothing", nil, []log.Entry{a}, "prod/recsys/1/1"},
	} {
		err := log.Compare(x.published, x.replayed)
		if x.want == "" && err != nil || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s: %v, want %q", x.name, err, x.want)
		}
	}
}

func ExampleChain() {
	first := made(1, 1, "", nil)
	second := made(1, 2, digest(first), nil)
	var chain log.Chain
	for _, e := range []log.Entry{first, second, made(1, 4, "sha256:x", nil)} {
		if err := chain.Add(e.Verdict, e.Payload); err != nil {
			fmt.Println(err)
		}
	}
	r := chain.Rollouts()[0]
	fmt.Println(r.Name, r.Count, r.Head.Sequence)
	// Output:
	// prod/recsys/1/4: comes after prod/recsys/1/2: 1 verdicts between are missing: fetch the missing ones: the audit stream and the engine's own log hold them all
	// prod/recsys 2 2
}

// No order of verdicts makes the check fail, and what it accepts for published is
// what a router would follow: places grow, but for repeats.
func FuzzChain(f *testing.F) {
	f.Add([]byte{1, 2, 3, 130, 4})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var chain log.Chain
		prev := ""
		highest := uint64(0)
		for i, s := range steps {
			e := made(1+uint64(s>>6), uint64(s&7), prev, why(strconv.Itoa(i%3)))
			if s&8 != 0 {
				e = made(1+uint64(s>>6), uint64(s&7), prev, back)
			}
			if e.Verdict.Sequence == 0 {
				continue
			}
			if err := chain.Add(e.Verdict, e.Payload); err != nil {
				continue
			}
			h := chain.Rollouts()[0].Head
			if at := h.Generation<<32 | h.Sequence; at < highest {
				t.Fatalf("step %d takes the head back", i)
			} else {
				highest = at
			}
			prev = digest(e)
		}
	})
}
