// Package webhook tells other programs of verdicts: one POST of JSON for each, signed,
// to addresses that the engine file names and to nowhere else.
//
// It is told of what stands, after the fact, and nothing waits for it:
//
//	W1  Send never waits. A queue that is full loses its oldest note, counted and reported.
//	W2  A note is delivered at least once or counted as lost; its id, the verdict's
//	    digest, is the same at every attempt.
//	W3  No connection is opened to an address that was not resolved and allowed before:
//	    public ones, and networks that the configuration lists. Redirects and the proxies
//	    of the environment are not followed.
//	W4  The signature covers id, time and body. Form of headers and key: Standard Webhooks
//	    1.0 (github.com/standard-webhooks), symmetric scheme v1, so that its libraries
//	    verify what comes; Verify is the same in Go.
package webhook
