package router

import (
	"testing"
	"time"

	"verdin/schemas"
)

func TestVerdictsApplyInTheOrderOfTheirChain(t *testing.T) {
	b := newBench(t)
	b.serves("before any verdict", 0)
	first := b.make(1000)
	second := b.make(2500)
	third := b.make(5000)
	later := b.make(6000, func(v *schemas.Verdict) { v.Sequence = 9 }) // 4 to 8 were never sent
	fork := b.make(9000, func(v *schemas.Verdict) { v.Sequence, v.PrevDigest = 3, schemas.Digest(second); v.Reason.Code = "fork" })
	wrongPrev := b.make(9000, func(v *schemas.Verdict) { v.Sequence, v.PrevDigest = 4, schemas.Digest(first) })
	for _, c := range []struct {
		what    string
		payload []byte
		want    outcome
		weight  int
	}{
		{"the first", first, accepted, 1000},
		{"the third too early", third, gap, 1000},
		{"the second", second, accepted, 2500},
		{"the first again", first, older, 2500},
		{"the second again", second, older, 2500},
		{"the third", third, accepted, 5000},
		{"another third", fork, conflict, 5000},
		{"a fourth after another third", wrongPrev, conflict, 5000},
		{"the next that was sent", later, accepted, 6000},
	} {
		if got := b.deliver(c.payload); got != c.want {
			t.Errorf("%s: outcome %d, want %d", c.what, got, c.want)
		}
		b.serves(c.what, c.weight)
	}
	if c := b.r.Counters(); c.Applied != 4 || c.Older != 2 || c.Conflicts != 2 || c.Forged != 0 {
		t.Errorf("counters %+v", c)
	}
}

func TestRollbackOfTheRunningGenerationAlwaysApplies(t *testing.T) {
	b := newBench(t)
	b.deliver(b.make(1000))
	b.make(2500) // never sent
	late := b.make(0, rollback)
	b.now = b.now.Add(24 * time.Hour) // expired, across a gap, and the engine silent
	if got := b.deliver(late); got != accepted {
		t.Fatalf("outcome %d", got)
	}
	b.serves("after the rollback", 0)
	if got := b.deliver(b.make(5000)); got != conflict {
		t.Errorf("a step after the rollback of its generation: outcome %d, want conflict", got)
	}
	b.serves("after a step in a generation that was rolled back", 0)
	if got := b.deliver(b.make(1000, generation(2))); got != accepted {
		t.Errorf("a new generation: outcome %d", got)
	}
}

func TestRollbackOfAnOlderGenerationIsIgnored(t *testing.T) {
	b := newBench(t)
	b.deliver(b.make(1000))
	old := b.make(0, rollback)
	b.deliver(b.make(2500, generation(2)))
	if got := b.deliver(old); got != older {
		t.Errorf("outcome %d, want older", got)
	}
	b.serves("after an old rollback", 2500)
}

func TestNewGenerationStartsAtItsFirstVerdict(t *testing.T) {
	b := newBench(t)
	b.deliver(b.make(1000))
	if got := b.deliver(b.make(9000, generation(3), func(v *schemas.Verdict) { v.Sequence, v.PrevDigest = 2, schemas.Digest([]byte("the first")) })); got != gap {
		t.Errorf("outcome %d, want gap", got)
	}
	b.serves("after the second verdict of an unknown generation", 1000)
}

func TestForgedVerdictsChangeNothing(t *testing.T) {
	b := newBench(t)
	b.deliver(b.make(1000))
	step := b.make(9000)
	stranger, _ := newKeyPair(t)
	right := sign(b.key, schemas.VerdictMessage("prod", "recsys", step))
	bent := append([]byte(nil), step...)
	bent[len(bent)-3] ^= 1
	for what, c := range map[string]struct {
		h       header
		payload []byte
	}{
		"unsigned":             {header{}, step},
		"key of a stranger":    {sign(stranger, schemas.VerdictMessage("prod", "recsys", step)), step},
		"for another rollout":  {sign(b.key, schemas.VerdictMessage("prod", "search", step)), step},
		"signed as a beat":     {sign(b.key, schemas.BeatMessage("prod", "recsys", step)), step},
		"changed after":        {right, bent},
		"deleted key":          {header{"KV-Operation": {"DEL"}}, nil},
		"signature not base64": {header{schemas.HeaderKeyID: right[schemas.HeaderKeyID], schemas.HeaderSignature: {"%"}}, step},
	} {
		before := b.r.Counters().Forged
		b.r.verdict(b.l, c.h, c.payload)
		if b.r.Counters().Forged != before+1 {
			t.Errorf("%s: not counted as forged", what)
		}
		b.serves(what, 1000)
	}
	other := b.make(9000, func(v *schemas.Verdict) { v.Rollout = "search" }) // signed for here, says it is for there
	if b.deliver(other); b.r.Counters().Malformed != 1 {
		t.Error("a payload for another rollout was read")
	}
	b.serves("after all", 1000)
}

func TestDryRunIsFollowedButNotServed(t *testing.T) {
	b := newBench(t)
	dry := func(v *schemas.Verdict) { v.DryRun = true }
	b.deliver(b.make(5000, dry))
	b.deliver(b.make(9000, dry))
	b.serves("dry run", 0)
	if s := b.status(); s.Sequence != 2 || !s.DryRun || s.Waiting {
		t.Errorf("status %+v", s)
	}
	if _, ok := b.l.unacknowledged(); ok {
		t.Error("a dry run was acknowledged")
	}
}

func TestConfigIsChecked(t *testing.T) {
	_, id := newKeyPair(t)
	for what, cfg := range map[string]Config{
		"no id":         {Rollouts: []string{"a"}, Trusted: []string{id}},
		"dotted id":     {ID: "a.b", Rollouts: []string{"a"}, Trusted: []string{id}},
		"no rollout":    {ID: "a", Trusted: []string{id}},
		"no key":        {ID: "a", Rollouts: []string{"a"}},
		"bad key":       {ID: "a", Rollouts: []string{"a"}, Trusted: []string{"nonsense"}},
		"wildcard":      {ID: "a", Rollouts: []string{"prod/*"}, Trusted: []string{id}},
		"named twice":   {ID: "a", Rollouts: []string{"a", "default/a"}, Trusted: []string{id}},
		"empty rollout": {ID: "a", Rollouts: []string{""}, Trusted: []string{id}},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}
