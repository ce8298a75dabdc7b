package router

import (
	"testing"
	"time"

	"verdin/schemas"
)

// Whatever an engine signs, and whoever else speaks, the canary never gets
// more than the newest verdict gives it, and nothing after a rollback.
func FuzzVerdict(f *testing.F) {
	seed := newBench(f)
	f.Add(seed.make(1000), true, int64(0))
	f.Add(seed.make(2500), false, int64(time.Hour))
	f.Add(seed.make(0, rollback), true, int64(time.Hour))
	f.Fuzz(func(t *testing.T, payload []byte, signed bool, later int64) {
		b := newBench(t)
		b.deliver(b.make(1000))
		b.now = noon.Add(time.Duration(later % int64(24*time.Hour)))
		before := b.status()
		if !signed {
			b.r.verdict(b.l, header{schemas.HeaderKeyID: b.r.cfg.Trusted, schemas.HeaderSignature: {string(payload)}}, payload)
			if b.status() != before {
				t.Fatal("an unsigned message changed the state")
			}
			return
		}
		o := b.deliver(payload)
		s := b.status()
		v, err := schemas.ParseVerdict(payload)
		if err != nil || o != accepted {
			if s != before {
				t.Fatalf("outcome %d changed the state", o)
			}
			return
		}
		if s.WeightBps > max(before.WeightBps, v.WeightOf(schemas.ArmCanary)) || v.Verdict == schemas.VerdictRollback && s.WeightBps != 0 && !v.DryRun {
			t.Fatalf("weight %d after %s", s.WeightBps, payload)
		}
	})
}

func FuzzHeartbeat(f *testing.F) {
	b := newBench(f)
	h := &schemas.Heartbeat{Namespace: "prod", Engine: "a", Time: noon, Rollouts: []schemas.BeatHead{{Rollout: "recsys", Generation: 1, Sequence: 1, LeaseSeconds: 900}}}
	f.Add("verdin.v1.hb.prod.a", h.AppendJSON(nil))
	step := b.make(1000)
	b.deliver(step)
	f.Fuzz(func(t *testing.T, subject string, payload []byte) {
		b.r.heartbeat(subject, sign(b.key, schemas.BeatMessage("prod", "a", payload)), payload)
		if s := b.status(); s.WeightBps != 1000 {
			t.Fatalf("a heartbeat changed the weight to %d", s.WeightBps)
		}
	})
}
