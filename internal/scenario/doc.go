// Package scenario invents the traffic of a rollout: a shop assistant predicts
// whether a visitor buys, its canary is good, harmful, silent or mis-measured,
// and everything a company would send to Kafka about it comes out as bytes. The
// demo feeds them to a broker, the simulation to a file.
//
// The generator has no clock: Tick advances it, the caller's router chooses the
// arm. Invariants:
//
//	G1  The same seed, start, and answers of the router give the same bytes.
//	G2  The size of the ticks changes nothing.
//	G3  All chance is drawn before the arm is looked at: two routers see the same
//	    requests, and differ only in who answers them.
//	G4  Within a partition of a topic, event times never fall. An outcome comes
//	    after its prediction and within the horizon.
//
// # Why these numbers
//
// The first stage gives the canary 10 % for 30 minutes, and each guardrail must
// be shown safe in that time if nothing is wrong. With n_a, n_b units a minute
// and no true difference, evidence grows by
//
//	I = n_b·KL(p_b‖p°_b) + n_a·KL(p_a‖p°_a) nats a minute,
//
// p° being the nearest point on the margin, and log(1/0.05) + 1 ≈ 4 nats are
// needed. 80 requests a second are n_a = 4,320 and n_b = 480, which gives:
//
//	error rate 1 %, margin 1 point                  1.4 nats a minute   ≈ 3 minutes
//	p99 latency, σ = 0.5, margin 25 %               1.6                 ≈ 3
//	accuracy 80 % of 119 canary labels, margin 5    0.76                ≈ 5, after the horizon of 10
//
// so that bake, not evidence, sets the pace of a harmless canary. The same sums
// against the boundary tell how soon harm is shown, where a quarter of the error
// budget and a fifth for each stage ask for log(4·5/0.05) + 1 ≈ 7 nats: errors of
// 4 % give 3.5 a minute (2 minutes), p99 + 60 % gives 3.0 (2½ minutes), accuracy
// − 10 points 0.69 (10 minutes after the horizon: still in the first stage).
// TestTheFirstStageIsLongEnough computes these numbers again.
// Traffic is kept low on purpose: four hours of it are about 1.5 million events.
package scenario
