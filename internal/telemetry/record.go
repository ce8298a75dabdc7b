package telemetry

import (
	"math"
	"runtime"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"verdin/schemas"
)

// Events counts n events that were decoded into rows of a kind.
func (m *Metrics) Events(k schemas.Kind, n int64) { add(m.events, n, k.String()) }

// Rejected counts n records that became no row.
func (m *Metrics) Rejected(reason string, n int64) {
	add(m.rejected, n, m.labels.bound(Reason, reason))
}

// Late counts n events of an arm that came after their window was sealed.
func (m *Metrics) Late(rollout, arm string, n int64) {
	add(m.late, n, m.labels.bound(Rollout, rollout), m.labels.bound(Arm, arm))
}

// DataGap counts one range of lost offsets.
func (m *Metrics) DataGap(topic string, partition int32, offsets int64) {
	at := m.partition(topic, partition)
	add(m.gaps, 1, at...)
	add(m.gapOffsets, offsets, at...)
}

// WindowsClosed counts n windows that became final.
func (m *Metrics) WindowsClosed(rollout string, n int64) {
	add(m.windows, n, m.labels.bound(Rollout, rollout))
}

// Verdict counts one verdict by its reason code.
func (m *Metrics) Verdict(rollout, verdict, reason string) {
	add(m.verdicts, 1, m.labels.bound(Rollout, rollout), m.labels.bound(Verdict, verdict), m.labels.bound(Reason, reason))
}

// Reading is what a check knows at one look. NaN stands for "no value yet".
type Reading struct {
	Result    string  // "harm", "safe", anything else is unknown
	Estimate  float64 // on the metric's own scale
	Low, High float64 // bounds of the estimate
	LogE      float64 // natural log of the evidence
}

// Check shows the last reading of a check.
func (m *Metrics) Check(rollout, check string, r Reading) {
	at := []string{m.labels.bound(Rollout, rollout), m.labels.bound(Check, check)}
	result := map[string]float64{"harm": -1, "safe": 1}[r.Result]
	set(m.result, result, at...)
	set(m.estimate, r.Estimate, at...)
	set(m.low, r.Low, at...)
	set(m.high, r.High, at...)
	set(m.logE, r.LogE, at...)
}

// Weight shows an arm's share of the traffic, 0 to 1.
func (m *Metrics) Weight(rollout, arm string, ratio float64) {
	set(m.weight, ratio, m.labels.bound(Rollout, rollout), m.labels.bound(Arm, arm))
}

// Phase shows the phase that a rollout is in.
func (m *Metrics) Phase(rollout, phase string) {
	rollout, phase = m.labels.bound(Rollout, rollout), m.labels.bound(Phase, phase)
	for _, p := range append(m.labels.all(Phase), Other) {
		is := 0.0
		if p == phase {
			is = 1
		}
		set(m.phase, is, rollout, p)
	}
}

// InForce shows the reason in force, "" = none yet. The series of other reasons go.
func (m *Metrics) InForce(rollout, reason string) {
	if reason == "" {
		return
	}
	rollout, reason = m.labels.bound(Rollout, rollout), m.labels.bound(Reason, reason)
	set(m.reason, 1, rollout, reason)
	for _, other := range append(m.labels.all(Reason), Other) {
		if other != reason {
			m.reason.DeleteLabelValues(rollout, other)
		}
	}
}

// Watermark shows the event time, in Unix seconds, up to which a partition is complete.
func (m *Metrics) Watermark(topic string, partition int32, seconds float64) {
	set(m.watermark, seconds, m.partition(topic, partition)...)
}

// Lag shows how many records of a partition were not read yet.
func (m *Metrics) Lag(topic string, partition int32, records int64) {
	set(m.lag, float64(records), m.partition(topic, partition)...)
}

// Rows counts n rows of a rollout's logs with the same fate: "counted", "duplicate",
// "late" and so on, a word of the code.
func (m *Metrics) Rows(rollout, fate string, n int64) {
	add(m.rows, n, m.labels.bound(Rollout, rollout), m.labels.bound(Fate, fate))
}

// AckRefused counts an acknowledgement that counts for nothing.
func (m *Metrics) AckRefused(rollout string) { add(m.acksRefused, 1, m.labels.bound(Rollout, rollout)) }

// JournalBytes shows the size of a rollout's journal.
func (m *Metrics) JournalBytes(rollout string, n int64) {
	set(m.journal, float64(n), m.labels.bound(Rollout, rollout))
}

// MirrorLag shows how many records of a rollout's journal the mirror lacks.
func (m *Metrics) MirrorLag(rollout string, records uint64) {
	set(m.mirror, float64(records), m.labels.bound(Rollout, rollout))
}

// Snapshot shows when the last snapshot of a rollout was taken, in Unix seconds.
func (m *Metrics) Snapshot(rollout string, seconds float64) {
	set(m.snapshot, seconds, m.labels.bound(Rollout, rollout))
}

// Leads shows whether this engine holds the lease of a rollout.
func (m *Metrics) Leads(rollout string, held bool) {
	set(m.leads, map[bool]float64{true: 1}[held], m.labels.bound(Rollout, rollout))
}

// Failed counts an internal error in a rollout.
func (m *Metrics) Failed(rollout string) { add(m.failures, 1, m.labels.bound(Rollout, rollout)) }

// Yielded counts a rollout that was left to another engine.
func (m *Metrics) Yielded(rollout string) { add(m.yields, 1, m.labels.bound(Rollout, rollout)) }

// Refilled counts a chain that was written again.
func (m *Metrics) Refilled(rollout string) { add(m.refills, 1, m.labels.bound(Rollout, rollout)) }

// CutSeconds records how long one cut took to judge.
func (m *Metrics) CutSeconds(s float64) { observe(m.cut, s) }

// PublishSeconds records how long a verdict took to be acknowledged.
func (m *Metrics) PublishSeconds(s float64) { observe(m.publish, s) }

// OutboxAge shows the age of the oldest verdict that waits, 0 when none does.
func (m *Metrics) OutboxAge(s float64) {
	if finite(s) {
		m.outbox.Set(s)
	}
}

// BuildInfo names what runs: version and revision of the build, version of the rules.
func (m *Metrics) BuildInfo(version, revision, rules string) {
	m.build.Reset()
	set(m.build, 1, version, revision, runtime.Version(), rules)
}

// Forget drops every series of a rollout that ended.
func (m *Metrics) Forget(rollout string) {
	at := prometheus.Labels{string(Rollout): rollout}
	for _, v := range []*prometheus.CounterVec{m.late, m.windows, m.verdicts, m.rows, m.acksRefused, m.yields, m.refills, m.failures} {
		v.DeletePartialMatch(at)
	}
	for _, v := range []*prometheus.GaugeVec{m.result, m.estimate, m.low, m.high, m.logE, m.weight, m.phase, m.reason, m.journal, m.mirror, m.snapshot, m.leads} {
		v.DeletePartialMatch(at)
	}
}

func (m *Metrics) partition(topic string, partition int32) []string {
	return []string{m.labels.bound(Topic, topic), strconv.Itoa(int(partition))}
}

// add counts; a counter never falls, so a negative n is left out.
func add(v *prometheus.CounterVec, n int64, labels ...string) {
	if n > 0 {
		v.WithLabelValues(labels...).Add(float64(n))
	}
}

// set shows a value; one that is not finite takes the series away.
func set(v *prometheus.GaugeVec, x float64, labels ...string) {
	if !finite(x) {
		v.DeleteLabelValues(labels...)
		return
	}
	v.WithLabelValues(labels...).Set(x)
}

func observe(h prometheus.Histogram, x float64) {
	if finite(x) && x >= 0 {
		h.Observe(x)
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
