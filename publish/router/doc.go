// Package router is what a router embeds: it follows the verdicts of its
// rollouts safely and says which arm serves a request.
//
//	r, err := router.New(router.Config{ID: "edge-1", Rollouts: []string{"prod/recsys"}, Trusted: []string{publicKey}})
//	go r.Run(ctx, nc)
//	…
//	c := r.Choose("prod/recsys", requestID)
//	// serve c.Arm; write c.Arm, c.Generation and c.Stage into the prediction event
//
// Invariants:
//
//	U1  Only what a trusted key signed for this rollout changes anything.
//	U2  Verdicts apply in the order of their chain: never older, never across a gap.
//	    A rollback of the running generation, or of a newer one, always applies.
//	U3  A step towards the canary needs a verdict that has not expired, or a
//	    heartbeat that names it, and an engine that was heard of lately.
//	U4  After the deadline (R25) the canary gets nothing, or keeps what it has if
//	    the verdict says so. The local kill switch beats everything.
//	U5  Choose takes no lock and allocates nothing.
//
// A router that starts reads the last verdict again. With Config.StateFile it also
// knows, before and without NATS, what it served when it stopped, until the deadline
// of that; and a kill switch stays where it was put.
package router
