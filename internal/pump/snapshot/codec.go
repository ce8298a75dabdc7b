package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Section is a named part of a snapshot.
type Section struct {
	Name string
	Data []byte
}

// ErrDamaged is wrapped by every error of Decode.
var ErrDamaged = errors.New("the snapshot is damaged")

// A snapshot is the magic bytes, its sections, and its length. A section is the
// length of its name and of its data, the CRC-32C of lengths, name and data, and
// both. Numbers are little-endian; a section without a name is the last.
const (
	magic    = "VERDINS1"
	headSize = 2 + 8 + 4
	footSize = 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode appends a snapshot of the sections to b.
func Encode(b []byte, sections []Section) []byte {
	start := len(b)
	b = append(b, magic...)
	for _, s := range append(sections[:len(sections):len(sections)], Section{}) {
		at := len(b)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(s.Name)))
		b = binary.LittleEndian.AppendUint64(b, uint64(len(s.Data)))
		b = binary.LittleEndian.AppendUint32(b, 0)
		b = append(append(b, s.Name...), s.Data...)
		binary.LittleEndian.PutUint32(b[at+10:], sum(b[at:]))
	}
	return binary.LittleEndian.AppendUint64(b, uint64(len(b)-start+footSize))
}

// sum is the checksum of a section, without the four bytes that hold it.
func sum(section []byte) uint32 {
	return crc32.Update(crc32.Checksum(section[:10], castagnoli), castagnoli, section[headSize:])
}

// Decode reads a snapshot. The sections share the memory of b.
func Decode(b []byte) (sections []Section, err error) {
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok || len(b) < len(magic)+footSize || binary.LittleEndian.Uint64(b[len(b)-footSize:]) != uint64(len(b)) {
		return nil, fmt.Errorf("%w: its %d bytes are not what was written", ErrDamaged, len(b))
	}
	rest = rest[:len(rest)-footSize]
	for {
		if len(rest) < headSize {
			return nil, fmt.Errorf("%w: it ends within section %d", ErrDamaged, len(sections))
		}
		name, data := uint64(binary.LittleEndian.Uint16(rest)), binary.LittleEndian.Uint64(rest[2:])
		if data > uint64(len(rest)) || headSize+name+data > uint64(len(rest)) {
			return nil, fmt.Errorf("%w: section %d is longer than the file", ErrDamaged, len(sections))
		}
		one := rest[:headSize+name+data]
		rest = rest[len(one):]
		if binary.LittleEndian.Uint32(one[10:]) != sum(one) {
			return nil, fmt.Errorf("%w: section %d has a wrong checksum", ErrDamaged, len(sections))
		}
		if name == 0 {
			break
		}
		sections = append(sections, Section{string(one[headSize : headSize+name]), one[headSize+name:]})
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%w: %d bytes behind its last section", ErrDamaged, len(rest))
	}
	return sections, nil
}
