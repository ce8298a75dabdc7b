package kafka

import (
	"bytes"
	"testing"

	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Frames as producers write them are read without the library's reader; whatever else a
// frame may be is left to it, and both give the same bytes.
func TestFramesOfLZ4(t *testing.T) {
	text := bytes.Repeat([]byte(`{"prediction_id":"p-1","rollout":"recsys","arm":"canary","latency_seconds":0.031}`), 4000)
	noise := make([]byte, 100_000)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	frame := func(raw []byte, options ...lz4.Option) []byte {
		var b bytes.Buffer
		w := lz4.NewWriter(&b)
		if err := w.Apply(options...); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(raw); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	compressor, err := kgo.DefaultCompressor(kgo.Lz4Compression())
	if err != nil {
		t.Fatal(err)
	}
	kgos, _ := compressor.Compress(new(bytes.Buffer), text)
	summed := frame(text)
	for _, c := range []struct {
		name     string
		src, raw []byte
		straight bool
	}{
		{"default", summed, text, true},
		{"without a checksum of the content", frame(text, lz4.ChecksumOption(false)), text, true},
		{"blocks of 64 KiB", frame(text, lz4.ChecksumOption(false), lz4.BlockSizeOption(lz4.Block64Kb)), text, true},
		{"nothing to compress", frame(noise), noise, true},
		{"empty", frame(nil), nil, true},
		{"by kgo", kgos, text, true},
		{"far above the guess", frame(make([]byte, 3<<20)), make([]byte, 3<<20), true},
		{"checksums of blocks", frame(text, lz4.BlockChecksumOption(true)), text, false},
		{"with its size", frame(text, lz4.SizeOption(uint64(len(text)))), text, false},
		{"two frames", append(frame(text), frame(text)...), nil, false},
		{"bytes behind it", append(frame(text), 1, 2, 3), nil, false},
		{"cut short", summed[:len(summed)-1], nil, false},
	} {
		out, straight := unpackLZ4([]byte("kept"), c.src)
		if straight != c.straight || straight && string(out) != "kept"+string(c.raw) {
			t.Errorf("%s: straight %v, %d bytes, want %v, %d", c.name, straight, len(out)-4, c.straight, len(c.raw))
		}
		if c.raw == nil && !c.straight {
			continue
		}
		if out, err := new(unpacker).unpack(nil, LZ4, c.src); err != nil || !bytes.Equal(out, c.raw) {
			t.Errorf("%s: %d bytes, %v", c.name, len(out), err)
		}
	}
}
