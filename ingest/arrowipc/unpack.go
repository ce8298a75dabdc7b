package arrowipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// unpackers fills dst, which has the size that the file states.
type unpackers func(dst, src []byte) error

// maxWindow bounds the memory that a zstd frame may ask for: the window of
// level 19 without --long, and of every level that writers of Arrow use.
const maxWindow = 8 << 20

func newUnpackers() ([2]unpackers, error) {
	fast := lz4.NewReader(nil)
	small, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(MaxBatch), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return [2]unpackers{}, err
	}
	return [2]unpackers{
		func(dst, src []byte) error {
			fast.Reset(bytes.NewReader(src))
			if _, err := io.ReadFull(fast, dst); err != nil {
				return fmt.Errorf("lz4: %w", noEOF(err))
			}
			return nil
		},
		func(dst, src []byte) error {
			got, err := small.DecodeAll(src, dst[:0:len(dst)])
			if err != nil {
				return fmt.Errorf("zstd: %w", noEOF(err))
			}
			if len(got) != len(dst) {
				return errShort
			}
			return nil
		},
	}, nil
}

// noEOF keeps the end of packed data from looking like the end of the file.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("packed data that end too early")
	}
	return err
}

// unpack returns the bytes of a buffer. Packed ones begin with their size; -1
// says that packing did not pay.
func (r *Reader) unpack(b []byte, codec unpackers) ([]byte, error) {
	if codec == nil || len(b) == 0 {
		return b, nil
	}
	if len(b) < 8 {
		return nil, errShort
	}
	size := int64(binary.LittleEndian.Uint64(b))
	if size == -1 {
		return b[8:], nil
	}
	dst, ok := r.space.take(size)
	if !ok {
		return nil, fmt.Errorf("a batch of more than %d MiB unpacked: write smaller batches", MaxBatch>>20)
	}
	return dst, codec(dst, b[8:])
}

// space hands out parts of memory that is reused from batch to batch, at most
// MaxBatch of it.
type space struct {
	parts [][]byte
	used  int // parts that are handed out
	total int64
}

func (s *space) reset() { s.used, s.total = 0, 0 }

func (s *space) take(n int64) ([]byte, bool) {
	if n < 0 || n > MaxBatch-s.total {
		return nil, false
	}
	s.total += n
	if s.used == len(s.parts) {
		s.parts = append(s.parts, nil)
	}
	p := &s.parts[s.used]
	s.used++
	if int64(cap(*p)) < n {
		*p = make([]byte, n)
	}
	return (*p)[:n], true
}
