package journal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// headSize is what stands before the JSON of a record on disk: its length and the
// CRC-32C of length and JSON, both little-endian.
const headSize = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(length, json []byte) uint32 {
	return crc32.Update(crc32.Checksum(length, castagnoli), castagnoli, json)
}

// appendFrame appends a record as it stands on disk.
func appendFrame(b, json []byte) []byte {
	at := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(json)))
	b = binary.LittleEndian.AppendUint32(b, sum(b[at:at+4], json))
	return append(b, json...)
}

// frame takes the first record of b; ok is false if none stands there.
func frame(b []byte) (json, rest []byte, ok bool) {
	if len(b) < headSize {
		return nil, b, false
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0 || n > MaxRecord || int64(n) > int64(len(b)-headSize) {
		return nil, b, false
	}
	json = b[headSize : headSize+n]
	if binary.LittleEndian.Uint32(b[4:]) != sum(b[:4], json) {
		return nil, b, false
	}
	return json, b[headSize+n:], true
}

// frames calls each for the records at the head of b and returns how many bytes they take.
func frames(b []byte, each func(json []byte) error) (good int, err error) {
	for rest := b; ; {
		json, next, ok := frame(rest)
		if !ok {
			return len(b) - len(rest), nil
		}
		if err := each(json); err != nil {
			return len(b) - len(rest), err
		}
		rest = next
	}
}

// follows tells whether a good record stands anywhere in b behind its first byte:
// then what is bad at its head is not a write that never ended.
func follows(b []byte) bool {
	for at := 1; ; {
		i := bytes.Index(b[min(at+headSize, len(b)):], []byte(head))
		if i < 0 {
			return false
		}
		at += i
		if _, _, ok := frame(b[at:]); ok {
			return true
		}
		at++
	}
}
