package arrowipc

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Compression packs the buffers of a file.
type Compression string

const (
	None Compression = "none"
	LZ4  Compression = "lz4"  // fast: for writing beside live work
	ZSTD Compression = "zstd" // small: for files that are kept
)

// Writer writes a file. Without Close the file is cut off.
type Writer struct {
	out  place
	file *ipc.FileWriter
}

// NewWriter begins a file with these columns.
func NewWriter(out io.Writer, schema *arrow.Schema, c Compression) (*Writer, error) {
	opts := []ipc.Option{ipc.WithSchema(schema), ipc.WithAllocator(memory.NewGoAllocator())}
	switch c {
	case LZ4:
		opts = append(opts, ipc.WithLZ4())
	case ZSTD:
		opts = append(opts, ipc.WithZstd())
	case None:
	default:
		return nil, fmt.Errorf("unknown compression %q: use zstd, lz4 or none", c)
	}
	w := &Writer{out: place{Writer: bufio.NewWriterSize(out, 256<<10)}}
	var err error
	w.file, err = ipc.NewFileWriter(&w.out, opts...)
	return w, err
}

// place lets the library ask how far it has written; it never goes back.
type place struct {
	*bufio.Writer
	n int64
}

func (p *place) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	p.n += int64(n)
	return n, err
}

func (p *place) Seek(int64, int) (int64, error) { return p.n, nil }

// Write writes a batch.
func (w *Writer) Write(rec arrow.Record) error { return w.file.Write(rec) }

// Close writes the end of the file: the mark that ends the batches, which readers
// of streams want and the library leaves out, and the footer.
func (w *Writer) Close() error {
	if w.out.n > 0 { // the library has begun: it does so with the first batch
		if _, err := w.out.Write(binary.LittleEndian.AppendUint64(nil, continuation)); err != nil {
			return err
		}
	}
	if err := w.file.Close(); err != nil {
		return err
	}
	return w.out.Flush()
}
