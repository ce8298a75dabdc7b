package main

import (
	"testing"

	"verdin/internal/pump"
	"verdin/publish/nats"
	"verdin/schemas"
)

func verdictNo(sequence uint64) *schemas.Verdict {
	return &schemas.Verdict{Namespace: "default", Rollout: "a", Generation: 1, Sequence: sequence}
}

func outcomeNo(sequence uint64, r nats.Result) nats.Outcome {
	return nats.Outcome{Namespace: "default", Rollout: "a", Generation: 1, Sequence: sequence, Result: r}
}

// Heartbeats name the last verdict that stands in NATS of every rollout that is
// judged: they vouch for nothing else.
func TestHeartbeatsVouchForWhatIsJudged(t *testing.T) {
	b := newBoard()
	gone := make(chan struct{})
	b.join("default/a", gone, func(error) {})
	head := func() uint64 {
		switch all := b.heads(); len(all) {
		case 0:
			return 0
		case 1:
			return all[0].Sequence
		default:
			t.Fatalf("one rollout has %d heads", len(all))
			return 0
		}
	}
	for _, step := range []struct {
		what string
		do   func()
		want uint64
	}{
		{"a verdict is on its way", func() { b.queue(verdictNo(1), []byte("d1"), 900, 0) }, 0},
		{"it stands", func() { b.result(outcomeNo(1, nats.Acked)) }, 1},
		{"the next expires unsent", func() { b.queue(verdictNo(2), []byte("d2"), 900, 0); b.result(outcomeNo(2, nats.Expired)) }, 1},
		{"another stands", func() { b.queue(verdictNo(2), []byte("d3"), 900, 0); b.result(outcomeNo(2, nats.Acked)) }, 2},
		{"one that nobody queued changes nothing", func() { b.result(outcomeNo(7, nats.Acked)) }, 2},
		{"the rollout stops with a verdict on its way", func() { b.queue(verdictNo(3), []byte("d4"), 900, 0); close(gone); b.leave("default/a") }, 0},
		{"which then stands", func() { b.result(outcomeNo(3, nats.Acked)) }, 0},
	} {
		if step.do(); head() != step.want {
			t.Errorf("%s: the head is %d, want %d", step.what, head(), step.want)
		}
	}
}

// What comes for a rollout that stops or does not run holds nobody up.
func TestNewsForAStoppedRolloutAreDropped(t *testing.T) {
	b := newBoard()
	gone := make(chan struct{})
	line := b.join("default/a", gone, func(error) {})
	b.ack(7, schemas.Ack{Namespace: "default", Rollout: "a", Router: "r", Generation: 1, Sequence: 2})
	if got := <-line.acks; got != (pump.Ack{Router: "r", Generation: 1, Sequence: 2, Stream: 7}) {
		t.Errorf("the acknowledgement arrives as %+v", got)
	}
	close(gone)
	for range 3 * cap(line.acks) { // nobody takes them
		b.ack(7, schemas.Ack{Namespace: "default", Rollout: "a"})
		b.result(outcomeNo(1, nats.Acked))
		b.ack(7, schemas.Ack{Namespace: "default", Rollout: "unknown"})
	}
}
