// Package recording reads and writes recorded streams: NDJSON, one event a line,
// plain or compressed with gzip or zstd. A Stream reads Arrow IPC too, one event a
// row (arrow.go); package table writes it.
//
// A line is what codec decodes with Options.Recording: bare JSON with its "type",
// or a CloudEvent in structured form. A file is one log in line order (R4).
//
//	r, err := recording.Open("events.ndjson.zst")
//	for {
//		line, offset, err := r.Next()
//		if err == io.EOF { break }
//		…
//	}
//
// Invariants:
//
//	F1  A file ends cleanly or with ErrTruncated, never with a shorter stream that
//	    looks whole: compressed data that was cut, or a last line that is no JSON.
//	F2  The rows of a Stream do not depend on the size of its chunks.
//	F3  Memory is bounded whatever the file holds: lines are capped, chunks are reused.
package recording
