// Package pump is the shell around the core: the loops that feed it, live and in
// replay, and carry out what it decides. All loops drive the same engine; they
// differ only in who supplies the inputs and who receives the verdicts.
//
//	Live    from channels, with a journal: each cut is on disk before anything follows from it
//	Rerun   from a journal and the logs that it names: a restart, and the replay of what was live
//	Replay  from recordings without a journal: it makes the cuts itself
//
// A Store is the state folder of a live rollout: it resumes where the journal ends, or
// tells why another generation must begin.
package pump
