package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"verdin/internal/scenario"
	"verdin/publish/nats"
)

var listening = regexp.MustCompile(`"addr":"([^"]+)"`)

// page fetches a page of a running engine.
func page(t *testing.T, addr, path string) (code int, text string) {
	t.Helper()
	res, err := http.Get("http://" + addr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// ready waits until the engine is ready, or not, and says so of its rollouts.
func ready(t *testing.T, addr string, code int, rollouts string) {
	t.Helper()
	eventually(t, rollouts, func() bool {
		got, text := page(t, addr, "/readyz?verbose")
		return got == code && strings.Contains(text, rollouts)
	})
}

// The folder is the list of rollouts: a new file starts one, a changed one begins a
// new generation, a removed one stops; a file that is refused changes nothing.
func TestRunFollowsItsFolder(t *testing.T) {
	r := newRig(t)
	bad := r.spec(t, "bad", "weight: 20", "wieght: 20")
	good := r.spec(t, "good")
	p := launch(t, "run", "-c", r.config)
	addr := listening.FindStringSubmatch(p.await(t, `"msg":"listening"`))[1]

	// A file that is refused does not keep the others from starting.
	p.await(t, `"msg":"rollout started"`, "default/good", good)
	p.await(t, "refused, nothing changes: "+bad+`:9:13: unknown field "wieght": did you mean "weight"?`)
	p.await(t, "    |             ^")
	ready(t, addr, http.StatusServiceUnavailable, "1 running, 1 files refused")
	p.await(t, `"msg":"verdict acked"`, "default/good", `"generation":1`)

	// It starts when it is right.
	r.spec(t, "bad")
	p.await(t, `"msg":"rollout started"`, "default/bad", bad)
	p.await(t, `"msg":"rollout file no longer refused"`, bad)
	ready(t, addr, http.StatusOK, "2 running, 0 files refused")

	// What changes the analysis begins a new generation.
	r.spec(t, "good", "weight: 20", "weight: 30")
	p.await(t, `"msg":"verdict acked"`, "default/good", `"generation":1,"sequence":2`) // the old one says that it ends
	p.await(t, `"msg":"rollout started"`, "default/good")
	p.await(t, `"msg":"verdict acked"`, "default/good", `"generation":2,"sequence":1`)
	journalled(t, filepath.Join(r.dir, "state"), `"phase":"superseded"`)

	// What breaks a file that runs, or asks for what is not there, changes nothing.
	r.spec(t, "good", "weight: 20", "weight: 0.5")
	p.await(t, "refused, nothing changes: "+good+":9:")
	ready(t, addr, http.StatusServiceUnavailable, "2 running, 1 files refused")
	r.spec(t, "good", "weight: 20", "weight: 40", "events", "absent")
	p.await(t, "refused, nothing changes: "+good+`: kafka topic "absent" does not exist`)
	r.spec(t, "good", "weight: 20", "weight: 30")
	p.await(t, `"msg":"rollout file no longer refused"`, good)

	// One rollout stands in one file.
	twin := write(t, r.dir+"/rollouts", "twin.yaml", strings.Replace(shortSpec, "%s", "good", 1))
	p.await(t, "refused, nothing changes: "+twin+": rollout default/good is already defined by "+good+": rename one of them")
	for _, path := range []string{twin, bad} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	p.await(t, `"msg":"rollout removed"`, "default/bad")
	ready(t, addr, http.StatusOK, "1 running, 0 files refused")

	if code := p.stop(t); code != exitOK {
		t.Errorf("exit code %d after a signal", code)
	}
	p.await(t, `"msg":"stopped"`)
	if n := strings.Count(p.String(), `"msg":"rollout started"`); n != 3 {
		t.Errorf("rollouts were started %d times, want 3:\n%s", n, p)
	}
	if strings.Contains(p.String(), `"level":"ERROR"`) {
		t.Errorf("errors were logged:\n%s", p)
	}
	noGoroutinesLeft(t)
}

// An engine that starts again leaves a rollout that has ended alone: nothing is
// served again that was rolled back, and that is no fault of the file.
func TestRunLeavesAnEndedRolloutAlone(t *testing.T) {
	r := newRig(t, scenario.Predictions, scenario.Outcomes, scenario.Resources)
	dir := t.TempDir()
	past := verdin(t, "simulate", "--scenario", "drift", "--out", filepath.Join(dir, "a.ndjson"), "-o", "jsonl")
	spec, err := os.ReadFile(filepath.Join(dir, "a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, filepath.Join(r.dir, "rollouts"), "a.yaml", string(spec))
	publish(t, r, strings.Split(strings.TrimSpace(past.out), "\n"))

	p := launch(t, "run", "-c", r.config)
	addr := listening.FindStringSubmatch(p.await(t, `"msg":"listening"`))[1]
	p.await(t, "rollout ended before: change its spec", "default/assistant", file, "rolled_back, generation 1")
	ready(t, addr, http.StatusOK, "1 running, 0 files refused")
	eventually(t, "nobody reads its topics", func() bool {
		return !strings.Contains(strings.Join(goroutines(), "\n"), "ingest/kafka.(*reader)")
	})

	// Another spec of it begins anew.
	write(t, filepath.Join(r.dir, "rollouts"), "a.yaml", strings.Replace(string(spec), "holdBack: 5%", "holdBack: 10%", 1))
	p.await(t, `"msg":"rollout started"`, "default/assistant")
	p.await(t, `"msg":"verdict acked"`, "default/assistant", `"generation":2,"sequence":1`)
	if code := p.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// publish writes verdicts as an engine with the rig's key did before.
func publish(t *testing.T, r *rig, payloads []string) {
	t.Helper()
	key, _, err := nats.OpenKey(filepath.Join(r.dir, "seed"))
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(nats.Config{URL: r.natsURL()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := nats.Setup(t.Context(), nc, 1); err != nil {
		t.Fatal(err)
	}
	past, err := nats.NewPublisher(nc, key, nats.Options{Engine: "past", Epoch: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range payloads {
		if got, err := past.Publish(t.Context(), []byte(payload)); err != nil || got != nats.Acked {
			t.Fatalf("%s, %v: %s", got, err, payload)
		}
	}
}
