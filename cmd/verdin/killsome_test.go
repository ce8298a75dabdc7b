//go:build !real

package main

// killRounds is how often the engine is killed: the suite with real servers has time
// for more.
const killRounds = 8
