// Package stats holds what evidence is made of: sums that are exact, so that
// any split and any order of merging gives the same bits, and the shape in which
// every test reports.
//
// Invariants:
//
//	S1  Merging is associative and commutative to the bit: integers only while events stream in.
//	S2  Floats appear once, at evaluation, and are summed in a fixed order.
//	S3  NaN never leaves the package: a warning takes its place.
package stats
