package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"verdin/schemas"
)

// Metrics holds every series of the engine in a registry of its own. Its methods
// may be called from any goroutine.
type Metrics struct {
	reg    *prometheus.Registry
	labels *declared

	events, rejected, late      *prometheus.CounterVec
	gaps, gapOffsets            *prometheus.CounterVec
	windows, verdicts           *prometheus.CounterVec
	result, estimate, low, high *prometheus.GaugeVec
	logE, weight, phase, reason *prometheus.GaugeVec
	watermark, lag, build       *prometheus.GaugeVec
	journal, mirror, snapshot   *prometheus.GaugeVec
	rows, acksRefused           *prometheus.CounterVec
	leads                       *prometheus.GaugeVec
	yields, refills, failures   *prometheus.CounterVec
	outbox                      prometheus.Gauge
	cut, publish                prometheus.Histogram
}

// New returns metrics that know the verdicts and the rejection codes of the
// contract; Declare makes the rest known.
func New() *Metrics {
	m := &Metrics{reg: prometheus.NewRegistry(), labels: newDeclared()}
	m.Declare(Verdict, "advance", "hold", "promote", "rollback")
	m.Declare(Reason,
		schemas.RejectEncoding, schemas.RejectSyntax, schemas.RejectUTF8, schemas.RejectDuplicate,
		schemas.RejectDepth, schemas.RejectSize, schemas.RejectMissing, schemas.RejectType,
		schemas.RejectNumber, schemas.RejectName, schemas.RejectTime, schemas.RejectNoEventTime,
		schemas.RejectFuture, schemas.RejectEventType, schemas.RejectKind, schemas.RejectSchema, schemas.RejectBadSchema)

	m.events = m.counter("events_total", "Events decoded into rows.", "kind")
	m.rejected = m.counter("events_rejected_total", "Records that became no row, by reason.", "reason")
	m.late = m.counter("events_late_total", "Events that came after their partition sealed their window.", "rollout", "arm")
	m.gaps = m.counter("data_gaps_total", "Ranges of offsets that a partition no longer has.", "topic", "partition")
	m.gapOffsets = m.counter("data_gap_offsets_total", "Offsets inside data gaps.", "topic", "partition")
	m.windows = m.counter("windows_closed_total", "Windows that became final.", "rollout")
	m.verdicts = m.counter("verdicts_total", "Verdicts decided.", "rollout", "verdict", "reason")

	m.result = m.gauge("check_result", "What a check has shown: 1 safety, 0 not yet known, -1 harm.", "rollout", "check")
	m.estimate = m.gauge("check_estimate", "Estimated effect of a check, canary against stable.", "rollout", "check")
	m.low = m.gauge("check_ci_low", "Lower bound of the effect, valid at every look.", "rollout", "check")
	m.high = m.gauge("check_ci_high", "Upper bound of the effect, valid at every look.", "rollout", "check")
	m.logE = m.gauge("check_log_e", "Natural logarithm of a check's evidence.", "rollout", "check")
	m.weight = m.gauge("rollout_weight_ratio", "Share of the traffic that the last verdict gives to an arm.", "rollout", "arm")
	m.phase = m.gauge("rollout_phase", "1 for the phase that a rollout is in, else 0.", "rollout", "phase")
	m.reason = m.gauge("rollout_reason", "1 for the reason in force: of the last verdict, or fenced.", "rollout", "reason")
	m.watermark = m.gauge("watermark_timestamp_seconds", "Event time up to which a partition is complete.", "topic", "partition")
	m.lag = m.gauge("kafka_consumer_lag", "Records of a partition that were not read yet.", "topic", "partition")
	m.rows = m.counter("rows_total", "Rows of a rollout's logs by what became of them.", "rollout", "fate")
	m.acksRefused = m.counter("acks_refused_total", "Acknowledgements that count for nothing: of a verdict that was never given, or of a router that the spec does not name.", "rollout")
	m.journal = m.gauge("journal_bytes", "Size of a rollout's journal.", "rollout")
	m.mirror = m.gauge("journal_mirror_lag_records", "Records of a rollout's journal that its mirror lacks.", "rollout")
	m.snapshot = m.gauge("snapshot_timestamp_seconds", "When the last snapshot of a rollout was taken.", "rollout")
	m.leads = m.gauge("lease_held", "1 while this engine holds the lease of a rollout, 0 while another does.", "rollout")
	m.failures = m.counter("internal_errors_total", "Times that the engine failed in a rollout, which holds until a restart.", "rollout")
	m.yields = m.counter("rollout_yields_total", "Times that this engine left a rollout to another one.", "rollout")
	m.refills = m.counter("chain_refills_total", "Times that verdicts were written again because NATS had lost them.", "rollout")
	m.build = m.gauge("build_info", "1, labelled with what was built.", "version", "revision", "goversion", "rules")

	m.outbox = prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "verdin", Name: "outbox_age_seconds", Help: "Age of the oldest verdict that waits for its acknowledgement; 0 when none waits."})
	m.cut = histogram("cut_duration_seconds", "Time to judge one cut.")
	m.publish = histogram("publish_duration_seconds", "Time from the first attempt to publish a verdict to its acknowledgement.")
	m.reg.MustRegister(m.outbox, m.cut, m.publish,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "verdin", Name: name, Help: help}, labels)
	m.reg.MustRegister(v)
	return v
}

func (m *Metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "verdin", Name: name, Help: help}, labels)
	m.reg.MustRegister(v)
	return v
}

// histogram has classic buckets and native ones: a Prometheus server scrapes the
// native ones only when it is told to.
func histogram(name, help string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: "verdin", Name: name, Help: help,
		Buckets:                         prometheus.ExponentialBuckets(0.0001, 4, 10), // 0.1 ms to 26 s
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	})
}

// Registry returns the registry, for collectors that the wiring adds.
func (m *Metrics) Registry() *prometheus.Registry { return m.reg }

// Declare makes values of a label lawful. They come from a specification, the
// engine's configuration or the code, never from an event.
func (m *Metrics) Declare(l Label, values ...string) { m.labels.add(l, values...) }
