//go:build race

package pump

// stride thins tests that play many worlds where the race detector makes them slow.
const stride = 5
