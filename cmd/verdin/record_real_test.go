//go:build real

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"verdin/ingest/kafka"
	"verdin/internal/pump/archive"
)

// On a real broker, with a partition that falls silent for longer than the idle rule
// waits.
func TestRealRecordedRolloutGivesItsVerdictsAgain(t *testing.T) {
	broker, server := env(t, "VERDIN_KAFKA"), env(t, "VERDIN_NATS")
	topic := fmt.Sprintf("record-%d", time.Now().UnixNano())
	must(t, kafka.EnsureTopic(t.Context(), kafka.Config{Brokers: []string{broker}}, topic, 2))
	name := fmt.Sprintf("a%d", time.Now().UnixNano())
	spec := strings.NewReplacer("events", topic, "weight: 20, bake: 5s}", "weight: 20, bake: 2s, maxDuration: 4s}").Replace(fmt.Sprintf(shortSpec, name))
	s := &story{t: t, config: engineFolder(t, broker, server, "127.0.0.1:0", spec), brokers: []string{broker}, natsURL: server,
		topic: topic, name: name, bad: make(chan struct{}), silent: make(chan struct{})}
	dir := s.recorded(s.play())
	f, err := archive.Open(dir)
	must(t, err)
	idle := 0
	for _, c := range f.Script.Cuts {
		idle += len(c.Idle)
	}
	if idle == 0 {
		t.Error("no partition was idle")
	}
	if _, err := os.Stat(f.Path(1)); err != nil {
		t.Error(err)
	}
}
