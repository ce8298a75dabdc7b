// Package proxy is a reverse proxy in front of the two models of a rollout: it
// splits requests by the verdicts, tells both sides which arm served, and reports
// one prediction event per request. With it a team without a service mesh has a
// complete canary.
//
//	client → Proxy → stable or canary, as router.Choose says
//	            └──→ Queue → prediction events, asynchronously
//
// In a stage of weight 0 the canary is sent a copy of every request that stable has
// answered; its answer is reported and seen by nobody (Mirror).
//
// No other request is sent twice, and none waits for its event: what the bounded
// queue cannot take is counted as lost. A model that cannot be reached is a failed
// prediction of its arm, not a reason to ask the other one: that would hide the harm.
package proxy
