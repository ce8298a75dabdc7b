// Package planning estimates, before any data, how long each stage of a rollout takes
// to decide: from the traffic, the base values of the metrics, and the laws of
// stats/sequential for the time until evidence reaches its threshold.
//
// Invariants:
//
//	P1  A plan is an estimate of times; no verdict depends on it.
//	P2  What cannot be planned is named in a note, never left out in silence.
package planning
