// Package foreign turns the tables and logs of other systems into events.
//
// A Map is a list of rules, each from a column to a field: those of a preset
// (presets.go: one table for each system), then those of the user. One row may
// give a prediction and outcomes. Logs of requests and responses (wire.go) are
// paired first and are rows from then on.
//
//	m, err := foreign.New(foreign.Options{Preset: "nannyml", Set: []string{"arm=canary", "rollout=loans"}})
//	lines := m.Lines(rows)   // lines of a recording, from any table
//
// Invariants:
//
//	F1  The arm is never guessed: a row without one is an error that says how to name it.
//	F2  No column vanishes silently: what no rule takes is counted by name.
//	F3  Equal rows give equal events: nothing depends on a clock or on chance.
package foreign
