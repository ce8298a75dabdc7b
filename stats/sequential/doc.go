// Package sequential holds tests and intervals that stay valid however often one
// looks. The unit of evidence is a closed block: a window, or the part of it that
// was served under one split, in which canary (b) is compared with stable (a). Each
// block gives a log factor per point of a fixed grid of alternatives; factors add
// over blocks, and the log of an e-process is one log-sum-exp over the grid.
//
// Three engines:
//
//	B  Harm, Safe, Limit, Conditional, Band, Exceedance, Order, CapCheck, Paired
//	                      shares, exceedances, pairs: half-plane e-variables and tilts, exact
//	T  SampleRatio, Rate   splits and event rates with a known share, exact for independent events
//	G  Score, Sticky       means, ratios, pairs, areas, units that come back: Gaussian mixture
//	                      on the stratified score, asymptotic
//
// ShareInterval and QuantileShift invert engine B; HoldBack and Ceiling watch after
// promotion. Methods lists them all, docs/statistics.md explains them.
//
// Invariants:
//
//	Q1  The expectation of a block's factor is at most 1 at every point of its null,
//	    given the past. So P(log E ever ≥ log 1/α) ≤ α (Ville).
//	Q2  What a block is scored with (base rates, alternatives, ρ) comes from blocks
//	    before it; a block that is not scored is chosen by counts, never by outcomes.
//	Q3  Everything is in logs and finite; an arm without units leaves E as it is.
//	Q4  Observe allocates nothing. AppendState and Restore are exact: a restored
//	    process gives the same bits as one that never stopped.
//
// Sources: Turner, Ly, Grünwald, "Generic E-variables for exact sequential k-sample
// tests that allow for optional stopping" (2024); Turner, Grünwald, "Safe sequential
// testing and effect estimation in stratified count data" (2023); Howard, Ramdas,
// McAuliffe, Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence
// sequences" (2021).
package sequential
