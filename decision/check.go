package decision

import (
	"math"
	"strings"
	"time"

	"verdin/schemas"
)

// Bounds of a spec.
const (
	maxStages     = 32
	maxMetrics    = 64
	maxDrift      = 64
	maxFeatures   = 256
	maxCategories = 64
	maxSamples    = 1_000_000_000
	maxRouters    = 256 // that are named
	leastWindow   = time.Second
	longestWindow = time.Hour
)

// checker looks for contradictions in a spec that was read without complaint.
type checker struct {
	*reader
	spec  *Spec
	own   int            // metrics that the spec names itself; those of a preset follow
	names map[string]int // of metrics and drift checks → line
}

// at is the node at a path of field names and list positions, or the nearest one
// above it that exists.
func (c *checker) at(path ...any) *node {
	n := c.doc.root
	for _, step := range path {
		next := (*node)(nil)
		switch s := step.(type) {
		case string:
			for i, k := range n.keys {
				if k.text == s {
					next = n.vals[i]
				}
			}
		case int:
			if s < len(n.vals) {
				next = n.vals[s]
			}
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// place collects the path of a complaint.
func place(path ...any) []any { return path }

// refuse complains at spec.<path> unless ok. The condition says what is lawful, so
// that a number that is no number is refused.
func (c *checker) refuse(ok bool, path []any, remedy, format string, args ...any) {
	if i, isMetric := index(path, "metrics"); isMetric && i >= c.own {
		path = place("preset")
	}
	if !ok {
		c.fail(c.at(append([]any{"spec"}, path...)...), remedy, format, args...)
	}
}

// index is the position in a list that a path leads through.
func index(path []any, list string) (i int, yes bool) {
	if len(path) > 1 && path[0] == list {
		i, yes = path[1].(int)
	}
	return i, yes
}

func (c *checker) check() {
	s := c.spec
	c.label("name", s.Name)
	c.label("namespace", s.Namespace)
	c.refuse(s.Arms.Stable != s.Arms.Canary, place("arms", "canary"), "name two versions", "both arms are %q", s.Arms.Canary)
	c.refuse(s.Arms.Stable != "canary" && s.Arms.Canary != "stable", place("arms"), "name the versions", "an arm bears the other arm's name")
	c.source()
	c.stages()
	c.mirror()
	c.risk()
	c.names = map[string]int{}
	c.refuse(len(s.Metrics) <= maxMetrics, place("metrics"), "keep those that decide", "%d metrics are more than %d", len(s.Metrics), maxMetrics)
	for i := range s.Metrics {
		c.metric(i, &s.Metrics[i])
	}
	c.drifts()
	c.stageMargins()
	c.segments()
	c.healthAndPublish()
	c.policy()
	c.traffic()
}

func (c *checker) label(field, name string) {
	if !isLabel(name) {
		c.fail(c.at("metadata", field), "use 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends", "metadata.%s %q is no DNS-1123 label", field, name)
	}
}

// isLabel tells whether s is a DNS-1123 label.
func isLabel(s string) bool {
	return schemas.CheckLabel("name", s) == nil
}

func (c *checker) source() {
	s := &c.spec.Source
	c.refuse(s.Window >= leastWindow && s.Window <= longestWindow, place("source", "time", "window"), "use 1s to 1h; 10s is usual", "window %s is out of range", brief(s.Window))
	c.refuse(s.Lateness <= longestWindow, place("source", "time", "lateness"), "use at most 1h; 30s is usual", "lateness %s is out of range", brief(s.Lateness))
	c.refuse(s.Horizon > 0, place("source", "join", "horizon"), "say how long an outcome may take, such as 30m", "horizon must be above 0")
	topics := map[string]string{}
	for _, t := range []struct{ field, topic string }{{"predictions", s.Predictions}, {"outcomes", s.Outcomes}, {"resources", s.Resources}} {
		c.refuse(t.topic == "" || isTopic(t.topic), place("source", "kafka", t.field), "use up to 249 of a-z, A-Z, 0-9, '.', '_' and '-'", "topic %q is no Kafka topic name", t.topic)
		topics[t.field] = t.topic
	}
	for i, m := range c.spec.Metrics {
		need := m.On + "s"
		c.refuse(s.Predictions == "" || topics[need] != "", place("metrics", i), "add source.kafka."+need, "metric %q reads %s, but source.kafka.%s names no topic", m.Name, need, need)
	}
	c.refuse(s.Predictions != "" || s.Outcomes == "" && s.Resources == "", place("source", "kafka"), "add source.kafka.predictions", "outcomes and resources are worth nothing without predictions")
}

func isTopic(s string) bool {
	bad := func(r rune) bool {
		return !(r == '.' || r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	return len(s) <= 249 && s != "." && s != ".." && !strings.ContainsFunc(s, bad)
}

// bps is a share in basis points.
func bps(share float64) int { return int(math.Round(share * 10000)) }

func wholeBps(share float64) bool {
	return math.Abs(float64(share*10000)-math.Round(share*10000)) < 1e-6
}

func (c *checker) risk() {
	for _, r := range []struct {
		field string
		value float64
	}{{"falseRollback", c.spec.Risk.FalseRollback}, {"falsePromote", c.spec.Risk.FalsePromote}, {"falseHold", c.spec.Risk.FalseHold}} {
		c.refuse(r.value >= 1e-6 && r.value <= 0.5, place("risk", r.field), "use a probability from 1e-6 to 0.5; 0.05 is usual", "%s %v is out of range", r.field, r.value)
	}
}

func (c *checker) healthAndPublish() {
	s := c.spec
	for _, d := range []struct {
		path  []any
		value time.Duration
	}{
		{place("health", "noData", "after"), s.Health.NoData}, {place("health", "silentCanary", "after"), s.Health.SilentCanary},
		{place("health", "lag"), s.Health.Lag}, {place("health", "unapplied"), s.Health.Unapplied}, {place("publish", "lease"), s.Publish.Lease},
	} {
		c.refuse(d.value > 0, d.path, "use a duration above 0", "%v must be above 0", d.path[len(d.path)-1])
	}
	for _, d := range []struct {
		field string
		share float64
	}{{"late", s.Health.Late}, {"concentration", s.Health.Concentration}, {"crossover", s.Health.Crossover}, {"unpaired", s.Health.Unpaired}} {
		c.refuse(d.share >= 0 && d.share < 1 && (d.share > 0 || d.field != "late"), place("health", d.field), "use a share below 1, such as 1%", "%s %v is out of range", d.field, d.share)
	}
	c.refuse(s.Publish.Routers >= 1, place("publish", "routers"), "use 1 to 10000, or name at least one", "routers %d is out of range", s.Publish.Routers)
	c.refuse(len(s.Publish.Named) <= maxRouters, place("publish", "routers"), "write how many there are", "%d named routers are more than %d", len(s.Publish.Named), maxRouters)
}

func (c *checker) policy() {
	p := &c.spec.Policy
	c.refuse(p.Approvals == 1 || p.Approvals == 2, place("policy", "approvals"), "use 1, or 2 for four eyes", "approvals %d is out of range", p.Approvals)
	c.refuse(p.MinStep >= 0 && p.MinStep <= 1, place("policy", "minStep"), "use a share of the bake from 0% to 100%; 50% is usual", "minStep %v is out of range", p.MinStep)
}
