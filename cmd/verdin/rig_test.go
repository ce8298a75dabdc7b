package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"verdin/ingest/kafka"
)

// rig is a broker, a NATS server and a folder with an engine file.
type rig struct {
	*servers
	dir    string // with verdin.yaml and the folder rollouts
	config string
}

// newRig has a topic "events" and others with two partitions, and "labels" with three.
func newRig(t *testing.T, topics ...string) *rig {
	t.Helper()
	s, err := startServers(2, append(topics, "events")...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	if err := kafka.EnsureTopic(t.Context(), kafka.Config{Brokers: s.brokers()}, "labels", 3); err != nil {
		t.Fatal(err)
	}
	r := &rig{servers: s, dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(r.dir, "rollouts"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.config = write(t, r.dir, "verdin.yaml", r.engineFile())
	return r
}

// engineFile is a working verdin.yaml, in which pairs of texts are replaced.
func (r *rig) engineFile(replace ...string) string {
	text := fmt.Sprintf("kafka: {brokers: [%q]}\nnats: {url: %q}\nsigning: {seedFile: seed}\nrollouts: {dir: rollouts}\nhttp: {addr: \"127.0.0.1:0\"}\n",
		r.brokers()[0], r.natsURL())
	return strings.NewReplacer(replace...).Replace(text)
}

// spec puts a rollout into the folder, or changes it, and returns its path.
func (r *rig) spec(t *testing.T, name string, replace ...string) string {
	t.Helper()
	return write(t, filepath.Join(r.dir, "rollouts"), name+".yaml", strings.NewReplacer(replace...).Replace(fmt.Sprintf(shortSpec, name)))
}

const shortSpec = `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: %s}
spec:
  strategy: canary
  assignment: request
  arms: {stable: v1, canary: v2}
  source: {kafka: {predictions: events}, time: {window: 1s, lateness: 1s}}
  stages: [{weight: 20, bake: 5s}, {weight: 100, bake: 5s}]
  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.1}}
`

// said is what a program told people: its diagnostics without the log.
func said(diag string) string {
	var lines []string
	for line := range strings.Lines(diag) {
		if !strings.HasPrefix(line, "{") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
