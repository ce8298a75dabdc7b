// Package peers computes the rules of other programs by their published formulas, so
// that benchmarks and tests can hold ours beside them. No verdict uses it.
//
// Invariants:
//
//	P1  Each function agrees with reference numbers made by running the program itself.
//	P2  Where a peer has a defect, the function has it too: that is what is compared.
package peers
