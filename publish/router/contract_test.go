package router

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"verdin/schemas"
)

var update = flag.Bool("update", false, "rewrite the vectors of the router's contract")

const contractDir = "../../testdata/router-contract"

// contract is one story that every router has to play alike, in any language: messages
// in, state out. docs/router-contract.md says what the members mean.
type contract struct {
	Name              string   `json:"name"`
	Claim             string   `json:"claim"`
	Router            string   `json:"router"`
	Rollout           string   `json:"rollout"`
	Trusted           []string `json:"trusted"`
	StaleAfterSeconds float64  `json:"stale_after_seconds"`
	Steps             []*deed  `json:"steps"`
}

// deed is one thing that happens to a router, and how it must stand afterwards.
type deed struct {
	At        schemas.Time `json:"at"`
	What      string       `json:"what"`
	Verdict   *message     `json:"verdict,omitempty"`   // from the bucket
	Heartbeat *message     `json:"heartbeat,omitempty"` // from core NATS
	Kill      *bool        `json:"kill,omitempty"`      // the local switch
	Restart   string       `json:"restart,omitempty"`   // "kept" or "blank": with or without its state file
	Want      stance       `json:"want"`
}

type message struct {
	Subject string `json:"subject"`
	Headers header `json:"headers"`
	Payload string `json:"payload"`
}

// stance is where a router stands.
type stance struct {
	Outcome    string `json:"outcome,omitempty"` // of a verdict
	Generation uint64 `json:"generation"`
	Sequence   uint64 `json:"sequence"`
	Served     uint64 `json:"served"`
	WeightBps  int    `json:"weight_bps"`
	Waiting    bool   `json:"waiting"`
	Stale      bool   `json:"stale"`
	Expired    bool   `json:"expired"`
	Killed     bool   `json:"killed"`
	Missing    bool   `json:"missing"` // it has to read the history
	Ack        uint64 `json:"ack"`     // sequence to acknowledge after this step, 0 = none
}

var outcomes = map[outcome]string{accepted: "accepted", older: "older", conflict: "conflict", gap: "gap", ignored: "ignored"}

func (b *bench) stance() (s stance) {
	st := b.status()
	s = stance{Generation: st.Generation, Sequence: st.Sequence, Served: st.Served, WeightBps: st.WeightBps,
		Waiting: st.Waiting, Stale: st.Stale, Expired: st.Expired, Killed: st.Killed, Missing: b.l.lacks()}
	if a, ok := b.l.unacknowledged(); ok {
		s.Ack = a.Sequence
		b.l.acknowledged(a)
	}
	return s
}

// do plays one step and returns where the router stands then.
func (b *bench) do(d *deed) (s stance) {
	b.now = d.At
	said := ""
	switch {
	case d.Verdict != nil:
		said = outcomes[b.r.verdict(b.l, d.Verdict.Headers, []byte(d.Verdict.Payload))]
	case d.Heartbeat != nil:
		b.r.heartbeat(d.Heartbeat.Subject, d.Heartbeat.Headers, []byte(d.Heartbeat.Payload))
	case d.Kill != nil:
		if err := b.r.Kill("prod/recsys", *d.Kill); err != nil {
			b.t.Fatal(err)
		}
	case d.Restart == "blank":
		b.r.cfg.StateFile = ""
		b.crash()
	case d.Restart == "kept":
		b.r.unsaved.Store(true)
		b.restart()
	}
	s = b.stance()
	s.Outcome = said
	return s
}

// Each story is told in contractstories_test.go; the files are what other languages read.
func TestContractFilesTellTheStories(t *testing.T) {
	seen := map[string]bool{}
	for _, tell := range stories {
		w := &writer{bench: keeping(t)}
		w.Router, w.Rollout, w.Trusted, w.StaleAfterSeconds = "edge-1", "prod/recsys", []string{publicKey(engineKey)}, 30
		tell(w)
		if seen[w.Name] || w.Name == "" {
			t.Fatalf("story %q has no name of its own", w.Name)
		}
		seen[w.Name] = true
		file(t, w.Name+".json", w.contract)
	}
	file(t, "slots.json", slots())
	files, err := filepath.Glob(contractDir + "/*.json")
	if err != nil || len(files) != len(seen)+1 {
		t.Errorf("%d files for %d stories and the slots, %v", len(files), len(seen), err)
	}
}

// file compares a file of the contract with what it should hold.
func file(t *testing.T, name string, v any) {
	t.Helper()
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(contractDir, name)
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s differs from its story, %v: run with -update, and say in the commit why the contract changes", path, err)
	}
}

func TestRouterKeepsTheContract(t *testing.T) {
	files, err := filepath.Glob(contractDir + "/*.json")
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	for _, path := range files {
		if filepath.Base(path) == "slots.json" {
			continue // TestSlotFollowsTheHash
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var c contract
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		b := keeping(t)
		for i, d := range c.Steps {
			if i == 0 {
				b.now = d.At
				b.crash() // the router starts now
			}
			played++
			if got := b.do(d); got != d.Want {
				t.Errorf("%s, step %d, %s:\n got %+v\nwant %+v", c.Name, i, d.What, got, d.Want)
			}
		}
	}
	if played < 60 {
		t.Errorf("%d steps played", played)
	}
}

// writer tells a story: each call is a step at a time after noon.
type writer struct {
	contract
	*bench
}

func (w *writer) step(after time.Duration, what string, d *deed, want stance) {
	d.At, d.What, d.Want = noon.Add(after), what, want
	w.Steps = append(w.Steps, d)
}

func (w *writer) verdict(after time.Duration, what string, payload []byte, want stance) {
	w.step(after, what, &deed{Verdict: w.message(schemas.WriteSubject("prod", "recsys"), w.key, schemas.VerdictMessage("prod", "recsys", payload), payload)}, want)
}

// beats sends a heartbeat that names the verdict of a payload, stamped at a time.
func (w *writer) beats(after, stamp time.Duration, what string, payload []byte, want stance) {
	v, err := schemas.ParseVerdict(payload)
	if err != nil {
		w.t.Fatal(err)
	}
	h := &schemas.Heartbeat{Namespace: "prod", Engine: "a", Time: noon.Add(stamp), Rollouts: []schemas.BeatHead{{Rollout: "recsys",
		Generation: v.Generation, Sequence: v.Sequence, Digest: schemas.Digest(payload), LeaseSeconds: 900}}}
	p := h.AppendJSON(nil)
	w.step(after, what, &deed{Heartbeat: w.message(schemas.BeatSubject("prod", "a"), w.key, schemas.BeatMessage("prod", "a", p), p)}, want)
}

func (w *writer) message(subject string, key nkeys.KeyPair, signed, payload []byte) *message {
	return &message{subject, sign(key, signed), string(payload)}
}

func publicKey(key nkeys.KeyPair) string {
	id, err := key.PublicKey()
	if err != nil {
		panic(err) // a key of the test
	}
	return id
}

// slotCase is one choice: salt and id are concatenated, hashed and scaled.
type slotCase struct {
	Salt string `json:"salt"`
	ID   string `json:"id"`
	Slot int    `json:"slot"` // 0 … 9,999; the canary serves slots below its weight
}

func slots() (cases []slotCase) {
	ids := []string{"", "a", "user-1", "user-2", "8d1f0b9e-6f0c-4bb7-a7a1-0c0a4f3f2f11", "日本語", "a longer id whose length is no multiple of four"}
	for i := range 20 {
		ids = append(ids, fmt.Sprintf("request-%d", i))
	}
	for _, salt := range []string{"", "prod/recsys/v2"} {
		for _, id := range ids {
			cases = append(cases, slotCase{salt, id, slot(salt, id)})
		}
	}
	return cases
}
