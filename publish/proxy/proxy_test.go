package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"verdin/publish/router"
	"verdin/schemas"
)

// chooser serves the arm that an id begins with, and notes the ids.
type chooser struct{ ids []string }

func (c *chooser) Choose(_, id string) router.Choice {
	c.ids = append(c.ids, id)
	if strings.HasPrefix(id, "canary") {
		return router.Choice{Arm: schemas.ArmCanary, ModelVersion: "v2", Generation: 3, Stage: 1}
	}
	if strings.HasPrefix(id, "shadow") {
		return router.Choice{Arm: schemas.ArmStable, ModelVersion: "v1", Generation: 3, Mirror: "v2"}
	}
	return router.Choice{Arm: schemas.ArmStable, ModelVersion: "v1", Stage: -1}
}

// bench is a proxy in front of two models that say who they are and behave as the
// path tells them to.
type bench struct {
	t       *testing.T
	chooser *chooser
	front   *httptest.Server
	events  chan *schemas.Prediction
	release chan struct{} // lets a model that waits go on
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, chooser: &chooser{}, events: make(chan *schemas.Prediction, 10), release: make(chan struct{})}
	p, err := New(Config{Router: b.chooser, Rollout: "prod/recsys", Stable: b.model("stable"), Canary: b.model("canary"),
		UnitHeader: "X-User", Report: func(e *schemas.Prediction) { b.events <- e },
		Transport: &http.Transport{ResponseHeaderTimeout: 200 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	b.front = httptest.NewServer(p)
	t.Cleanup(b.front.Close)
	return b
}

func (b *bench) model(arm string) *url.URL {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // only then does the server see the proxy hang up
		switch r.URL.Path {
		case "/models/fail":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/models/bad":
			w.WriteHeader(http.StatusBadRequest)
		case "/models/slow":
			<-r.Context().Done()
		case "/models/stream":
			fmt.Fprintln(w, "first")
			_ = http.NewResponseController(w).Flush()
			<-b.release
			fmt.Fprintln(w, "second")
		case "/models/broken":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "not a hundred bytes")
		default:
			fmt.Fprintf(w, "%s %s %s %s %s", arm, r.Method, r.URL.RequestURI(), r.Header.Get(HeaderArm), body)
		}
	}))
	b.t.Cleanup(s.Close)
	u, err := url.Parse(s.URL + "/models")
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

func (b *bench) get(user, path string) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.front.URL+path, strings.NewReader("{}"))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("X-User", user)
	r.Header.Set(HeaderArm, "canary") // a client does not choose
	resp, err := b.front.Client().Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body) // broken answers are part of the tests
	return resp, string(body)
}

func TestRequestGoesToItsArmAndIsReported(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct{ user, arm, version string }{{"canary-7", "canary", "v2"}, {"eve", "stable", "v1"}} {
		resp, body := b.get(c.user, "/predict?a=b")
		if want := c.arm + " POST /models/predict?a=b " + c.arm + " {}"; body != want || resp.StatusCode != 200 {
			t.Errorf("%s: %d %q, want %q", c.user, resp.StatusCode, body, want)
		}
		e := <-b.events
		if e.Arm != c.arm || e.ModelVersion != c.version || e.UnitID != c.user || e.StatusCode != 200 || e.ErrorType != "" ||
			e.Rollout != "prod/recsys" || e.PredictionID == "" || e.LatencySeconds.Num <= 0 || e.TTFTSeconds.Num <= 0 || e.TTFTSeconds.Num > e.LatencySeconds.Num {
			t.Errorf("%s: %+v", c.user, e)
		}
		if resp.Header.Get(HeaderArm) != c.arm || resp.Header.Get(HeaderPrediction) != e.PredictionID {
			t.Errorf("the answer says %v, the event %s", resp.Header, e.PredictionID)
		}
		if (e.Generation == 3 && e.Stage == schemas.Num(1)) != (c.arm == "canary") {
			t.Errorf("%s: generation %d, stage %+v", c.user, e.Generation, e.Stage)
		}
	}
}

func TestRequestWithoutAUnitIsChosenByItself(t *testing.T) {
	b := newBench(t)
	b.get("", "/predict")
	b.get("", "/predict")
	first, second := <-b.events, <-b.events
	if ids := b.chooser.ids; len(ids) != 2 || ids[0] != first.PredictionID || ids[1] != second.PredictionID || ids[0] == ids[1] {
		t.Errorf("chosen by %q for %s and %s", ids, first.PredictionID, second.PredictionID)
	}
}

func TestFailuresAreTheModels(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		path   string
		status int
		kind   string
	}{
		{"/fail", 503, "status_503"},
		{"/bad", 400, ""}, // the client's own fault
		{"/slow", 504, "timeout"},
	} {
		if resp, _ := b.get("canary", c.path); resp.StatusCode != c.status {
			t.Errorf("%s: status %d", c.path, resp.StatusCode)
		}
		if e := <-b.events; e.StatusCode != c.status || e.ErrorType != c.kind || e.Arm != "canary" {
			t.Errorf("%s: %+v", c.path, e)
		}
	}
}

func TestModelThatIsAwayIsAFailureOfItsArm(t *testing.T) {
	b := newBench(t)
	gone := httptest.NewServer(nil)
	u, err := url.Parse(gone.URL)
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	p, err := New(Config{Router: b.chooser, Rollout: "prod/recsys", Stable: b.model("stable"), Canary: u, UnitHeader: "X-User", Report: func(e *schemas.Prediction) { b.events <- e }})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/predict", nil)
	r.Header.Set("X-User", "canary")
	p.ServeHTTP(w, r)
	if e := <-b.events; w.Code != 502 || e.StatusCode != 502 || e.ErrorType != "unreachable" || e.Arm != "canary" {
		t.Errorf("%d, %+v", w.Code, e)
	}
}

func TestAnswerThatBreaksOffIsAFailure(t *testing.T) {
	b := newBench(t)
	b.get("eve", "/broken")
	if e := <-b.events; e.ErrorType != "broken_off" || e.StatusCode != 200 {
		t.Errorf("%+v", e)
	}
}

func TestStreamsPassAtOnce(t *testing.T) {
	b := newBench(t)
	resp, err := b.front.Client().Get(b.front.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	if line, err := lines.ReadString('\n'); line != "first\n" {
		t.Fatalf("%q, %v", line, err)
	}
	select {
	case e := <-b.events:
		t.Errorf("reported before its end: %+v", e)
	default:
	}
	close(b.release)
	if line, err := lines.ReadString('\n'); line != "second\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if e := <-b.events; e.ErrorType != "" || e.TTFTSeconds.Num >= e.LatencySeconds.Num {
		t.Errorf("%+v", e)
	}
}

func TestClientThatGoesAwayIsReported(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.front.URL+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.front.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	resp.Body.Close()
	e := <-b.events // the model's context ends with the client's connection
	close(b.release)
	if e.ErrorType != "client_closed" || e.StatusCode != StatusClientClosed {
		t.Errorf("%+v", e)
	}
}

func TestConfigIsChecked(t *testing.T) {
	good, _ := url.Parse("http://127.0.0.1:1")
	bad, _ := url.Parse("127.0.0.1")
	report := func(*schemas.Prediction) {}
	for what, cfg := range map[string]Config{
		"no router":        {Rollout: "a", Stable: good, Canary: good, Report: report},
		"no report":        {Router: &chooser{}, Rollout: "a", Stable: good, Canary: good},
		"bad rollout":      {Router: &chooser{}, Rollout: "A b", Stable: good, Canary: good, Report: report},
		"no canary":        {Router: &chooser{}, Rollout: "a", Stable: good, Report: report},
		"address, no host": {Router: &chooser{}, Rollout: "a", Stable: bad, Canary: good, Report: report},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}
