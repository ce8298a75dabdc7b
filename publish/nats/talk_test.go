package nats_test

import (
	"context"
	"encoding/base64"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"verdin/publish/nats"
	"verdin/schemas"
)

func TestHeartbeatsAreSignedPerNamespace(t *testing.T) {
	b := newBed(t)
	nc := b.connect()
	sub, err := nc.SubscribeSync("verdin.v1.hb.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	at := func(ns, rollout string, seq uint64) nats.Standing {
		return nats.Standing{Namespace: ns, BeatHead: schemas.BeatHead{Rollout: rollout, Generation: 1, Sequence: seq, Digest: schemas.Digest(nil), LeaseSeconds: 900}}
	}
	if err := b.publisher("a").Beat(noon, []nats.Standing{at("prod", "recsys", 3), at("dev", "x", 1), at("prod", "search", 4)}); err != nil {
		t.Fatal(err)
	}
	key, err := nkeys.FromPublicKey(b.key.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		subject  string
		rollouts int
	}{{"verdin.v1.hb.prod.a", 2}, {"verdin.v1.hb.dev.a", 1}} {
		m, err := sub.NextMsg(5 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		h, err := schemas.ParseHeartbeat(m.Data)
		if err != nil || m.Subject != want.subject || len(h.Rollouts) != want.rollouts || h.Time != noon || h.Engine != "a" {
			t.Errorf("%s: %s, %v", m.Subject, m.Data, err)
			continue
		}
		sig, _ := base64.RawURLEncoding.DecodeString(m.Header.Get("Verdin-Signature"))
		if err := key.Verify([]byte("verdin.heartbeat.v1\n"+h.Namespace+"/a\n"+string(m.Data)), sig); err != nil {
			t.Errorf("signature: %v", err)
		}
	}
}

func TestRunBeatsBeatsAtOnceAndAgain(t *testing.T) {
	b := newBed(t)
	nc := b.connect()
	sub, err := nc.SubscribeSync("verdin.v1.hb.prod.a")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		all := []nats.Standing{{Namespace: "prod", BeatHead: schemas.BeatHead{Rollout: "recsys"}}}
		b.publisher("a").RunBeats(ctx, time.Millisecond, func() schemas.Time { return noon }, func() []nats.Standing { return all }, nil)
	}()
	for range 3 {
		if _, err := sub.NextMsg(5 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	<-ended
}

func TestAcksAreFollowedFromTheLastOfEachRouter(t *testing.T) {
	b := newBed(t)
	nc := b.connect()
	send := func(subject string, payload []byte) {
		if _, err := nc.Request(subject, payload, 5*time.Second); err != nil { // the stream answers
			t.Fatal(err)
		}
	}
	ack := func(router string, seq uint64) schemas.Ack {
		return schemas.Ack{Namespace: "prod", Rollout: "recsys", Router: router, Generation: 1, Sequence: seq, At: noon}
	}
	say := func(a schemas.Ack) { send(a.Subject(), a.AppendJSON(nil)) }
	say(ack("edge-1", 1))
	say(ack("edge-2", 1))
	say(ack("edge-1", 2))

	acks, errs := make(chan schemas.Ack, 10), make(chan error, 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- nats.FollowAcks(ctx, nc, func(a schemas.Ack) { acks <- a }, func(err error) { errs <- err })
	}()
	expect := func(want schemas.Ack) {
		t.Helper()
		select {
		case got := <-acks:
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no %+v", want)
		}
	}
	expect(ack("edge-2", 1))
	expect(ack("edge-1", 2))
	lie := ack("edge-1", 3)
	send("verdin.v1.ack.prod.recsys.edge-2", lie.AppendJSON(nil)) // in the name of another
	say(ack("edge-2", 3))
	expect(ack("edge-2", 3))
	select {
	case <-errs:
	default:
		t.Error("an acknowledgement in the name of another router was not reported")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAcksAreFollowedFromAPlaceInTheStream(t *testing.T) {
	b := newBed(t)
	nc := b.connect()
	var mu sync.Mutex
	sent := map[uint64]schemas.Ack{} // by sequence of the stream
	say := func(seq uint64) {
		a := schemas.Ack{Namespace: "prod", Rollout: "recsys", Router: "edge-1", Generation: 1, Sequence: seq, At: noon}
		mu.Lock()
		sent[uint64(len(sent)+1)] = a
		mu.Unlock()
		if _, err := nc.Request(a.Subject(), a.AppendJSON(nil), 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	for seq := uint64(1); seq <= 5; seq++ {
		say(seq)
	}
	follow := func(from uint64) (stop func(), got chan uint64) {
		got = make(chan uint64, 10)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- nats.FollowAcksFrom(ctx, nc, from, func(seq uint64, a schemas.Ack) {
				mu.Lock()
				defer mu.Unlock()
				if a != sent[seq] {
					t.Errorf("at %d: %+v, want %+v", seq, a, sent[seq])
				}
				got <- seq
			}, nil)
		}()
		return func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}, got
	}
	expect := func(got chan uint64, from, to uint64) {
		t.Helper()
		for want := from; want <= to; want++ {
			select {
			case seq := <-got:
				if seq != want {
					t.Errorf("got the one at %d, want %d", seq, want)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("none at %d", want)
			}
		}
	}
	stop, got := follow(0)
	expect(got, 1, 5)
	stop()
	say(6) // while the engine is away
	stop, got = follow(6)
	expect(got, 6, 6)
	stop()
	stop, got = follow(7) // nothing yet
	say(7)
	expect(got, 7, 7)
	stop()
}
