// Package journal is the record of what a live rollout was told and cannot read
// again from its topics: where it began, each cut with the clock, positions and words
// that belong to it, and the verdicts that it was about to publish. The journal and
// the topics together are all that a verdict depends on.
//
// Invariants:
//
//	J1  A record is canonical JSON: equal records are equal bytes, and Parse of what
//	    Append wrote gives the record back.
//	J2  On disk a record is its length, the CRC-32C of length and JSON, and the JSON.
//	    A record that was half written when the power went is cut off; one that is bad
//	    with good ones behind it is an error that names file and byte.
//	J3  Records are counted from 1, over all generations of a rollout; a file is named
//	    by the number of its first record.
//	J4  After an error of writing nothing more is written: what follows a hole would
//	    be read as if there was none.
//
// The records of one generation are an Activation, then Cuts, each followed by an
// Intent if it gave a verdict, and an End when another generation takes over.
package journal
