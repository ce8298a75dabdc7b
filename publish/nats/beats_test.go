package nats_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"verdin/publish/nats"
	"verdin/schemas"
)

// A heartbeat counts if a trusted key signed it for the subject that it came on.
func TestOnlyTrustedHeartbeatsAreHeard(t *testing.T) {
	b := newBed(t)
	var mu sync.Mutex
	var refused []error
	listener, err := nats.NewPublisher(b.connect(), b.key, nats.Options{Engine: "b", Trusted: []string{b.key.ID}, OnError: func(err error) {
		mu.Lock()
		defer mu.Unlock()
		refused = append(refused, err)
	}})
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan *schemas.Heartbeat, 10)
	stop, err := listener.FollowBeats("prod", func(h *schemas.Heartbeat) { heard <- h })
	if err != nil {
		t.Fatal(err)
	}
	all := []nats.Standing{{Namespace: "prod", BeatHead: schemas.BeatHead{Rollout: "recsys", Generation: 1, Sequence: 1}}}
	strange, _, err := nats.OpenKey(filepath.Join(t.TempDir(), "strange.nk"))
	if err != nil {
		t.Fatal(err)
	}
	nc := b.connect()
	stranger, err := nats.NewPublisher(nc, strange, nats.Options{Engine: "x"})
	if err != nil {
		t.Fatal(err)
	}
	good := b.publisher("a")
	if err := listener.Beat(noon, nil); err != nil { // a round trip: the subscription stands
		t.Fatal(err)
	}
	if err := stranger.Beat(noon, all); err != nil {
		t.Fatal(err)
	}
	for subject, payload := range map[string]string{"verdin.v1.hb.prod.x": "{", "verdin.v1.hb.prod.y": "null"} {
		if err := nc.Publish(subject, []byte(payload)); err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := good.Beat(noon, all); err != nil {
		t.Fatal(err)
	}
	select {
	case h := <-heard:
		if h.Engine != "a" || len(h.Rollouts) != 1 || h.Rollouts[0].Rollout != "recsys" {
			t.Errorf("heard %+v", h)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the trusted engine's heartbeat was not heard")
	}
	stop()
	mu.Lock()
	defer mu.Unlock()
	if len(refused) != 3 {
		t.Errorf("%d heartbeats were passed over, want 3: %v", len(refused), refused)
	}
}
