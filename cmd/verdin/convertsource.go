package main

import (
	"context"
	"errors"
	"io"
	"slices"

	"verdin/ingest/codec"
	"verdin/ingest/foreign"
	"verdin/ingest/recording"
	"verdin/ingest/table"
	"verdin/internal/pump"
	"verdin/schemas"
)

// source is a file that replay reads.
type source interface {
	pump.Source
	Close() error
}

// openSource opens a recording, or a table that becomes one: CSV and Parquet, and
// whatever is mapped.
func openSource(ctx context.Context, path string, layout *schemas.Layout, opt recording.StreamOptions, mapping foreign.Options) (source, *foreign.Map, error) {
	native := []table.Format{table.NDJSON, table.Arrow, ""} // told by their first bytes
	if mapping.Empty() && slices.Contains(native, table.FormatOf(path)) {
		s, err := open(ctx, path, layout, opt)
		if err != nil {
			return nil, nil, err
		}
		return s, nil, nil
	}
	lines, m, err := openLines(path, mapping)
	if err != nil {
		return nil, nil, err
	}
	opt.Codec.Recording = true
	return &tableSource{lines: lines, decoder: codec.New(layout, opt.Codec), layout: layout, opt: opt}, m, nil
}

// tableSource decodes the lines that a table became.
type tableSource struct {
	lines   table.Lines
	decoder *codec.Decoder
	layout  *schemas.Layout
	opt     recording.StreamOptions
	free    []*schemas.Chunk
	read    int64
	err     error
}

const tableRows = 4096 // of a chunk

// Next decodes the next chunk.
func (s *tableSource) Next(ctx context.Context) (*schemas.Chunk, error) {
	if err := errors.Join(s.err, ctx.Err()); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, err
	}
	c := new(schemas.Chunk)
	if n := len(s.free); n > 0 {
		c, s.free = s.free[n-1], s.free[:n-1]
	}
	c.Reset(s.opt.Log, s.layout)
	for s.err == nil && c.Len()+len(c.Rejected) < tableRows {
		var line []byte
		var offset int64
		if line, offset, s.err = s.lines.Next(); s.err == nil {
			s.decoder.Append(c, codec.Record{Offset: offset, Value: line})
		}
	}
	if now := s.lines.BytesRead(); s.opt.Progress != nil {
		s.opt.Progress(now - s.read)
		s.read = now
	}
	if c.Len()+len(c.Rejected) == 0 {
		return nil, s.err
	}
	return c, nil
}

// Recycle takes a chunk back.
func (s *tableSource) Recycle(c *schemas.Chunk) { s.free = append(s.free, c) }

// Close closes the table.
func (s *tableSource) Close() error { return s.lines.Close() }
