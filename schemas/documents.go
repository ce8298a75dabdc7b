package schemas

import "embed"

//go:embed jsonschema avro proto asyncapi.yaml
var files embed.FS

// Forms in which the contract is written down.
const (
	FormJSONSchema = "json-schema" // JSON Schema 2020-12
	FormAvro       = "avro"        // Apache Avro 1.12
	FormProto      = "proto"       // Protocol Buffers, proto3
	FormAsyncAPI   = "asyncapi"    // AsyncAPI 3.0: the channels, with the JSON Schemas as payloads
)

// Document is one schema of the contract: an event or the verdict in one form,
// or the description of all channels.
type Document struct {
	Name string // "prediction", "verdict"; "asyncapi" for the channels
	Form string // one of the Form constants
	Path string // its file, relative to the folder of the schemas
}

// protos says which file holds the message of a name.
var protos = []struct{ name, file string }{
	{"prediction", "events"},
	{"outcome", "events"},
	{"resource", "events"},
	{"command", "control"},
	{"ack", "control"},
	{"heartbeat", "control"},
	{"verdict", "verdict"},
}

// Documents lists the contract: by name, each in JSON Schema, Avro and Protobuf,
// then AsyncAPI, then the spec of a rollout, which is a file, and what webhooks are
// told, which is a POST: no messages.
func Documents() []Document {
	var all []Document
	for _, p := range protos {
		all = append(all,
			Document{p.name, FormJSONSchema, "jsonschema/" + p.name + ".v1.json"},
			Document{p.name, FormAvro, "avro/" + p.name + ".v1.avsc"},
			Document{p.name, FormProto, "proto/verdin/v1/" + p.file + ".proto"})
	}
	return append(all, Document{"asyncapi", FormAsyncAPI, "asyncapi.yaml"},
		Document{"rollout", FormJSONSchema, "jsonschema/rollout.v1alpha1.json"},
		Document{"webhook", FormJSONSchema, "jsonschema/webhook.v1.json"})
}

// Text returns the document, nil if it is none of Documents.
func (d Document) Text() []byte {
	b, err := files.ReadFile(d.Path)
	if err != nil {
		return nil
	}
	return b
}

// FindDocument returns the document of a name in a form; an empty form stands
// for the first that the name has.
func FindDocument(name, form string) (Document, bool) {
	for _, d := range Documents() {
		if d.Name == name && (form == "" || d.Form == form) {
			return d, true
		}
	}
	return Document{}, false
}
