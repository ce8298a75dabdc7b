// Package nats publishes verdicts on NATS JetStream.
//
// Invariants:
//
//	N1  One write per verdict: the key of the rollout in the bucket VERDIN_ROUTES.
//	    Plain subjects and the audit stream are made from it by the server.
//	N2  The write is fenced: it states the last message of the rollout's verdicts and
//	    claims, so of two engines that write at once one is refused, and one that was
//	    overtaken is refused for good.
//	N3  An unclear answer is never an answer: the last message is read back, and
//	    the digests of the payloads decide.
//	N4  A step forward is not sent after its valid_until; a rollback goes first.
//	N5  What is given up never arrives later: it is withdrawn by a new claim before
//	    its place in the chain is given to another verdict.
//	N6  With trusted keys nothing that they did not sign moves an engine.
//
// A lease (Lease) saves work and is never relied upon.
//
// The server should run with "sync_interval: always": by default it syncs every
// two minutes, and a power failure can take acknowledged verdicts with it (CheckSync).
package nats
