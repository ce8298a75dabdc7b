// Package telemetry is what an operator sees of a running engine: Prometheus
// metrics, probes and log lines. It decides nothing, and nothing decides by it.
//
// Invariants:
//
//	T1  A label value was declared by the configuration or the code. Text that
//	    comes from an event is counted under "other", so an event cannot make a series.
//	T2  A number that is not finite is no sample: the series is absent.
//	T3  Unknown is not ready: every named check must have said so.
//	T4  The listener stays on the loopback unless the configuration says otherwise.
//
// Names follow Prometheus: prefix verdin_, base units, _total on counters.
package telemetry
