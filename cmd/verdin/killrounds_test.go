package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/pump/journal"
	"verdin/publish/nats"
	"verdin/schemas"
)

// moment is when an engine is killed; harm is what happens to its folder then.
type moment struct {
	name string
	wait func(*ward)
}

type harm struct {
	name string
	do   func(*ward) (done bool) // nil = around the kill
	says string                  // what the next engine must say; "" = nothing of note
	kept bool                    // there must be a snapshot to harm: the kill waits for one
}

var moments = []moment{
	{"at some byte of the journal", func(w *ward) { w.ready(); w.grown(int64(1 + w.rng.IntN(4000))) }},
	{"at a verdict", func(w *ward) { w.ready(); w.line(4*time.Second, `"msg":"verdict"`) }},
	{"while it starts", func(w *ward) { w.line(patience, `"msg":"listening"`) }},
	{"at some byte of the journal", func(w *ward) { w.ready(); w.grown(int64(1 + w.rng.IntN(2000))) }},
	{"when a verdict is acked", func(w *ward) { w.ready(); w.line(4*time.Second, `"msg":"verdict acked"`) }},
	{"when it goes on", func(w *ward) { w.ready() }},
}

// ready waits until the rollout runs.
func (w *ward) ready() {
	w.t.Helper()
	if !w.line(patience, `"msg":"rollout started"`) {
		w.t.Fatalf("the rollout does not start:\n%s", w.last())
	}
}

var harms = []harm{
	{"nothing", func(*ward) bool { return true }, "", false},
	{"a torn tail", func(w *ward) bool {
		files := w.files("journal-*")
		whole, err := os.ReadFile(files[len(files)-1])
		if err != nil {
			w.t.Fatal(err)
		}
		return w.append(files[len(files)-1], whole[:min(len(whole), 9+w.rng.IntN(60))])
	}, "cut off a record", false},
	{"nothing", func(*ward) bool { return true }, "", false},
	{"the newest snapshot is gone", func(w *ward) bool {
		all := w.files("snapshot-*")
		return len(all) > 0 && os.Remove(all[len(all)-1]) == nil
	}, "", true},
	{"the newest snapshot is damaged", func(w *ward) bool {
		all := w.files("snapshot-*")
		return len(all) > 0 && w.flip(all[len(all)-1])
	}, "a snapshot is passed over", true},
	{"NATS is down", nil, "", false},
	{"every snapshot is damaged", func(w *ward) bool {
		for _, f := range w.files("snapshot-*") {
			w.flip(f)
		}
		return true
	}, "a snapshot is passed over", true},
	{"the folder is gone", func(w *ward) bool { return w.mirrored() && os.RemoveAll(w.state) == nil }, "fetched from its mirror", false},
}

// append adds bytes to a file.
func (w *ward) append(path string, b []byte) bool {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.Write(b)
		f.Close()
	}
	return err == nil
}

// flip changes a bit in the middle of a file.
func (w *ward) flip(path string) bool {
	b, err := os.ReadFile(path)
	if err != nil || len(b) == 0 {
		return false
	}
	b[len(b)/2] ^= 4
	return os.WriteFile(path, b, 0o600) == nil
}

// mirrored tells whether the mirror has all that the folder has: it follows a moment
// behind, so a kill may find it without the last record.
func (w *ward) mirrored() bool {
	p, done := w.publisher()
	defer done()
	end, ok, err := p.JournalEnd(w.t.Context(), "default", "killed")
	return err == nil && ok && end == uint64(len(w.records()))
}

func (w *ward) publisher() (*nats.Publisher, func()) {
	w.t.Helper()
	key, _, err := nats.OpenKey(filepath.Join(w.dir, "seed"))
	if err != nil {
		w.t.Fatal(err)
	}
	nc, err := nats.Connect(nats.Config{URL: w.natsURL()}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := nats.NewPublisher(nc, key, nats.Options{Engine: "looker"})
	if err != nil {
		w.t.Fatal(err)
	}
	return p, nc.Close
}

// outage takes NATS away, kills the engine a little later, and brings NATS back with
// what it had stored.
func (w *ward) outage() {
	w.t.Helper()
	port := w.nats.Addr().(*net.TCPAddr).Port
	w.nats.Shutdown()
	w.nats.WaitForShutdown()
	w.grown(2000)
	w.end(syscall.SIGKILL)
	var err error
	if w.nats, err = startNATS(w.servers.dir, port); err != nil {
		w.t.Fatal(err)
	}
}

// Once for each harm the engine is killed at work, and what it has on disk is harmed; in
// the end the chain of verdicts in NATS is the one that the journal and the topics give,
// byte for byte: none is lost, none is doubled.
func TestKilledEnginesLoseNothing(t *testing.T) {
	t.Parallel()
	killed(t, len(harms))
}

func killed(t *testing.T, rounds int) {
	w := newWard(t)
	done := map[string]int{}
	for round := range rounds {
		h := harms[round%len(harms)]
		for try := 0; !w.round(moments[(round+try)%len(moments)], h); try++ {
			if try == 20 {
				t.Fatalf("round %d: %q could not be done", round, h.name)
			}
		}
		done[h.name]++
	}
	w.start()
	w.ready()
	w.grown(2000)
	w.end(syscall.SIGTERM)
	w.stopped()
	w.work.Wait()
	t.Logf("rounds by harm: %v", done)
	for _, h := range harms {
		if n := strings.Count(w.said.String(), h.says); h.says != "" && n < done[h.name] {
			t.Errorf("%d rounds with %q, and engines said %q %d times", done[h.name], h.name, h.says, n)
		}
	}
	w.compare()
}

// round starts an engine, kills it at a moment and does harm to its folder. It is false
// if there was nothing to harm: the engine died too early, or the mirror was behind.
func (w *ward) round(m moment, h harm) bool {
	w.start()
	m.wait(w)
	if h.kept {
		eventually(w.t, "a snapshot", func() bool { return len(w.files("snapshot-*")) > 0 })
	}
	if h.do == nil {
		w.outage()
		return true
	}
	w.end(syscall.SIGKILL)
	return len(w.files("journal-*")) > 0 && h.do(w)
}

// compare holds the published chain and the mirror against the journal and the topics.
func (w *ward) compare() {
	t := w.t
	var script pump.Script
	records := w.records()
	activations := 0
	for i, json := range records {
		r, err := journal.Parse(json)
		if err != nil {
			t.Fatalf("record %d: %v", i+1, err)
		}
		if _, ok := r.(*journal.Activation); ok {
			activations++
		}
		if err := script.Take(r); err != nil {
			t.Fatalf("record %d: %v", i+1, err)
		}
	}
	if activations != 1 {
		t.Fatalf("%d generations, want one that outlives every kill:\n%s", activations, w.last())
	}
	want := w.oracle(&script)
	nc, err := nats.Connect(nats.Config{URL: w.natsURL()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	got := w.stream(nc, schemas.StreamAudit, schemas.PrefixAudit+"."+schemas.Key("default", "killed"), len(want))
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("verdict %d\n%s\nthe oracle's\n%s", i+1, got[i], want[i])
		}
	}
	p, hangUp := w.publisher()
	defer hangUp()
	if head, err := p.Head(t.Context(), "default", "killed"); err != nil || head.Digest != schemas.Digest(want[len(want)-1]) {
		t.Errorf("the chain ends with %v, %v; want verdict %d", head.Digest, err, len(want))
	}
	mirror := w.stream(nc, schemas.StreamJournal, schemas.JournalSubject("default", "killed"), len(records))
	if !slices.EqualFunc(mirror, records, bytes.Equal) {
		t.Error("the mirror is not the journal")
	}
	t.Logf("%d verdicts, %d cuts, %d records", len(want), len(script.Cuts), len(records))
}

// oracle is the chain that the journal and the topics give.
func (w *ward) oracle(script *pump.Script) (chain [][]byte) {
	t := w.t
	spec, err := decision.Parse([]byte(script.Activation.Spec), "journal")
	if err != nil {
		t.Fatal(err)
	}
	info, err := kafka.Describe(t.Context(), kafka.Config{Brokers: w.brokers()}, pump.TopicNames(spec))
	if err != nil {
		t.Fatal(err)
	}
	topics, err := pump.NewTopics(spec, info)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := kafka.Open(t.Context(), kafka.Config{Brokers: w.brokers()}, topics.Assignments(kafka.Earliest))
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	batches := make(chan pump.Batch)
	reader := &pump.Reader{Topics: topics, Layout: engine.Layout(spec), Now: wallClock, Log: slog.New(slog.DiscardHandler),
		Arrivals: pump.NewArrivals(len(script.Activation.Logs), script.Cuts)}
	go reader.Run(ctx, consumer.Records(), batches)
	core, err := pump.Begin(script.Activation, spec)
	if err != nil {
		t.Fatal(err)
	}
	r := &pump.Rerun{Spec: spec, Script: *script, Core: core, Sources: pump.Deal(batches, script),
		Each: func(o engine.Outcome, _ *journal.Cut) error {
			if o.Verdict != nil {
				chain = append(chain, o.Verdict.AppendJSON(nil))
			}
			return nil
		}}
	if err := r.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(chain) == 0 {
		t.Fatal("no verdict was given: the rounds prove nothing")
	}
	return chain
}
