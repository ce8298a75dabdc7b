package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/internal/pump"
	"verdin/internal/telemetry"
)

// Every reason is a value of the label of each rollout's metrics, so none is counted as
// another.
func TestEveryReasonIsDeclaredForItsMetric(t *testing.T) {
	spec, err := decision.Parse([]byte(fmt.Sprintf(shortSpec, "a")), "a.yaml")
	must(t, err)
	info := map[string]kafka.TopicInfo{}
	for _, name := range pump.TopicNames(spec) {
		info[name] = kafka.TopicInfo{Partitions: 1}
	}
	topics, err := pump.NewTopics(spec, info)
	must(t, err)
	m := telemetry.New()
	b := &begin{spec: spec, topics: topics}
	b.wires = &wires{metrics: m}
	b.declare()
	for _, r := range decision.Reasons {
		m.InForce(b.name(), r.Code)
		families, err := m.Registry().Gather()
		must(t, err)
		shown := false
		for _, f := range families {
			if f.GetName() == "verdin_rollout_reason" {
				shown = strings.Contains(f.String(), strconv.Quote(r.Code))
			}
		}
		if !shown {
			t.Errorf("reason %s is no value of its label", r.Code)
		}
	}
}
