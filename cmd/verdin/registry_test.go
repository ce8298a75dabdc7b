package main

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"verdin/ingest/kafka"
)

// A running engine reads framed records: by a schema that it fetches; past an id
// that the registry does not have, which is quarantined by name; and, when the
// registry is away for a while, after a wait that can be seen.
func TestRunReadsFramedRecords(t *testing.T) {
	var away atomic.Bool
	schemas := srfake.New()
	defer schemas.Close()
	schemas.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		if away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return away.Load()
	})
	field := func(name string) string { return `{"name":"` + name + `","type":"string"}` }
	text := `{"type":"record","name":"Prediction","fields":[` + field("prediction_id") + "," + field("rollout") + "," + field("arm") + `]}`
	schemas.SeedSchema("events-value", 1, 7, sr.Schema{Schema: text})
	schemas.SeedSchema("events-value", 2, 8, sr.Schema{Schema: strings.Replace(text, `"fields"`, `"doc":"2","fields"`, 1)})

	r := newRig(t)
	write(t, r.dir, "verdin.yaml", r.engineFile(`"]}`, `"], registry: {url: "`+schemas.URL()+`"}}`))
	r.spec(t, "a")
	p := launch(t, "run", "-c", r.config)
	addr := listening.FindStringSubmatch(p.await(t, `"msg":"listening"`))[1]
	p.await(t, `"msg":"rollout started"`, "default/a")
	producer, err := kafka.NewProducer(kafka.Config{Brokers: r.brokers()})
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	send := func(id string, schema byte) {
		value := []byte("\x00\x00\x00\x00" + string(rune(schema)) + "\x02" + id + "\x02a\x0cstable")
		if err := producer.Produce(t.Context(), "events", []kafka.Message{{Value: value}}); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(series string) {
		t.Helper()
		eventually(t, series, func() bool {
			_, text := page(t, addr, "/metrics")
			return strings.Contains(text, series)
		})
	}
	send("p", 7)
	send("q", 9)
	send("r", 7)
	shows("verdin_events_total{kind=\"prediction\"} 2\n")
	shows("verdin_events_rejected_total{reason=\"unknown_schema\"} 1\n")
	shows("verdin_registry_wait_seconds 0\n")

	away.Store(true)
	send("s", 8)
	send("t", 7)
	p.await(t, "schema registry does not answer, reading waits", `"schema":"8"`, "503")
	eventually(t, "a wait", func() bool {
		_, text := page(t, addr, "/metrics")
		return !strings.Contains(text, "verdin_registry_wait_seconds 0\n")
	})
	away.Store(false)
	shows("verdin_events_total{kind=\"prediction\"} 4\n")
	shows("verdin_registry_wait_seconds 0\n")
	if code := p.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}

	// With its answers on disk it starts again although the registry is away.
	away.Store(true)
	p = launch(t, "run", "-c", r.config)
	p.await(t, "starting with the schemas that are known", `"known":3`, "503")
	p.await(t, `"msg":"rollout started"`, "default/a")
	if code := p.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
