package main

import (
	"context"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"verdin/decision"
	"verdin/publish/nats"
	"verdin/publish/webhook"
	"verdin/schemas"
)

// hooks tell receivers of verdicts that stand: a note is kept until NATS has
// acknowledged its verdict, so that nobody hears of one that never was.
type hooks struct {
	all  []*webhook.Hook
	mu   sync.Mutex
	kept map[string]webhook.Note // by digest
}

// openHooks opens what the engine file names; none is nil, which takes all calls.
func (w *wires) openHooks(c *webhook.Config) error {
	if len(c.To) == 0 {
		return nil
	}
	h := &hooks{kept: map[string]webhook.Note{}}
	for _, t := range c.To {
		one, err := webhook.New(c, t, func(err error) { w.log.Error("webhook", "err", err) })
		if err != nil {
			return err
		}
		h.all = append(h.all, one)
		w.metrics.Registry().MustRegister(hookMetrics(one)...)
	}
	w.hooks = h
	return nil
}

// hookMetrics are the metrics of a hook.
func hookMetrics(h *webhook.Hook) []prometheus.Collector {
	labels := prometheus.Labels{"webhook": h.Name()}
	return []prometheus.Collector{
		prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "verdin", Name: "webhook_delivered_total", ConstLabels: labels,
			Help: "Notes that a receiver took."}, func() float64 { n, _, _ := h.Counts(); return float64(n) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "verdin", Name: "webhook_waiting", ConstLabels: labels,
			Help: "Notes that wait for their receiver."}, func() float64 { _, n, _ := h.Counts(); return float64(n) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "verdin", Name: "webhook_lost_total", ConstLabels: labels,
			Help: "Notes that no attempt delivered, or that found no room."}, func() float64 { _, _, n := h.Counts(); return float64(n) }),
	}
}

// run delivers until ctx ends and what waits had its last attempt.
func (h *hooks) run(ctx context.Context) {
	if h == nil {
		return
	}
	var running sync.WaitGroup
	for _, one := range h.all {
		running.Go(func() { one.Run(ctx) })
	}
	running.Wait()
}

// keep holds the note of a verdict that is on its way.
func (h *hooks) keep(v *schemas.Verdict, payload []byte) {
	if h == nil {
		return
	}
	r := decision.ReasonOf(v.Reason.Code)
	n := webhook.NewNote(v, payload, webhook.Advice{Remedy: r.Remedy, Severity: r.Severity})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept[n.ID] = n
}

// done sends the note of a verdict that stands, and forgets that of any other.
func (h *hooks) done(o nats.Outcome) {
	if h == nil {
		return
	}
	h.mu.Lock()
	n, known := h.kept[o.Digest]
	delete(h.kept, o.Digest)
	h.mu.Unlock()
	for _, one := range h.all {
		if known && o.Result == nats.Acked {
			one.Send(n)
		}
	}
}
