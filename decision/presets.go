package decision

import (
	"slices"
	"strings"
)

// preset is a set of checks that fits one kind of model. Its metrics and drift
// checks come after those of the spec, except where the spec has one of the same name:
// that one counts. YAML prints them written out, and the preset is not named again.
type preset struct {
	name, meaning string
	also          string // another preset that it includes, "" = none
	metrics       string // YAML
	drift         string // YAML
}

var presets = []preset{
	{name: "service", meaning: "errors and latency of any service", metrics: `
- {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.5%}}
- {name: latency_p50, kind: quantile, quantile: 0.5, field: latency_seconds, worse: higher, role: signal, margin: {relative: 10%}}
- {name: latency_p99, kind: quantile, quantile: 0.99, field: latency_seconds, worse: higher, role: guardrail, margin: {relative: 10%}}
`},
	{name: "classifier", meaning: "service, accuracy by outcomes named correct, and the distribution of scores", also: "service", metrics: `
- {name: accuracy, kind: proportion, on: outcome, field: correct, worse: lower, role: guardrail, margin: {absolute: 1%}, mode: gate}
`, drift: `
- {name: scores, of: prediction_score, method: ks, above: 0.1, role: guardrail}
`},
	{name: "regression", meaning: "service, absolute error by outcomes named absolute_error, and the distribution of values", also: "service", metrics: `
- {name: absolute_error, kind: mean, on: outcome, field: absolute_error, worse: higher, role: guardrail, margin: {relative: 5%}, mode: gate}
`, drift: `
- {name: values, of: prediction_value, method: ks, above: 0.1, role: signal}
`},
	{name: "recommender", meaning: "service, clicks, conversions and revenue by outcomes named clicked, converted and revenue, diversity", also: "service", metrics: `
- {name: click_rate, kind: proportion, on: outcome, field: clicked, missing: negative, worse: lower, role: guardrail, margin: {relative: 3%}, mode: gate}
- {name: conversion_rate, kind: proportion, on: outcome, field: converted, missing: negative, worse: lower, role: signal, margin: {relative: 5%}, mode: watch}
- {name: revenue, kind: mean, on: outcome, field: revenue, missing: negative, worse: lower, role: signal, margin: {relative: 5%}, mode: watch}
- {name: diversity, kind: mean, field: metrics.diversity, worse: lower, role: signal, margin: {relative: 5%}}
`, drift: `
- {name: scores, of: prediction_score, method: ks, above: 0.15, role: signal}
`},
	{name: "rag", meaning: "service, time to first token, groundedness and judge score by evaluations, retrieval, thumbs by outcomes named thumbs_up", also: "service", metrics: `
- {name: ttft_p95, kind: quantile, quantile: 0.95, field: ttft_seconds, worse: higher, role: guardrail, margin: {relative: 10%}}
- {name: groundedness, kind: mean, field: evaluations.groundedness.score, range: [0, 1], worse: lower, role: guardrail, margin: {absolute: 0.02}}
- {name: judge_score, kind: mean, field: evaluations.judge.score, worse: lower, role: signal, margin: {relative: 3%}}
- {name: retrieval_hit_rate, kind: proportion, field: metrics.retrieval_hit, worse: lower, role: signal, margin: {absolute: 2%}}
- {name: thumbs_up_rate, kind: proportion, on: outcome, field: thumbs_up, worse: lower, role: signal, margin: {absolute: 2%}, mode: watch}
- {name: output_tokens, kind: mean, field: metrics.output_tokens, worse: higher, role: signal, margin: {relative: 20%}}
`},
}

func presetNames() (names []string) {
	for _, p := range presets {
		names = append(names, p.name)
	}
	return names
}

// presets adds the checks of the presets that the spec names.
func (r *reader) presets(f *fields, s *Spec) {
	n := f.get("preset")
	if n == nil {
		return
	}
	if n.shape != nil {
		n.shape.kind, n.shape.enum, n.shape.lone = "text", presetNames(), "list"
		return
	}
	items := []*node{n}
	if n.kind == listNode {
		items = n.vals
	}
	for _, item := range items {
		i := slices.IndexFunc(presets, func(p preset) bool { return p.name == item.text })
		if i < 0 {
			r.fail(item, "allowed: "+strings.Join(presetNames(), ", "), "preset %s is unknown", item.describe())
			return
		}
		s.include(&presets[i])
	}
}

// include adds what the spec does not name itself.
func (s *Spec) include(p *preset) {
	if i := slices.IndexFunc(presets, func(o preset) bool { return o.name == p.also }); i >= 0 {
		s.include(&presets[i])
	}
	for _, n := range p.nodes(p.metrics) {
		m := (&reader{}).metric(n)
		if s.Strategy == Shadow && m.timed() {
			m.Role = Observe // copies are answered under another load
		}
		if !slices.ContainsFunc(s.Metrics, func(o Metric) bool { return o.Name == m.Name }) {
			s.Metrics = append(s.Metrics, m)
		}
	}
	for _, n := range p.nodes(p.drift) {
		d := (&reader{}).drift(n)
		if !slices.ContainsFunc(s.Drift, func(o Drift) bool { return o.Name == d.Name }) {
			s.Drift = append(s.Drift, d)
		}
	}
}

// nodes reads a preset's own text; a test reads them all.
func (p *preset) nodes(text string) []*node {
	if text == "" {
		return nil
	}
	doc, err := readYAML([]byte(text), p.name)
	if err != nil {
		panic(err)
	}
	return doc.root.vals
}
