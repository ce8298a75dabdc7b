package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	natsgo "github.com/nats-io/nats.go"

	"verdin/ingest/kafka"
	"verdin/publish/nats"
	"verdin/schemas"
)

var routing = regexp.MustCompile(`"msg":"routing","addr":"([^"]+)","rollout":"[^"]+","probes":"([^"]+)"`)

// fork is a router in front of two models, and an engine's publisher.
type fork struct {
	*rig
	t      *testing.T
	nc     *natsgo.Conn
	pub    *nats.Publisher
	head   []byte
	models [2]string
}

func newFork(t *testing.T) *fork {
	f := &fork{rig: newRig(t), t: t}
	for i, name := range []string{"stable", "canary"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, name, " ", r.Header.Get("Verdin-Arm"))
		}))
		t.Cleanup(s.Close)
		f.models[i] = s.URL
	}
	key, _, err := nats.OpenKey(filepath.Join(f.dir, "seed"))
	must(t, err)
	nc, err := nats.Connect(nats.Config{URL: f.natsURL()}, nil)
	must(t, err)
	t.Cleanup(nc.Close)
	f.nc = nc
	must(t, nats.Setup(t.Context(), nc, 1))
	f.pub, err = nats.NewPublisher(nc, key, nats.Options{Engine: "a"})
	must(t, err)
	_, err = f.pub.Claim(t.Context(), "default", "a")
	must(t, err)
	write(t, f.dir, "router.yaml", fmt.Sprintf(`router: edge-1
rollout: a
trusted: [%s]
listen: 127.0.0.1:0
models: {stable: %q, canary: %q}
unitHeader: X-User
topic: events
kafka: {brokers: [%q]}
nats: {url: %q}
http: {addr: "127.0.0.1:0"}
`, key.ID, f.models[0], f.models[1], f.brokers()[0], f.natsURL()))
	return f
}

// step publishes the next verdict of the chain.
func (f *fork) step(weight int) {
	f.t.Helper()
	v := &schemas.Verdict{Namespace: "default", Rollout: "a", Verdict: schemas.VerdictAdvance, Phase: schemas.PhaseRunning, Generation: 1, Sequence: 1,
		Routes: []schemas.Route{{Arm: schemas.ArmCanary, ModelVersion: "v2", WeightBps: weight}, {Arm: schemas.ArmStable, ModelVersion: "v1", WeightBps: 10_000 - weight}},
		Stage:  schemas.VerdictStage{Weight: weight / 100}, ValidUntil: wallClock().Add(15 * 60 * 1e9), OnExpiry: schemas.ExpiryStable, Actor: "auto", Time: wallClock()}
	if f.head != nil {
		p, err := schemas.ParseVerdict(f.head)
		must(f.t, err)
		v.Sequence, v.PrevDigest = p.Sequence+1, schemas.Digest(f.head)
	}
	f.head = v.AppendJSON(nil)
	r, err := f.pub.Publish(f.t.Context(), f.head)
	if err != nil || r != nats.Acked {
		f.t.Fatalf("%s, %v", r, err)
	}
}

// start runs the router and returns its addresses.
func (f *fork) start() (p *program, front, probes string) {
	p = launch(f.t, "router", "-c", filepath.Join(f.dir, "router.yaml"))
	m := routing.FindStringSubmatch(p.await(f.t, `"msg":"routing"`))
	return p, m[1], m[2]
}

// ask sends a request of a user and returns the answer.
func (f *fork) ask(front, user string) (body, id string) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, "http://"+front+"/predict", strings.NewReader("{}"))
	must(f.t, err)
	r.Header.Set("X-User", user)
	resp, err := http.DefaultClient.Do(r)
	must(f.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(f.t, err)
	return string(b), resp.Header.Get("Verdin-Prediction-Id")
}

func (f *fork) post(url string, headers ...string) int {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, url, nil)
	must(f.t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	must(f.t, err)
	resp.Body.Close()
	return resp.StatusCode
}

// events reads what the router has produced.
func (f *fork) events(n int) (all []schemas.Prediction) {
	c, err := kafka.Open(f.t.Context(), kafka.Config{Brokers: f.brokers()}, []kafka.Assignment{{Topic: "events"}, {Topic: "events", Partition: 1}})
	must(f.t, err)
	defer c.Close()
	for len(all) < n {
		r := <-c.Records()
		for _, rec := range r.Records {
			var p schemas.Prediction
			must(f.t, json.Unmarshal(bytes.Clone(rec.Value), &p))
			all = append(all, p)
		}
		r.Release()
	}
	return all
}

func TestRouterIsAWholeCanaryByItself(t *testing.T) {
	f := newFork(t)
	p, front, probes := f.start()
	f.ask(front, "before any verdict")
	f.step(5000)
	p.await(t, `"msg":"verdict"`, `"canary":50`)
	byArm := map[string]int{}
	ids := map[string]string{}
	const users = 60
	for i := range users {
		body, id := f.ask(front, fmt.Sprint("user-", i))
		arm, told, _ := strings.Cut(body, " ")
		if arm != told {
			t.Fatalf("the %s model was told that it is %s", arm, told)
		}
		byArm[arm]++
		ids[id] = arm
		if again, _ := f.ask(front, fmt.Sprint("user-", i)); again != body {
			t.Errorf("user %d was moved from %q to %q", i, body, again)
		}
	}
	if byArm["canary"] < 10 || byArm["stable"] < 10 {
		t.Errorf("the split is %v of %d", byArm, users)
	}
	if code := f.post("http://"+probes+"/kill", "Origin", "http://elsewhere.example", "Sec-Fetch-Site", "cross-site"); code != http.StatusForbidden {
		t.Errorf("a page of another site works the switch: status %d", code)
	}
	if code := f.post("http://" + probes + "/kill"); code != 200 {
		t.Errorf("kill: status %d", code)
	}
	for i := range users {
		if body, _ := f.ask(front, fmt.Sprint("user-", i)); body != "stable stable" {
			t.Fatalf("killed, and %q answers", body)
		}
	}
	if code := f.post("http://" + probes + "/kill?on=false"); code != 200 {
		t.Errorf("kill: status %d", code)
	}
	f.nats.Shutdown()
	f.nats.WaitForShutdown()
	if code := p.stop(t); code != exitOK {
		t.Fatalf("exit code %d:\n%s", code, p)
	}
	seen := map[string]bool{}
	for _, e := range f.events(1 + 3*users) {
		seen[e.PredictionID] = true
		if arm, ok := ids[e.PredictionID]; ok && (e.Arm != arm || e.Generation != 1 || e.UnitID == "" || e.StatusCode != 200) {
			t.Errorf("event %+v of a request that %s served", e, arm)
		}
	}
	if len(seen) != 1+3*users {
		t.Errorf("%d events", len(seen))
	}
	p, front, probes = f.start() // NATS is away: it serves by what it kept
	again := map[string]int{}
	for i := range users {
		body, _ := f.ask(front, fmt.Sprint("user-", i))
		arm, _, _ := strings.Cut(body, " ")
		again[arm]++
	}
	if fmt.Sprint(again) != fmt.Sprint(byArm) {
		t.Errorf("after a restart without NATS the split is %v, was %v", again, byArm)
	}
	if _, text := page(t, probes, "/readyz"); !strings.Contains(text, "ready: canary 50 %, NATS connected false") {
		t.Error(text)
	}
	if _, text := page(t, probes, "/metrics"); !strings.Contains(text, "verdin_router_canary_weight_ratio 0.5\n") || !strings.Contains(text, `verdin_router_requests_total{arm="canary",class="2xx"}`) {
		t.Error(text)
	}
	p.stop(t)
	f.nc.Close()
	noGoroutinesLeft(t)
}

// In a stage of weight 0 the canary answers copies: clients see stable, and the topic has
// two events of every request.
func TestRouterMirrorsAShadow(t *testing.T) {
	f := newFork(t)
	f.step(0)
	p, front, probes := f.start()
	eventually(t, "it serves the verdict", func() bool { // which may come before the router listens
		return strings.Contains(p.String(), `"msg":"verdict"`)
	})
	const users = 20
	ids := map[string]bool{}
	for i := range users {
		body, id := f.ask(front, fmt.Sprint("user-", i))
		if ids[id] = true; body != "stable stable" {
			t.Fatalf("a client sees %q", body)
		}
	}
	arms := map[string][2]int{}
	for _, e := range f.events(2 * users) {
		n := arms[e.PredictionID]
		n[map[string]int{"stable": 0, "canary": 1}[e.Arm]]++
		arms[e.PredictionID] = n
		if !ids[e.PredictionID] || e.StatusCode != 200 || e.Generation != 1 || e.Stage != schemas.Num(0) || e.ModelVersion != map[string]string{"stable": "v1", "canary": "v2"}[e.Arm] {
			t.Errorf("%+v", e)
		}
	}
	for id, n := range arms {
		if n != [2]int{1, 1} {
			t.Errorf("request %s: %v events of stable and canary", id, n)
		}
	}
	if _, text := page(t, probes, "/metrics"); !strings.Contains(text, fmt.Sprintf("verdin_router_copies_total %d\n", users)) || !strings.Contains(text, "verdin_router_copies_lost_total 0\n") {
		t.Error(text)
	}
	if code := p.stop(t); code != exitOK {
		t.Fatalf("exit code %d:\n%s", code, p)
	}
	f.nc.Close()
	noGoroutinesLeft(t)
}

func TestRouterFileIsExplained(t *testing.T) {
	dir := t.TempDir()
	got := verdin(t, "router", "-c", filepath.Join(dir, "router.yaml"))
	if got.code != exitUsage || !strings.Contains(got.diag, exampleRouter) {
		t.Errorf("exit code %d: %s", got.code, got.diag)
	}
	got = verdin(t, "router", "-c", write(t, dir, "router.yaml", ""))
	for _, part := range []string{"kafka.brokers is empty", "nats.url is empty", "topic is empty", "trusted is empty", `router ""`, `rollout ""`, "models.stable", "models.canary"} {
		if got.code != exitUsage || !strings.Contains(got.diag, part) {
			t.Errorf("exit code %d, nothing about %q: %s", got.code, part, got.diag)
		}
	}
	got = verdin(t, "router", "-c", write(t, dir, "router.yaml", exampleRouter))
	says(t, got, exitUsage, `trusted key "UB…"`, "use the public key that the engine prints")
}
