package recording

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"verdin/schemas"
)

// Writer writes a recording. What it is given are whole lines.
type Writer struct {
	path  string
	lines *bufio.Writer
	close []io.Closer // from the inside out
	buf   []byte
}

// Create creates or replaces a recording; the names .gz and .zst compress it.
func Create(path string) (*Writer, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create recording: %w", err)
	}
	w := &Writer{path: path, close: []io.Closer{f}}
	var out io.Writer = f
	switch filepath.Ext(path) {
	case ".gz":
		z := gzip.NewWriter(f)
		out, w.close = z, []io.Closer{z, f}
	case ".zst":
		z, err := zstd.NewWriter(f)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("create recording %s: %w", path, err), f.Close())
		}
		out, w.close = z, []io.Closer{z, f}
	}
	w.lines = bufio.NewWriterSize(out, 64<<10)
	return w, nil
}

// Write writes lines as they are: one or several, each with its newline.
func (w *Writer) Write(lines []byte) (int, error) {
	n, err := w.lines.Write(lines)
	if err != nil {
		return n, fmt.Errorf("write recording %s: %w", w.path, err)
	}
	return n, nil
}

// WriteEvent writes one event as a line.
func (w *Writer) WriteEvent(ev schemas.Event) error {
	w.buf = ev.AppendLine(w.buf[:0])
	_, err := w.Write(w.buf)
	return err
}

// Close writes what is left and closes the file. Without it the recording is cut off.
func (w *Writer) Close() error {
	err := w.lines.Flush()
	for _, c := range w.close {
		if closed := c.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		return fmt.Errorf("close recording %s: %w", w.path, err)
	}
	return nil
}
