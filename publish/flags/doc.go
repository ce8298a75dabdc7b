// Package flags serves verdicts as feature flags: a file for flagd, OFREP for every
// OpenFeature client, and an OpenFeature provider in process over publish/router.
//
// A rollout is a flag with two variants, "canary" and "stable", whose values are the
// model versions. Which one a unit gets is the rule of publish/router and of flagd's
// fractional operator: murmur3_32(salt + targeting key) · 10,000 >> 32, canary first.
//
// Invariants:
//
//	F1  All three ways give a unit the same variant as a router does.
//	F2  A flag is never disabled: a client would fall back on the default in its code,
//	    which may be the canary. A kill serves "stable", reason STATIC.
//	F3  Without a targeting key nobody gets the canary.
package flags
