// Package schemas is the contract at the edges: the events that come in, the
// columns they are decoded into, and the verdicts that go out. It is a leaf:
// it imports nothing of the project, so that a router or a producer can depend
// on it alone.
//
// Invariants:
//
//	C1  A chunk holds rows of one log (a topic partition or a file), in log order.
//	C2  Every record of the log ends in exactly one of: a row, a rejection, a skipped offset.
//	V1  The payload of a verdict is a function of inputs alone: the same inputs, the same bytes.
package schemas
