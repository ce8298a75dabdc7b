// Package decision holds the rollout spec, its state machine, and the one pure
// function that turns evidence into a verdict.
//
// Invariants:
//
//	D1  Nothing unknown is good: a step forward needs every guardrail shown safe on fresh, complete data.
//	D2  Every rollback needs shown harm, a shown silence, or an operator's command.
//	D3  No timeout, outage or missing number moves traffic towards the canary.
//	D4  Decide is a function of its arguments: no clock, no randomness, no map order.
package decision
