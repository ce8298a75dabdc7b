package schemas_test

import (
	"strings"
	"testing"
)

// change is an edit of one document: old becomes new, once.
type change struct{ path, old, new, want string }

const (
	predictionJSON = "jsonschema/prediction.v1.json"
	verdictJSON    = "jsonschema/verdict.v1.json"
	outcomeAvro    = "avro/outcome.v1.avsc"
	eventsProto    = "proto/verdin/v1/events.proto"
	channels       = "asyncapi.yaml"
)

func TestForbiddenChangesAreFound(t *testing.T) {
	for _, c := range []change{
		{predictionJSON, "\"unit_id\": ", "\"user_id\": ", "unit_id was removed"},
		{predictionJSON, `"latency_seconds": {"type": ["number", "null"]`, `"latency_seconds": {"type": ["string", "null"]`, "was double, is text"},
		{predictionJSON, `"latency_seconds": {"type": ["number", "null"]`, `"latency_seconds": {"type": "number"`, "may be null"},
		{predictionJSON, `"required": ["prediction_id", "arm"]`, `"required": ["prediction_id", "arm", "unit_id"]`, "unit_id became required"},
		{predictionJSON, `"required": ["rollout"]`, `"required": []`, "rollout became optional"},
		{predictionJSON, `"required": ["item_id"]`, `"required": ["item_id", "score"]`, "items[].score became required"},
		{predictionJSON, `"arm": {"type": "string", "minLength": 1, "maxLength": 128`, `"arm": {"type": "string", "minLength": 1, "maxLength": 64`, `another maxLength, not a wider one: "64", was "128"`},
		{predictionJSON, `"arm": {"type": "string", "minLength": 1`, `"arm": {"type": "string", "minLength": 2`, "another minLength"},
		{predictionJSON, `"model_version": {"type": ["string", "null"]`, `"model_version": {"type": ["string", "null"], "pattern": "^v"`, "another pattern"},
		{predictionJSON, `"model_version": {"type": ["string", "null"]`, `"model_version": {"type": ["string", "null"], "enum": ["a"]`, "allows only some values now"},
		{predictionJSON, `"format": "date-time", `, ``, "lost its format"},
		{predictionJSON, `"urn:verdin:prediction:v1"`, `"urn:verdin:prediction:v2"`, "was urn:verdin:prediction:v1"},
		{verdictJSON, `"hold", "promote"`, `"promote"`, `verdict no longer allows "hold"`},
		{verdictJSON, `"verdict": {"type": "string", "enum": ["advance", "hold", "promote", "rollback"]}`, `"verdict": {"type": "string"}`, "allows any value now"},
		{outcomeAvro, `{"name": "label", "type": ["null", "string"], "default": null},`, ``, "label was removed"},
		{outcomeAvro, `"name": "revision", "type": ["null", "int"]`, `"name": "revision", "type": ["null", "long"]`, "revision was int32, is long"},
		{outcomeAvro, `{"name": "label",`, `{"name": "added", "type": "string"}, {"name": "label",`, "added is new and required"},
		{outcomeAvro, `"name": "Outcome"`, `"name": "Result"`, "was verdin.v1.Outcome"},
		{eventsProto, "optional double memory_bytes = 6;", "", "memory_bytes was removed"},
		{eventsProto, "optional double memory_bytes = 6;", "optional double rss_bytes = 6;", "rss_bytes takes number 6, which was memory_bytes"},
		{eventsProto, "optional double memory_bytes = 6;", "optional double memory_bytes = 16;", "had number 6, has 16"},
		{eventsProto, "optional double memory_bytes = 6;", "optional int64 memory_bytes = 6;", "was double, is int64"},
		{eventsProto, "optional double memory_bytes = 6;", "double memory_bytes = 6;", "memory_bytes became required"},
		{eventsProto, "optional double score = 2;", "repeated double score = 2;", "was double, is list"},
		{eventsProto, "message Outcome {", "message First { int32 a = 1; }\nmessage Outcome {", "had number 1, has 2"},
		{channels, "address: verdin.v1.hb.", "address: verdin.v1.beat.", "heartbeats was verdin.v1.hb."},
		{channels, "    messages: {ack: {$ref: '#/components/messages/ack'}}", "    messages: {}", "acks.ack was removed"},
		{channels, "schema: {$ref: jsonschema/ack.v1.json}", "schema: {$ref: jsonschema/ack.v2.json}", "acks.ack was"},
	} {
		edited(t, c)
	}
}

func TestCompatibleChangesPass(t *testing.T) {
	for _, c := range []change{
		{predictionJSON, `"tags": {`, `"session": {"type": ["string", "null"]}, "tags": {`, ""},
		{predictionJSON, `"maxLength": 4096`, `"maxLength": 8192`, ""},
		{predictionJSON, `"description": "The class."`, `"description": "The answer's class."`, ""},
		{verdictJSON, `"hold", "promote"`, `"hold", "shift", "promote"`, ""},
		{outcomeAvro, `{"name": "label",`, `{"name": "added", "type": ["null", "string"], "default": null}, {"name": "label",`, ""},
		{eventsProto, "optional double memory_bytes = 6;", "optional double memory_bytes = 6; optional double disk_bytes = 10;", ""},
		{eventsProto, "message Evaluation {", "message Last { int32 a = 1; }\nmessage Evaluation {", ""},
		{channels, "  acks:\n", "  more: {address: verdin.v1.more}\n  acks:\n", ""},
	} {
		edited(t, c)
	}
}

// edited applies a change and checks what the comparison says of it.
func edited(t *testing.T, c change) {
	t.Helper()
	old, now := published(), published()
	now[c.path] = strings.Replace(old[c.path], c.old, c.new, 1)
	if now[c.path] == old[c.path] {
		t.Errorf("%s: has no %s", c.path, c.old)
	}
	var found []string
	for _, d := range messages() {
		if d.Path == c.path {
			found = append(found, breaks(old.read(t, d), now.read(t, d))...)
		}
	}
	got := strings.Join(found, "; ")
	if c.want == "" && got != "" || !strings.Contains(got, c.want) {
		t.Errorf("%s: %s → %s: found %q, want %q", c.path, c.old, c.new, got, c.want)
	}
}
