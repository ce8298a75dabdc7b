//go:build race

package scenario

// stride thins tests that play many scenarios: the generator starts no goroutine.
const stride = 5
