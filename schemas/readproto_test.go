package schemas_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const protoRoot = "proto/"

func compileProto(f folder, path string) (protoreflect.FileDescriptor, error) {
	sources := map[string]string{}
	for name, text := range f {
		if short, ok := strings.CutPrefix(name, protoRoot); ok {
			sources[short] = text
		}
	}
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
		Accessor: protocompile.SourceAccessorFromMap(sources),
	})}
	files, err := c.Compile(context.Background(), strings.TrimPrefix(path, protoRoot))
	if err != nil {
		return nil, err
	}
	return files[0], nil
}

func readProto(f folder, path, name string) (contract, error) {
	file, err := compileProto(f, path)
	if err != nil {
		return nil, err
	}
	m := file.Messages().ByName(protoreflect.Name(strings.ToUpper(name[:1]) + name[1:]))
	if m == nil {
		return nil, fmt.Errorf("no message for %s", name)
	}
	c := contract{"": {kind: string(m.FullName()), present: true, number: m.Index()}}
	return c, c.message(m, "")
}

func (c contract) message(m protoreflect.MessageDescriptor, path string) error {
	for i := range m.Fields().Len() {
		if err := c.protoField(m.Fields().Get(i), path); err != nil {
			return err
		}
	}
	return nil
}

func (c contract) protoField(f protoreflect.FieldDescriptor, path string) error {
	path += string(f.Name())
	m := member{number: int(f.Number()), present: !f.HasPresence()}
	inner := f
	switch {
	case f.IsMap():
		m.kind, inner = "map", f.MapValue()
	case f.IsList():
		m.kind = "list"
	}
	if m.kind != "" {
		c[path] = m
		path += map[string]string{"map": "{}", "list": "[]"}[m.kind]
		m = member{present: true}
	}
	if m.kind = protoKind(inner); m.kind == "" {
		return fmt.Errorf("%s: no kind for %s", path, inner.Kind())
	}
	c[path] = m
	if m.kind == "object" {
		return c.message(inner.Message(), path+".")
	}
	return nil
}

func protoKind(f protoreflect.FieldDescriptor) string {
	switch f.Kind() {
	case protoreflect.StringKind:
		return "text"
	case protoreflect.MessageKind:
		switch f.Message().FullName() {
		case "google.protobuf.Timestamp":
			return "time"
		case "verdin.v1.Value":
			return "scalar"
		}
		return "object"
	case protoreflect.DoubleKind, protoreflect.BoolKind, protoreflect.Int32Kind, protoreflect.Uint32Kind,
		protoreflect.Int64Kind, protoreflect.Uint64Kind:
		return f.Kind().String()
	}
	return ""
}
