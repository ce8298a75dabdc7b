// Package snapshot keeps states of a rollout on disk, so that a restart need not read
// its topics from the beginning. A snapshot is a cache of what journal and topics
// give: one that is damaged or gone costs time and nothing else.
//
// Invariants:
//
//	N1  A snapshot that is read is the one that was written: every section has a
//	    CRC-32C, and the file says how long it is.
//	N2  A snapshot appears whole or not at all: it is written under another name,
//	    synced, renamed, and the folder is synced.
//	N3  The newest few are kept; a damaged one is passed over for the one before.
package snapshot
