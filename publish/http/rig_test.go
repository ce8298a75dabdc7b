package http_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"verdin/publish/control"
	web "verdin/publish/http"
	"verdin/schemas"
)

var noon = schemas.TimeOf(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))

const (
	annToken  = "ann-0123456789abcdef0123456789abcdef" // admin in prod
	readToken = "eve-0123456789abcdef0123456789abcdef" // reads staging
)

// rig is a desk with one rollout, and a server before it.
type rig struct {
	t      *testing.T
	desk   *control.Desk
	seat   *control.Seat
	url    string
	at     atomic.Int64
	linked atomic.Bool
	acks   chan schemas.Ack
	status control.Status
}

func (r *rig) now() schemas.Time { return schemas.Time(r.at.Load()) }

// newRig serves without tokens; with them if secured is true.
func newRig(t *testing.T, secured bool) *rig {
	t.Helper()
	r := &rig{t: t, acks: make(chan schemas.Ack, 8)}
	r.at.Store(int64(noon))
	r.linked.Store(true)
	r.desk = control.NewDesk("engine-1", r.now, r.linked.Load)
	r.seat = r.desk.Join("prod", "recsys", func(_ context.Context, c schemas.Command) error {
		v := verdict(2, schemas.VerdictRollback, schemas.PhaseRolledBack, 0)
		r.status.Phase, r.status.Cut = schemas.PhaseRolledBack, 2
		r.seat.Saw(r.status, v)
		r.seat.Obeyed(2, c, v)
		return nil
	}, func(a schemas.Ack) { r.acks <- a })
	t.Cleanup(r.seat.Leave)
	r.status = control.Status{Phase: schemas.PhaseRunning, Generation: 1, Stages: []int{10, 50, 100}, Stable: "v1", Canary: "v2",
		EnteredAt: noon, Cut: 1, Wall: noon, Mark: noon, Missing: []string{"bake: 1m of 5m"}}
	opt := web.Options{Desk: r.desk, Local: true}
	if secured {
		opt.Access = access(t)
	}
	mux := http.NewServeMux()
	web.New(opt).Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	r.url = srv.URL
	return r
}

func access(t *testing.T) *control.AccessFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "access")
	text := fmt.Sprintf("ann admin prod sha256:%x\neve read staging sha256:%x\n", sha256.Sum256([]byte(annToken)), sha256.Sum256([]byte(readToken)))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := control.OpenAccess(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func verdict(seq uint64, what, phase string, canaryBps int) *schemas.Verdict {
	return &schemas.Verdict{Namespace: "prod", Rollout: "recsys", Verdict: what, Phase: phase, Generation: 1, Sequence: seq,
		Routes: []schemas.Route{{Arm: schemas.ArmCanary, ModelVersion: "v2", WeightBps: canaryBps}, {Arm: schemas.ArmStable, ModelVersion: "v1", WeightBps: 10000 - canaryBps}},
		Reason: schemas.Reason{Code: "because", Message: "the reason"}, OnExpiry: schemas.ExpiryStable, ValidUntil: noon.Add(15 * time.Minute), Time: noon, Actor: "auto"}
}

// gives lets a cut give a verdict, which stands in NATS.
func (r *rig) gives(v *schemas.Verdict) {
	r.status.Phase, r.status.Wall = v.Phase, r.now()
	r.seat.Saw(r.status, v)
	r.desk.Acked("prod", "recsys", v.Generation, v.Sequence)
}

type answer struct {
	code int
	body string
	head http.Header
}

func (r *rig) ask(method, path, body string, headers ...string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{resp.StatusCode, string(data), resp.Header}
}

func (r *rig) wants(what string, got answer, code int, parts ...string) {
	r.t.Helper()
	for _, p := range parts {
		if !strings.Contains(got.body, p) {
			r.t.Errorf("%s: no %q in %s", what, p, got.body)
		}
	}
	if got.code != code {
		r.t.Errorf("%s: status %d, want %d: %s", what, got.code, code, got.body)
	}
}

// acked is the acknowledgement that the last question gave; the zero value is none.
func (r *rig) acked() (a schemas.Ack) {
	select {
	case a = <-r.acks:
	default:
	}
	return a
}
