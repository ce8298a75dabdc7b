// Package drift asks whether a distribution is still the same in the canary as in
// the stable arm: of a feature, of a score, of a predicted class. It works on
// counts in fixed bins, window by window, and its evidence is valid at every look.
//
// Invariants:
//
//	D1  Evidence is an e-process: under its null, "distance ≤ above" in every block,
//	    P(LogEMax ever ≥ log(1/α)) ≤ α. The null is the distance itself, so a canary
//	    that differs a little, within its tolerance, is no alarm.
//	D2  What a block is tested against comes from earlier blocks only; how a window
//	    is cut into blocks comes from counts only, never from the values counted.
//	D3  The state is all: Restore(AppendState) goes on with the same bits.
//	D4  Data never panics, NaN never leaves: a window that cannot be read is left out.
//
// Read Methods first: it names every test of drift, Equivalents those of the other
// claim, StickyMethods those for units that come back; Distances names what is
// displayed. A new one is a file of its own and a row. Edges and Histogram bin values,
// Baseline keeps what history says, docs/drift.md explains all of it.
package drift
