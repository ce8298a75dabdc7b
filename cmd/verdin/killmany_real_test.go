//go:build real

package main

import "testing"

// The suite with real servers has time for more: each harm comes seven times, at other
// moments.
func TestEnginesKilledOftenLoseNothing(t *testing.T) {
	t.Parallel()
	killed(t, 7*len(harms))
}
