// Package log keeps verdicts as JSON lines: the local record from which a
// bucket is refilled, and what a replay writes. A line is a payload, byte for
// byte as it was signed.
package log

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"verdin/schemas"
)

// Writer appends payloads to a file or a stream.
type Writer struct {
	w    io.Writer
	file *os.File // nil for a stream
}

// New returns a writer to a stream. Each verdict is one call of w.Write.
func New(w io.Writer) *Writer { return &Writer{w: w} }

// Open returns a writer that appends to a file, made with mode 0600 if absent.
// What a crash left of a last line is cut off.
func Open(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("verdict log: %w", err)
	}
	end, err := wholeLines(f)
	if err == nil {
		err = f.Truncate(end)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("verdict log %s: %w", path, err), f.Close())
	}
	return &Writer{w: f, file: f}, nil
}

// wholeLines is the offset after the last line break.
func wholeLines(r io.Reader) (end int64, err error) {
	br := bufio.NewReader(r)
	for at := int64(0); ; {
		part, err := br.ReadSlice('\n')
		at += int64(len(part))
		switch err {
		case nil:
			end = at
		case bufio.ErrBufferFull:
		case io.EOF:
			return end, nil
		default:
			return 0, err
		}
	}
}

// Close closes the file of Open.
func (l *Writer) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// Append writes one payload. A file is synced, so that the log is never behind
// what was published.
func (l *Writer) Append(payload []byte) error {
	if bytes.IndexByte(payload, '\n') >= 0 {
		return errors.New("verdict log: the payload holds a line break: it is not in canonical form")
	}
	if _, err := l.w.Write(append(bytes.Clone(payload), '\n')); err != nil {
		return fmt.Errorf("verdict log: %w", err)
	}
	if l.file != nil {
		if err := l.file.Sync(); err != nil {
			return fmt.Errorf("verdict log: %w", err)
		}
	}
	return nil
}

// Read calls each for every verdict of a log. A last line without an end was
// cut by a crash before it was published, and is left out; any other line that
// is no verdict is an error.
func Read(r io.Reader, each func(v *schemas.Verdict, payload []byte) error) error {
	br := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := readLine(br)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("verdict log: line %d: %w", n, err)
		}
		v, err := schemas.ParseVerdict(line)
		if err != nil {
			return fmt.Errorf("verdict log: line %d: %w", n, err)
		}
		if err := each(v, line); err != nil {
			return err
		}
	}
}

// readLine returns a line of its own without the line break; EOF if there is
// none with an end.
func readLine(br *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		if err == nil {
			return append(line, part[:len(part)-1]...), nil
		}
		if err != bufio.ErrBufferFull {
			return nil, err
		}
		if line = append(line, part...); len(line) > schemas.MaxVerdict {
			return nil, fmt.Errorf("longer than %d bytes", schemas.MaxVerdict)
		}
	}
}
