// Package nats publishes verdicts on NATS JetStream.
//
// Invariants:
//
//	N1  One write per verdict: the key of the rollout in the bucket VERDIN_ROUTES.
//	    Plain subjects and the audit stream are made from it by the server.
//	N2  The write is fenced: it states the stream sequence of the verdict before,
//	    so of two engines that write at once one is refused.
//	N3  An unclear answer is never an answer: the last message is read back, and
//	    the digests of the payloads decide.
//	N4  A step forward is not sent after its valid_until; a rollback goes first.
//
// The server should run with "sync_interval: always": by default it syncs every
// two minutes, and a power failure can take acknowledged verdicts with it.
package nats
