// Package pump is the shell around the core: the loops that feed it, live and in
// replay, and carry out what it decides. Both loops drive the same engine; they
// differ only in who supplies the inputs and who receives the verdicts.
package pump
