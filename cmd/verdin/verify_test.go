package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	verdictlog "verdin/publish/log"
	"verdin/publish/nats"
	"verdin/schemas"
)

// chainOf is n verdicts of prod/recsys as payloads.
func chainOf(n int, edit func(*schemas.Verdict)) (all [][]byte) {
	prev := ""
	for i := range n {
		v := &schemas.Verdict{
			Namespace: "prod", Rollout: "recsys", Verdict: schemas.VerdictAdvance, Phase: schemas.PhaseRunning, Generation: 1, Sequence: uint64(i + 1), PrevDigest: prev,
			Routes: []schemas.Route{{Arm: schemas.ArmCanary, WeightBps: 1000}, {Arm: schemas.ArmStable, WeightBps: 9000}}, OnExpiry: schemas.ExpiryStable, Actor: "auto",
		}
		if edit != nil {
			edit(v)
		}
		payload := v.AppendJSON(nil)
		all, prev = append(all, payload), schemas.Digest(payload)
	}
	return all
}

func writeLog(t *testing.T, payloads ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "verdicts.jsonl")
	w, err := verdictlog.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, p := range payloads {
		if err := w.Append(p); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestVerifyChecksAVerdictLog(t *testing.T) {
	all := chainOf(4, nil)
	other := chainOf(4, func(v *schemas.Verdict) {
		if v.Sequence == 3 {
			v.Reason.Code = "other"
		}
	})
	whole, gap, short, fork := writeLog(t, all...), writeLog(t, all[0], all[1], all[3]), writeLog(t, all[:3]...), writeLog(t, other...)
	spoilt := filepath.Join(t.TempDir(), "spoilt.jsonl")
	if err := os.WriteFile(spoilt, append(append([]byte{}, all[0]...), "\n{}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string // in the output of success, or in the one line of an error
	}{
		{[]string{whole}, 0, "prod/recsys: 4 verdicts, unbroken up to generation 1, sequence 4"},
		{[]string{whole, "--replay", whole}, 0, "4 verdicts"},
		{[]string{whole, "--rollout", "prod/recsys"}, 0, "4 verdicts"},
		{[]string{gap}, 1, "prod/recsys/1/4: comes after prod/recsys/1/2: 1 verdicts between are missing"},
		{[]string{spoilt}, 1, "line 2"},
		{[]string{whole, "--replay", fork}, 1, `prod/recsys/1/3: the replay decides otherwise: "reason" differs`},
		{[]string{short, "--replay", whole}, 1, "prod/recsys/1/4: the replay decides it, but it was not published"},
		{[]string{whole, "--replay", short}, 1, "prod/recsys/1/4: the replay has no such verdict"},
		{[]string{whole, "--rollout", "search"}, 1, "there is no verdict of default/search"},
		{[]string{"absent.jsonl"}, 1, "absent.jsonl"},
		{nil, 2, "either a verdict log or --nats"},
		{[]string{whole, "--nats", "nats://h"}, 2, "either a verdict log or --nats"},
		{[]string{whole, "--key", "U"}, 2, "holds no signatures"},
		{[]string{"--nats", "nats://127.0.0.1:1"}, 2, "--trusted FILE"},
		{[]string{"--nats", "nats://127.0.0.1:1", "--key", "nonsense"}, 2, "no public key"},
		{[]string{whole, "--rollout", "a.b"}, 2, "DNS-1123"},
	} {
		got := verdin(t, append([]string{"verify"}, c.args...)...)
		said := got.out
		if c.code != 0 {
			said = got.diag
		}
		if got.code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("verify %q: code %d, says %q %q; want %d, %q", c.args, got.code, got.out, got.diag, c.code, c.want)
		}
		if c.code != 0 && (strings.Count(got.diag, "\n") != 1 || got.out != "") {
			t.Errorf("verify %q says more than one line:\n%s%s", c.args, got.out, got.diag)
		}
	}
}

// audit is a server with a chain that two keys signed, one after the other.
func audit(t *testing.T, payloads [][]byte) (nc *natsgo.Conn, url string, keys []string) {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, SyncAlways: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server does not start")
	}
	nc, err = nats.Connect(nats.Config{URL: s.ClientURL()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if err := nats.Setup(t.Context(), nc, 1); err != nil {
		t.Fatal(err)
	}
	for i, half := range [][][]byte{payloads[:len(payloads)/2], payloads[len(payloads)/2:]} {
		key, _, err := nats.OpenKey(filepath.Join(t.TempDir(), "engine.nk"))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key.ID)
		p, err := nats.NewPublisher(nc, key, nats.Options{Engine: "a", Trusted: keys}) // while both are trusted
		if err != nil {
			t.Fatal(err)
		}
		for _, payload := range half {
			if r, err := p.Publish(t.Context(), payload); r != nats.Acked {
				t.Fatal(i, r, err)
			}
		}
	}
	awaitAudit(t, nc, uint64(len(payloads)))
	return nc, s.ClientURL(), keys
}

// awaitAudit waits until the audit stream, which the server fills by itself, holds n.
func awaitAudit(t *testing.T, nc *natsgo.Conn, n uint64) {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := js.Stream(ctx, schemas.StreamAudit)
	if err != nil {
		t.Fatal(err)
	}
	for {
		info, err := s.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if info.State.Msgs >= n {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
}

func TestVerifyChecksTheAuditStream(t *testing.T) {
	all := chainOf(4, nil)
	nc, url, keys := audit(t, all)
	list := filepath.Join(t.TempDir(), "trusted")
	if err := os.WriteFile(list, []byte("# engines\n"+keys[0]+" # until May\n\n"+keys[1]+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	verify := func(code int, want string, args ...string) {
		t.Helper()
		got := verdin(t, append([]string{"verify", "--nats", url}, args...)...)
		if got.code != code || !strings.Contains(got.out+got.diag, want) {
			t.Errorf("verify %q: code %d, says %q %q; want %d, %q", args, got.code, got.out, got.diag, code, want)
		}
	}
	verify(0, "4 verdicts, unbroken up to generation 1, sequence 4", "--trusted", list)
	verify(0, "signed by "+keys[0]+", "+keys[1], "--key", keys[0], "--key", keys[1])
	verify(0, "4 verdicts", "--trusted", list, "--replay", writeLog(t, all...))
	verify(1, "message 1 of VERDIN_AUDIT on verdin.v1.audit.prod.recsys: its key \""+keys[0]+"\" is not trusted", "--key", keys[1])
	verify(1, "prod/recsys/1/4: the replay has no such verdict", "--trusted", list, "--replay", writeLog(t, all[:3]...))
	if _, err := nc.Request(schemas.WriteSubject("prod", "search"), all[0], patience); err != nil { // nobody signed it
		t.Fatal(err)
	}
	awaitAudit(t, nc, 5)
	verify(1, "message 5 of VERDIN_AUDIT on verdin.v1.audit.prod.search: it is not signed", "--trusted", list)
	verify(0, "4 verdicts", "--trusted", list, "--rollout", "prod/recsys")
}
