package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"verdin/schemas"
)

// A rollout over records that a schema registry framed is recorded with the schemas, as
// the engine knew them: an id that was unknown then stays unknown, though it is
// registered since and the registry has gone when the recording is replayed.
func TestRecordedFramedRecordsGiveTheirVerdictsAgain(t *testing.T) {
	t.Parallel()
	fake := srfake.New()
	defer fake.Close()
	field := func(name string) string { return `{"name":"` + name + `","type":"string"}` }
	text := `{"type":"record","name":"Prediction","fields":[` + field("prediction_id") + "," + field("rollout") + "," + field("arm") + "," + field("error_type") + `]}`
	fake.SeedSchema("events-value", 1, 7, sr.Schema{Schema: text})

	r := newRig(t)
	config := r.engineFile(`"]}`, `"], registry: {url: "`+fake.URL()+`"}}`)
	write(t, r.dir, "verdin.yaml", config)
	r.spec(t, "a", "weight: 20, bake: 5s}", "weight: 20, bake: 60s}")
	s := &story{t: t, config: r.config, brokers: r.brokers(), natsURL: r.natsURL(), topic: "events", name: "a", bad: make(chan struct{})}
	n := 0
	s.encode = func(e schemas.Prediction) []byte {
		id := byte(7)
		if n++; n%9 == 0 {
			id, e.ErrorType = 9, "timeout" // of either arm
		}
		value := []byte{0, 0, 0, 0, id}
		for _, text := range []string{e.PredictionID, e.Rollout, e.Arm, e.ErrorType} {
			value = append(append(value, byte(len(text)*2)), text...)
		}
		return value
	}
	p := launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"verdict acked"`)
	s.traffic()
	r.awaitRows(t, p, `verdin_events_rejected_total{reason="unknown_schema"}`)
	close(s.bad)
	p.await(t, `"msg":"verdict"`, `"verdict":"rollback"`)
	p.await(t, `"msg":"verdict acked"`)
	p.stop(t)
	s.halt()
	s.work.Wait()
	fake.SeedSchema("events-value", 2, 9, sr.Schema{Schema: text}) // too late

	dir := s.recorded(s.chain())
	fake.Close()
	t.Run("and to another spec they are events as well", func(t *testing.T) {
		spec := r.spec(t, "b", "name: b}", "name: a}", "absolute: 0.1", "absolute: 0.9")
		got := verdin(t, "replay", dir, "--spec", spec)
		if strings.Contains(got.diag, "rows: 0 counted") || !strings.Contains(got.diag, "unknown_schema") {
			t.Errorf("exit code %d: %s", got.code, got.diag)
		}
	})
	t.Run("which convert carries", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "events.0.ndjson")
		got := verdin(t, "convert", filepath.Join(dir, "events.0.ndjson.zst"), out)
		if got.code != exitOK || !strings.Contains(got.diag, "kept byte for byte (@raw) are carried over") {
			t.Errorf("exit code %d: %s", got.code, got.diag)
		}
	})
}
