package arrowipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
)

// Magic begins and ends every file of the format.
const Magic = "ARROW1"

const (
	headerSchema = 1 // kinds of a message, as Message.fbs numbers them
	headerBatch  = 3
	version5     = 4

	continuation = 0xffffffff
)

// Reader reads a file from its beginning to its end. It is not safe for concurrent use.
type Reader struct {
	in        *counted
	schema    *arrow.Schema
	unpackers [2]unpackers
	space     space
	meta      []byte
	body      bytes.Buffer
	batches   int // read so far
	err       error
}

// counted knows how far a file was read.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// NewReader reads the head of a file: the magic word and the columns.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{in: &counted{Reader: in}}
	var err error
	if r.unpackers, err = newUnpackers(); err != nil {
		return nil, err
	}
	head := make([]byte, 8)
	if _, err := io.ReadFull(r.in, head); err != nil || string(head[:len(Magic)]) != Magic {
		return nil, fmt.Errorf("arrow: want a file that begins with %s: %w", Magic, noMagic(err))
	}
	t, err := r.message(headerSchema)
	if err == io.EOF {
		err = errors.New("no columns before the end")
	}
	if err == nil {
		r.schema, err = readSchema(t)
	}
	if err == nil && *t.bad {
		err = errDamaged
	}
	if err != nil {
		return nil, fmt.Errorf("arrow: columns of the file: %w", err)
	}
	return r, nil
}

func noMagic(err error) error {
	if err == nil {
		return errors.New("it is of another format")
	}
	return io.ErrUnexpectedEOF
}

// Schema describes the columns.
func (r *Reader) Schema() *arrow.Schema { return r.schema }

// Next returns the next batch, valid until the next call. After the last one, if
// the file has its proper end, the error is io.EOF.
func (r *Reader) Next() (arrow.Record, error) {
	if r.err != nil {
		return nil, r.err
	}
	at := r.in.n
	rec, err := r.next()
	if err == io.EOF {
		err = r.footer()
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("arrow: batch %d, at byte %d: %w", r.batches+1, at, err)
	}
	r.err = err
	return rec, err
}

func (r *Reader) next() (arrow.Record, error) {
	t, err := r.message(headerBatch)
	if err != nil {
		return nil, err
	}
	b, err := r.readBatch(t, r.body.Bytes())
	if *t.bad {
		return nil, errDamaged
	}
	if err != nil {
		return nil, err
	}
	rec, err := r.record(b)
	if err == nil {
		r.batches++
	}
	return rec, err
}

var errDamaged = errors.New("its description is damaged: copy or write the file again")

// message reads one message of the wanted kind and its body, and returns its
// header. At the mark of the end it returns io.EOF.
func (r *Reader) message(want int64) (table, error) {
	var prefix [8]byte
	if _, err := io.ReadFull(r.in, prefix[:]); err != nil {
		return table{}, cut(err)
	}
	size := binary.LittleEndian.Uint32(prefix[4:])
	switch {
	case binary.LittleEndian.Uint32(prefix[:]) != continuation:
		r.in.Reader = io.MultiReader(bytes.NewReader(prefix[:]), r.in.Reader)
		return table{}, io.EOF // the footer follows without a mark
	case size == 0:
		return table{}, io.EOF
	case size > MaxMetadata:
		return table{}, fmt.Errorf("a description of %d bytes: at most %d are read", size, MaxMetadata)
	}
	r.meta = append(r.meta[:0], make([]byte, size)...)
	if _, err := io.ReadFull(r.in, r.meta); err != nil {
		return table{}, cut(err)
	}
	m := root(r.meta)
	kind, length := m.integer(1, 1), m.integer(3, 8)
	switch {
	case *m.bad || m.integer(0, 2) != version5:
		return m, errDamaged
	case kind != want:
		return m, fmt.Errorf("a message of kind %d where one of kind %d should be", kind, want)
	case length < 0 || length > MaxBatch:
		return m, fmt.Errorf("a batch of %d bytes: at most %d MiB are read: write smaller batches", length, MaxBatch>>20)
	}
	r.body.Reset() // it grows with what is there, not with what is stated
	if _, err := io.CopyN(&r.body, r.in, length); err != nil {
		return m, cut(err)
	}
	return m.child(2), nil
}

// footer reads the end of the file: a second description of it, which must know
// as many batches as were read.
func (r *Reader) footer() error {
	tail, err := io.ReadAll(io.LimitReader(r.in, MaxMetadata+10))
	if err != nil {
		return cut(err)
	}
	n := len(tail) - len(Magic) - 4
	if n < 0 || string(tail[n+4:]) != Magic || int(binary.LittleEndian.Uint32(tail[n:])) != n {
		return io.ErrUnexpectedEOF
	}
	f := root(tail[:n])
	if _, blocks := f.vector(3, 24); *f.bad || blocks != r.batches {
		return fmt.Errorf("its end tells of %d batches, it has %d: copy or write the file again", blocks, r.batches)
	}
	return io.EOF
}

// cut turns an early end into io.ErrUnexpectedEOF.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
