// Package wire is the byte form that partials and states share: a reader whose first
// error sticks, and fields that are written and read by one walk over them.
//
// Numbers are varints, hashes and floats eight bytes, little endian; texts, lists and
// maps come behind their length, maps by ascending key. The form is canonical: equal
// content gives equal bytes.
//
// Invariants:
//
//	B1  Reading never panics, whatever the bytes are.
//	B2  Reading allocates at most in proportion to the bytes that are there.
//	B3  After an error nothing more is read: counts are 0, so loops end.
package wire
