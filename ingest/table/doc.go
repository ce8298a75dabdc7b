// Package table reads and writes events as rows of named cells, so that one
// recording can be NDJSON, Arrow IPC, CSV or Parquet.
//
// A cell is named by the path of its field: "arm", "features.age",
// "evaluations.judge.score", and "@at", "@topic", "@partition", "@offset" for
// what a recorder adds. A missing cell is an absent field; null means the same.
//
//	lines, err := table.OpenLines("events.csv")   // any format, as lines of a recording
//	report, err := table.Convert(ctx, lines, "events.arrow", table.Options{})
//
// Invariants:
//
//	T1  From NDJSON to Arrow or Parquet and back, every event that decodes gives the
//	    same row of a chunk, whatever the layout.
//	T2  A file appears under its name whole or not at all.
//	T3  What is wrong is named by file, line or row, and column.
package table
