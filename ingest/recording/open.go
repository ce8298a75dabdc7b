package recording

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// maxWindow bounds the memory that a zstd frame may ask for: that of "zstd --long=27".
const maxWindow = 128 << 20

// compressions are told by their first bytes, so that standard input and files
// of any name can be read.
var compressions = []struct {
	name  string
	magic []byte
	open  func(io.Reader) (io.ReadCloser, error)
}{
	{"gzip", []byte{0x1f, 0x8b}, func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }},
	{"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd}, openZstd},
}

func openZstd(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// OpenSource opens a file of any format and looks through its compression.
func OpenSource(path string) (*Source, error) {
	s, err := openSource(path)
	if err != nil {
		return nil, err
	}
	return &Source{s}, nil
}

// Source is the text of a file. An end that comes too early is ErrTruncated.
type Source struct{ src *source }

// Read reads the text.
func (s *Source) Read(p []byte) (int, error) {
	n, err := s.src.text.Read(p)
	if err != nil && err != io.EOF {
		err = cut(err)
	}
	return n, err
}

// BytesRead is how much of the file was read, compressed bytes where it is compressed.
func (s *Source) BytesRead() int64 { return s.src.read.Load() }

// Close closes the file.
func (s *Source) Close() error { return s.src.close() }

// source is an open file with its decompressor.
type source struct {
	path string
	file *os.File
	size int64        // of the file; -1 = not known
	read atomic.Int64 // bytes of the file that were read
	text io.ReadCloser
}

// openSource opens path and looks through its compression.
func openSource(path string) (*source, error) {
	s := &source{path: path, file: os.Stdin, size: -1}
	if path != Stdin {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("open recording: %w", err)
		}
		s.file = f
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			s.size = info.Size()
		}
	}
	in := bufio.NewReaderSize(counter{s}, 64<<10)
	s.text = io.NopCloser(in)
	head, err := in.Peek(4)
	if err != nil && err != io.EOF {
		return nil, s.fail(err)
	}
	for _, c := range compressions {
		if !bytes.HasPrefix(head, c.magic) {
			continue
		}
		if s.text, err = c.open(in); err != nil {
			return nil, s.fail(fmt.Errorf("%s: %w", c.name, cut(err)))
		}
	}
	return s, nil
}

// fail closes what is open and says what could not be read.
func (s *source) fail(err error) error {
	if s.path != Stdin {
		s.file.Close()
	}
	return fmt.Errorf("read recording %s: %w", s.path, err)
}

func (s *source) close() error {
	s.text.Close()
	if s.path == Stdin {
		return nil // it is the process's
	}
	return s.file.Close()
}

// counter counts the bytes that are read from the file.
type counter struct{ *source }

func (c counter) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	c.read.Add(int64(n))
	return n, err
}
