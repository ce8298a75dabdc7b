//go:build race

package bench

const testRuns = 20 // the race detector looks at the harness, not at the bars
