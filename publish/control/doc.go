// Package control carries an operator's orders to running rollouts, and tells where
// rollouts stand. It knows no engine: whoever runs rollouts takes a [Seat] for each at
// a [Desk], says after every cut what the cut left, and takes the orders. NATS
// ([Listen]) and HTTP (package publish/http) are two doors to the same desk.
//
// Invariants:
//
//	O1  An order is answered with what became of it: the cut that journalled it and the
//	    verdict that followed, or why it was refused. An order that was refused has no effect.
//	O2  Every order that reaches a rollout names its principal, and stands in the journal.
//	O3  A principal without the scope, or for another namespace, gets nothing.
//	O4  Nothing is kept for a slow reader: he sees the newest state, and not every one before.
package control
