// Package throughput measures what an event costs from a broker to the tests, beside
// what it costs only to fetch it and beside a stack put together from common parts, in
// one run on the same topics:
//
//	go test -run '^$' -bench . -benchtime 3x ./internal/throughput
//
// The broker is kfake in a process of its own, or the one that VERDIN_KAFKA names. Figures
// are events per second by the clock, microseconds of this process's CPU per event,
// and allocations per event.
package throughput
