package kafka

import (
	"encoding/binary"
	"slices"

	"github.com/pierrec/lz4/v4"
)

// The start of an LZ4 frame, by its format description, version 1.6: a magic number,
// flags, the code of the largest block and the descriptor's checksum.
const (
	lz4Magic   = 0x184D2204
	lz4Head    = 7           // bytes, without the sizes that the flags may announce
	lz4Plain   = 0b0110_0000 // flags: version 1, blocks that do not refer to each other, and nothing else
	lz4Summed  = 0b0000_0100 // flag: a checksum of the content follows the blocks
	lz4Stored  = 1 << 31     // bit of a block's length: it is not compressed
	lz4Stretch = 8           // times that a block of JSON and its like rarely exceeds
)

// unpackLZ4 appends a frame as Kafka's producers write it: of blocks that stand for
// themselves. It reads the blocks straight into dst, and passes over the checksum of the
// content: the batch has one of its own, and it was right. It returns false where the
// input is anything else, also where it is damaged: then the library's reader, which
// takes every frame, must read it and tell what is wrong. Beyond MaxBatchBytes it stops
// with more than that, true.
func unpackLZ4(dst, src []byte) ([]byte, bool) {
	if len(src) < lz4Head || binary.LittleEndian.Uint32(src) != lz4Magic || src[4]&^lz4Summed != lz4Plain {
		return dst, false
	}
	flags, size := src[4], src[5]>>4&7
	if size < 4 || src[5]&0x8F != 0 {
		return dst, false
	}
	largest := 1 << (8 + 2*size) // 64 KiB, 256 KiB, 1 MiB, 4 MiB
	start := len(dst)
	for src = src[lz4Head:]; len(src) >= 4; {
		head := binary.LittleEndian.Uint32(src)
		src = src[4:]
		if head == 0 { // the end mark
			if flags&lz4Summed != 0 {
				return dst, len(src) == 4
			}
			return dst, len(src) == 0
		}
		n := int(head &^ lz4Stored)
		if n > len(src) || n > largest {
			return dst, false
		}
		var ok bool
		if dst, ok = appendLZ4(dst, src[:n], head&lz4Stored != 0, largest); !ok {
			return dst, false
		}
		if len(dst)-start > MaxBatchBytes {
			return dst, true
		}
		src = src[n:]
	}
	return dst, false
}

// appendLZ4 appends a block of at most so many bytes.
func appendLZ4(dst, block []byte, stored bool, largest int) ([]byte, bool) {
	if stored {
		return append(dst, block...), true
	}
	for room := min(lz4Stretch*len(block), largest); ; room = min(2*room, largest) {
		dst = slices.Grow(dst, room)
		n, err := lz4.UncompressBlock(block, dst[len(dst):min(cap(dst), len(dst)+largest)])
		if err == nil {
			return dst[:len(dst)+n], true
		}
		if room == largest {
			return dst, false
		}
	}
}
