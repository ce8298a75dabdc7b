package codec

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Schemas is where a decoder finds the schemas of framed records. An id never
// changes its meaning: what was answered once is answered for ever.
type Schemas interface {
	// Schema returns what stands under an id, nil if there is no such schema.
	// It answers false while that is not known.
	Schema(id SchemaID) (*Schema, bool)
}

// Schema is a writer's schema as a registry keeps it.
type Schema struct {
	Format     string      // one of the Format constants
	Text       string      // the schema itself
	References []Reference // schemas that the text refers to, each after those that it refers to itself
}

// Reference is a schema that another one refers to.
type Reference struct {
	Name string // the path of an import in Protobuf, a full name in Avro
	Text string
}

// Formats of schemas, as registries spell them.
const (
	FormatAvro     = "AVRO"
	FormatProtobuf = "PROTOBUF"
	FormatJSON     = "JSON"
)

// SchemaID names a schema: by number, or by a GUID if Global is set.
type SchemaID struct {
	Number uint32
	GUID   [16]byte
	Global bool
}

// String returns the number in digits or the GUID in its five groups.
func (id SchemaID) String() string {
	if !id.Global {
		return strconv.FormatUint(uint64(id.Number), 10)
	}
	return string(appendUUID(nil, id.GUID[:]))
}

// ParseGUID reads a GUID as String writes it.
func ParseGUID(text string) (id SchemaID, err error) {
	id.Global = true
	digits := []byte(strings.ReplaceAll(text, "-", ""))
	if len(digits) == 2*len(id.GUID) {
		_, err = hex.Decode(id.GUID[:], digits)
	}
	if err != nil || id.String() != strings.ToLower(text) {
		return SchemaID{}, fmt.Errorf("schema id %q: want a GUID of five groups", text)
	}
	return id, nil
}

// appendUUID appends the text of a UUID of 16 bytes (RFC 9562 §4).
func appendUUID(dst, b []byte) []byte {
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		if i > 0 {
			dst = append(dst, '-')
		}
		from := [...]int{0, 4, 6, 8, 10}[i]
		dst = hex.AppendEncode(dst, b[from:end])
	}
	return dst
}

// schemaID reads an id with its leading version byte, 0 for a number and 1 for a
// GUID, and returns what follows it.
func schemaID(b []byte) (id SchemaID, rest []byte, ok bool) {
	switch {
	case len(b) >= 5 && b[0] == 0:
		return SchemaID{Number: binary.BigEndian.Uint32(b[1:])}, b[5:], true
	case len(b) >= 17 && b[0] == 1:
		id.Global = true
		copy(id.GUID[:], b[1:])
		return id, b[17:], true
	}
	return id, nil, false
}
