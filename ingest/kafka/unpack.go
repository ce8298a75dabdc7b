package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Codec is a compression of record batches, numbered as on the wire.
type Codec int8

const (
	None Codec = iota
	Gzip
	Snappy
	LZ4
	Zstd
)

var errTooLarge = errors.New("more than MaxBatchBytes after decompression")

// unpacker decompresses batches and keeps the decoders' state for the next one.
type unpacker struct {
	in   bytes.Reader
	gzip gzip.Reader
	lz4  *lz4.Reader
	zstd *zstd.Decoder
}

// unpack appends the decompressed src to dst. It appends at most MaxBatchBytes;
// beyond that, and for invalid input, it returns an error.
func (u *unpacker) unpack(dst []byte, codec Codec, src []byte) ([]byte, error) {
	switch codec {
	case Gzip:
		u.in.Reset(src)
		if err := u.gzip.Reset(&u.in); err != nil {
			return dst, fmt.Errorf("gzip: %w", err)
		}
		return drain(dst, &u.gzip)
	case Snappy:
		return unpackSnappy(dst, src)
	case LZ4:
		if out, ok := unpackLZ4(dst, src); ok && len(out)-len(dst) <= MaxBatchBytes {
			return out, nil
		} else if ok {
			return out[:len(dst)+MaxBatchBytes+1], errTooLarge
		}
		u.in.Reset(src)
		if u.lz4 == nil {
			u.lz4 = lz4.NewReader(nil)
		}
		u.lz4.Reset(&u.in)
		return drain(dst, u.lz4)
	case Zstd:
		return u.unpackZstd(dst, src)
	}
	return dst, fmt.Errorf("unknown compression %d", codec)
}

// drain appends what r has to dst.
func drain(dst []byte, r io.Reader) ([]byte, error) {
	start := len(dst)
	for {
		room := MaxBatchBytes + 1 - (len(dst) - start)
		if room == 0 {
			return dst, errTooLarge
		}
		dst = slices.Grow(dst, min(room, max(64<<10, len(dst)-start)))
		n, err := r.Read(dst[len(dst):min(cap(dst), len(dst)+room)])
		dst = dst[:len(dst)+n]
		if len(dst)-start > MaxBatchBytes {
			return dst, errTooLarge
		}
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}

func (u *unpacker) unpackZstd(dst, src []byte) ([]byte, error) {
	if u.zstd == nil {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(MaxBatchBytes))
		if err != nil {
			return dst, fmt.Errorf("zstd: %w", err)
		}
		u.zstd = d
	}
	start := len(dst)
	out, err := u.zstd.DecodeAll(src, dst)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) || err == nil && len(out)-start > MaxBatchBytes {
		return dst, errTooLarge
	}
	if err != nil {
		return dst, fmt.Errorf("zstd: %w", err)
	}
	return out, nil
}

// xerial is how the framing begins that Java's snappy streams put around
// blocks: this, two version numbers, then blocks with their lengths.
var xerial = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}

func unpackSnappy(dst, src []byte) ([]byte, error) {
	if !bytes.HasPrefix(src, xerial) {
		return appendBlock(dst, src, MaxBatchBytes)
	}
	const head = 16
	if len(src) < head {
		return dst, errors.New("snappy: framing cut short")
	}
	start := len(dst)
	for src = src[head:]; len(src) > 0; {
		if len(src) < 4 {
			return dst, errors.New("snappy: block length cut short")
		}
		n := int64(binary.BigEndian.Uint32(src))
		if n > int64(len(src)-4) {
			return dst, errors.New("snappy: block reaches beyond the batch")
		}
		var err error
		if dst, err = appendBlock(dst, src[4:4+n], MaxBatchBytes-(len(dst)-start)); err != nil {
			return dst, err
		}
		src = src[4+n:]
	}
	return dst, nil
}

// appendBlock appends one decompressed snappy block of at most room bytes.
func appendBlock(dst, block []byte, room int) ([]byte, error) {
	n, err := snappy.DecodedLen(block)
	if err != nil {
		return dst, fmt.Errorf("snappy: %w", err)
	}
	if n > room {
		return dst, errTooLarge
	}
	const maxRatio = 32 // the format stretches 3 bytes to at most 64
	if n > maxRatio*len(block) {
		return dst, errors.New("snappy: block claims more than it can hold")
	}
	dst = slices.Grow(dst, n)
	out, err := snappy.Decode(dst[len(dst):len(dst)+n], block)
	if err != nil {
		return dst, fmt.Errorf("snappy: %w", err)
	}
	return dst[:len(dst)+len(out)], nil
}
