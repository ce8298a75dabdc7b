// Package registry asks a Confluent schema registry what stands under a schema
// id, for the decoder of package codec.
//
// Invariants:
//
//	G1  What was answered once is answered for ever: ids are immutable. With a
//	    file, answers also outlive the process, and are on disk before they are used.
//	G2  Only a registry's own "schema not found" (error code 40403, or 40401 and
//	    40402 for what a schema refers to) means that there is none. Anything else
//	    (no answer, a refused login, a proxy's page) is no answer, and is asked again.
//	G3  No password reaches a log line or an error.
package registry
