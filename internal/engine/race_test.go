//go:build race

package engine

// Stride thins tests that play many worlds. The engine starts no goroutine, so that the
// race detector finds nothing in the second world that it did not see in the first; the
// same tests without it play every one.
const Stride = 5
