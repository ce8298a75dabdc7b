package http_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"verdin/publish/flags"
	"verdin/schemas"
)

const unit7 = `{"context":{"targetingKey":"user-7"}}`

// one is what OFREP says of the rollout's flag for a unit.
func (r *rig) one(body string) flags.Evaluation {
	r.t.Helper()
	got := r.ask("POST", "/ofrep/v1/evaluate/flags/prod.recsys", body)
	var e flags.Evaluation
	if err := json.Unmarshal([]byte(got.body), &e); err != nil {
		r.t.Fatalf("%d %s: %v", got.code, got.body, err)
	}
	return e
}

func TestFlagdPollsWithTags(t *testing.T) {
	r := newRig(t, false)
	r.gives(verdict(1, "advance", schemas.PhaseRunning, 1000))
	first := r.ask("GET", "/flagd/v1/flags.json", "")
	r.wants("first", first, http.StatusOK, `"prod.recsys"`, `"canary",`, `1000`)
	tag := first.head.Get("ETag")
	for _, header := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		if got := r.ask("GET", "/flagd/v1/flags.json", "", "If-None-Match", header); got.code != http.StatusNotModified || got.body != "" {
			t.Errorf("%s: %d %s", header, got.code, got.body)
		}
	}
	r.gives(verdict(2, "advance", schemas.PhaseRunning, 5000))
	r.wants("changed", r.ask("GET", "/flagd/v1/flags.json", "", "If-None-Match", tag), http.StatusOK, "5000")
}

func TestOFREPAnswersOneAndAll(t *testing.T) {
	r := newRig(t, false)
	r.gives(verdict(1, "advance", schemas.PhaseRunning, 5000))
	f := flags.Of(verdict(1, "advance", schemas.PhaseRunning, 5000))
	for _, id := range []string{"user-1", "user-2", "user-3", "user-4"} {
		want, _ := f.Choose(id)
		if e := r.one(`{"context":{"targetingKey":"` + id + `"}}`); e.Variant != want || e.Value != f.Value(want) || e.Reason != "SPLIT" || e.Metadata["generation"] != 1.0 {
			t.Errorf("%s: %+v, want %s", id, e, want)
		}
	}
	path := "/ofrep/v1/evaluate/flags"
	r.wants("absent", r.ask("POST", path+"/absent", unit7), http.StatusNotFound, flags.CodeNotFound)
	r.wants("nobody", r.ask("POST", path+"/prod.recsys", `{}`), http.StatusBadRequest, flags.CodeNoKey)
	r.wants("unreadable", r.ask("POST", path+"/prod.recsys", `{`), http.StatusBadRequest, flags.CodeParse)
	r.wants("a number", r.ask("POST", path, `{"context":{"targetingKey":1}}`), http.StatusBadRequest, flags.CodeBadContext)
	r.wants("too large", r.ask("POST", path, strings.Repeat(" ", 70000)), http.StatusRequestEntityTooLarge, flags.CodeParse)
	all := r.ask("POST", path, unit7)
	r.wants("all", all, http.StatusOK, `"key":"prod.recsys"`, `"eventStreams":[{"type":"sse","url":"http://127.0.0.1:`)
	if got := r.ask("POST", path, unit7, "If-None-Match", all.head.Get("ETag")); got.code != http.StatusNotModified {
		t.Errorf("the same again: %d", got.code)
	}
}

// A flag client is a router: no step forward before it stands in NATS, a rollback at
// once, stable before the first verdict and after the deadline.
func TestFlagsKeepTheRoutersContract(t *testing.T) {
	r := newRig(t, false)
	r.seat.Saw(r.status, nil)
	if e := r.one(unit7); e.Variant != "stable" || e.Value != "v1" || e.Reason != "STATIC" {
		t.Errorf("before the first verdict: %+v", e)
	}
	all := verdict(1, "advance", schemas.PhaseRunning, 10000)
	r.status.Phase = all.Phase
	r.seat.Saw(r.status, all)
	if e := r.one(unit7); e.Variant != "stable" {
		t.Errorf("a step that does not stand in NATS: %+v", e)
	}
	r.desk.Acked("prod", "recsys", 1, 1)
	if e := r.one(unit7); e.Variant != "canary" {
		t.Errorf("once it stands there: %+v", e)
	}
	dry := verdict(2, "rollback", schemas.PhaseRolledBack, 0)
	dry.DryRun = true
	r.gives(dry)
	if e := r.one(unit7); e.Variant != "canary" {
		t.Errorf("a dry run moves traffic: %+v", e)
	}
	r.linked.Store(false)
	r.at.Store(int64(noon.Add(15 * time.Minute)))
	if e := r.one(unit7); e.Variant != "canary" {
		t.Errorf("without NATS before the deadline: %+v", e)
	}
	r.at.Add(1)
	if e := r.one(unit7); e.Variant != "stable" {
		t.Errorf("without NATS after the deadline: %+v", e)
	}
	keep := verdict(3, "promote", schemas.PhasePromoted, 10000)
	keep.OnExpiry = schemas.ExpiryHold
	r.gives(keep)
	if e := r.one(unit7); e.Variant != "canary" {
		t.Errorf("the verdict says to keep the weights: %+v", e)
	}
	r.linked.Store(true)
	back := verdict(4, "rollback", schemas.PhaseRolledBack, 0)
	r.seat.Saw(r.status, back) // not in NATS yet
	if e := r.one(unit7); e.Variant != "stable" || e.Reason != "STATIC" {
		t.Errorf("a rollback: %+v", e)
	}
}

// An operator kills; a client that listens hears of it, asks again, and gets stable.
func TestTheKillSwitchReachesAClientThatListens(t *testing.T) {
	r := newRig(t, false)
	r.gives(verdict(1, "advance", schemas.PhaseRunning, 10000))
	stream := r.events("/ofrep/v1/events")
	if first := <-stream; !strings.Contains(first, `"type":"refetchEvaluation"`) {
		t.Fatalf("the first message is %s", first)
	}
	if e := r.one(unit7); e.Variant != "canary" {
		t.Fatalf("before: %+v", e)
	}
	began := time.Now()
	r.gives(killed())
	for range stream {
		if e := r.one(unit7); e.Variant == "stable" && e.Metadata["killSwitch"] == true {
			took := time.Since(began)
			t.Logf("killed after %v", took)
			if took > time.Second {
				t.Errorf("the kill took %v, want less than a second", took)
			}
			return
		}
	}
	t.Error("the stream ended without the kill")
}

func killed() *schemas.Verdict {
	v := verdict(2, schemas.VerdictRollback, schemas.PhaseRolledBack, 0)
	v.KillSwitch = true
	return v
}
