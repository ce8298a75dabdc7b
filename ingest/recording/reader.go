package recording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine is the longest line that is read whole: a record at its limit, kept byte
// for byte in base64, and its headers.
const maxLine = 512 << 10

// ErrTruncated says that a recording stops in the middle: its end is not known,
// so nothing after its last line may be concluded from it.
var ErrTruncated = errors.New("the recording is cut off")

// Reader reads the lines of one recording.
type Reader struct {
	src   *source
	lines *bufio.Reader
	long  []byte // the start of a line above maxLine
	next  int64  // offset of the next line
	pos   int64  // bytes of text before the next line
	err   error  // how the recording ended
}

// Open opens a recording; path "-" is standard input.
func Open(path string) (*Reader, error) {
	s, err := openSource(path)
	if err != nil {
		return nil, err
	}
	return &Reader{src: s, lines: bufio.NewReaderSize(s.text, maxLine+2)}, nil
}

// Next returns the next line and its offset, which counts the lines that are not
// blank. The line is valid until the next call. Of a line above 512 KiB it
// returns the first part, which is above the limit too, so that it is refused
// like any record of that size. At the clean end the error is io.EOF; a
// recording that was cut off gives ErrTruncated with the file and the byte.
func (r *Reader) Next() (line []byte, offset int64, err error) {
	for r.err == nil {
		at := r.pos
		line, whole, err := r.readLine()
		r.pos += int64(len(line))
		switch {
		case err == io.EOF && (whole && json.Valid(line) || blank(line)):
			r.err = io.EOF // the last line needs no newline
		case err != nil:
			r.err = r.ended(at, err)
			continue
		}
		if !blank(line) {
			r.next++
			return line, r.next - 1, nil
		}
	}
	return nil, 0, r.err
}

// readLine returns a line with its newline, and whether all of it is there. A
// line that is too long is read to its end.
func (r *Reader) readLine() (line []byte, whole bool, err error) {
	line, err = r.lines.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return line, true, err
	}
	r.long = append(r.long[:0], line...)
	for err == bufio.ErrBufferFull {
		line, err = r.lines.ReadSlice('\n')
		r.pos += int64(len(line))
	}
	return r.long, false, err
}

// ended says how a recording ended whose last line begins at byte at.
func (r *Reader) ended(at int64, err error) error {
	if err == io.EOF || errors.Is(cut(err), ErrTruncated) {
		return fmt.Errorf("read recording %s: %w after byte %d of its text, in line %d: copy or record it again",
			r.src.path, ErrTruncated, at, r.next+1)
	}
	return fmt.Errorf("read recording %s: after byte %d of its text: %w", r.src.path, at, err)
}

// cut names the error of a stream that ended too early.
func cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		return ErrTruncated
	}
	return err
}

func blank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }

// BytesRead is how much of the file was read, compressed bytes where it is
// compressed. It may be called while another goroutine reads.
func (r *Reader) BytesRead() int64 { return r.src.read.Load() }

// Size is the size of the file in the same unit, -1 if it is not known.
func (r *Reader) Size() int64 { return r.src.size }

// Close closes the file.
func (r *Reader) Close() error { return r.src.close() }
