package webhook

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"verdin/schemas"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func testKey(t testing.TB) Key {
	t.Helper()
	k, err := ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// keyFile holds the key where nobody else can read it.
func keyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	return path
}

// note tells of a hold with this sequence.
func note(sequence uint64) Note {
	v := &schemas.Verdict{Namespace: "prod", Rollout: "recsys", Verdict: schemas.VerdictHold, Phase: schemas.PhaseHeld, Generation: 2, Sequence: sequence,
		Routes: []schemas.Route{{Arm: schemas.ArmCanary, ModelVersion: "v2", WeightBps: 1000}, {Arm: schemas.ArmStable, ModelVersion: "v1", WeightBps: 9000}},
		Reason: schemas.Reason{Code: "signal", Message: `revenue <got> worse & "so" on`}}
	return NewNote(v, v.AppendJSON(nil), Advice{Remedy: "look at it", Severity: "ticket"})
}

// heard collects what a hook complains of.
type heard struct {
	mu  sync.Mutex
	all []string
}

func (h *heard) hear(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, err.Error())
}

func (h *heard) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.all)
}

// arrival is one attempt as a receiver sees it.
type arrival struct {
	at   time.Time
	head http.Header
	body string
}

// receiver answers attempts with codes, the last for ever, and keeps what came.
type receiver struct {
	mu    sync.Mutex
	codes []int
	came  []arrival
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.came = append(r.came, arrival{time.Now(), req.Header.Clone(), string(body)})
	code := r.codes[min(len(r.came), len(r.codes))-1]
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(nil)), Request: req}, req.Context().Err()
}

func (r *receiver) arrivals() []arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]arrival(nil), r.came...)
}
