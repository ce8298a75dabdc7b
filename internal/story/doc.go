// Package story plays short scripts on the whole engine: what the world does to a
// rollout, and what must be seen. A script is a text file, described in
// docs/scenarios.md.
//
// The world of a script writes records, as bytes, into topics in memory. pump.Live
// decodes and judges them as in production: with its journal, its idle decisions, its
// restarts. Only the broker, the clock, the routers and the operators are the
// script's. One goroutine drives both by turns, so the same script gives the same
// bytes, every time.
//
//	script ── Parse ── Script ── Play ── Tale ── Script.Check   what the script says must be seen
//	                                       └──── Tale.Check     what holds in every story
package story
