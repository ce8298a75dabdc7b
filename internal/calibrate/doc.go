// Package calibrate asks of recorded history what a rollout's checks would have said
// when nothing was wrong, and what they would have found when something was.
//
// The parts, in the order in which they run:
//
//	History    the stable arm of a recording, in memory
//	Split      deals its units to two arms by a salted hash: an A/A canary
//	Trial      plays one split through the engine that judges live rollouts
//	Baseline   the reference distributions of every watched field
//	Suggest    margins, tolerances, limits that the history supports
//	Shifts     faults that are put into the canary, to see what is found, and when
//	Report     all of it as a table, JSON and a page with plots
//
// Invariants:
//
//	C1  A report is a function of the history, the spec, the options and the seed.
//	C2  What is suggested is judged on splits that no suggestion has seen.
//	C3  Splits share nothing but the history: given it, they are independent draws, so
//	    bounds of Clopper and Pearson hold for the rates of this history.
package calibrate
