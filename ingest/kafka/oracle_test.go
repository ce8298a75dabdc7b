package kafka

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// errOracle: the slow decoders below say no.
var errOracle = errors.New("not a valid stream")

// oracle decompresses by another implementation, without care for speed:
// gzip by the standard library, snappy and LZ4 by the book, zstd as kgo does.
func oracle(codec Codec, src []byte) ([]byte, error) {
	switch codec {
	case Gzip:
		r, err := gzip.NewReader(bytes.NewReader(src))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(io.LimitReader(r, MaxBatchBytes+1))
	case Snappy:
		return slowXerial(src)
	case LZ4:
		return slowLZ4(src)
	default:
		return kgo.DefaultDecompressor().Decompress(src, kgo.CodecZstd)
	}
}

func slowXerial(src []byte) (out []byte, err error) {
	if !bytes.HasPrefix(src, xerial) {
		return slowSnappy(src)
	}
	if len(src) < 16 {
		return nil, errOracle
	}
	for src = src[16:]; len(src) > 0; {
		if len(src) < 4 {
			return nil, errOracle
		}
		n := int64(binary.BigEndian.Uint32(src))
		if src = src[4:]; n > int64(len(src)) {
			return nil, errOracle
		}
		block, err := slowSnappy(src[:n])
		if err != nil {
			return nil, err
		}
		out, src = append(out, block...), src[n:]
	}
	return out, nil
}

// slowSnappy follows the format description of the snappy repository.
func slowSnappy(src []byte) ([]byte, error) {
	want, n := binary.Uvarint(src)
	if n <= 0 || want > MaxBatchBytes {
		return nil, errOracle
	}
	var out []byte
	for src = src[n:]; len(src) > 0; {
		tag := src[0]
		src = src[1:]
		length, distance, extra := 0, 0, 0
		switch tag & 3 {
		case 0:
			length = int(tag >> 2)
			if extra = max(length-59, 0); extra > 0 {
				length = 0
			}
		case 1:
			length, distance, extra = 4+int(tag>>2&7), int(tag>>5)<<8, 1
		case 2:
			length, extra = 1+int(tag>>2), 2
		case 3:
			length, extra = 1+int(tag>>2), 4
		}
		if extra > len(src) {
			return nil, errOracle
		}
		v := 0
		for i := range extra {
			v |= int(src[i]) << (8 * i)
		}
		if src = src[extra:]; tag&3 == 0 {
			if length += 1 + v; length > len(src) {
				return nil, errOracle
			}
			out, src = append(out, src[:length]...), src[length:]
			continue
		}
		if out = repeat(out, distance+v, length); out == nil {
			return nil, errOracle
		}
	}
	if uint64(len(out)) != want {
		return nil, errOracle
	}
	return out, nil
}

// repeat appends length bytes from so far back, one by one; nil if there are none.
func repeat(out []byte, distance, length int) []byte {
	if distance <= 0 || distance > len(out) || len(out)+length > MaxBatchBytes+64<<10 {
		return nil
	}
	for range length {
		out = append(out, out[len(out)-distance])
	}
	return out
}

// slowLZ4 follows the frame and block descriptions of the lz4 repository. It
// does not look at checksums.
func slowLZ4(src []byte) (out []byte, err error) {
	take := func(n int) []byte {
		if n < 0 || n > len(src) {
			err, n = errOracle, 0
			return make([]byte, 8)
		}
		b := src[:n]
		src = src[n:]
		return b
	}
	for len(src) > 0 && err == nil {
		magic := binary.LittleEndian.Uint32(take(4))
		if magic>>4 == 0x184d2a5 { // to be passed over
			take(int(binary.LittleEndian.Uint32(take(4))))
			continue
		}
		if err != nil || magic != 0x184d2204 {
			return nil, errOracle
		}
		flags := take(2)[0]
		if flags&8 != 0 {
			take(8) // size of the content
		}
		if flags&1 != 0 {
			take(4) // dictionary
		}
		take(1)
		start := len(out)
		for err == nil {
			size := binary.LittleEndian.Uint32(take(4))
			if size == 0 || err != nil {
				break
			}
			block := take(int(size & (1<<31 - 1)))
			if size>>31 == 1 {
				out = append(out, block...)
			} else if out = slowBlock(out, start, block); out == nil {
				return nil, errOracle
			}
			if flags&16 != 0 {
				take(4)
			}
		}
		if flags&4 != 0 {
			take(4)
		}
	}
	return out, err
}

func slowBlock(out []byte, start int, src []byte) []byte {
	long := func(n int) int {
		for n >= 15 && len(src) > 0 {
			b := src[0]
			src = src[1:]
			if n += int(b); b < 255 {
				break
			}
		}
		return n
	}
	out = append([]byte{}, out...)
	for len(src) > 0 {
		token := src[0]
		src = src[1:]
		n := long(int(token >> 4))
		if n > len(src) {
			return nil
		}
		if out, src = append(out, src[:n]...), src[n:]; len(src) == 0 {
			return out
		}
		if len(src) < 2 {
			return nil
		}
		distance := int(binary.LittleEndian.Uint16(src))
		src = src[2:]
		if distance > len(out)-start {
			return nil
		}
		if out = repeat(out, distance, 4+long(int(token&15))); out == nil {
			return nil
		}
	}
	return out
}

// The slow decoders read what compressors write, or they could not judge.
func TestTheOraclesReadWhatCompressorsWrite(t *testing.T) {
	for name, codec := range codecs {
		if codec == None {
			continue
		}
		raw := bytes.Repeat([]byte("0123456789 some text, and some more of it; "), 5000)
		out, err := oracle(codec, pack(t, codec, raw))
		if err != nil || !bytes.Equal(out, raw) {
			t.Errorf("%s: %d bytes, %v", name, len(out), err)
		}
	}
}

// FuzzUnpack: what a codec accepts, the oracle reads alike, and it stays within
// the limit; what a compressor writes of any bytes comes back.
func FuzzUnpack(f *testing.F) {
	for _, codec := range codecs {
		if codec == None {
			continue
		}
		for _, raw := range [][]byte{nil, []byte("a"), bytes.Repeat([]byte("0123456789"), 50)} {
			f.Add(int8(codec), pack(f, codec, raw))
		}
	}
	block := pack(f, Snappy, []byte("in a frame"))
	framed := binary.BigEndian.AppendUint32(append(append([]byte{}, xerial...), 0, 0, 0, 1, 0, 0, 0, 1), uint32(len(block)))
	f.Add(int8(Snappy), append(framed, block...))
	var u unpacker
	f.Fuzz(func(t *testing.T, which int8, src []byte) {
		codec := Codec(which)
		out, err := u.unpack(nil, codec, src)
		if len(out) > MaxBatchBytes+1 {
			t.Fatalf("%d bytes", len(out))
		}
		if codec < Gzip || codec > Zstd {
			if err == nil {
				t.Fatalf("codec %d was accepted", codec)
			}
			return
		}
		if err == nil {
			want, oerr := oracle(codec, src)
			if oerr != nil || !bytes.Equal(out, want) {
				t.Fatalf("codec %d: %d bytes, the oracle has %d: %v", codec, len(out), len(want), oerr)
			}
		}
		if out, err := u.unpack([]byte("kept"), codec, pack(t, codec, src)); err != nil || string(out) != "kept"+string(src) {
			t.Fatalf("codec %d does not give back %d bytes: %v", codec, len(src), err)
		}
	})
}

// FuzzIDs: an answer of any bytes ends in an error or in the topics it names.
func FuzzIDs(f *testing.F) {
	f.Add(idsAnswer("log", "more"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		into := map[string]TopicID{}
		fr := frame{r: bytes.NewReader(raw), remain: int64(len(raw))}
		fr.ids(5, into)
		n := 0
		for name := range into {
			n += len(name) + len(TopicID{})
		}
		if n > len(raw) {
			t.Errorf("%d bytes gave names and ids of %d", len(raw), n)
		}
	})
}
