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

func order() *schemas.Command {
	return &schemas.Command{Namespace: "prod", Rollout: "recsys", Verb: schemas.VerbPause, Actor: "till", At: schemas.TimeOf(noon)}
}

func TestCommandsAreOrdersOfSomebody(t *testing.T) {
	for _, c := range []struct {
		spoil func(*schemas.Command)
		want  string
	}{
		{func(c *schemas.Command) { c.Verb = "explode" }, "none of pause"},
		{func(c *schemas.Command) { c.Actor = "" }, "name who gives the order"},
		{func(c *schemas.Command) { c.Actor = strings.Repeat("x", 129) }, "129 bytes"},
		{func(c *schemas.Command) { c.Reason = strings.Repeat("x", 4097) }, "4097 bytes"},
		{func(c *schemas.Command) { c.At = schemas.Never }, "never is no instant"},
		{func(c *schemas.Command) { c.Rollout = "a.b" }, "DNS-1123"},
		{func(c *schemas.Command) { c.Namespace = "" }, "DNS-1123"},
	} {
		o := order()
		if _, err := schemas.ParseCommand(o.AppendJSON(nil)); err != nil {
			t.Fatal(err)
		}
		c.spoil(o)
		if _, err := schemas.ParseCommand(o.AppendJSON(nil)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add(order().AppendJSON(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := schemas.ParseCommand(b)
		if err != nil {
			return
		}
		if again, err := schemas.ParseCommand(c.AppendJSON(nil)); err != nil || *again != *c {
			t.Fatalf("read back %v, %v", again, err)
		}
	})
}

// fullOrder has every member set.
func fullOrder() *schemas.Command {
	c := order()
	c.Reason = "lunch"
	return c
}
