// Package multiple shares error budgets among tests.
//
// Invariants:
//
//	M1  The members of a family that can cause one action have weights that sum to 1,
//	    fixed before data: the action is wrong with probability at most α (Bonferroni on
//	    p-values that hold at every look).
//	M2  E-values are averaged, and lists are cut by e-BH, within one clock only (type OneClock): tests
//	    whose labels ripen at different times are e-processes of different histories.
package multiple
