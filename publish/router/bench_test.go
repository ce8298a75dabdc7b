package router

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"verdin/schemas"
)

var noon = schemas.TimeOf(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))

// bench is a router without a network: messages are handed to it.
type bench struct {
	t    testing.TB
	r    *Router
	l    *lane
	now  schemas.Time
	key  nkeys.KeyPair
	head []byte // payload of the last verdict that was made
}

func newKeyPair(t testing.TB) (nkeys.KeyPair, string) {
	t.Helper()
	key, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	id, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return key, id
}

// engineKey and strangerKey are the same in every run, so that what they sign is too.
var engineKey, strangerKey = fixedKey(1), fixedKey(2)

func fixedKey(fill byte) nkeys.KeyPair {
	seed, err := nkeys.EncodeSeed(nkeys.PrefixByteUser, bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		panic(err) // 32 bytes are a seed
	}
	key, err := nkeys.FromSeed(seed)
	if err != nil {
		panic(err) // made above
	}
	return key
}

func newBench(t testing.TB) *bench {
	t.Helper()
	key := engineKey
	id, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, now: noon, key: key}
	r, err := New(Config{ID: "edge-1", Rollouts: []string{"prod/recsys"}, Trusted: []string{id}, Now: func() schemas.Time { return b.now }})
	if err != nil {
		t.Fatal(err)
	}
	b.r, b.l = r, r.lanes["prod/recsys"]
	return b
}

// make makes the next verdict of the chain: a step to a weight, valid 15 minutes.
func (b *bench) make(weightBps int, edits ...func(*schemas.Verdict)) []byte {
	v := &schemas.Verdict{
		Namespace: "prod", Rollout: "recsys", Verdict: schemas.VerdictAdvance, Phase: schemas.PhaseRunning, Generation: 1, Sequence: 1,
		Routes: []schemas.Route{{Arm: schemas.ArmCanary, ModelVersion: "v2", WeightBps: weightBps},
			{Arm: schemas.ArmStable, ModelVersion: "v1", WeightBps: schemas.WeightTotal - weightBps}},
		ValidUntil: b.now.Add(15 * time.Minute), OnExpiry: schemas.ExpiryStable, Actor: "auto", Time: b.now,
	}
	if b.head != nil {
		p, err := schemas.ParseVerdict(b.head)
		if err != nil {
			b.t.Fatal(err)
		}
		v.Generation, v.Sequence, v.PrevDigest, v.Stage.Index = p.Generation, p.Sequence+1, schemas.Digest(b.head), p.Stage.Index+1
	}
	for _, edit := range edits {
		edit(v)
	}
	b.head = v.AppendJSON(nil)
	return b.head
}

func rollback(v *schemas.Verdict) {
	v.Verdict, v.Phase = schemas.VerdictRollback, schemas.PhaseRolledBack
}
func hold(v *schemas.Verdict)       { v.Verdict = schemas.VerdictHold }
func keepWeight(v *schemas.Verdict) { v.OnExpiry = schemas.ExpiryHold }
func generation(g uint64) func(*schemas.Verdict) {
	return func(v *schemas.Verdict) { v.Generation, v.Sequence, v.PrevDigest = g, 1, "" }
}

func sign(key nkeys.KeyPair, msg []byte) header {
	id, err := key.PublicKey()
	if err != nil {
		panic(err) // a key of the test
	}
	sig, err := key.Sign(msg)
	if err != nil {
		panic(err)
	}
	return header{schemas.HeaderKeyID: {id}, schemas.HeaderSignature: {base64.RawURLEncoding.EncodeToString(sig)}}
}

// deliver hands over a verdict, signed by the engine.
func (b *bench) deliver(payload []byte) outcome {
	return b.r.verdict(b.l, sign(b.key, schemas.VerdictMessage("prod", "recsys", payload)), payload)
}

// beat hands over a heartbeat, sent at a time, that names the verdict of a payload.
func (b *bench) beat(at schemas.Time, payload []byte) {
	v, err := schemas.ParseVerdict(payload)
	if err != nil {
		b.t.Fatal(err)
	}
	h := &schemas.Heartbeat{Namespace: "prod", Engine: "a", Time: at, Rollouts: []schemas.BeatHead{{Rollout: "recsys",
		Generation: v.Generation, Sequence: v.Sequence, Digest: schemas.Digest(payload), LeaseSeconds: 900}}}
	p := h.AppendJSON(nil)
	b.r.heartbeat("verdin.v1.hb.prod.a", sign(b.key, schemas.BeatMessage("prod", "a", p)), p)
}

func (b *bench) status() Status {
	s, _ := b.r.Status("prod/recsys")
	return s
}

// serves checks the canary's weight, and that choices follow it.
func (b *bench) serves(what string, weightBps int) {
	b.t.Helper()
	if got := b.status().WeightBps; got != weightBps {
		b.t.Errorf("%s: weight %d, want %d", what, got, weightBps)
	}
	n := 0
	for i := range 2000 {
		if b.r.Choose("prod/recsys", string(rune('a'+i%26))+time.Duration(i).String()).Arm == schemas.ArmCanary {
			n++
		}
	}
	if want := weightBps / 5; n < want-100 || n > want+100 || (want == 0) != (n == 0) { // ±100 of 2,000 is above 4.4 standard deviations
		b.t.Errorf("%s: %d of 2,000 choices for the canary, want about %d", what, n, want)
	}
}
