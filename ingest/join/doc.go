// Package join matches predictions with the outcomes that come later.
//
// Predictions are kept by window, outcomes by the key that names their
// prediction. When a window is closed each of its predictions takes, for every
// metric, the least eligible outcome by (event time, log, offset). Nothing depends
// on which of the two arrived first.
//
// Invariants:
//
//	J1  An outcome y is eligible for a prediction x iff ts(x)−skew ≤ ts(y) ≤ ts(x)+horizon and
//	    the watermark of y's own log, just before y was read, was below end(window of x)+horizon.
//	J2  What a closed window yields is a function of the logs' contents, not of their interleaving.
//	J3  An outcome y that names only its unit belongs to that unit's last prediction x with
//	    ts(x) ≤ ts(y), whatever its arm, and is eligible for it iff ts(y) ≤ ts(x)+horizon and y's log
//	    was not beyond, as in J1. So a window may be closed only when every prediction before
//	    its end+horizon is known.
package join
