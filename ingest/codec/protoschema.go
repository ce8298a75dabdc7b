package codec

import (
	"context"
	"fmt"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"verdin/schemas"
)

// protoForm says how a message is read where a value stands.
type protoForm uint8

const (
	formMessage protoForm = iota
	formInstant           // google.protobuf.Timestamp
	formWrapper           // google.protobuf.DoubleValue and its like: a scalar that may be absent
	formUnion             // nothing but one oneof, as google.protobuf.Value: a scalar of any type, or null
	formStruct            // google.protobuf.Struct: members of any name
)

// protoMessage is a message of a writer's schema. Messages that contain
// themselves make it a graph with cycles; one that is bound to the contract
// never lies on one.
type protoMessage struct {
	form   protoForm
	fields []protoField
	byTag  []int16 // field by number, -1 = unknown; numbers beyond it are searched
	oneofs int

	bound  bool        // the fields know their meaning
	zeros  []protoZero // what fields are when they are not on the wire
	serial uint64      // of the message being read
	chosen []uint64    // serial of the last message that had a member of each oneof
}

// protoField is a field of a message.
type protoField struct {
	name     string
	number   protowire.Number
	wire     protowire.Type // of one value
	kind     protoreflect.Kind
	repeated bool
	entry    *protoMessage // of a map: fields 1 = key, 2 = value
	message  *protoMessage // of a message
	symbols  map[int32]string
	oneof    int  // -1 = none
	implicit bool // absent on the wire means zero

	meaning meaning // where the message is bound
	seen    uint64  // serial of the last message that had it
	members object  // of a map in the message being read
}

// protoZero is the value of a field that the wire leaves out.
type protoZero struct {
	meaning meaning
	kind    schemas.ValueKind
	text    []byte
}

// protoWriter is a writer's schema: the messages of one file, and the plans of
// those that were met, by index, kind and layout.
type protoWriter struct {
	file  protoreflect.FileDescriptor
	built map[protoreflect.FullName]*protoMessage
	plans []*protoPlan
}

// protoPlan is a message of the file with a plan for each kind.
type protoPlan struct {
	called
	index []byte // as on the wire
	root  *protoMessage
	kinds [schemas.Kinds]*protoMessage
}

// rootFile is the name under which a schema's own text is compiled.
const rootFile = "schema.proto"

func newProtoWriter(s *Schema) (*protoWriter, error) {
	texts := map[string]string{rootFile: s.Text}
	for _, r := range s.References {
		texts[r.Name] = r.Text
	}
	c := protocompile.Compiler{
		MaxParallelism: 1,
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{Accessor: protocompile.SourceAccessorFromMap(texts)}),
	}
	files, err := c.Compile(context.Background(), rootFile)
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return &protoWriter{file: files[0], built: map[protoreflect.FullName]*protoMessage{}}, nil
}

// message builds the graph below a message.
func (w *protoWriter) message(md protoreflect.MessageDescriptor) *protoMessage {
	if known := w.built[md.FullName()]; known != nil {
		return known
	}
	out := &protoMessage{form: formOf(md), oneofs: md.Oneofs().Len()}
	w.built[md.FullName()] = out
	for i := range md.Fields().Len() {
		out.fields = append(out.fields, w.field(md.Fields().Get(i)))
	}
	out.index()
	return out
}

func (w *protoWriter) field(fd protoreflect.FieldDescriptor) protoField {
	f := protoField{
		name: string(fd.Name()), number: fd.Number(), kind: fd.Kind(), wire: wireType(fd.Kind()),
		repeated: fd.IsList(), oneof: -1, implicit: !fd.HasPresence() && !fd.IsList() && !fd.IsMap(),
	}
	if o := fd.ContainingOneof(); o != nil {
		f.oneof = o.Index()
	}
	switch {
	case fd.IsMap():
		f.entry = w.message(fd.Message())
	case fd.Message() != nil:
		f.message = w.message(fd.Message())
	case fd.Enum() != nil:
		f.symbols = map[int32]string{}
		for i := range fd.Enum().Values().Len() {
			v := fd.Enum().Values().Get(i)
			if _, alias := f.symbols[int32(v.Number())]; !alias {
				f.symbols[int32(v.Number())] = symbol(v)
			}
		}
	}
	return f
}

// symbol is the text of an enum's value: its name, but empty for the zero that
// means that nothing was said.
func symbol(v protoreflect.EnumValueDescriptor) string {
	name := string(v.Name())
	if v.Number() == 0 && (strings.HasSuffix(name, "UNSPECIFIED") || name == "NULL_VALUE") {
		return ""
	}
	return name
}

// index prepares the search by number.
func (m *protoMessage) index() {
	const dense = 256
	m.chosen = make([]uint64, m.oneofs)
	for i, f := range m.fields {
		for f.number < dense && len(m.byTag) <= int(f.number) {
			m.byTag = append(m.byTag, -1)
		}
		if f.number < dense {
			m.byTag[f.number] = int16(i)
		}
	}
}

// field returns the field of a number, nil if the schema has none.
func (m *protoMessage) field(n protowire.Number) *protoField {
	if int(n) < len(m.byTag) {
		if i := m.byTag[n]; i >= 0 {
			return &m.fields[i]
		}
		return nil
	}
	for i := range m.fields {
		if m.fields[i].number == n {
			return &m.fields[i]
		}
	}
	return nil
}

func wireType(k protoreflect.Kind) protowire.Type {
	switch k {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.GroupKind:
		return protowire.StartGroupType
	}
	return protowire.VarintType
}

// formOf recognises the messages that stand for a value.
func formOf(md protoreflect.MessageDescriptor) protoForm {
	switch name := md.FullName(); {
	case name == "google.protobuf.Timestamp":
		return formInstant
	case name == "google.protobuf.Struct":
		return formStruct
	case name.Parent() == "google.protobuf" && md.Fields().Len() == 1 && md.Fields().ByName("value") != nil:
		return formWrapper
	}
	for i := range md.Fields().Len() {
		if o := md.Fields().Get(i).ContainingOneof(); o == nil || o.IsSynthetic() || o.Index() != 0 {
			return formMessage
		}
	}
	if md.Fields().Len() == 0 {
		return formMessage
	}
	return formUnion
}
