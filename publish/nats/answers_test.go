package nats_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"verdin/publish/nats"
)

// The rows of the table of answers: what a write can be answered, what Publish says
// then, and what it says when it is called again with the same bytes.
func TestEveryAnswerOfTheServerIsUnderstood(t *testing.T) {
	all := chain(2)
	other := next(all[0], because("of another engine"))
	type store = func(*natsgo.Msg) int
	ours := func(answer string) func(*natsgo.Msg, store) string { // stored, answered so
		return func(m *natsgo.Msg, s store) string { s(m); return answer }
	}
	lost := func(answer string) func(*natsgo.Msg, store) string { // not stored, answered so
		return func(*natsgo.Msg, store) string { return answer }
	}
	theirs := func(answer string) func(*natsgo.Msg, store) string { // another verdict was faster
		return func(m *natsgo.Msg, s store) string {
			o := *m
			o.Data = other
			s(&o)
			return answer
		}
	}
	for _, c := range []struct {
		name        string
		answer      func(*natsgo.Msg, store) string
		first, then nats.Result // "" = an error: not known yet
		err         error       // what the first error must be
	}{
		{"stored", func(m *natsgo.Msg, s store) string { return stored(s(m), false) }, nats.Acked, nats.Acked, nil},
		{"duplicate, and ours stands there", func(m *natsgo.Msg, s store) string { return stored(s(m), true) }, nats.Acked, nats.Acked, nil},
		{"duplicate of something elsewhere", lost(stored(1, true)), "", nats.Acked, nil},
		{"duplicate, and another stands there", theirs(stored(1, true)), nats.Fenced, nats.Fenced, nil},
		{"10071 after our own lost answer", ours(failed(400, 10071)), nats.Acked, nats.Acked, nil},
		{"10071, another verdict was faster", theirs(failed(400, 10071)), nats.Fenced, nats.Fenced, nil},
		{"10071, but nothing new stands there", lost(failed(400, 10071)), "", nats.Acked, nil},
		{"10164, another write is under way", lost(failed(400, 10164)), "", nats.Acked, nil},
		{"10164, it was ours", ours(failed(400, 10164)), nats.Acked, nats.Acked, nil},
		{"10164, it was another", theirs(failed(400, 10164)), nats.Fenced, nats.Fenced, nil},
		{"10158, our id is under way", lost(failed(409, 10158)), "", nats.Acked, nil},
		{"10201, our id is in the batch", ours(failed(400, 10201)), nats.Acked, nats.Acked, nil},
		{"10077, the stream is full", lost(failed(503, 10077)), "", nats.Acked, nats.ErrFull},
		{"10023, the server is full", lost(failed(503, 10023)), "", nats.Acked, nats.ErrFull},
		{"no answer, not stored", lost(""), "", nats.Acked, context.DeadlineExceeded},
		{"no answer, but stored", ours(""), nats.Acked, nats.Acked, nil},
		{"no answer, another was faster", theirs(""), nats.Fenced, nats.Fenced, nil},
		{"nonsense", lost("nonsense"), "", nats.Acked, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScripted(t)
			p := scriptedPublisher(t, s)
			if r, err := p.Publish(t.Context(), all[0]); r != nats.Acked {
				t.Fatalf("the first verdict: %s, %v", r, err)
			}
			s.script(c.answer)
			r, err := p.Publish(t.Context(), all[1])
			if r != c.first || (err == nil) != (c.first != "") || c.err != nil && !errors.Is(err, c.err) {
				t.Errorf("first: %q, %v; want %q, %v", r, err, c.first, c.err)
			}
			s.script(nil)
			if r, err := p.Publish(t.Context(), all[1]); r != c.then {
				t.Errorf("again: %q, %v; want %q", r, err, c.then)
			}
		})
	}
}

func scriptedPublisher(t *testing.T, s *scripted) *nats.Publisher {
	t.Helper()
	key, _, err := nats.OpenKey(filepath.Join(t.TempDir(), "engine.nk"))
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(nats.Config{URL: s.srv.ClientURL()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	p, err := nats.NewPublisher(nc, key, nats.Options{Engine: "a", Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
