package schemas_test

import (
	"bytes"
	"strings"
	"testing"

	"verdin/schemas"
)

func beat() *schemas.Heartbeat {
	return &schemas.Heartbeat{Namespace: "prod", Engine: "a", Time: schemas.TimeOf(noon), Rollouts: []schemas.BeatHead{
		{Rollout: "recsys", Generation: 1, Sequence: 2, Digest: schemas.Digest(nil), LeaseSeconds: 900}}}
}

func ack() *schemas.Ack {
	return &schemas.Ack{Namespace: "prod", Rollout: "recsys", Router: "edge-1", Generation: 1, Sequence: 2, At: schemas.TimeOf(noon)}
}

func TestLabelsAreSafeAsTokens(t *testing.T) {
	for _, good := range []string{"a", "a-b", "0", strings.Repeat("x", 63)} {
		if err := schemas.CheckLabel("rollout", good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "-a", "a-", "A", "a.b", "a*", ">", "a b", "ä", "a/b", strings.Repeat("x", 64)} {
		if schemas.CheckLabel("rollout", bad) == nil {
			t.Errorf("%q passed", bad)
		}
	}
}

func TestSplitRollout(t *testing.T) {
	for _, c := range []struct{ in, ns, name string }{{"recsys", "default", "recsys"}, {"prod/recsys", "prod", "recsys"}} {
		if ns, name, err := schemas.SplitRollout(c.in); err != nil || ns != c.ns || name != c.name {
			t.Errorf("%s: %s, %s, %v", c.in, ns, name, err)
		}
	}
	for _, bad := range []string{"", "/", "a/", "/b", "a/b/c", "a.b"} {
		if _, _, err := schemas.SplitRollout(bad); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}

func TestSubjects(t *testing.T) {
	for got, want := range map[string]string{
		schemas.WriteSubject("prod", "recsys"):         "$KV.VERDIN_ROUTES.prod.recsys",
		schemas.PlainSubject("prod", "recsys"):         "verdin.v1.verdict.prod.recsys",
		schemas.BeatSubject("prod", "engine-1"):        "verdin.v1.hb.prod.engine-1",
		schemas.AckSubject("prod", "recsys", "edge-1"): "verdin.v1.ack.prod.recsys.edge-1",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestAckBelongsOnItsSubject(t *testing.T) {
	a := ack()
	if _, err := schemas.ParseAck(a.Subject(), a.AppendJSON(nil)); err != nil {
		t.Error(err)
	}
	if _, err := schemas.ParseAck("verdin.v1.ack.prod.recsys.edge-2", a.AppendJSON(nil)); err == nil {
		t.Error("an acknowledgement in the name of another router passed")
	}
	a.Namespace = "prod.recsys"
	if _, err := schemas.ParseAck(a.Subject(), a.AppendJSON(nil)); err == nil {
		t.Error("a namespace of two tokens passed")
	}
}

func FuzzParseHeartbeat(f *testing.F) {
	f.Add(beat().AppendJSON(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := schemas.ParseHeartbeat(b)
		if err != nil {
			return
		}
		first := h.AppendJSON(nil)
		again, err := schemas.ParseHeartbeat(first)
		if err != nil {
			t.Fatalf("own bytes are refused: %v\n%s", err, first)
		}
		if second := again.AppendJSON(nil); !bytes.Equal(first, second) {
			t.Fatalf("bytes changed:\n%s\n%s", first, second)
		}
	})
}

func FuzzParseAck(f *testing.F) {
	f.Add(ack().AppendJSON(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := schemas.ParseAck(ack().Subject(), b)
		if err == nil && a.Subject() != ack().Subject() {
			t.Fatal("on another's subject")
		}
	})
}
