package recording

import (
	"bufio"
	"context"

	"verdin/ingest/arrowipc"
	"verdin/ingest/codec"
	"verdin/schemas"
)

const (
	defaultRows = 4096    // rows and rejections of a chunk
	maxArena    = 4 << 20 // bytes of text after which a chunk is full

	// chunksInFlight bounds the memory of a stream: one chunk with the consumer,
	// one that waits, one being filled.
	chunksInFlight = 3
)

// StreamOptions say how a recording becomes chunks. The zero value works.
type StreamOptions struct {
	Log      int              // index of the log within its source
	Rows     int              // rows of a chunk, default 4096; it changes no row
	Codec    codec.Options    // of the lines; Recording is set in any case
	Progress func(read int64) // called by Next with the bytes of the file read since the last call
}

// Stream decodes a recording in a goroutine of its own, ahead of its consumer,
// into chunks that are reused. It belongs to one consumer.
type Stream struct {
	src    *source
	rows   filler
	opt    StreamOptions
	layout *schemas.Layout
	full   chan delivery // has room for every chunk and the end: sending never waits
	free   chan *schemas.Chunk
	cancel context.CancelFunc
	done   chan struct{} // closed when the goroutine has ended
	read   int64         // bytes told to Progress
	err    error         // the end, once it was met
}

// filler decodes events of a recording into a chunk until it is full or the
// recording ends: io.EOF at its clean end.
type filler interface {
	fill(c *schemas.Chunk, full func() bool) error
}

// delivery is a chunk, or the end of the recording.
type delivery struct {
	chunk *schemas.Chunk
	read  int64 // bytes of the file up to here
	err   error
}

// OpenStream opens a recording, NDJSON or Arrow IPC, and begins to decode it.
func OpenStream(ctx context.Context, path string, layout *schemas.Layout, opt StreamOptions) (*Stream, error) {
	src, err := openSource(path)
	if err != nil {
		return nil, err
	}
	if opt.Rows <= 0 {
		opt.Rows = defaultRows
	}
	opt.Codec.Recording = true
	rows, err := openRows(src, layout, opt.Codec)
	if err != nil {
		return nil, src.fail(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Stream{
		src: src, rows: rows, opt: opt, layout: layout, cancel: cancel, done: make(chan struct{}),
		full: make(chan delivery, chunksInFlight+1), free: make(chan *schemas.Chunk, chunksInFlight),
	}
	for range chunksInFlight {
		s.free <- new(schemas.Chunk)
	}
	go s.run(ctx)
	return s, nil
}

// openRows tells the format of a recording by its first bytes.
func openRows(src *source, layout *schemas.Layout, opt codec.Options) (filler, error) {
	text := bufio.NewReaderSize(src.text, maxLine+2)
	if head, _ := text.Peek(len(arrowipc.Magic)); string(head) == arrowipc.Magic {
		return openArrow(src, text, layout, opt)
	}
	return &lines{&Reader{src: src, lines: text}, codec.New(layout, opt)}, nil
}

// Next returns the next chunk in the order of the file. After the last one it
// returns io.EOF, or why the recording ends early. The chunk must be given back
// with Recycle: there are three.
func (s *Stream) Next(ctx context.Context) (*schemas.Chunk, error) {
	if s.err != nil {
		return nil, s.err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case d := <-s.full:
		if s.opt.Progress != nil && d.read > s.read {
			s.opt.Progress(d.read - s.read)
			s.read = d.read
		}
		s.err = d.err
		return d.chunk, d.err
	}
}

// Recycle gives a chunk back for reuse.
func (s *Stream) Recycle(c *schemas.Chunk) { s.free <- c }

// Close ends the stream. It waits for the decoding to end, except on standard
// input, where a read cannot be interrupted.
func (s *Stream) Close() error {
	s.cancel()
	if s.src.path == Stdin {
		return nil
	}
	err := s.src.file.Close() // ends a read that waits, as on a named pipe
	<-s.done
	s.src.text.Close()
	return err
}

// run decodes until the recording ends or the stream is closed.
func (s *Stream) run(ctx context.Context) {
	defer close(s.done)
	for {
		var c *schemas.Chunk
		select {
		case c = <-s.free:
		case <-ctx.Done():
			s.full <- delivery{err: ctx.Err()}
			return
		}
		c.Reset(s.opt.Log, s.layout)
		err := s.rows.fill(c, func() bool { return c.Len()+len(c.Rejected) >= s.opt.Rows || len(c.Arena) >= maxArena })
		if c.Len()+len(c.Rejected) > 0 {
			s.full <- delivery{chunk: c, read: s.src.read.Load()}
		}
		if err != nil {
			s.full <- delivery{read: s.src.read.Load(), err: err}
			return
		}
	}
}

// lines decodes a recording in NDJSON.
type lines struct {
	*Reader
	decoder *codec.Decoder
}

// fill decodes lines until the chunk is full or the recording ends.
func (l *lines) fill(c *schemas.Chunk, full func() bool) error {
	for !full() {
		line, offset, err := l.Next()
		if err != nil {
			return err
		}
		l.decoder.Append(c, codec.Record{Offset: offset, Value: line})
	}
	return nil
}
