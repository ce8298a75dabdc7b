package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"verdin/schemas"
)

func TestSchemaPrintsEachDocument(t *testing.T) {
	list := verdin(t, "schema")
	for _, d := range schemas.Documents() {
		got := verdin(t, "schema", d.Name, "-o", d.Form)
		if got.code != exitOK || got.out != string(d.Text()) || got.diag != "" {
			t.Errorf("%s in %s: exit code %d, %d bytes and %q", d.Name, d.Form, got.code, len(got.out), got.diag)
		}
		if list.code != exitOK || !strings.Contains(list.out, d.Path) {
			t.Errorf("the list has no %s:\n%s", d.Path, list.out)
		}
	}
	if got := verdin(t, "schema", "verdict"); !strings.Contains(got.out, "json-schema.org/draft/2020-12") {
		t.Errorf("without a form: %s", got.out)
	}
}

func TestSchemaWritesAllFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "contract")
	if got := verdin(t, "schema", "--dir", dir); got.code != exitOK || got.out+got.diag != "" {
		t.Fatalf("exit code %d, %s%s", got.code, got.out, got.diag)
	}
	for _, d := range schemas.Documents() {
		if text, err := os.ReadFile(filepath.Join(dir, d.Path)); err != nil || string(text) != string(d.Text()) {
			t.Errorf("%s: %v, %d bytes", d.Path, err, len(text))
		}
	}
}

func TestSchemaRefusals(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"schema predicton", `no schema "predicton"|prediction, outcome, resource, command, ack, heartbeat, verdict, asyncapi`},
		{"schema verdict -o yaml", `no form "yaml"|json-schema, avro, proto`},
		{"schema -o avro", `wants a name`},
		{"schema ack --dir x", `leave out either`},
		{"schema ack verdict", `one name at most, got 2|see verdin schema --help`},
	} {
		says(t, verdin(t, strings.Fields(c.args)...), exitUsage, strings.Split(c.want, "|")...)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, verdin(t, "schema", "--dir", file), exitRuntime, "write the schemas", "not a directory")
}
