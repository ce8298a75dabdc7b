package schemas_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"verdin/schemas"
)

// member is what one form of the contract says of one member.
type member struct {
	kind    string            // text, double, bool, int32, uint32, int64, uint64, long, time, scalar, number or bool, object, list, map
	present bool              // it must be there (a default counts as absent)
	null    bool              // it may be null
	number  int               // of a Protobuf field, or the index of its message
	enum    []string          // values allowed, nil = any
	limits  map[string]string // JSON Schema keywords that narrow it
}

// contract is a document in one common shape: members by path. "items[]" is an
// element of a list, "tags{}" a value of a map, "" the document itself.
type contract map[string]member

func (c contract) paths() []string { return slices.Sorted(maps.Keys(c)) }

// folder holds the texts of documents by their path.
type folder map[string]string

func published() folder {
	all := folder{}
	for _, d := range messages() {
		all[d.Path] = string(d.Text())
	}
	return all
}

// read brings a document into the common shape.
func (f folder) read(t testing.TB, d schemas.Document) contract {
	t.Helper()
	var c contract
	var err error
	switch d.Form {
	case schemas.FormJSONSchema:
		c, err = readJSONSchema(f[d.Path])
	case schemas.FormAvro:
		c, err = readAvro(f[d.Path])
	case schemas.FormProto:
		c, err = readProto(f, d.Path, d.Name)
	case schemas.FormAsyncAPI:
		c, err = readAsyncAPI(f[d.Path])
	}
	if err != nil {
		t.Fatalf("%s: %v", d.Path, err)
	}
	return c
}

// messages lists the documents of what is sent. The spec of a rollout is a file: package
// decision, which reads it, checks its schema.
func messages() []schemas.Document {
	return slices.DeleteFunc(schemas.Documents(), func(d schemas.Document) bool { return d.Name == "rollout" || d.Name == "webhook" })
}

// names lists what has a Go type: all documents but the channels.
func names() []string {
	var all []string
	for _, d := range messages() {
		if d.Form == schemas.FormJSONSchema {
			all = append(all, d.Name)
		}
	}
	return all
}

func TestDocumentsCanBeFound(t *testing.T) {
	for _, d := range schemas.Documents() {
		if got, ok := schemas.FindDocument(d.Name, d.Form); !ok || got != d || len(d.Text()) == 0 {
			t.Errorf("%s in %s: found %v, %d bytes", d.Name, d.Form, got, len(d.Text()))
		}
	}
	if d, ok := schemas.FindDocument("verdict", ""); !ok || d.Form != schemas.FormJSONSchema {
		t.Errorf("without a form: %v", d)
	}
	if d, ok := schemas.FindDocument("verdict", schemas.FormAsyncAPI); ok || d.Text() != nil {
		t.Errorf("found %v", d)
	}
	if got := strings.Join(names(), " "); got != "prediction outcome resource command ack heartbeat verdict" {
		t.Errorf("names %s", got)
	}
}
