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
	b, m := declaring(t, fmt.Sprintf(shortSpec, "a"))
	for _, r := range decision.Reasons {
		m.InForce(b.name(), r.Code)
		if !labelled(t, m, r.Code) {
			t.Errorf("reason %s is no value of its label", r.Code)
		}
	}
}

// A check that asks within a segment is told apart from the others.
func TestEveryCheckIsDeclaredForItsMetric(t *testing.T) {
	b, m := declaring(t, fmt.Sprintf(shortSpec, "a")+`  segments: [{by: tags.country, values: [de, fr]}]
`)
	for _, name := range []string{"errors/harm", "errors/harm tags.country=fr", "sample_ratio", "errors/heard"} {
		m.Check(b.name(), name, telemetry.Reading{Result: "unknown"})
		if !labelled(t, m, name) {
			t.Errorf("check %s is no value of its label", name)
		}
	}
}

// declaring is a rollout that has declared what its metrics may be labelled with.
func declaring(t *testing.T, text string) (*begin, *telemetry.Metrics) {
	t.Helper()
	spec, err := decision.Parse([]byte(text), "a.yaml")
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
	return b, m
}

// labelled tells whether a series has the label value.
func labelled(t *testing.T, m *telemetry.Metrics, value string) bool {
	t.Helper()
	families, err := m.Registry().Gather()
	must(t, err)
	for _, f := range families {
		if strings.Contains(f.String(), strconv.Quote(value)) {
			return true
		}
	}
	return false
}
