// Package bench plays simulated rollouts to rules that decide, ours and those of other
// programs, and counts what they do. It makes the tables and figures of
// docs/operating-characteristics.md.
//
// The parts:
//
//	World   draws one history, look by look, from a random source
//	Rule    sees the looks of one history and answers, once
//	Play    plays a world many times to several rules at once; every rule sees the same data
//	Tally   what one rule answered, run by run, with bounds of Clopper and Pearson
//
// A look is of any type: counts of two arms, histograms of features, or whole verdicts.
// Another benchmark is a function like Stats: it makes Cases with NewCase, plays them with
// Options.PlayAll, asks Options.Broken about its bars, and returns a Report with a Part of
// its own, which the page must have marks for.
//
// Whole rollouts (launch*.go, rollout*.go) are played in a closed loop, so they have no
// World of looks: a Launch is a row, and what a rule decides changes the traffic that it
// sees next. Ours are the judge and the decision themselves, fed with the partials of
// windows; the others are controllers. Equal shares of one window draw the same.
//
// Invariants:
//
//	B1  A table is a function of the seed and the numbers of runs: neither the number of
//	    processors nor the order of work can change it.
//	B2  Rules that are compared see the same histories.
//	B3  No rule sees what its makers could not know: only oracles are told the truth, and say so.
package bench
