// Package http is the door of an engine for people, browsers and delivery systems: the
// control API, gates for Argo Rollouts and Flagger, feature flags, and a live page.
// Everything it says comes from the desk of package control.
//
// Invariants:
//
//	H1  Whoever asks is known by a bearer token, or nobody is known and only reading
//	    is possible. There are no cookies, and no request of another site is served.
//	H2  A gate opens for a verdict of an engine that is alive, connected, and stands by
//	    it; on anything else it stays shut and says why.
//	H3  Bodies, requests in flight and streams are bounded.
package http
