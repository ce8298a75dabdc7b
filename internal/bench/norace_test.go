//go:build !race

package bench

const testRuns = DefaultRuns
