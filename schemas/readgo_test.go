package schemas_test

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"verdin/schemas"
)

// goTypes are the structs behind the documents.
var goTypes = map[string]any{
	"prediction": schemas.Prediction{}, "outcome": schemas.Outcome{}, "resource": schemas.Resource{},
	"command": schemas.Command{}, "ack": schemas.Ack{}, "heartbeat": schemas.Heartbeat{}, "verdict": schemas.Verdict{},
}

func readGo(v any) (contract, error) {
	c := contract{"": {}}
	return c, c.structure(reflect.TypeOf(v), "")
}

func (c contract) structure(t reflect.Type, path string) error {
	for f := range t.Fields() {
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			return fmt.Errorf("%s%s: no json name", path, f.Name)
		}
		if err := c.goType(f.Type, path+name, option == ""); err != nil {
			return err
		}
	}
	return nil
}

func (c contract) goType(t reflect.Type, path string, present bool) error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	m := member{present: present, kind: goKind(t)}
	if m.kind == "" {
		return fmt.Errorf("%s: no kind for %s", path, t)
	}
	c[path] = m
	switch {
	case m.kind == "object":
		return c.structure(t, path+".")
	case m.kind == "map":
		c[path+"{}"] = member{kind: "any", present: true}
	case m.kind == "list":
		return c.goType(t.Elem(), path+"[]", true)
	}
	return nil
}

func goKind(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[schemas.Value]():
		return "any" // the decoder knows which scalars
	case reflect.TypeFor[schemas.Members]():
		return "map"
	case reflect.TypeFor[schemas.Time](), reflect.TypeFor[time.Time]():
		return "time"
	}
	return map[reflect.Kind]string{
		reflect.String: "text", reflect.Float64: "double", reflect.Bool: "bool", reflect.Int: "int32", reflect.Int32: "int32",
		reflect.Uint32: "uint32", reflect.Int64: "int64", reflect.Uint64: "uint64", reflect.Slice: "list", reflect.Array: "list",
		reflect.Struct: "object",
	}[t.Kind()]
}
