// Package archive is a live recording on disk: the events that a rollout has read, its
// journal, and its spec. Together they give its verdicts again, byte for byte.
//
//	journal.ndjson             records of one generation, one a line, the activation first
//	spec.yaml                  the spec as it was, for people and for what-ifs
//	schemas.ndjson             schemas of framed records, if there were any
//	<topic>.<partition>.ndjson.zst   events of one log, with "@pos" and "@at"
//
// A recording appears whole or not at all: it is written beside its place under
// another name and renamed at the end.
package archive
