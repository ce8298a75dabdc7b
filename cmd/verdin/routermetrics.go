package main

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"verdin/publish/proxy"
	"verdin/schemas"
)

// edgeMetrics is what a router shows to Prometheus.
type edgeMetrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
}

func newEdgeMetrics(e *edge) *edgeMetrics {
	m := &edgeMetrics{registry: prometheus.NewRegistry(), requests: prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "verdin_router", Name: "requests_total", Help: "Requests by the arm that served and the class of the answer."}, []string{"arm", "class"})}
	m.registry.MustRegister(m.requests)
	gauge := func(name, help string, f func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "verdin_router", Name: name, Help: help}, f))
	}
	counter := func(name, help string, f func() float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "verdin_router", Name: name, Help: help}, f))
	}
	gauge("canary_weight_ratio", "The canary's share, 0 to 1.", func() float64 {
		s, _ := e.router.Status(e.cfg.Rollout)
		return float64(s.WeightBps) / schemas.WeightTotal
	})
	gauge("engine_stale", "1 while no engine was heard of lately: no step forward is taken.", func() float64 {
		s, _ := e.router.Status(e.cfg.Rollout)
		if s.Stale {
			return 1
		}
		return 0
	})
	counter("verdicts_applied_total", "Verdicts that took effect.", func() float64 { return float64(e.router.Counters().Applied) })
	counter("messages_forged_total", "Messages without a signature of a trusted key.", func() float64 { return float64(e.router.Counters().Forged) })
	gauge("events_waiting", "Events that wait for Kafka.", func() float64 { _, waiting, _ := e.queue.Counts(); return float64(waiting) })
	counter("events_written_total", "Events that Kafka has.", func() float64 { written, _, _ := e.queue.Counts(); return float64(written) })
	counter("events_lost_total", "Events that found no room while Kafka was away: the rollout does not know of these requests.", func() float64 { _, _, lost := e.queue.Counts(); return float64(lost) })
	return m
}

// mirror adds what becomes of copies of requests.
func (m *edgeMetrics) mirror(p *proxy.Proxy) {
	for name, d := range map[string]struct {
		help  string
		count func() uint64
	}{
		"copies_total":      {"Copies of requests that were sent to the canary.", func() uint64 { sent, _ := p.Mirrored(); return sent }},
		"copies_lost_total": {"Copies that found no room, were too large or were given up: the rollout misses the canary's answer.", func() uint64 { _, lost := p.Mirrored(); return lost }},
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "verdin_router", Name: name, Help: d.help}, func() float64 { return float64(d.count()) }))
	}
}

func (m *edgeMetrics) request(p *schemas.Prediction) {
	m.requests.WithLabelValues(p.Arm, strconv.Itoa(p.StatusCode/100)+"xx").Inc()
}

func (m *edgeMetrics) handler() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, EnableOpenMetrics: true}))
	return mux
}
