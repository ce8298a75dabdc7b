// Package arch checks the shape of the source tree: who may import whom, what
// the core may not do, how large a file may grow. It holds tests only:
//
//	go test ./internal/arch -v
//
// The tests parse the files themselves. A check that runs the go command in a
// child process is kept in the test cache after a violation appears, because
// the cache sees only the files that the test itself opens.
//
// Every rule is a function from a tree to findings, and every rule has a second
// test that feeds it a small source which it must reject, so that a rule that
// went blind turns red.
//
// Three comments answer a rule where it stands, each with the reason:
//
//	// order-free: why   on or above a range over a map in the core
//	// exact: why        on or above a float product that is added
//	// no-row: why       above a test type that the catalogue leaves out
package arch
