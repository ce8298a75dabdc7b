// Package window turns observations into Arrow batches per window and lane, and
// a sealed window into a small mergeable partial.
//
// A window is half-open, [start, start+length), aligned to the epoch. A log seals
// a window at the first record after which its watermark, the greatest
// min(event time, arrival bound) less the lateness, has reached the window's end.
//
// Invariants:
//
//	W1  A record is late iff its own log has sealed its window; nothing reopens a window.
//	W2  The content of a partial is a function of its own log (fast lane) or of its
//	    shard's logs (label lane), never of how logs interleave.
//	W3  Merging partials is exact: any split of the rows over batches gives the same bytes.
package window
